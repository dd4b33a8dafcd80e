/** Elements without markup in strings: nothing that a person typed is ever parsed as HTML. */

export type Child = Node | string | null;

type Properties = Readonly<Record<string, string | boolean | ((event: Event) => void) | null>>;

/** Makes an element. A function listens to the event of its name; null and false leave an attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A heading that takes the focus when its step is shown, so that a screen reader begins there. */
export const heading = (text: string): HTMLElement =>
  h("h1", { id: "title", tabindex: "-1" }, text);

/** The button that goes on. */
export const mainButton = (text: string, click?: () => void): HTMLElement =>
  h("button", { class: "main", type: click ? "button" : "submit", click: click ?? null }, text);

/** A button beside it. */
export const otherButton = (text: string, click: () => void): HTMLElement =>
  h("button", { type: "button", click }, text);
