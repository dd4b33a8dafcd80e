import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { QueuedRecord } from "./model.ts";

/** The two halves of the sequencer's advisory lock: "CWSQ" in ASCII, and one number per stream. */
const LOCK_CLASS = 0x43575351;
const RECORDS_LOCK = 1;

const lockAlone = statement(
  "sequencer.lock",
  `select pg_advisory_xact_lock(${LOCK_CLASS}, ${RECORDS_LOCK})`,
);
const lockShared = statement(
  "sequencer.hold",
  `select pg_advisory_xact_lock_shared(${LOCK_CLASS}, ${RECORDS_LOCK})`,
);

/** Lets one pass at a time through, over all processes; until the transaction ends. */
export async function lockSequence(sql: Sql, mode: "alone" | "shared"): Promise<void> {
  await sql.query(mode === "alone" ? lockAlone : lockShared);
}

const enqueue = statement(
  "sequencer.enqueue",
  `with drawn as materialized (select nextval('queue_position') as position)
   insert into record_queue (position, ordinal, organization_id, kind, record_id)
   select drawn.position, r.ordinal - 1, r.organization_id, r.kind, r.record_id
   from drawn, unnest($1::text[], $2::text[], $3::text[])
     with ordinality as r(organization_id, kind, record_id, ordinal)`,
);

/** Queues records at one new position, in the order given. */
export async function insertQueued(sql: Sql, records: readonly QueuedRecord[]): Promise<void> {
  await sql.query(enqueue, [
    records.map((record) => record.organizationId),
    records.map((record) => record.kind),
    records.map((record) => record.recordId),
  ]);
}

/** SQL of an organization's offset; `organizationId` is an expression. */
const offsetOf = (organizationId: string) =>
  `coalesce((select c.offset_ms from organization_clocks c
     where c.organization_id = ${organizationId}), 0) * interval '1 millisecond'`;

/** SQL of an organization's now, in whole milliseconds, cut. */
const nowOf = (organizationId: string) =>
  `date_trunc('milliseconds', clock_timestamp()) + ${offsetOf(organizationId)}`;

/**
 * SQL of the time that a record of an organization gets when it is sequenced now: the end of the running
 * millisecond. Whoever read that organization's now before, cut to milliseconds, read less; so what
 * was recorded up to an instant that is past does not change any more.
 */
export const stampOf = (organizationId: string): string =>
  `(${nowOf(organizationId)} + interval '1 millisecond')`;

const selectNows = statement(
  "sequencer.nows",
  `select o.id, ${nowOf("o.id")} as now from unnest($1::text[]) as o(id)`,
);

/** The present time of some organizations. */
export async function readNows(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<Map<OrganizationId, Date>> {
  const rows = await sql.query<{ id: OrganizationId; now: Date }>(selectNows, [organizationIds]);
  return new Map(rows.map((row) => [row.id, row.now]));
}

const insertClock = statement(
  "sequencer.openClock",
  `insert into organization_clocks (organization_id, offset_ms) values ($1, 0)
   on conflict (organization_id) do nothing`,
);

/** Gives an organization a clock without offset, unless it has one. */
export async function addClock(sql: Sql, organizationId: OrganizationId): Promise<void> {
  await sql.query(insertClock, [organizationId]);
}

const lockClockRow = statement(
  "sequencer.lockClock",
  `select ${nowOf("organization_id")} as now from organization_clocks
   where organization_id = $1 for no key update`,
);

/** The present time of an organization, whose clock stays locked until the transaction ends. */
export async function lockClock(sql: Sql, organizationId: OrganizationId): Promise<Date | null> {
  const [row] = await sql.query<{ now: Date }>(lockClockRow, [organizationId]);
  return row?.now ?? null;
}

const moveClockRow = statement(
  "sequencer.moveClock",
  `update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1`,
);

/** Adds to an organization's offset. */
export async function moveClock(
  sql: Sql,
  organizationId: OrganizationId,
  byMs: bigint,
): Promise<void> {
  await sql.query(moveClockRow, [organizationId, byMs]);
}
