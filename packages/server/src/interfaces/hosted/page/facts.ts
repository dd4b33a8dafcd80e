import { type DocumentShown, describeDocument, type Problem } from "./api.ts";
import { type App, DOCUMENT } from "./app.ts";
import { h } from "./dom.ts";
import { countryField, dateField, readDate, shownIn } from "./fields.ts";

/** Who issued a document, and until when it is valid: asked once for all its pictures. */

/** Kinds that say both. */
const dated: readonly string[] = ["passport", "id_card", "driving_licence", "residence_permit"];

const field = (kind: string, name: string): string => `${DOCUMENT}${kind}.${name}`;

const picturesOf = (app: App, kind: string): readonly DocumentShown[] =>
  app.session.documents.filter((one) => one.kind === kind);

/** Whether it is asked: there is a picture, and no machine-readable lines that say it. */
function isAsked(app: App, kind: string): boolean {
  const pictures = picturesOf(app, kind);
  return dated.includes(kind) && pictures.length > 0 && !pictures.some((one) => one.isDescribed);
}

/** Whether it has no last day; one that was saved without a day had none. */
function isEndless(app: App, kind: string): boolean {
  const typed = app.typed.get(field(kind, "endless"));
  if (typed !== undefined) return typed !== "";
  return picturesOf(app, kind).some((one) => one.country !== null && one.expiryDate === null);
}

/** The fields of a kind; `changed` is called when one was filled in. */
export function factsOf(app: App, kind: string, changed: () => void): HTMLElement | null {
  const { say } = app;
  if (!isAsked(app, kind)) return null;
  const date = dateField(app, field(kind, "expiryDate"));
  const endless = isEndless(app, kind);
  date.hidden = endless;
  const box = h("input", {
    type: "checkbox",
    checked: endless,
    change: (event) => {
      const { checked } = event.target as HTMLInputElement;
      app.typed.set(field(kind, "endless"), checked ? kind : "");
      date.hidden = checked;
    },
  });
  return h(
    "div",
    { class: "fields", change: changed },
    countryField(app, field(kind, "country")),
    date,
    h("label", { class: "choice" }, box, h("span", {}, say("facts.endless"))),
  );
}

/** Forgets what was typed of a document that is used no more. */
export function forgetFacts(app: App, kind: string): void {
  for (const key of [...app.typed.keys()]) {
    if (key.startsWith(field(kind, ""))) app.typed.delete(key);
  }
}

/** What of it is not filled in yet. */
export function factProblems(app: App, kind: string): readonly Problem[] {
  if (!isAsked(app, kind)) return [];
  const { country, expiryDate } = read(app, kind);
  const isLacking = { country: country === "", expiryDate: expiryDate === "" };
  return (["country", "expiryDate"] as const)
    .filter((name) => isLacking[name])
    .map((name) => ({ code: "information_required", field: field(kind, name) }));
}

function read(app: App, kind: string): { country: string; expiryDate: string | null } {
  const country = shownIn(app, field(kind, "country"));
  const isEnd = isEndless(app, kind);
  return { country, expiryDate: isEnd ? null : readDate(app, field(kind, "expiryDate")) };
}

/** Saves what is filled in whole, on each picture that does not have it yet. */
export async function saveFacts(app: App, kind: string): Promise<void> {
  if (!isAsked(app, kind) || factProblems(app, kind).length > 0) return;
  const facts = read(app, kind);
  for (const one of picturesOf(app, kind)) {
    const { country, expiryDate } = one;
    if (country === facts.country && expiryDate === facts.expiryDate) continue;
    app.session = await describeDocument(one.id, facts);
  }
}

/** A refusal of what was saved, at its field. */
export const inFacts = (kind: string, { code, field: name = "country" }: Problem): Problem => ({
  code,
  field: field(kind, name),
});
