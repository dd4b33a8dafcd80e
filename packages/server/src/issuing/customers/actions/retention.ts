import type { Work } from "../../../foundation/database/work.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { eraseDocuments } from "../../documents/actions.ts";
import { forgetHits } from "../../screening/actions/hits.ts";
import { announceCustomer, lockForChange } from "../actions.ts";
import type { Customer } from "../model.ts";
import { isRetentionOver } from "../rules/retention.ts";
import { keepRetained, updateCustomer } from "../store.ts";

/**
 * Puts a customer under a legal hold, or lifts it (`reason` null): while it lasts nothing that is kept of
 * it is erased. What is so already changes nothing.
 *
 * @param work of the customer's organization: see `workForCustomer`.
 * @throws Refusal `not_found`.
 */
export async function setLegalHold(
  work: Work,
  id: string,
  reason: string | null,
): Promise<Customer> {
  const before = await lockForChange(work, { by: "id", value: id });
  if ((before.legalHold?.reason ?? null) === reason) return before;
  const customer: Customer = {
    ...before,
    legalHold: reason === null ? null : { reason, since: before.legalHold?.since ?? work.now },
    version: before.version + 1n,
  };
  await updateCustomer(work.sql, customer);
  const event = reason === null ? "customer.legal_hold_lifted" : "customer.legal_hold_set";
  announceCustomer(work, event, customer, before);
  if (reason === null) wakeJobs(work, "customers.eraseRetained");
  return customer;
}

/**
 * Destroys what is kept of deleted customers whose retention is over.
 *
 * @returns of how many; not of those that are under a legal hold by now, or erased already.
 */
export async function eraseRetained(work: Work, ids: readonly string[]): Promise<number> {
  let done = 0;
  for (const id of [...ids].sort()) {
    const before = await lockForChange(work, { by: "id", value: id });
    if (!isRetentionOver(before, work.now)) continue;
    const customer = { ...before, erasedAt: work.now, version: before.version + 1n };
    // Before the key that their events are sealed under is gone.
    await eraseDocuments(work, { organizationId: work.organizationId, customerId: before.id });
    await destroySubjectKey(work, id, "retained");
    await keepRetained(work.sql, customer, null);
    await forgetHits(work, id);
    await updateCustomer(work.sql, customer);
    announceCustomer(work, "customer.erased", customer, before);
    done += 1;
  }
  return done;
}
