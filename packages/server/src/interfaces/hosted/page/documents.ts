import {
  type DocumentNeed,
  type DocumentShown,
  type Problem,
  Refused,
  removeDocument,
  upload,
} from "./api.ts";
import { type App, inputOf } from "./app.ts";
import { h, heading, mainButton, otherButton } from "./dom.ts";
import { factProblems, factsOf, forgetFacts, inFacts, saveFacts } from "./facts.ts";
import { linesOf } from "./lines.ts";

/** The step of the documents. */

/** As the server takes them. */
const MAX_BYTES = 10 * 1024 * 1024;

/** What a document is uploaded as: kinds that have two sides have two pictures. */
type Slot = { readonly kind: string; readonly side: string | null; readonly name: string };

const slots: Readonly<Record<string, readonly Omit<Slot, "kind">[]>> = {
  passport: [{ side: null, name: "side.page" }],
  id_card: [
    { side: "front", name: "side.front" },
    { side: "back", name: "side.back" },
  ],
  driving_licence: [
    { side: "front", name: "side.front" },
    { side: "back", name: "side.back" },
  ],
  residence_permit: [
    { side: "front", name: "side.front" },
    { side: "back", name: "side.back" },
  ],
  selfie: [{ side: null, name: "kind.selfie" }],
};

const slotsOf = (kind: string): readonly Slot[] =>
  (slots[kind] ?? [{ side: null, name: "side.whole" }]).map((slot) => ({ ...slot, kind }));

/** The kind that was chosen for a need: of what is given, else of what was ticked, else the first. */
function chosenKind(app: App, { need, kinds }: DocumentNeed): string {
  const given = app.session.documents.find(({ kind }) => kinds.includes(kind))?.kind;
  return app.typed.get(need) ?? given ?? kinds[0] ?? "other";
}

const documentIn = (app: App, { kind, side }: Slot): DocumentShown | undefined =>
  app.session.documents.find((one) => one.kind === kind && one.side === side);

const isExpired = (one: DocumentShown): boolean => one.findings.includes("expiry");

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
      slotBox(app, need, slot, index === place ? inputOf(need.need) : null),
    ),
    factsOf(app, kind, () => app.run(async () => void (await save(app, need)))),
  );
}

/** Draws the pictures of a need anew; what has the focus keeps it. */
function redraw(app: App, need: DocumentNeed): void {
  const focused = document.activeElement;
  const id = focused?.id ?? "";
  const name = focused instanceof HTMLInputElement ? `${focused.name}=${focused.value}` : "";
  const section = needSection(app, need);
  document.getElementById(section.id)?.replaceWith(section);
  for (const input of section.querySelectorAll("input")) {
    if (input.type === "radio" && `${input.name}=${input.value}` === name) input.focus();
  }
  if (id !== "" && document.activeElement !== focused) document.getElementById(id)?.focus();
}

function slotBox(app: App, need: DocumentNeed, slot: Slot, id: string | null): HTMLElement {
  const { say } = app;
  const given = documentIn(app, slot);
  const name = say(slot.name);
  const label = slot.name.startsWith("kind.") ? name : `${say(`kind.${slot.kind}`)}, ${name}`;
  const titled = h("h3", {}, name);
  if (given !== undefined) return filledSlot(app, need, given, { titled, label, id });
  const bar = h("progress", { max: "1", value: "0", hidden: true });
  bar.setAttribute("aria-label", say("document.uploading", { label }));
  const problem = h("p", { class: "error", role: "alert" });
  const onFile = (event: Event) => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file !== undefined) send(app, need, slot, { file, label, bar, problem });
  };
  const facing = slot.kind === "selfie" ? "user" : "environment";
  const isPhone = matchMedia("(pointer: coarse)").matches;
  const camera = { capture: facing, accept: "image/*", class: isPhone ? "soft" : "" };
  return h(
    "div",
    { class: "slot" },
    titled,
    h(
      "div",
      { class: "row" },
      isPhone ? fileButton(say, { ...camera, name: "camera", label, id }, onFile) : null,
      fileButton(
        say,
        {
          name: "file",
          accept: "image/jpeg,image/png,image/heic,application/pdf",
          class: isPhone ? "" : "soft",
          label,
          id: isPhone ? null : id,
          capture: null,
        },
        onFile,
      ),
    ),
    bar,
    problem,
  );
}

