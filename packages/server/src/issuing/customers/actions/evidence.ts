import type { Work } from "../../../foundation/database/work.ts";
import type { Reference } from "../../../foundation/route/schemas.ts";
import { standingKinds } from "../../documents/actions.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { announceCustomer, keepMove, lockForChange } from "../actions.ts";
import { customerErrors } from "../errors.ts";
import { eventOfMove } from "../events.ts";
import type { Customer } from "../model.ts";
import { type EvidenceChange, evidencedBy } from "../rules/moves.ts";
import { rolesOf } from "../rules/people.ts";
import { findPresent } from "../store/people.ts";
import { updateCustomer } from "../store.ts";

/**
 * Looks anew at what stands of a customer's documents and people, and moves it on where nothing is missing any
 * more. The caller has locked it for a change.
 *
 * @param change what was just given, and whether a review rests on it; nothing where it is left out.
 */
export async function refreshEvidence(
  work: Work,
  before: Customer,
  { given = [], touched = false }: Partial<Omit<EvidenceChange, "evidence">> = {},
): Promise<Customer> {
  const { organizationId, id: customerId } = before;
  const kinds = await standingKinds(work.sql, { organizationId, customerId });
  const evidence = [...kinds, ...rolesOf(await findPresent(work.sql, before))];
  const changed = evidencedBy(before, { evidence, given, touched }, work.now);
  if (changed === null) return before;
  const { customer, move } = changed;
  await updateCustomer(work.sql, customer);
  if (move !== null) await keepMove(work, before, customer, { move });
  announceCustomer(work, move === null ? "customer.updated" : eventOfMove[move], customer, before);
  return customer;
}

/**
 * A customer, locked for a change of its documents or people.
 *
 * @throws Refusal `not_found`, `customer_deleted`, `organization_closed`.
 */
export async function lockForEvidence(work: Work, reference: Reference): Promise<Customer> {
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const customer = await lockForChange(work, reference);
  if (customer.status === "deleted") throw customerErrors.refusal("customer_deleted");
  return customer;
}
