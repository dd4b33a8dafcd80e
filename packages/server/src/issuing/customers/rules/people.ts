import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../../foundation/errors/errors.ts";
import { customerErrors } from "../errors.ts";
import {
  MAX_PEOPLE,
  type Person,
  type PersonChange,
  type PersonDetails,
  type PersonRole,
  personRoles,
  WHOLE_BASIS_POINTS,
} from "../model/people.ts";
import { beneath, type Customer, DIRECTOR_AGE } from "../model.ts";
import { detailProblems, noDetails } from "./details.ts";
import { invalidCustomer } from "./moves.ts";
import { tidyName } from "./names.ts";

/** Details as they are kept: names tidied, roles in a fixed order. */
export const tidyPerson = <D extends PersonDetails>(details: D): D => ({
  ...details,
  firstName: tidyName(details.firstName),
  lastName: tidyName(details.lastName),
  roles: personRoles.filter((role) => details.roles.includes(role)),
});

/**
 * Refuses what cannot be right of a person beside the others of the business.
 *
 * @param others that are not removed, without this one.
 * @param now the organization's.
 * @throws Refusal `customer_invalid` with every problem, `person_limit_reached`.
 */
export function requirePossible(
  person: PersonDetails,
  others: readonly PersonDetails[],
  now: Date,
): void {
  if (others.length >= MAX_PEOPLE) throw customerErrors.refusal("person_limit_reached");
  const problems = [...personProblems(person, now), ...ownershipProblems(person, others)];
  if (problems.length > 0) throw invalidCustomer(problems);
}

function personProblems(person: PersonDetails, now: Date): Problem[] {
  const { firstName, lastName, birthDate, nationality, residenceCountry: country } = person;
  const rest = { line1: null, line2: null, city: null, region: null, postalCode: null };
  const known = { firstName, lastName, birthDate, nationality, residence: { country, ...rest } };
  const found = detailProblems({ ...noDetails, ...known }, "individual", {
    now,
    minimumAge: DIRECTOR_AGE,
  });
  // A child can own, and cannot direct.
  const isDirector = person.roles.includes("director");
  return found
    .filter(({ code }) => isDirector || code !== "age_too_low")
    .map((problem) =>
      problem.field === "residence.country" ? { ...problem, field: "residenceCountry" } : problem,
    );
}

function ownershipProblems(person: PersonDetails, others: readonly PersonDetails[]): Problem[] {
  const { ownershipBasisPoints: own, roles } = person;
  const field = "ownershipBasisPoints";
  if (own === null) return [];
  if (!roles.includes("beneficial_owner")) {
    return [customerErrors.problem("ownership_without_role", field)];
  }
  const theirs = others.reduce((sum, one) => sum + (one.ownershipBasisPoints ?? 0), 0);
  if (theirs + own <= WHOLE_BASIS_POINTS) return [];
  const left = WHOLE_BASIS_POINTS - theirs;
  return [customerErrors.problem("ownership_exceeds_whole", field, `At most ${left} are left.`)];
}

/**
 * A person as changed; null where nothing would be different.
 *
 * @throws Refusal `person_removed`.
 */
export function personChangedBy(before: Person, change: PersonChange): Person | null {
  if (before.removedAt !== null) throw customerErrors.refusal("person_removed");
  const after = tidyPerson({ ...before, ...change });
  if (isDeepStrictEqual(after, before)) return null;
  return { ...after, version: before.version + 1n };
}

/**
 * A person that is none of the business any more.
 *
 * @throws Refusal `person_removed`.
 */
export function personRemoved(before: Person, now: Date): Person {
  if (before.removedAt !== null) throw customerErrors.refusal("person_removed");
  return { ...before, removedAt: now, version: before.version + 1n };
}

/** The roles that somebody of the business has, in a fixed order. */
export const rolesOf = (people: readonly Pick<PersonDetails, "roles">[]): readonly PersonRole[] =>
  personRoles.filter((role) => people.some(({ roles }) => roles.includes(role)));

/**
 * Refuses to leave a customer whose review rests on it without somebody in a role that its level needs.
 *
 * @param people who would be left.
 * @throws Refusal `person_needed`.
 */
export function requireRolesLeft(
  customer: Customer,
  people: readonly Pick<Person, "roles">[],
): void {
  const { status } = beneath(customer.standing);
  if (status === "needs_information" || status === "rejected") return;
  const left = rolesOf(people);
  const role = personRoles.find((one) => customer.evidence.includes(one) && !left.includes(one));
  if (role === undefined) return;
  throw customerErrors.refusal("person_needed", `Nobody would be left as ${role}.`);
}
