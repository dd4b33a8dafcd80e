import { type DocumentShown, Refused, removeDocument, upload } from "./api.ts";
import type { App } from "./app.ts";
import { h, otherButton } from "./dom.ts";
import { forgetFacts } from "./facts.ts";
import { linesOf } from "./lines.ts";

/** The places for the pictures of a document. */

/** As the server takes them. */
const MAX_BYTES = 10 * 1024 * 1024;

/** What a document is uploaded as: kinds that have two sides have two pictures. */
export type Slot = { readonly kind: string; readonly side: string | null; readonly name: string };

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

export const slotsOf = (kind: string): readonly Slot[] =>
  (slots[kind] ?? [{ side: null, name: "side.whole" }]).map((slot) => ({ ...slot, kind }));

export const documentIn = (app: App, { kind, side }: Slot): DocumentShown | undefined =>
  app.session.documents.find((one) => one.kind === kind && one.side === side);

export const isExpired = (one: DocumentShown): boolean => one.findings.includes("expiry");

/** Where a place for a picture stands. */
type Place = {
  readonly id: string | null;
  redraw(): void;
  /** Gives the focus to the first that fits in the same need. */
  focus(selector: string): void;
};

/** A place for one picture: to choose it, or to look at what was chosen. */
export function slotBox(app: App, slot: Slot, place: Place): HTMLElement {
  const { say } = app;
  const { id } = place;
  const given = documentIn(app, slot);
  const name = say(slot.name);
  const label = slot.name.startsWith("kind.") ? name : `${say(`kind.${slot.kind}`)}, ${name}`;
  const titled = h("h3", {}, name);
  if (given !== undefined) return filledSlot(app, given, { titled, label, place });
  const bar = h("progress", { max: "1", value: "0", hidden: true });
  bar.setAttribute("aria-label", say("document.uploading", { label }));
  const problem = h("p", { class: "error", role: "alert" });
  const again = h("div", {});
  const onFile = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // So that the same file can be chosen once more after it could not be sent.
    input.value = "";
    if (file !== undefined) send(app, slot, { file, label, bar, problem, place, again });
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
    again,
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

type Filled = { readonly titled: HTMLElement; readonly label: string; readonly place: Place };

function filledSlot(app: App, given: DocumentShown, { titled, label, place }: Filled): HTMLElement {
  const { say } = app;
  const preview = app.previews.get(given.id);
  const remove = () =>
    app.run(async () => {
      app.session = await removeDocument(given.id);
      if (isExpired(given)) forgetFacts(app, given.kind);
      place.redraw();
      place.focus(EMPTY);
      app.tell(say("document.removed", { label }));
    });
  const button = h(
    "button",
    {
      type: "button",
      class: "plain",
      id: place.id,
      "aria-label": say("document.removeOf", { label }),
      click: remove,
    },
    say("document.remove"),
  );
  return h(
    "div",
    { class: "slot filled" },
    titled,
    preview === undefined
      ? null
      : h("img", { class: "preview", src: preview, alt: say("document.preview", { label }) }),
    given.findings.length > 0 ? warning(app, given) : null,
    linesOf(app, given, place.redraw),
    h(
      "div",
      { class: "row head" },
      given.findings.length > 0
        ? h("span", {})
        : h("p", { class: "given" }, `✓ ${say("document.given")}`),
      button,
    ),
  );
}

/** The first place of a need that has no picture yet. */
const EMPTY = ".slot:not(.filled) input";

/** What is found of a picture, the gravest first. */
const graver: readonly string[] = ["expiry", "holder", "sharpness", "resolution"];

const found = ({ findings }: DocumentShown): readonly string[] =>
  graver.filter((one) => findings.includes(one));

/** One state: how grave it is, and what to do about each thing that was found. */
function warning({ say }: App, given: DocumentShown): HTMLElement {
  const all = found(given);
  return h(
    "div",
    { class: "warn" },
    h("p", { class: "state" }, say(`state.${all[0]}`)),
    ...all.map((finding) => h("p", {}, say(`finding.${finding}`))),
  );
}

type Sending = {
  readonly file: File;
  readonly label: string;
  readonly bar: HTMLProgressElement;
  readonly problem: HTMLElement;
  readonly place: Place;
  /** Where to send it once more is offered. */
  readonly again: HTMLElement;
};

function send(app: App, slot: Slot, sending: Sending): void {
  const { file, label, bar, problem, place, again } = sending;
  const { say } = app;
  problem.textContent = "";
  again.replaceChildren();
  const fault = file.size > MAX_BYTES ? "tooLarge" : file.size === 0 ? "document_empty" : null;
  if (fault !== null) {
    problem.textContent = say(`upload.${fault}`);
    return;
  }
  bar.value = 0;
  bar.hidden = false;
  app.run(async () => {
    try {
      app.session = await upload(slot, file, (part) => {
        bar.value = part;
      });
    } catch (error) {
      bar.hidden = true;
      if (!(error instanceof Refused) || hasEnded(error)) throw error;
      problem.textContent = wordsOf(say, error);
      if (isPassing(error)) {
        again.append(otherButton(say("calm.retry"), () => send(app, slot, sending)));
      }
      return;
    }
    const made = documentIn(app, slot);
    if (made !== undefined && /^image\/(?:jpeg|png)$/.test(file.type)) {
      app.previews.set(made.id, URL.createObjectURL(file));
    }
    place.redraw();
    place.focus(`${EMPTY}, .filled button`);
    const warnings = made === undefined ? [] : found(made).map((one) => say(`finding.${one}`));
    app.tell([say("document.received", { label }), ...warnings].join(" "));
  });
}

/** Whether the same may be taken later. */
const isPassing = ({ status }: Refused): boolean => status === 0 || status === 429 || status >= 500;

/** Whether nothing can be given any more: in another tab all was sent, or the session is over. */
const hasEnded = ({ status, code }: Refused): boolean =>
  status === 401 || code === "verification_ended";

/** Why a file was not taken, as far as somebody can do something about it. */
function wordsOf(say: App["say"], { code, status }: Refused): string {
  if (status === 0 || status >= 500) return say("errors.unsent");
  if (status === 429) return say("errors.tooMany");
  if (status === 413) return say("upload.tooLarge");
  const own = say(`upload.${code}`);
  return own === `upload.${code}` ? say("upload.failed") : own;
}
