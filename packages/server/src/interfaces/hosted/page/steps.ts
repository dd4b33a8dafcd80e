import { isEmbedded, Refused, submit } from "./api.ts";
import { type App, labelOf } from "./app.ts";
import { h, heading, mainButton, otherButton } from "./dom.ts";
import { savedOf } from "./fields.ts";
import { countriesIn, withDigits } from "./messages.ts";
import { nameOfPerson, rolesOf } from "./people.ts";

/** The steps that only show and ask for one press. */

/** What this is, before anything is spent. */
export function startStep({ say }: Pick<App, "say">, begin: () => void): readonly Node[] {
  const points = ["start.details", "start.documents", "start.review"];
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("start.title")),
      h("p", { class: "quiet" }, say("start.text")),
    ),
    h("ol", { class: "points" }, ...points.map((point) => h("li", {}, say(point)))),
    ...(isEmbedded ? [] : [h("p", { class: "hint" }, say("start.leave"))]),
    h("div", { class: "actions" }, mainButton(say("start.button"), begin)),
  ];
}

export function consentStep(app: App): readonly Node[] {
  const { say, session } = app;
  const organization = session.organization.name;
  const isBusiness = session.customer.type === "business";
  const back = app.before("consent");
  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (app.consented) app.go(app.after("consent"));
    else app.fail([{ code: "consent", field: "consent" }]);
  };
  const box = h("input", {
    type: "checkbox",
    id: "input-consent",
    checked: app.consented,
    required: true,
    change: (event) => {
      app.consented = (event.target as HTMLInputElement).checked;
    },
  });
  return [
    h("div", { class: "intro" }, heading(say("consent.title"))),
    h(
      "div",
      { class: "text" },
      h("p", {}, say("consent.text1", { organization })),
      h("p", {}, say("consent.text2", { organization })),
    ),
    h(
      "form",
      { novalidate: true, submit: onSubmit },
      h(
        "label",
        { class: "choice consent" },
        box,
        h("span", {}, say(isBusiness ? "consent.agreeBusiness" : "consent.agree")),
      ),
      h(
        "div",
        { class: "actions" },
        mainButton(say("continue")),
        back && otherButton(say("back"), () => app.go(back)),
      ),
    ),
  ];
}

/** Everything once more, with a way to each part of it. */
export function reviewStep(app: App): readonly Node[] {
  const { say, session } = app;
  const { fields, documents, people } = session.wanted;
  const parts = [
    fields.length > 0 ? part(app, "details", h("dl", {}, ...detailLines(app))) : null,
    people.length > 0 ? part(app, "people", h("dl", {}, ...peopleLines(app))) : null,
    documents.length > 0 ? part(app, "documents", h("dl", {}, ...documentLines(app))) : null,
    part(app, "consent", h("p", {}, say("review.agreed"))),
  ];
  const send = () =>
    app.run(async () => {
      try {
        app.session = await submit(session.consentVersion, app.language);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 422) throw error;
        app.fail(error.problems);
        return;
      }
      app.go("status");
    });
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("review.title")),
      h("p", { class: "quiet" }, say("review.text")),
    ),
    ...parts.filter((one) => one !== null),
    h("div", { class: "actions" }, mainButton(say("review.submit"), send)),
  ];
}

type Part = "details" | "people" | "documents" | "consent";

function part(app: App, step: Part, content: Node): HTMLElement {
  const title = app.say(`review.${step}`);
  const edit = h(
    "button",
    {
      type: "button",
      class: "plain",
      "aria-label": `${app.say("edit")}: ${title}`,
      click: () => app.go(step),
    },
    app.say("edit"),
  );
  return h(
    "section",
    { class: "part", "aria-label": title },
    h("div", { class: "head" }, h("h2", {}, title), edit),
    content,
  );
}

const line = (term: string, ...texts: readonly string[]): Node =>
  h("div", {}, h("dt", {}, term), ...texts.map((text) => h("dd", {}, h("bdi", {}, text))));

function detailLines(app: App): Node[] {
  const { fields } = app.session.wanted;
  const own = fields.filter((field) => !field.startsWith("residence."));
  const lines = own.map((field) => line(labelOf(app, field), shownValue(app, field)));
  const parts = ["line1", "line2", "postalCode", "city", "region", "country"];
  const address = parts.map((one) => shownValue(app, `residence.${one}`)).filter((text) => text);
  return address.length === 0 ? lines : [...lines, line(app.say("field.residence"), ...address)];
}

function shownValue(app: App, field: string): string {
  const value = savedOf(app.session.details, field);
  if (field === "nationality" || field === "residence.country") return countryIn(app, value);
  return field === "birthDate" && value !== "" ? dateIn(app, value) : value;
}

const countryIn = ({ language, countries }: App, code: string): string =>
  countriesIn(language, countries).find(([one]) => one === code)?.[1] ?? code;

function dateIn(app: App, date: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  return new Intl.DateTimeFormat(withDigits(app.language), {
    dateStyle: "long",
    timeZone: "UTC",
  }).format(at);
}

const peopleLines = (app: App): Node[] =>
  app.session.people.map((person) =>
    line(
      rolesOf(app, person).join(" · "),
      nameOfPerson(person),
      dateIn(app, person.birthDate),
      `${labelOf(app, "person.nationality")}: ${countryIn(app, person.nationality)}`,
      `${labelOf(app, "person.residenceCountry")}: ${countryIn(app, person.residenceCountry)}`,
    ),
  );

function documentLines(app: App): Node[] {
  const { say, session } = app;
  return session.wanted.documents.map((need) => {
    const given = session.documents.filter((one) => need.kinds.includes(one.kind));
    const texts = given.map(({ kind, side }) =>
      side === null ? say(`kind.${kind}`) : `${say(`kind.${kind}`)}, ${say(`side.${side}`)}`,
    );
    return line(say(`need.${need.need}`), ...texts);
  });
}

/** How it stands, and nothing more. */
export function statusStep({ say, session }: App): readonly Node[] {
  const organization = session.organization.name;
  const outcome = `status.${session.outcome ?? "in_review"}`;
  const intro = h(
    "div",
    { class: "intro" },
    heading(say(`${outcome}.title`)),
    h("p", { class: "quiet" }, say(`${outcome}.text`, { organization })),
  );
  if (session.returnUrl === null) return [intro];
  const href = session.returnUrl;
  const back = say("status.return", { organization });
  // Out of a frame, too: what it leads to is no part of this page.
  const attributes = { class: "button main", href, rel: "noreferrer", target: "_top" };
  const link = h("a", attributes, back);
  return [intro, h("div", { class: "actions" }, link)];
}

/** The server did not answer when the page was opened. */
export function awayStep({ say }: Pick<App, "say">, again: () => void): readonly Node[] {
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("away.title")),
      h("p", { class: "quiet" }, say("errors.connection")),
    ),
    h("div", { class: "actions" }, mainButton(say("calm.retry"), again)),
  ];
}

/** One page for every link that cannot be used: it says nothing about whom or what it was for. */
export function calmStep({ say }: Pick<App, "say">): readonly Node[] {
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("calm.title")),
      h("p", { class: "quiet" }, say("calm.text")),
    ),
  ];
}
