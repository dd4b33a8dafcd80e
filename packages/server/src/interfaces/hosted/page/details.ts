import { Refused, saveDetails } from "./api.ts";
import type { App } from "./app.ts";
import { h, heading, mainButton } from "./dom.ts";
import { countryField, dateField, readForm, textField } from "./fields.ts";

/** The step of the details: only what is missing is asked for. */
export function detailsStep(app: App): readonly Node[] {
  const { say, session } = app;
  const isBusiness = session.customer.type === "business";
  const form = h(
    "form",
    { novalidate: true, submit: (event) => onSubmit(app, event) },
    ...ownFields(app),
    addressFields(app),
    h("div", { class: "actions" }, mainButton(say("continue"))),
  );
  return [
    h(
      "div",
      { class: "intro" },
      heading(say("details.title")),
      h("p", { class: "quiet" }, say(isBusiness ? "details.textBusiness" : "details.text")),
    ),
    form,
  ];
}

function ownFields(app: App): Node[] {
  const { fields } = app.session.wanted;
  const own = fields.filter((field) => !field.startsWith("residence."));
  return own.map((field) => {
    if (field === "birthDate") return dateField(app, field);
    return field === "nationality" ? countryField(app, field) : textField(app, field);
  });
}

/** The address as one group, with the parts that not every address has. */
function addressFields(app: App): Node | null {
  const { fields } = app.session.wanted;
  const has = (part: string) => fields.includes(`residence.${part}`);
  const hasStreet = has("line1") || has("city");
  if (!hasStreet && !has("country")) return null;
  const street = [
    textField(app, "residence.line1"),
    textField(app, "residence.line2", true),
    h(
      "div",
      { class: "pair" },
      textField(app, "residence.postalCode", true),
      textField(app, "residence.city"),
    ),
    textField(app, "residence.region", true),
  ];
  return h(
    "fieldset",
    { class: "part" },
    h("legend", {}, app.say("field.residence")),
    h(
      "div",
      { class: "fields" },
      has("country") ? countryField(app, "residence.country") : null,
      ...(hasStreet ? street : []),
    ),
  );
}

function onSubmit(app: App, event: Event): void {
  event.preventDefault();
  const { details, empty } = readForm(app);
  if (empty.length > 0) {
    app.fail(empty.map((field) => ({ code: "information_required", field })));
    return;
  }
  app.run(async () => {
    try {
      app.session = await saveDetails(details);
    } catch (error) {
      if (!(error instanceof Refused) || (error.status !== 422 && error.status !== 400))
        throw error;
      app.fail(error.problems);
      return;
    }
    app.typed.clear();
    app.go(app.after("details"));
  });
}
