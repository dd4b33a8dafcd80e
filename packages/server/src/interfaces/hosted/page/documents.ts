import { type DocumentNeed, type Problem, Refused } from "./api.ts";
import { type App, inputOf } from "./app.ts";
import { h, heading, mainButton, otherButton } from "./dom.ts";
import { factProblems, factsOf, inFacts, saveFacts } from "./facts.ts";
import { documentIn, isExpired, type Slot, slotBox, slotsOf } from "./slots.ts";

/** The step of the documents. */

/** The kind that was chosen for a need: of what is given, else of what was ticked, else the first. */
function chosenKind(app: App, { need, kinds }: DocumentNeed): string {
  const given = app.session.documents.find(({ kind }) => kinds.includes(kind))?.kind;
  return app.typed.get(need) ?? given ?? kinds[0] ?? "other";
}

/** What of a need is not given yet; an expired document is as good as none. */
const openSlots = (app: App, need: DocumentNeed): readonly Slot[] =>
  slotsOf(chosenKind(app, need)).filter((slot) => {
    const given = documentIn(app, slot);
    return given === undefined || isExpired(given);
  });

/** What is to be done about a need before the next step. */
export function needProblems(app: App, need: DocumentNeed): readonly Problem[] {
  const [open] = openSlots(app, need);
  if (open === undefined) return factProblems(app, chosenKind(app, need));
  const given = documentIn(app, open);
  const code = given === undefined ? "document_required" : "document_expired";
  return [{ code, field: need.need }];
}

export function documentsStep(app: App): readonly Node[] {
  const { say, session } = app;
  const back = app.before("documents");
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("documents.title")),
      h("p", { class: "quiet" }, say("documents.text")),
    ),
    ...session.wanted.documents.map((need) => needSection(app, need)),
    h(
      "div",
      { class: "actions" },
      mainButton(say("continue"), () => onContinue(app)),
      back && otherButton(say("back"), () => app.go(back)),
    ),
  ];
}

function onContinue(app: App): void {
  app.run(async () => {
    const refused: Problem[] = [];
    const needs = app.session.wanted.documents;
    for (const need of needs) refused.push(...(await save(app, need)));
    const open = needs.flatMap((need) => needProblems(app, need));
    if (refused.length + open.length === 0) app.go(app.after("documents"));
    else app.fail([...refused, ...open]);
  });
}

/** Saves what stands on a document, and shows at once what that says about it. */
async function save(app: App, need: DocumentNeed): Promise<readonly Problem[]> {
  const kind = chosenKind(app, need);
  const before = app.session.documents.some(isExpired);
  try {
    await saveFacts(app, kind);
  } catch (error) {
    if (!(error instanceof Refused) || (error.status !== 422 && error.status !== 400)) throw error;
    return error.problems.map((problem) => inFacts(kind, problem));
  }
  const expired = app.session.documents.some(isExpired);
  if (expired !== before) {
    redraw(app, need);
    if (expired) app.tell(app.say("finding.expiry"));
  }
  return [];
}

function needSection(app: App, need: DocumentNeed): HTMLElement {
  const { say } = app;
  const title = `need.${need.need}`;
  const kind = chosenKind(app, need);
  const all = slotsOf(kind);
  const [open] = openSlots(app, need);
  const place = Math.max(
    0,
    all.findIndex(({ side }) => side === open?.side),
  );
  const choices = need.kinds.map((one) =>
    h(
      "label",
      { class: "choice" },
      h("input", {
        type: "radio",
        name: need.need,
        value: one,
        checked: one === kind,
        change: () => {
          app.typed.set(need.need, one);
          redraw(app, need);
        },
      }),
      say(`kind.${one}`),
    ),
  );
  return h(
    "section",
    { class: "need", id: `need-${need.need}`, "aria-labelledby": `${title}-title` },
    h("h2", { id: `${title}-title` }, say(title)),
    h("p", { class: "quiet", id: `${title}-text` }, say(`${title}.text`)),
    choices.length > 1
      ? h(
          "div",
          { class: "choices", role: "radiogroup", "aria-labelledby": `${title}-title` },
          ...choices,
        )
      : null,
    ...all.map((slot, index) =>
      slotBox(app, slot, {
        id: index === place ? inputOf(need.need) : null,
        redraw: () => redraw(app, need),
        focus: (selector) => focusIn(need, selector),
      }),
    ),
    factsOf(app, kind, () => app.beside(async () => void (await save(app, need)))),
  );
}

/** Draws the pictures of a need anew; what has the focus keeps it. */
function redraw(app: App, need: DocumentNeed): void {
  const focused = document.activeElement;
  const id = focused?.id ?? "";
  const name = focused instanceof HTMLInputElement ? `${focused.name}=${focused.value}` : "";
  const section = needSection(app, need);
  // What it says may be mended by now.
  document.getElementById("summary")?.remove();
  document.getElementById(section.id)?.replaceWith(section);
  for (const input of section.querySelectorAll("input")) {
    if (input.type === "radio" && `${input.name}=${input.value}` === name) input.focus();
  }
  if (id !== "" && document.activeElement !== focused) document.getElementById(id)?.focus();
}

const focusIn = ({ need }: DocumentNeed, selector: string): void =>
  document.getElementById(`need-${need}`)?.querySelector<HTMLElement>(selector)?.focus();
