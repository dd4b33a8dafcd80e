import type { Work } from "../../../foundation/database/work.ts";
import { standingKinds } from "../../documents/actions.ts";
import { announceCustomer, keepMove } from "../actions.ts";
import { eventOfMove } from "../events.ts";
import type { Customer, Evidence } from "../model.ts";
import { evidencedBy } from "../rules/moves.ts";
import { updateCustomer } from "../store.ts";

/**
 * Looks anew at what stands of a customer's documents, and moves it on where nothing is missing any more.
 * The caller has locked it for a change.
 *
 * @param given what was just given: it answers what the platform had asked for.
 */
export async function refreshEvidence(
  work: Work,
  before: Customer,
  given: readonly Evidence[] = [],
): Promise<Customer> {
  const { organizationId, id: customerId } = before;
  const evidence = await standingKinds(work.sql, { organizationId, customerId });
  const changed = evidencedBy(before, evidence, given, work.now);
  if (changed === null) return before;
  const { customer, move } = changed;
  await updateCustomer(work.sql, customer);
  if (move !== null) await keepMove(work, before, customer, { move });
  announceCustomer(work, move === null ? "customer.updated" : eventOfMove[move], customer, before);
  return customer;
}
