import {
  addPerson,
  changePerson,
  type PersonGiven,
  type PersonShown,
  type Problem,
  Refused,
  removePerson,
} from "./api.ts";
import { type App, inputOf, PERSON } from "./app.ts";
import { h, heading, mainButton, otherButton } from "./dom.ts";
import { countryField, dateField, digits, readDate, shownIn, textField } from "./fields.ts";

/** The step of a business's people: who is named so far, or one of them in a form. */

const roles = ["director", "beneficial_owner"] as const;

/** Fields of the form that cannot be empty. */
const needed = ["firstName", "lastName", "birthDate", "nationality", "residenceCountry"] as const;

/** The roles that are asked for and that nobody has yet. */
export const openRoles = ({ session }: App) =>
  session.wanted.people.filter(
    ({ role }) => !session.people.some((person) => person.roles.includes(role)),
  );

export const nameOfPerson = ({ firstName, lastName }: PersonShown): string =>
  `${firstName} ${lastName}`;

/** What somebody is to the business, in words. */
export function rolesOf({ say, percent }: App, person: PersonShown): readonly string[] {
  const share = person.ownershipBasisPoints;
  const owned = share === null ? [] : [say("people.owns", { share: percent(share / 10_000) })];
  return [...person.roles.map((role) => say(`role.${role}`)), ...owned];
}

export const peopleStep = (app: App): readonly Node[] =>
  app.person === null ? listed(app) : personForm(app, app.person);

function listed(app: App): readonly Node[] {
  const { say, session } = app;
  const back = app.before("people");
  const onContinue = () => {
    const open = openRoles(app);
    if (open.length === 0) app.go(app.after("people"));
    else app.fail(open.map(({ need }) => ({ code: "person_required", field: need })));
  };
  const { people } = session;
  return [
    intro(say("people.title"), say("people.text")),
    people.length === 0
      ? h("p", {}, say("people.none"))
      : h("ul", { class: "people" }, ...people.map((person) => personItem(app, person))),
    h(
      "div",
      { class: "field" },
      h(
        "button",
        { type: "button", class: "soft", id: inputOf("people"), click: () => open(app, {}) },
        say("people.add"),
      ),
    ),
    h(
      "div",
      { class: "actions" },
      mainButton(say("continue"), onContinue),
      back && otherButton(say("back"), () => app.go(back)),
    ),
  ];
}

const intro = (title: string, text: string): HTMLElement =>
  h("div", { class: "intro" }, heading(title), h("p", { class: "quiet" }, text));

/** Shows the form of somebody, or the list again. */
function open(app: App, person: App["person"]): void {
  for (const key of [...app.typed.keys()]) if (key.startsWith(PERSON)) app.typed.delete(key);
  app.person = person;
  app.go("people");
}

function personItem(app: App, person: PersonShown): HTMLElement {
  const { say } = app;
  const name = nameOfPerson(person);
  const remove = () =>
    app.run(async () => {
      app.session = await removePerson(person.id);
      app.go("people");
      app.tell(say("people.removed", { name }));
    });
  const button = (key: string, click: () => void) =>
    h(
      "button",
      { type: "button", class: "plain", "aria-label": say(`${key}Of`, { name }), click },
      say(key),
    );
  return h(
    "li",
    { class: "slot filled" },
    h("h2", {}, h("bdi", {}, name)),
    h("p", { class: "quiet" }, rolesOf(app, person).join(" · ")),
    h(
      "div",
      { class: "row" },
      button("people.change", () => open(app, person)),
      button("people.remove", remove),
    ),
  );
}

function personForm(app: App, person: Partial<PersonShown>): readonly Node[] {
  const { say } = app;
  const share = h("div", { hidden: !hasRole(app, "beneficial_owner") }, shareField(app));
  return [
    intro(say(person.id === undefined ? "people.new" : "people.edit"), say("people.formText")),
    h(
      "form",
      { novalidate: true, submit: (event) => onSubmit(app, event) },
      textField(app, "person.firstName"),
      textField(app, "person.lastName"),
      dateField(app, "person.birthDate"),
      countryField(app, "person.nationality"),
      countryField(app, "person.residenceCountry"),
      roleChoices(app, share),
      share,
      h(
        "div",
        { class: "actions" },
        mainButton(say("people.save")),
        otherButton(say("people.cancel"), () => open(app, null)),
      ),
    ),
  ];
}

