import { type DocumentShown, describeDocument, Refused } from "./api.ts";
import type { App } from "./app.ts";
import { h } from "./dom.ts";

/** The machine-readable lines of a document: nobody has to give them. */

/** Where the lines stand; a driving licence has none. */
const places: readonly string[] = ["passport", "id_card back", "residence_permit back"];

/** Characters of the longest zone with its breaks, and some spaces that are typed between. */
const LONGEST = "140";

/** A place to type the lines of a document into; what was typed is sent, and then forgotten. */
export function linesOf(app: App, given: DocumentShown, redraw: () => void): HTMLElement | null {
  const { say } = app;
  if (!places.includes([given.kind, given.side].filter(Boolean).join(" "))) return null;
  if (given.isDescribed) {
    // Beside a warning it would say that all is well.
    return given.findings.length > 0 ? null : h("p", { class: "given" }, `✓ ${say("lines.read")}`);
  }
  const id = `lines-${given.id}`;
  const problem = h("p", { class: "error", role: "alert", id: `${id}-error` });
  const text = h("textarea", {
    id,
    rows: given.kind === "passport" ? "2" : "3",
    maxlength: LONGEST,
    dir: "ltr",
    class: "lines",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    wrap: "off",
    "aria-describedby": `${id}-hint ${id}-error`,
  });
  const send = () =>
    app.run(async () => {
      problem.textContent = "";
      try {
        app.session = await describeDocument(given.id, { mrz: typedLines(text.value) });
      } catch (error) {
        if (!(error instanceof Refused) || (error.status !== 422 && error.status !== 400)) {
          throw error;
        }
        problem.textContent = wordsOf(say, error);
        text.setAttribute("aria-invalid", "true");
        text.focus();
        return;
      }
      redraw();
      app.tell(say("lines.read"));
    });
  const back = given.kind === "passport" ? "lines.passport" : "lines.card";
  return h(
    "details",
    { class: "more" },
    h("summary", {}, say("lines.title")),
    h("p", { class: "hint", id: `${id}-hint` }, say(back)),
    h("label", { for: id, class: "live" }, say("lines.label")),
    text,
    problem,
    h("button", { type: "button", click: send }, say("lines.send")),
  );
}

/** As the print has them: in capitals, without the spaces that people put between. */
const typedLines = (text: string): readonly string[] =>
  text
    .toUpperCase()
    .split("\n")
    .map((line) => line.replace(/\s/g, ""))
    .filter((line) => line !== "");

/** What to look at again. */
function wordsOf(say: App["say"], { problems }: Refused): string {
  const texts = problems.map(({ code }) => {
    const own = say(`errors.${code}`);
    return own === `errors.${code}` ? say("errors.mrz_lines") : own;
  });
  return [...new Set(texts)].join(" ");
}
