import type { Person, RetainedPerson } from "../model/people.ts";
import { type Customer, keptUnder, type Retained } from "../model.ts";

const fields = Object.keys(keptUnder) as (keyof typeof keptUnder)[];

/** What the law keeps of a customer itself. */
export function identityOf(customer: Customer): Retained["identity"] {
  const kept = fields.filter((field) => keptUnder[field] === "retained");
  return Object.fromEntries(
    kept.map((field) => [field, customer[field]]),
  ) as unknown as Retained["identity"];
}

/** What the law keeps of a person of a business. */
export function retainedPerson(person: Person): RetainedPerson {
  const { organizationId, customerId, removedAt, version, createdAt, ...kept } = person;
  return kept;
}

/** A customer of whom nothing personal is left. */
export function erased(customer: Customer): Customer {
  const nothing = Object.fromEntries(fields.map((field) => [field, null]));
  return { ...customer, ...nothing, residenceCountry: null, evidence: [] };
}
