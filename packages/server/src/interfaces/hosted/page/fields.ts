import type { Details, ResidenceGiven } from "./api.ts";
import { type App, inputOf, labelOf } from "./app.ts";
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
  "residence.country": { autocomplete: "country" },
  "residence.line1": { autocomplete: "address-line1" },
  "residence.line2": { autocomplete: "address-line2" },
  "residence.postalCode": { autocomplete: "postal-code" },
  "residence.city": { autocomplete: "address-level2" },
  "residence.region": { autocomplete: "address-level1" },
};

const longest: Readonly<Record<string, string>> = { email: "254", phone: "32", nationalId: "64" };

/** What the server keeps of a field so far. */
export function savedOf(details: Details, field: string): string {
  const [name = "", part] = field.split(".");
  const value = details[name];
  if (value === undefined || typeof value === "string") return value ?? "";
  return value[part as keyof ResidenceGiven] ?? "";
}

/** What stands in an input: what was typed, else what is saved. */
const shownIn = (app: App, field: string): string =>
  app.typed.get(field) ?? savedOf(app.session.details, field);

const remember = (app: App, field: string) => (event: Event) => {
  app.typed.set(field, (event.target as HTMLInputElement).value);
};

/** A labelled input of a line of text. */
export function textField(app: App, field: string, optional = false): HTMLElement {
  const id = inputOf(field);
  const name = labelOf(app, field);
  const hint = field === "phone" ? app.say("field.phone.hint") : null;
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

const birthParts = [
  ["day", "bday-day", "2"],
  ["month", "bday-month", "2"],
  ["year", "bday-year", "4"],
] as const;

/** Day, month and year as three numbers that are typed: quicker than leafing back by decades. */
export function birthField(app: App): HTMLElement {
  const [year = "", month = "", day = ""] = savedOf(app.session.details, "birthDate").split("-");
  const saved = { day, month, year };
  const inputs = birthParts.map(([part, autocomplete, maxlength]) => {
    const id = part === "day" ? inputOf("birthDate") : `input-${part}`;
    const value = app.typed.get(part) ?? saved[part].replace(/^0/, "");
    return h(
      "div",
      { class: "field" },
      h("label", { for: id }, app.say(`field.${part}`)),
      h("input", {
        id,
        name: part,
        type: "text",
        inputmode: "numeric",
        autocomplete,
        maxlength,
        value,
        required: true,
        dir: "ltr",
        input: remember(app, part),
      }),
    );
  });
  return h(
    "fieldset",
    { "aria-describedby": "birth-hint" },
    h("legend", {}, app.say("field.birthDate")),
    h("p", { class: "hint", id: "birth-hint" }, app.say("field.birthDate.hint")),
    h("div", { class: "birth" }, ...inputs),
  );
}

/** Digits of any script as those of ASCII: phones in Arabic type them by default. */
const digits = (text: string): string =>
  text
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0));

/** What the form holds, as the server takes it; and which of what is asked for is empty. */
export function readForm(app: App): { readonly details: Details; readonly empty: string[] } {
  const { fields } = app.session.wanted;
  const typed = (field: string) => shownIn(app, field).trim();
  const details: Record<string, string | ResidenceGiven> = {};
  for (const field of fields.filter((one) => !one.includes("."))) {
    const value = field === "birthDate" ? birthDate(app) : typed(field);
    const text = field === "phone" ? digits(value).replace(/[\s().-]/g, "") : value;
    if (text !== "") details[field] = text;
  }
  if (fields.some((field) => field.startsWith("residence.")))
    details.residence = readResidence(app);
  const empty = fields.filter((field) =>
    field === "birthDate" ? birthDate(app) === "" : typed(field) === "",
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

/** YYYY-MM-DD of what was typed; of what is no date too, so that the server says so. */
function birthDate(app: App): string {
  const [year = "", month = "", day = ""] = savedOf(app.session.details, "birthDate").split("-");
  const saved = { day, month, year };
  const [d = "", m = "", y = ""] = birthParts.map(([part]) =>
    digits((app.typed.get(part) ?? saved[part]).trim()),
  );
  if (d === "" || m === "" || y === "") return "";
  return `${y.padStart(4, "0")}-${m.padStart(2, "0")}-${d.padStart(2, "0")}`;
}
