import { exchange, type Problem, Refused, resume, type Session } from "./api.ts";
import { type App, inputOf, labelOf, PERSON, type Step } from "./app.ts";
import { detailsStep } from "./details.ts";
import { documentsStep, needProblems } from "./documents.ts";
import { h } from "./dom.ts";
import {
  type Language,
  languages,
  loadMessages,
  nameOf,
  sayIn,
  wantedLanguage,
  withDigits,
} from "./messages.ts";
import { tellParent } from "./parent.ts";
import { openRoles, peopleStep } from "./people.ts";
import { awayStep, calmStep, consentStep, reviewStep, startStep, statusStep } from "./steps.ts";

/** The page: one step at a time, in one language, about one session. */

/** The steps that are counted, in order. */
const counted = ["details", "people", "documents", "consent", "review"] as const;
type Counted = (typeof counted)[number];

/** So long somebody waits without a word. */
const SLOW_MS = 1_000;

const nobody: Session = {
  status: "started",
  returnUrl: null,
  organization: { name: "" },
  customer: { type: "individual" },
  wanted: { fields: [], documents: [], people: [] },
  details: {},
  people: [],
  documents: [],
  consentVersion: "",
  outcome: null,
};

const page = document.getElementById("page") as HTMLElement;
const live = h("p", { class: "live", role: "status" });
let language: Language = wantedLanguage();
let step: Step = "start";
let isBusy = false;
let meanwhile: Promise<void> = Promise.resolve();

const app: App = {
  session: nobody,
  countries: [],
  typed: new Map(),
  person: null,
  previews: new Map(),
  consented: false,
  get say() {
    return sayIn(language);
  },
  get language() {
    return language;
  },
  percent: (part) =>
    new Intl.NumberFormat(withDigits(language), {
      style: "percent",
      maximumFractionDigits: 2,
    }).format(part),
  go: (next) => show(next),
  after: (from) => following(from)[0] ?? "review",
  before: (from) => {
    const at = asked().indexOf(from as Counted);
    return asked()[at - 1] ?? null;
  },
  run,
  beside,
  fail,
  tell: (text) => {
    live.textContent = text;
  },
} as App;

/** The steps that have something to ask of this customer. */
function asked(): readonly Counted[] {
  const { fields: details, people, documents } = app.session.wanted;
  const wanted: Partial<Record<Step, readonly unknown[]>> = { details, people, documents };
  return counted.filter((one) => wanted[one]?.length !== 0);
}

const following = (from: Step): readonly Step[] =>
  asked().slice(asked().indexOf(from as Counted) + 1);

const steps: Readonly<Record<Step, () => readonly Node[]>> = {
  start: () => startStep(app, begin),
  details: () => detailsStep(app),
  people: () => peopleStep(app),
  documents: () => documentsStep(app),
  consent: () => consentStep(app),
  review: () => reviewStep(app),
  status: () => statusStep(app),
  calm: () => calmStep(app),
  away: () => awayStep(app, () => run(open)),
};

/** Where the page is, as the history of the browser keeps it: a step, or the form of a person in it. */
const placeNow = () => ({ step, isForm: app.person !== null });
let shownAt = placeNow();

/**
 * Shows a step.
 *
 * @param entry what it is in the history: one more, so that the back of a phone leads to the step before; in the
 * place of the last; or none, where the history led to it.
 */
function show(next: Step, entry: "more" | "same" | "none" = "more"): void {
  if (next !== step) app.person = null;
  step = next;
  // Who has not agreed yet in this visit does so before the review.
  if (step === "review" && !app.consented) step = "consent";
  if (step === "status" && app.session.status === "submitted") tellParent("submitted");
  if (step === "calm") {
    tellParent("closed");
    forget();
  }
  live.textContent = "";
  draw();
  document.getElementById("title")?.focus();
  scrollTo(0, 0);
  const at = placeNow();
  const isThere = at.step === shownAt.step && at.isForm === shownAt.isForm;
  shownAt = at;
  if (entry === "more" && !isThere) history.pushState(at, "");
  if (entry === "same") history.replaceState(at, "");
}

