import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../../foundation/errors/errors.ts";
import type { Mode } from "../../../foundation/route/route.ts";
import { type Document, isExpiredAt } from "../../documents/model.ts";
import { customerErrors } from "../errors.ts";
import type { PersonDetails } from "../model/people.ts";
import { type Draft, type DraftPerson, type Wanted, wantedOf } from "../model/sessions.ts";
import {
  type AgeTerms,
  type Customer,
  type CustomerField,
  fieldValue,
  type Residence,
} from "../model.ts";
import { detailProblems, noDetails, tidyDetails } from "./details.ts";
import { type CustomerChange, invalidCustomer } from "./moves.ts";
import { requirePossible, rolesOf, tidyPerson } from "./people.ts";

/** What a person gave, as far as it is asked for; what is not, or not any more, is left out. */
function pickAsked(customer: Customer, given: Draft["details"]): Draft["details"] {
  const { fields } = wantedOf(customer);
  const asks = (name: string) => fields.some((field) => field.split(".")[0] === name);
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== null && asks(name)),
  );
}

/** As a change of the customer: what is asked for; of a residence that is partly known the rest stays. */
export function askedOf(customer: Customer, given: Draft["details"]): CustomerChange {
  const { residence, ...plain } = pickAsked(customer, given);
  if (!residence) return plain;
  const { fields } = wantedOf(customer);
  return { ...plain, residence: mergedResidence(customer.residence, residence, fields) };
}

/** Of a known residence only what is asked for is replaced, with the parts that nobody asks for by name. */
function mergedResidence(
  known: Residence | null,
  given: Residence,
  fields: readonly CustomerField[],
): Residence {
  if (known === null || fields.includes("residence.country")) return given;
  return { ...given, country: known.country };
}

/**
 * A draft with more details.
 *
 * @throws Refusal `customer_invalid` with every problem of what was given.
 */
export function detailedBy(
  customer: Customer,
  draft: Draft,
  given: Draft["details"],
  terms: AgeTerms,
): Draft {
  const details = pickAsked(customer, { ...draft.details, ...given });
  const change = tidyDetails({ ...noDetails, ...askedOf(customer, details) });
  const problems = detailProblems(change, customer.type, terms);
  if (problems.length > 0) throw invalidCustomer(problems);
  return { ...draft, details };
}

/** The people of a draft, as far as any are asked for: an owner more is never left out. */
export const askedPeople = (customer: Customer, { people }: Draft): readonly DraftPerson[] =>
  wantedOf(customer).people.length > 0 ? people : [];

/**
 * A draft with somebody added, or changed: of two with one id the later stands. Who is there already with the
 * same details is not added again, so that what was sent twice is there once.
 *
 * @param present who is of the business already.
 * @param now the organization's.
 * @throws Refusal `people_not_asked`, `person_limit_reached`, `customer_invalid` with every problem.
 */
export function peopledBy(
  customer: Customer,
  draft: Draft,
  given: DraftPerson,
  present: readonly PersonDetails[],
  now: Date,
): Draft {
  if (wantedOf(customer).people.length === 0) throw customerErrors.refusal("people_not_asked");
  const person = tidyPerson(given);
  const others = draft.people.filter(({ id }) => id !== person.id);
  if (others.some((one) => isDeepStrictEqual({ ...one, id: person.id }, person))) return draft;
  requirePossible(person, [...present, ...others], now);
  const isThere = others.length < draft.people.length;
  const people = isThere
    ? draft.people.map((one) => (one.id === person.id ? person : one))
    : [...others, person];
  return { ...draft, people };
}

/** Documents of a draft that can meet a need: they stand, and neither they nor their other side is expired by now. */
export function standingIn(documents: readonly Document[], now: Date): Document[] {
  const uploaded = documents.filter(({ status }) => status === "uploaded");
  const expired = new Set(uploaded.filter((one) => isExpiredAt(one, now)).map(({ kind }) => kind));
  return uploaded.filter(({ kind }) => !expired.has(kind));
}

/** What was given in a session: `change` as `askedOf`. */
export type Given = {
  readonly change: CustomerChange;
  readonly documents: readonly Document[];
  readonly people: readonly PersonDetails[];
};
/**
 * What is still to be given before a session can be submitted, one line for `errors[]` each.
 *
 * @param now the organization's.
 */
export function openProblems(customer: Customer, given: Given, now: Date): Problem[] {
  const { fields, documents: needs, people }: Wanted = wantedOf(customer);
  const roles = rolesOf(given.people);
  const known = tidyDetails({ ...noDetails, ...given.change });
  const kinds = standingIn(given.documents, now).map(({ kind }) => kind);
  const missing = [
    ...fields.filter((field) => fieldValue(known, field) === null),
    ...needs
      .filter((need) => !need.kinds.some((kind) => kinds.includes(kind)))
      .map(({ need }) => need),
    ...people.filter(({ role }) => !roles.includes(role)).map(({ need }) => need),
  ];
  return missing.map((need) => customerErrors.problem("information_required", need));
}

/** @throws Refusal `document_not_asked` */
export function requireAsked(customer: Customer, kind: Document["kind"]): void {
  const { documents } = wantedOf(customer);
  if (!documents.some(({ kinds }) => kinds.includes(kind))) {
    throw customerErrors.refusal("document_not_asked", undefined, { field: "kind" });
  }
}

/**
 * Where the pages of a live organization lead back to: nowhere over http.
 *
 * @throws Refusal `return_url_not_allowed`.
 */
export function requireReturn(mode: Mode, returnUrl: string | null | undefined): void {
  if (mode !== "live" || !returnUrl?.startsWith("http:")) return;
  throw customerErrors.refusal("return_url_not_allowed", undefined, { field: "returnUrl" });
}
