import { alpha2Of } from "../../../foundation/countries/countries.ts";
import type { Customer } from "../../customers/model.ts";
import type { Decision } from "../model.ts";
import { type Answered, ask, idIn, inside, linkIn, notUnderstood, reasonsFrom } from "./http.ts";
import { type Applicant, type OutsideProvider, ProviderFailure } from "./port.ts";
import { headerOf, isSignedBy, jsonOf, notGenuine } from "./signature.ts";

/** Persona's API as of https://docs.withpersona.com/api-introduction. */
export type PersonaSettings = {
  readonly url: string;
  readonly apiKey: string;
  /** Secrets of its webhooks; several while one replaces another. */
  readonly webhookSecrets: readonly string[];
  /** Its inquiry template for `individual.basic` and so on. */
  readonly templates: Readonly<Record<string, string>>;
};

/** The version whose shapes are read here: answers do not change when the account's default does. */
const VERSION = "2023-01-05";

/** How far a webhook's time may be from ours, seconds. */
export const TOLERANCE_S = 300;

/**
 * The adapter for Persona. The person gives documents and selfie in Persona's own flow, by the inquiry's link:
 * ours are not sent.
 */
export function persona(settings: PersonaSettings): OutsideProvider {
  const call = caller(settings);
  return {
    name: "persona",
    submit: async (applicant) => {
      // Its idempotency keys are forgotten after a day, and answer a failure again and again until then: so it is
      // looked first, and a failed attempt has a key of its own.
      const query = `filter[reference-id]=${encodeURIComponent(applicant.id)}`;
      const { json: found } = await call("GET", `/api/v1/inquiries?${query}`, null);
      const known = inside(found, "data", 0, "id");
      if (known !== undefined) return idIn(known);
      const key = `${applicant.id}-${applicant.attempts}`;
      const { json: made } = await call("POST", "/api/v1/inquiries", {
        key,
        json: inquiryOf(settings, applicant),
      });
      return idIn(inside(made, "data", "id"));
    },
    fetch: async (reference) => {
      const { json: found } = await call("GET", `/api/v1/inquiries/${idIn(reference)}`, null);
      return decisionOf(found);
    },
    link: async ({ reference }) => {
      const path = `/api/v1/inquiries/${idIn(reference)}/generate-one-time-link`;
      // How long it lives, the template says, and the answer does not.
      const { json: made } = await call("POST", path, { key: null, json: {} });
      return { link: linkIn(inside(made, "meta", "one-time-link")), expiresAt: null };
    },
    hear: (headers, body, now) => {
      requireGenuine(settings, headerOf(headers, "persona-signature"), body, now);
      const inquiry = inside(jsonOf(body), "data", "attributes", "payload", "data");
      const id = inside(inquiry, "attributes", "reference-id");
      return inside(inquiry, "type") === "inquiry" && typeof id === "string" ? id : null;
    },
  };
}

function caller({ url, apiKey }: PersonaSettings) {
  return (
    method: "GET" | "POST",
    path: string,
    sent: { readonly key: string | null; readonly json: unknown } | null,
  ): Promise<Answered> => {
    const headers = {
      accept: "application/json",
      authorization: `Bearer ${apiKey}`,
      "persona-version": VERSION,
      "key-inflection": "kebab",
      ...(sent && { "content-type": "application/json" }),
      ...(sent?.key && { "idempotency-key": sent.key }),
    };
    const body = sent === null ? {} : { body: Buffer.from(JSON.stringify(sent.json)) };
    return ask({ method, url: url + path, headers, ...body });
  };
}

function inquiryOf({ templates }: PersonaSettings, { id, customer }: Applicant): object {
  const { type, level } = customer;
  const template = templates[`${type}.${level}`];
  if (template === undefined) {
    throw new ProviderFailure(`No template is set for ${type}.${level}.`);
  }
  const attributes = {
    "inquiry-template-id": template,
    "reference-id": id,
    fields: fieldsOf(customer),
  };
  return { data: { attributes } };
}

function fieldsOf(customer: Customer): object {
  const { residence } = customer;
  const country = residence && alpha2Of(residence.country);
  const fields = {
    "name-first": customer.firstName ?? customer.legalName,
    "name-last": customer.lastName,
    birthdate: customer.birthDate,
    "identification-number": customer.nationalId,
    "email-address": customer.email,
    "phone-number": customer.phone,
    "address-street-1": residence?.line1 ?? null,
    "address-street-2": residence?.line2 ?? null,
    "address-city": residence?.city ?? null,
    "address-subdivision": residence?.region ?? null,
    "address-postal-code": residence?.postalCode ?? null,
    "address-country-code": country,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** What each status of an inquiry means; a status that is not here is not understood. */
const decisions: Readonly<Record<string, "open" | "approve" | "reject" | "again">> = {
  created: "open",
  pending: "open",
  // Passed by the person; what it means, the template's workflow or a reviewer there decides.
  completed: "open",
  needs_review: "open",
  approved: "approve",
  declined: "reject",
  failed: "again",
  expired: "again",
};

function decisionOf(found: unknown): Decision | null {
  const attributes = inside(found, "data", "attributes");
  const status = inside(attributes, "status");
  const means = typeof status === "string" ? decisions[status] : undefined;
  switch (means) {
    case "open":
      return null;
    case "approve":
      return { move: "approve" };
    case "reject":
      return { move: "reject", reasons: ["declined_by_provider"], canResubmit: true };
    case "again":
      return {
        move: "requestInformation",
        reasons: reasonsFrom([`inquiry_${status}`], ""),
        asked: [],
      };
    default:
      throw notUnderstood();
  }
}

/**
 * `t=<seconds>,v1=<hex>`, and while a secret is replaced several such, with a space between them.
 *
 * @throws Refusal `webhook_not_genuine`, also where its time is too far from ours.
 */
function requireGenuine(
  { webhookSecrets }: PersonaSettings,
  header: string,
  body: Buffer,
  now: Date,
): void {
  const isGenuine = header.split(" ").some((one) => {
    const [, seconds, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(one) ?? [];
    if (seconds === undefined || hex === undefined) return false;
    const isRecent = Math.abs(now.getTime() / 1_000 - Number(seconds)) <= TOLERANCE_S;
    const signed = Buffer.concat([Buffer.from(`${seconds}.`), body]);
    return isRecent && isSignedBy(webhookSecrets, "sha256", signed, hex);
  });
  if (!isGenuine) throw notGenuine();
}
