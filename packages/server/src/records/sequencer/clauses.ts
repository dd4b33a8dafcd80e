import type { Statement } from "../../foundation/database/sql.ts";
import type { RecordKind } from "./model.ts";

/**
 * SQL for modules to the right: parts on the sequencer's tables, for statements that must see the queue or
 * the chain in the same snapshot as their own; and what sequencing any queue takes.
 */

/** The first half of the advisory locks of passes: "CWSQ" in ASCII. */
const LOCK_CLASS = 0x43575351;

/** The second half: a number for each stream. */
const streams = { records: 1, events: 2 } as const;

/** Waits for the lock of a stream's passes and holds it until the transaction ends. */
export const lockOf = (stream: keyof typeof streams, mode: "alone" | "shared"): string =>
  `select pg_advisory_xact_lock${mode === "alone" ? "" : "_shared"}(${LOCK_CLASS}, ${streams[stream]})`;

/** Makes the space of a queue's taken rows free again; lets writers write. Not in a transaction. */
export const vacuumOf = (queue: string): Statement => ({
  name: undefined,
  text: `vacuum (skip_locked, index_cleanup on, truncate off) ${queue}`,
});

/**
 * An organization's now: the database's clock + its offset (none known: 0), in milliseconds, cut.
 *
 * @param organizationId an expression, its columns qualified.
 */
export const nowOf = (organizationId: string): string =>
  `date_trunc('milliseconds', statement_timestamp())
   + coalesce((select clock.offset_ms from organization_clocks clock
       where clock.organization_id = ${organizationId}), 0) * interval '1 millisecond'`;

/**
 * Every organization with its now, for what is due: a subquery with `organization_id` and `now`. To be
 * joined laterally, so that each organization's rows are found by an index that begins with it.
 */
export const organizationsNow = `(select c.organization_id,
    date_trunc('milliseconds', statement_timestamp()) + c.offset_ms * interval '1 millisecond' as now
  from organization_clocks c)`;

/**
 * The time that something gets when it is sequenced now: the end of the running millisecond. Whoever read
 * that organization's now before, cut to milliseconds, read less; so what was recorded up to an
 * instant that is past does not change any more.
 *
 * @param organizationId an expression, its columns qualified.
 */
export const stampOf = (organizationId: string): string =>
  `(${nowOf(organizationId)} + interval '1 millisecond')`;

/**
 * A subquery of the ids (`record_id`) of an organization's records that wait for their sequence.
 *
 * @param organizationId an expression, its columns qualified.
 */
export const waitingRecords = (kind: RecordKind, organizationId: string): string =>
  `(select q.record_id from record_queue q
    where q.organization_id = ${organizationId} and q.kind = '${kind}')`;

/**
 * A subquery of the last sequence that was recorded at or before an instant; no row where there is none.
 *
 * @param organizationId an expression, its columns qualified.
 * @param at an expression of a timestamp.
 */
export const lastSequenceAt = (organizationId: string, at: string): string =>
  `(select c.sequence from record_chain c
    where c.organization_id = ${organizationId} and c.recorded_at <= ${at}
    order by c.recorded_at desc, c.sequence desc limit 1)`;

/** A subquery of the sequence whose link is the one given; no row where there is none. */
export const sequenceOfLink = (organizationId: string, link: string): string =>
  `(select c.sequence from record_chain c
    where c.organization_id = ${organizationId} and c.link = ${link} limit 1)`;

/** A subquery of every organization that has a chain. */
export const chains = "(select h.organization_id from record_heads h)";

/**
 * A subquery of when a sequence was recorded.
 *
 * @param organizationId an expression, its columns qualified.
 * @param sequence an expression, its columns qualified.
 */
export const recordedAtOf = (organizationId: string, sequence: string): string =>
  `(select c.recorded_at from record_chain c
    where c.organization_id = ${organizationId} and c.sequence = ${sequence})`;
