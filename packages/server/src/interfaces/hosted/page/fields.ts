import type { Details, DocumentShown, PersonShown, ResidenceGiven } from "./api.ts";
import { type App, bareOf, inputOf, labelOf, PERSON } from "./app.ts";
import { h } from "./dom.ts";
import { countriesIn } from "./messages.ts";

/** The inputs of the details. */

/** What browsers fill in by themselves, and the keyboard that a phone shows. */
const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  firstName: { autocomplete: "given-name" },
  lastName: { autocomplete: "family-name" },
  legalName: { autocomplete: "organization" },
  nationality: { autocomplete: "country" },
  nationalId: { autocomplete: "off", spellcheck: "false", dir: "ltr" },
  email: { autocomplete: "email", type: "email", inputmode: "email", dir: "ltr" },
  phone: { autocomplete: "tel", type: "tel", inputmode: "tel", dir: "ltr" },
  "person.ownership": { inputmode: "decimal", dir: "ltr" },
  "residence.country": { autocomplete: "country" },
  "residence.line1": { autocomplete: "address-line1" },
  "residence.line2": { autocomplete: "address-line2" },
  "residence.postalCode": { autocomplete: "postal-code" },
  "residence.city": { autocomplete: "address-level2" },
  "residence.region": { autocomplete: "address-level1" },
};

const hinted: readonly string[] = ["phone", "person.ownership"];

const longest: Readonly<Record<string, string>> = {
  legalName: "200",
  email: "254",
  phone: "32",
  nationalId: "64",
  "residence.line1": "200",
  "residence.line2": "200",
  "residence.postalCode": "20",
  "person.ownership": "7",
};

/** What the server keeps of a field so far. */
export function savedOf(details: Details, field: string): string {
  const [name = "", part] = field.split(".");
  const value = details[name];
  if (value === undefined || typeof value === "string") return value ?? "";
  return value[part as keyof ResidenceGiven] ?? "";
}

/** What is known of a field: of the person that is being changed, of a document, or of who is verified. */
function knownOf({ person, session }: App, field: string): string {
  if (bareOf(field) === field) return savedOf(session.details, field);
  const [, kind] = field.split(".");
  const about: Partial<PersonShown & DocumentShown> | null | undefined = field.startsWith(PERSON)
    ? person
    : session.documents.find((one) => one.kind === kind);
  const value = about?.[bareOf(field) as "country"];
  return typeof value === "string" ? value : "";
}

/** What stands in an input: what was typed, else what is saved. */
export const shownIn = (app: App, field: string): string =>
  app.typed.get(field) ?? knownOf(app, field);

export const remember = (app: App, field: string) => (event: Event) => {
  app.typed.set(field, (event.target as HTMLInputElement).value);
};

/** A labelled input of a line of text. */
export function textField(app: App, field: string, optional = false): HTMLElement {
  const id = inputOf(field);
  const name = labelOf(app, field);
  const hint = hinted.includes(field) ? app.say(`field.${bareOf(field)}.hint`) : null;
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, optional ? app.say("optional", { label: name }) : name),
    hint && h("p", { class: "hint", id: `${id}-hint` }, hint),
    h("input", {
      id,
      name: field,
      type: "text",
      maxlength: longest[field] ?? "100",
      value: shownIn(app, field),
      required: !optional,
      "aria-describedby": hint && `${id}-hint`,
      input: remember(app, field),
      // What a browser knows is of who sits at it, and not of whom that person names.
      ...(field.startsWith(PERSON) ? { autocomplete: "off" } : {}),
      ...kinds[field],
    }),
  );
}

/** A labelled choice of a country. */
export function countryField(app: App, field: string): HTMLElement {
  const id = inputOf(field);
  const value = shownIn(app, field);
  const options = countriesIn(app.language, app.countries).map(([code, name]) =>
    h("option", { value: code, selected: code === value }, name),
  );
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, labelOf(app, field)),
    h(
      "select",
      { id, name: field, required: true, change: remember(app, field), ...kinds[field] },
      h("option", { value: "" }, app.say("choose")),
      ...options,
    ),
  );
}

const dateParts = [
  ["day", "2"],
  ["month", "2"],
  ["year", "4"],
] as const;

/** What stands in the parts of a date. */
function partsOf(app: App, field: string): readonly string[] {
  const [year = "", month = "", day = ""] = knownOf(app, field).split("-");
  const known = { day, month, year };
  return dateParts.map(
    ([part]) => app.typed.get(`${field}.${part}`) ?? known[part].replace(/^0/, ""),
  );
}

/** Day, month and year as three numbers that are typed: quicker than leafing back by decades. */
export function dateField(app: App, field: string): HTMLElement {
  const values = partsOf(app, field);
  const inputs = dateParts.map(([part, maxlength], index) => {
    const id = index === 0 ? inputOf(field) : inputOf(`${field}.${part}`);
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, app.say(`field.${part}`)),
      h("input", {
        id,
        name: `${field}.${part}`,
        type: "text",
        inputmode: "numeric",
        autocomplete: field === "birthDate" ? `bday-${part}` : "off",
        maxlength,
        value: values[index] ?? "",
        required: true,
        dir: "ltr",
        input: remember(app, `${field}.${part}`),
      }),
    );
  });
  const hint = `${inputOf(field)}-hint`;
  return h(
    "fieldset",
    { "aria-describedby": hint },
    h("legend", {}, labelOf(app, field)),
    h("p", { class: "hint", id: hint }, app.say(`field.${bareOf(field)}.hint`)),
    h("div", { class: "date" }, ...inputs),
  );
}

/** Digits of any script as those of ASCII: phones in Arabic type them by default. */
export const digits = (text: string): string =>
  text
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0));

/** What the form holds, as the server takes it; and which of what is asked for is empty. */
export function readForm(app: App): { readonly details: Details; readonly empty: string[] } {
  const { fields } = app.session.wanted;
  const typed = (field: string) => shownIn(app, field).trim();
  const details: Record<string, string | ResidenceGiven> = {};
  for (const field of fields.filter((one) => !one.includes("."))) {
    const value = field === "birthDate" ? readDate(app, field) : typed(field);
    const text = field === "phone" ? digits(value).replace(/[\s().-]/g, "") : value;
    if (text !== "") details[field] = text;
  }
  if (fields.some((field) => field.startsWith("residence.")))
    details.residence = readResidence(app);
  const empty = fields.filter((field) =>
    field === "birthDate" ? readDate(app, field) === "" : typed(field) === "",
  );
  return { details, empty };
}

function readResidence(app: App): ResidenceGiven {
  const typed = (part: string) => shownIn(app, `residence.${part}`).trim() || null;
  const country = typed("country");
  return {
    ...(country === null ? {} : { country }),
    line1: typed("line1"),
    line2: typed("line2"),
    city: typed("city"),
    region: typed("region"),
    postalCode: typed("postalCode"),
  };
}

/** YYYY-MM-DD of what was typed, empty where a part is; of what is no date too, so that the server says so. */
export function readDate(app: App, field: string): string {
  const [day = "", month = "", year = ""] = partsOf(app, field).map((part) => digits(part.trim()));
  if (day === "" || month === "" || year === "") return "";
  return `${year.padStart(4, "0")}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}
