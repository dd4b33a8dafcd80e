import type { RecordKind } from "./model.ts";

/**
 * Parts of SQL on the sequencer's tables, for statements of modules to its right that must see the
 * queue or the chain in the same snapshot as their own tables.
 */

/**
 * An organization's now: the database's clock + its offset (none known: 0), in milliseconds, cut.
 *
 * @param organizationId an expression, its columns qualified.
 */
export const nowOf = (organizationId: string): string =>
  `date_trunc('milliseconds', statement_timestamp())
   + coalesce((select c.offset_ms from organization_clocks c
       where c.organization_id = ${organizationId}), 0) * interval '1 millisecond'`;

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
