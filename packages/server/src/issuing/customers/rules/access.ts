import type { Program } from "../../programs/model.ts";
import { reaches } from "../model/levels.ts";
import { type AccessRequest, type AccessStatus, accessLifecycle, type Customer } from "../model.ts";

/** Who grants where a program does it by itself: the id of the actor `system`. */
export const ACCESS_RULE = "access_rule";

/** Who ends the access of a customer that is deleted: the id of the actor `system`. */
export const CUSTOMER_DELETION = "customer_deletion";

/** A request of a customer that is deleted: nobody decides about it any more, and what was granted is over. */
export const endedWith = (request: AccessRequest, now: Date): AccessRequest => ({
  ...request,
  status: accessLifecycle.moves.end.to as AccessStatus,
  reasons: ["The customer was deleted."],
  decidedAt: now,
  decidedBy: { kind: "system", id: CUSTOMER_DELETION },
  version: request.version + 1n,
});

type Asker = Pick<
  Customer,
  "organizationId" | "status" | "type" | "level" | "nationality" | "residenceCountry"
>;

/**
 * Whether a program grants a customer's request by itself. Without a rule it grants to everybody; by a rule to
 * active customers, because before that nobody has verified what the rule asks for. What an operator has once
 * refused or taken away no program gives by itself.
 *
 * @param refusedBefore whether an operator has rejected or revoked this customer's access to the program.
 */
export function isGrantedByRule(
  { accessGrant, accessRule }: Pick<Program, "accessGrant" | "accessRule">,
  customer: Asker,
  refusedBefore: boolean,
): boolean {
  if (accessGrant === "manual" || refusedBefore) return false;
  if (accessRule === null) return true;
  if (customer.status !== "active") return false;
  const { minimumLevel, customerTypes, nationalities, residences, organizationIds } = accessRule;
  return (
    (minimumLevel === null || reaches(customer.level, minimumLevel)) &&
    isIn(customerTypes, customer.type) &&
    isIn(nationalities, customer.nationality) &&
    isIn(residences, customer.residenceCountry) &&
    isIn(organizationIds, customer.organizationId)
  );
}

/** Whether a list has a value; one that is not known is in none. */
const isIn = <T>(list: readonly T[] | null, value: T | null): boolean =>
  list === null || (value !== null && list.includes(value));

/** Why a rule granted, for the record: the version tells which rule it was. */
export const grantedBecause = ({ version }: Pick<Program, "version">): string =>
  `Granted by the rule of the card program, version ${version}.`;