/** Who comes to the end of a session finds nothing of it here. */
function forget(): void {
  app.session = nobody;
  app.typed.clear();
  app.previews.clear();
}

/** Back and forward, as far as there is something to ask; else to where the session stands. */
function onHistory({ state }: PopStateEvent): void {
  if (state === null || !hasBegun()) return;
  const to = (state as { step: Step }).step;
  app.person = null;
  show(
    app.session.status === "started" && asked().includes(to as Counted) ? to : firstOpen(),
    "none",
  );
}

const hasBegun = (): boolean => app.session !== nobody;

function draw(): void {
  const content = h("main", {}, ...steps[step]());
  page.replaceChildren(top(), content);
  const title = document.getElementById("title")?.textContent ?? "";
  document.title = `${title} · ${app.say("title")}`;
}

function top(): HTMLElement {
  const choose = (event: Event) => {
    language = (event.target as HTMLSelectElement).value as Language;
    draw();
    document.getElementById("language")?.focus();
  };
  const options = languages.map((one) =>
    h("option", { value: one, lang: one, selected: one === language }, nameOf(one)),
  );
  return h(
    "header",
    { class: "top" },
    h("p", { class: "who", dir: "auto" }, app.session.organization.name || app.say("title")),
    h(
      "div",
      { class: "language" },
      h("label", { for: "language", class: "live" }, app.say("language.label")),
      h("select", { id: "language", change: choose }, ...options),
    ),
    progress(),
  );
}

function progress(): Node | null {
  const all = asked();
  const at = all.indexOf(step as Counted);
  if (at < 0) return null;
  const values = { step: String(at + 1), steps: String(all.length) };
  const bars = all.map((_, index) => h("span", { class: index <= at ? "done" : "" }));
  return h(
    "div",
    { class: "progress" },
    h("p", {}, app.say("step", values)),
    h("div", { class: "bar", "aria-hidden": "true" }, ...bars),
  );
}

/** Exchanges the link. From then on the address has no secret any more, and the cookie resumes. */
function begin(): void {
  run(async () => {
    app.session = await exchange(location.hash.slice(1));
    history.replaceState(null, "", location.pathname + location.search);
    show(firstOpen(), "same");
  });
}

/** Where to go on: at the first thing that is not given yet. */
function firstOpen(): Step {
  const { status, wanted, details, documents } = app.session;
  if (status !== "started") return "status";
  const given = Object.keys(details).length > 0;
  if (wanted.fields.length > 0 && !given) return "details";
  if (openRoles(app).length > 0) return "people";
  const open = wanted.documents.some((need) => needProblems(app, need).length > 0);
  if (open || documents.length < wanted.documents.length) return "documents";
  return "consent";
}

/** One thing at a time: what is pressed while another runs is not done twice. */
function run(work: () => Promise<void>): void {
  if (isBusy) return;
  isBusy = true;
  page.setAttribute("aria-busy", "true");
  const slow = setTimeout(() => app.tell(app.say("loading")), SLOW_MS);
  void caught(() => meanwhile.then(work)).finally(() => {
    clearTimeout(slow);
    if (live.textContent === app.say("loading")) live.textContent = "";
    isBusy = false;
    page.removeAttribute("aria-busy");
  });
}

/** Does something beside: what is pressed next waits for it, and is not lost. */
function beside(work: () => Promise<void>): void {
  if (!isBusy) meanwhile = caught(() => meanwhile.then(work));
}

async function caught(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Refused) await onRefusal(error);
    // A fault of the page: told as one, and what is pressed next still works.
    else reportError(error);
  }
}

async function onRefusal({ status, code }: Refused): Promise<void> {
  if (status === 0 || status >= 500) return fail([{ code: "connection" }]);
  if (status === 429) return fail([{ code: "tooMany" }]);
  // Submitted, or changed, in another tab: what the server knows counts.
  if (status === 409 && code !== "consent_outdated") {
    try {
      app.session = await resume();
      return show(firstOpen());
    } catch {
      return show("calm");
    }
  }
  show("calm");
}

