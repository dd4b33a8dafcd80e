import { SaxesParser } from "saxes";
import { MalformedList, type Pieces } from "./malformed.ts";

/** An element with all that is in it. */
export type Element = {
  readonly name: string;
  readonly line: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
};

/** No published record is a hundredth as large; a file that never ends one is refused, not kept. */
const ELEMENTS_IN_RECORD = 50_000;
const DEPTH = 32;

/**
 * Reads the elements of some names out of a file of any size, one after the other, and keeps none. `root`
 * is what the file must begin with. Entities of a document's own cannot be: a DOCTYPE is refused, and
 * the parser knows only the five of XML itself.
 *
 * @throws MalformedList for text that is not XML, another root, a DOCTYPE, a file that ends early.
 */
export async function* readElements(
  pieces: Pieces,
  root: string,
  names: ReadonlySet<string>,
): AsyncGenerator<Element> {
  const reader = new ElementReader(root, names);
  for await (const piece of pieces) {
    reader.write(piece);
    yield* reader.take();
  }
  reader.close();
  yield* reader.take();
}

class ElementReader {
  readonly #parser = new SaxesParser();
  readonly #open: Element[] = [];
  readonly #root: string;
  #done: Element[] = [];
  #depth = 0;
  #kept = 0;

  constructor(root: string, names: ReadonlySet<string>) {
    this.#root = root;
    const parser = this.#parser;
    parser.on("error", (error) => {
      throw new MalformedList(parser.line, error.message.replace(/^\d+:\d+: /, ""));
    });
    parser.on("doctype", () => this.#refuse("a DOCTYPE is not allowed in a list"));
    parser.on("opentag", ({ name, attributes }) => this.#enter(name, attributes, names));
    parser.on("text", (text) => this.#say(text));
    parser.on("cdata", (text) => this.#say(text));
    parser.on("closetag", () => this.#leave());
  }

  write(piece: string): void {
    this.#parser.write(piece);
  }

  close(): void {
    this.#parser.close();
  }

  take(): Element[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #refuse(what: string): never {
    throw new MalformedList(this.#parser.line, what);
  }

  #enter(name: string, attributes: Record<string, string>, names: ReadonlySet<string>): void {
    this.#depth += 1;
    if (this.#depth > DEPTH) this.#refuse(`elements are nested deeper than ${DEPTH}`);
    if (this.#depth === 1 && name !== this.#root) {
      this.#refuse(`the file begins with <${name}> and not with <${this.#root}>`);
    }
    const above = this.#open.at(-1);
    if (above === undefined && !names.has(name)) return;
    this.#kept += 1;
    if (this.#kept > ELEMENTS_IN_RECORD) this.#refuse("one entry has too many elements");
    const element = { name, line: this.#parser.line, attributes, children: [], text: "" };
    above?.children.push(element);
    this.#open.push(element);
  }

  #say(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += text;
  }

  #leave(): void {
    this.#depth -= 1;
    const element = this.#open.pop();
    if (element === undefined || this.#open.length > 0) return;
    this.#kept = 0;
    this.#done.push(element);
  }
}

/** The trimmed text of the first child of that name; empty where there is none. */
export const textOf = (element: Element, name: string): string =>
  element.children.find((child) => child.name === name)?.text.trim() ?? "";

/** All elements of that path below one. */
export const below = (element: Element, ...path: readonly string[]): Element[] =>
  path.reduce<Element[]>(
    (found, name) =>
      found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  );
