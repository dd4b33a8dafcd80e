import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { sequencerErrors } from "./errors.ts";
import type { QueuedRecord } from "./model.ts";
import * as store from "./store.ts";

export { stampOf } from "./store.ts";

/**
 * Queues records for the chain, in the order given. Called after the rows are written, in the same
 * transaction and under the locks of what they are about: the position is drawn here.
 */
export async function enqueueRecords(sql: Sql, records: readonly QueuedRecord[]): Promise<void> {
  if (records.length > 0) await store.insertQueued(sql, records);
}

/** An organization's now: the database's clock + its offset (none known: 0), in milliseconds. */
export async function organizationNow(sql: Sql, organizationId: OrganizationId): Promise<Date> {
  const nows = await store.readNows(sql, [organizationId]);
  const now = nows.get(organizationId);
  assert(now, "The database answers with a time.");
  return now;
}

/** The now of several organizations, read in one statement. */
export function organizationNows(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<Map<OrganizationId, Date>> {
  return store.readNows(sql, organizationIds);
}

/** Gives a new organization its clock, without offset. */
export async function openClock(sql: Sql, organizationId: OrganizationId): Promise<void> {
  await store.addClock(sql, organizationId);
}

/**
 * Moves a sandbox's clock forward.
 *
 * @returns the organization's now after the move.
 * @throws Refusal `clock_backwards` when `to` is not later than the organization's now.
 */
export async function advanceClock(work: Work, to: Date): Promise<Date> {
  const { sql, organizationId } = work;
  await store.addClock(sql, organizationId);
  const now = await store.lockClock(sql, organizationId);
  assert(now, "The clock was just opened.");
  if (to <= now) {
    throw sequencerErrors.refusal("clock_backwards", `It is already ${now.toISOString()} there.`);
  }
  await store.moveClock(sql, organizationId, BigInt(to.getTime() - now.getTime()));
  return organizationNow(sql, organizationId);
}

/**
 * Keeps the sequencer from linking records until the caller's transaction ends, for reads that must see
 * queue and chain in one state. Passes wait: hold it for milliseconds. Take it in a transaction, in
 * a statement of its own, before what it protects is read.
 */
export async function holdSequence(sql: Sql): Promise<void> {
  await store.lockSequence(sql, "shared");
}
