import { isDeepStrictEqual } from "node:util";
import type { Subject } from "../../screening/model.ts";
import type { PersonDetails } from "../model/people.ts";
import type { Customer } from "../model.ts";

/**
 * Whom to look for in the lists: as much of the name as is known, and what sharpens the score.
 *
 * @returns null where there is no name yet, or no more.
 */
export function subjectOf(customer: Customer): Subject | null {
  const { type, firstName, lastName, legalName, birthDate, nationality } = customer;
  const name = [firstName, lastName, legalName].filter((part) => part !== null).join(" ");
  if (name === "") return null;
  return {
    name,
    kind: type === "individual" ? "person" : "entity",
    ...(birthDate === null ? {} : { birthDate }),
    ...(nationality === null ? {} : { nationality }),
  };
}

/** As `subjectOf`, of somebody who directs or owns a business. */
export const personSubject = ({
  firstName,
  lastName,
  birthDate,
  nationality,
}: PersonDetails): Subject => ({
  name: `${firstName} ${lastName}`,
  kind: "person",
  birthDate,
  nationality,
});

/** Whether a change is one of those after which a customer is screened again. */
export const isScreenedAnew = (before: Customer, after: Customer): boolean =>
  before.residenceCountry !== after.residenceCountry ||
  !isDeepStrictEqual(subjectOf(before), subjectOf(after));