function fileButton(
  say: App["say"],
  about: {
    readonly name: string;
    readonly accept: string;
    readonly class: string;
    readonly label: string;
    readonly id: string | null;
    readonly capture: string | null;
  },
  change: (event: Event) => void,
): HTMLElement {
  const { name, accept, capture, id, label } = about;
  return h(
    "span",
    { class: "file" },
    h("input", {
      type: "file",
      accept,
      capture,
      id,
      "aria-label": say(`document.${name}Of`, { label }),
      change,
    }),
    h("span", { class: `button ${about.class}`, "aria-hidden": "true" }, say(`document.${name}`)),
  );
}

function filledSlot(
  app: App,
  need: DocumentNeed,
  given: DocumentShown,
  {
    titled,
    label,
    id,
  }: {
    readonly titled: HTMLElement;
    readonly label: string;
    readonly id: string | null;
  },
): HTMLElement {
  const { say } = app;
  const preview = app.previews.get(given.id);
  const remove = () =>
    app.run(async () => {
      app.session = await removeDocument(given.id);
      if (isExpired(given)) forgetFacts(app, given.kind);
      redraw(app, need);
      document.getElementById(inputOf(need.need))?.focus();
      app.tell(say("document.removed", { label }));
    });
  return h(
    "div",
    { class: "slot filled" },
    titled,
    preview === undefined
      ? null
      : h("img", { class: "preview", src: preview, alt: say("document.preview", { label }) }),
    ...given.findings.map((finding) => h("p", { class: "warn" }, say(`finding.${finding}`))),
    linesOf(app, given, () => redraw(app, need)),
    h(
      "div",
      { class: "row head" },
      h("p", { class: "given" }, `✓ ${say("document.given")}`),
      h(
        "button",
        {
          type: "button",
          class: "plain",
          id,
          "aria-label": say("document.removeOf", { label }),
          click: remove,
        },
        say("document.remove"),
      ),
    ),
  );
}

function send(
  app: App,
  need: DocumentNeed,
  slot: Slot,
  {
    file,
    label,
    bar,
    problem,
  }: {
    readonly file: File;
    readonly label: string;
    readonly bar: HTMLProgressElement;
    readonly problem: HTMLElement;
  },
): void {
  const { say } = app;
  problem.textContent = "";
  if (file.size > MAX_BYTES) {
    problem.textContent = say("upload.tooLarge");
    return;
  }
  bar.hidden = false;
  app.run(async () => {
    try {
      app.session = await upload(slot, file, (part) => {
        bar.value = part;
      });
    } catch (error) {
      bar.hidden = true;
      if (!(error instanceof Refused) || error.status === 401) throw error;
      problem.textContent = wordsOf(say, error);
      return;
    }
    const made = documentIn(app, slot);
    if (made !== undefined && /^image\/(?:jpeg|png)$/.test(file.type)) {
      app.previews.set(made.id, URL.createObjectURL(file));
    }
    redraw(app, need);
    const next = document.querySelector<HTMLElement>(
      `[id="need-${need.need}"] .slot:not(.filled) input, [id="need-${need.need}"] .filled button`,
    );
    next?.focus();
    app.tell(say("document.received", { label }));
  });
}

/** Why a file was not taken, as far as somebody can do something about it. */
function wordsOf(say: App["say"], { code, status }: Refused): string {
  if (status === 0 || status >= 500) return say("errors.connection");
  if (status === 429) return say("errors.tooMany");
  if (status === 413) return say("upload.tooLarge");
  const own = say(`upload.${code}`);
  return own === `upload.${code}` ? say("upload.failed") : own;
}