/** Says above the step what has to be mended, with a link to each place, and at the place itself. */
function fail(problems: readonly Problem[]): void {
  document.getElementById("summary")?.remove();
  for (const old of page.querySelectorAll(".field-error")) old.remove();
  for (const marked of page.querySelectorAll("[aria-invalid]")) unmark(marked);
  const items = asOnPage(problems).map((problem) => {
    const text = wordsOf(problem);
    const place = problem.field === undefined ? null : placeOf(problem.field);
    if (place === null) return h("li", {}, text);
    mark(place, text);
    const jump = (event: Event) => {
      event.preventDefault();
      place.focus();
    };
    return h("li", {}, h("a", { href: `#${place.id}`, click: jump }, text));
  });
  const summary = h(
    "div",
    { id: "summary", class: "summary", tabindex: "-1", role: "group", "aria-labelledby": "wrong" },
    h("h2", { id: "wrong" }, app.say("errors.title")),
    h("ul", {}, ...items),
  );
  page.querySelector("main .intro")?.after(summary);
  summary.focus();
}

function wordsOf({ code, field }: Problem): string {
  if (field === "consent") return app.say("consent.needed");
  if (field === undefined) {
    return app.say(code === "tooMany" ? "errors.tooMany" : "errors.connection");
  }
  const isNeed = field.startsWith("documents.") || field.startsWith("people.");
  const label = isNeed ? app.say(`need.${field}`) : labelOf(app, field);
  const isDate = field.endsWith("Date");
  const keys = [`errors.${code}`, isDate ? "errors.birth_date_invalid" : "errors.invalid"];
  const known = keys.flatMap((key) => (field.startsWith(PERSON) ? [`${key}.person`, key] : [key]));
  return (
    known.map((key) => app.say(key, { label })).find((text, index) => text !== known[index]) ?? ""
  );
}

/** In the order in which the places stand on the page; what has no place comes first. */
function asOnPage(problems: readonly Problem[]): readonly Problem[] {
  const places = [...page.querySelectorAll("[id]")].map(({ id }) => id);
  const at = ({ field }: Problem) =>
    places.indexOf(field === undefined ? "" : (placeOf(field)?.id ?? ""));
  return [...problems].sort((a, b) => at(a) - at(b));
}

/** Where a problem is mended; of a role that nobody has, where people are added. */
const placeOf = (field: string): HTMLElement | null =>
  document.getElementById(inputOf(field.startsWith("people.") ? "people" : field));

function mark(place: HTMLElement, text: string): void {
  const id = `${place.id}-error`;
  const said = document.getElementById(id);
  if (said?.classList.contains("field-error")) {
    said.append(` ${text}`);
    return;
  }
  place.setAttribute("aria-invalid", "true");
  const before = place.getAttribute("aria-describedby");
  place.setAttribute("aria-describedby", before === null ? id : `${before} ${id}`);
  const box = place.closest(".date, .slot, .choice") ?? place;
  box.after(h("p", { class: "error field-error", id }, text));
}

function unmark(place: Element): void {
  place.removeAttribute("aria-invalid");
  const kept = (place.getAttribute("aria-describedby") ?? "")
    .split(" ")
    .filter((id) => id !== "" && !id.endsWith("-error"));
  if (kept.length === 0) place.removeAttribute("aria-describedby");
  else place.setAttribute("aria-describedby", kept.join(" "));
}

async function open(): Promise<void> {
  const [, answer] = await Promise.all([loadMessages(), fetch("countries.json")]);
  Object.assign(app, { countries: await answer.json() });
  // With a secret in the address nothing happens before the person says so.
  if (location.hash.length > 1) return show("start", "same");
  try {
    app.session = await resume();
    show(firstOpen(), "same");
  } catch (error) {
    const { status = 0 } = error instanceof Refused ? error : {};
    // Where nobody answered, nothing is known of the session, and it may go on.
    show(status === 0 || status === 429 || status >= 500 ? "away" : "calm", "same");
  }
}

document.body.append(live);
addEventListener("popstate", onHistory);
// A link that is opened where the page is open already only changes the fragment.
addEventListener("hashchange", () => void open());
await open();