const hasRole = (app: App, role: string): boolean => {
  const typed = app.typed.get(`person.${role}`);
  return typed === undefined ? (app.person?.roles ?? []).includes(role) : typed !== "";
};

function roleChoices(app: App, share: HTMLElement): HTMLElement {
  const { say } = app;
  const onChange = (event: Event) => {
    const { value, checked } = event.target as HTMLInputElement;
    app.typed.set(`person.${value}`, checked ? value : "");
    share.hidden = !hasRole(app, "beneficial_owner");
  };
  const boxes = roles.map((role, index) =>
    h(
      "label",
      { class: "choice" },
      h("input", {
        type: "checkbox",
        id: index === 0 ? inputOf("person.roles") : null,
        value: role,
        checked: hasRole(app, role),
        change: onChange,
      }),
      h("span", {}, say(`role.${role}`), h("span", { class: "hint" }, say(`role.${role}.text`))),
    ),
  );
  return h(
    "fieldset",
    {},
    h("legend", {}, say("field.roles")),
    h("div", { class: "choices" }, ...boxes),
  );
}

/** The share as a percentage; what is known of it stands there without a sign. */
function shareField(app: App): HTMLElement {
  const known = app.person?.ownershipBasisPoints ?? null;
  if (known !== null && !app.typed.has("person.ownership")) {
    app.typed.set("person.ownership", String(known / 100));
  }
  return textField(app, "person.ownership", true);
}

/** Hundredths of a percent of what was typed, with the decimal signs of all keyboards; null of what is none. */
function readShare(app: App): number | null {
  const text = digits(shownIn(app, "person.ownership")).replace(/[\s%٪]/g, "");
  const [, whole, part = ""] = /^(\d{1,3})(?:[.,٫](\d{1,2}))?$/.exec(text) ?? [];
  return whole === undefined ? null : Number(whole) * 100 + Number(part.padEnd(2, "0"));
}

function onSubmit(app: App, event: Event): void {
  event.preventDefault();
  const { say, person } = app;
  const text = (field: string) => shownIn(app, PERSON + field).trim();
  const isOwner = hasRole(app, "beneficial_owner");
  const ownershipBasisPoints = isOwner && text("ownership") !== "" ? readShare(app) : null;
  const given: PersonGiven = {
    firstName: text("firstName"),
    lastName: text("lastName"),
    birthDate: readDate(app, "person.birthDate"),
    nationality: text("nationality"),
    residenceCountry: text("residenceCountry"),
    roles: roles.filter((role) => hasRole(app, role)),
    ownershipBasisPoints,
  };
  const problems = problemsOf(given, isOwner && text("ownership") !== "");
  if (problems.length > 0) {
    app.fail(problems);
    return;
  }
  app.run(async () => {
    try {
      const id = person?.id;
      app.session = await (id === undefined ? addPerson(given) : changePerson(id, given));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const problems = problemsIn(error);
      if (problems === null) throw error;
      app.fail(problems);
      return;
    }
    open(app, null);
    app.tell(say("people.saved", { name: `${given.firstName} ${given.lastName}` }));
  });
}

/** What the form alone can tell: what is empty, and a share that is none. */
function problemsOf(given: PersonGiven, hasShare: boolean) {
  const empty = needed.filter((field) => given[field] === "");
  const problems = empty.map((field) => ({ code: "information_required", field: PERSON + field }));
  const { ownershipBasisPoints: share, roles: ticked } = given;
  if (ticked.length === 0) problems.push({ code: "roles_required", field: "person.roles" });
  if (hasShare && (share === null || share < 1 || share > 10_000)) {
    problems.push({ code: "ownership_invalid", field: "person.ownership" });
  }
  return problems;
}

/** What of a refusal can be mended here; null where nothing can. */
function problemsIn({ status, code, problems }: Refused): readonly Problem[] | null {
  if (code === "person_limit_reached") return [{ code, field: "people" }];
  if (status !== 422 && status !== 400) return null;
  return problems.map((one) => ({ ...one, field: inForm(one.field) }));
}

const inForm = (field = "roles"): string =>
  PERSON + (field === "ownershipBasisPoints" ? "ownership" : field);
