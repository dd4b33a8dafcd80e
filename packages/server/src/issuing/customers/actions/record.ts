import type { Work } from "../../../foundation/database/work.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import type { CustomerEvent } from "../events.ts";
import { type AccessRequest, type Customer, IN_REVIEW, type StatusChange } from "../model.ts";
import { personalFields, showAccess, showCustomer } from "../schema.ts";
import { standsSince } from "../store/standing.ts";
import { insertStatusChange } from "../store.ts";

/** Keeps a move of a customer in its history. */
export function keepMove(
  work: Work,
  before: Customer | null,
  after: Customer,
  kept: Pick<StatusChange, "move"> & Partial<Pick<StatusChange, "reasons" | "note">>,
): Promise<void> {
  const { standing } = after;
  if (after.status === "pending" || after.status === "update_requested") wakeJobs(work, IN_REVIEW);
  return insertStatusChange(work.sql, after, {
    reasons: [],
    note: null,
    ...kept,
    version: after.version,
    from: before?.status ?? null,
    to: after.status,
    beneath: standing.status === "on_hold" ? standing.before.status : null,
    actor: work.actor,
    at: work.now,
  });
}

/**
 * A customer that was just released, in the time that it has: who was asked for information before the hold has
 * no more days for it than without.
 */
export async function withItsTime(work: Work, released: Customer): Promise<Customer> {
  if (released.status !== "needs_information") return released;
  const statusAt = await standsSince(work.sql, released);
  return statusAt === null ? released : { ...released, statusAt };
}

/** Announces a customer as the API shows it, after a change also with what was different. */
export function announceCustomer(
  work: Work,
  type: CustomerEvent,
  customer: Customer,
  before?: Customer,
): void {
  const object = showCustomer(customer);
  announce(work, {
    type,
    objectId: customer.id,
    objectVersion: customer.version,
    object,
    ...(before && { previous: previousOf(showCustomer(before), object) }),
    subjectId: customer.id,
    personal: personalFields,
  });
}

/** Announces an access request as the API shows it, after a change also with what was different. */
export function announceAccess(
  work: Work,
  type: CustomerEvent,
  request: AccessRequest,
  before?: AccessRequest,
): void {
  const object = showAccess(request);
  announce(work, {
    type,
    objectId: request.id,
    objectVersion: request.version,
    object,
    ...(before && { previous: previousOf(showAccess(before), object) }),
  });
}
