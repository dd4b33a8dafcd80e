import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { lockOf, nowOf, stampOf, vacuumOf } from "./clauses.ts";
import type { ChainBlock, ChainHead, ChainRow, QueuedRecord, RecordRef } from "./model.ts";

const locks = {
  alone: statement("sequencer.lock", lockOf("records", "alone")),
  shared: statement("sequencer.hold", lockOf("records", "shared")),
};

/** Lets one pass at a time through, over all processes; until the transaction ends. */
export async function lockSequence(sql: Sql, mode: "alone" | "shared"): Promise<void> {
  await sql.query(locks[mode]);
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
  `select ${nowOf("organization_clocks.organization_id")} as now from organization_clocks
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

/**
 * The queue is nearly always empty, and a plan made for an empty table reads all of it. For the
 * transaction of a pass: by the index, however much there is.
 */
const planByIndex = statement(
  "sequencer.planByIndex",
  "select set_config('enable_seqscan', 'off', true)",
);

const take = statement(
  "sequencer.take",
  `with taken as (
     delete from record_queue where ctid = any(array(
       select ctid from record_queue order by position, ordinal limit $1))
     returning position, ordinal, organization_id, kind, record_id)
   select organization_id as "organizationId", kind, record_id as "recordId"
   from taken order by position, ordinal`,
);

/** Takes the first of all visible queued records, in order; nobody else may be taking. */
export async function takeQueued(sql: Sql, limit: number): Promise<QueuedRecord[]> {
  const [, taken] = await Promise.all([
    sql.query(planByIndex),
    sql.query<QueuedRecord>(take, [limit]),
  ]);
  return taken;
}

const vacuumQueue = vacuumOf("record_queue");

/** Makes the space of taken rows free again; lets writers write. Not in a transaction. */
export async function tidyQueue(database: Sql): Promise<void> {
  await database.query(vacuumQueue);
}

/** From this many records on, a plan made for their number is worth its making. */
const MANY = 100;

const planForNumber = statement(
  "sequencer.planForNumber",
  "select set_config('plan_cache_mode', 'force_custom_plan', true)",
);

/**
 * Has the rest of the pass planned for as many records as it has: the plans that serve any number
 * compare each of two thousand rows with each.
 */
export async function planForCount(sql: Sql, count: number): Promise<void> {
  if (count >= MANY) await sql.query(planForNumber);
}

/** An organization's chain as a pass finds it, and the time its new records get. */
export type OpenHead = {
  readonly organizationId: OrganizationId;
  /** The three are null where nothing is linked yet. */
  readonly sequence: bigint | null;
  readonly link: Uint8Array | null;
  readonly block: bigint | null;
  readonly recordedAt: Date;
};

const selectOpenHeads = statement(
  "sequencer.openHeads",
  `select o.id as "organizationId", h.sequence, h.link, h.block,
     greatest(h.recorded_at, ${stampOf("o.id")}) as "recordedAt"
   from unnest($1::text[]) as o(id) left join record_heads h on h.organization_id = o.id`,
);

/** Where the chains of some organizations end, with the time of what is linked now. */
export function readOpenHeads(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<OpenHead[]> {
  return sql.query<OpenHead>(selectOpenHeads, [organizationIds]);
}

/** A row that a pass adds to a chain. */
export type NewLink = ChainRow & RecordRef;

const addLinks = statement(
  "sequencer.link",
  `insert into record_chain
     (organization_id, sequence, kind, record_id, format, recorded_at, link)
   select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::smallint[],
     $6::timestamptz[], $7::bytea[])`,
);

/** Adds rows to the chains. */
export async function insertLinks(sql: Sql, links: readonly NewLink[]): Promise<void> {
  await sql.query(addLinks, [
    links.map((link) => link.organizationId),
    links.map((link) => link.sequence),
    links.map((link) => link.kind),
    links.map((link) => link.recordId),
    links.map((link) => link.format),
    links.map((link) => link.recordedAt.toISOString()),
    links.map((link) => link.link),
  ]);
}

/** What a pass has linked for one organization, and when. */
export type NewBlock = ChainBlock & {
  readonly organizationId: OrganizationId;
  readonly recordedAt: Date;
};

const addBlocks = statement(
  "sequencer.seal",
  `with blocks as (
     insert into record_blocks
       (organization_id, number, first_sequence, last_sequence, count, head)
     select b.organization_id, b.number, b.first, b.last, b.last - b.first + 1, b.head
     from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
       as b(organization_id, number, first, last, head)
     returning organization_id, number, last_sequence, head)
   insert into record_heads (organization_id, sequence, recorded_at, link, block)
   select b.organization_id, b.last_sequence, t.recorded_at, b.head, b.number
   from blocks b join unnest($1::text[], $6::timestamptz[]) as t(organization_id, recorded_at)
     on t.organization_id = b.organization_id
   on conflict (organization_id) do update set sequence = excluded.sequence,
     recorded_at = excluded.recorded_at, link = excluded.link, block = excluded.block`,
);

/** Adds a block to each of these chains and moves their heads. */
export async function insertBlocks(sql: Sql, blocks: readonly NewBlock[]): Promise<void> {
  await sql.query(addBlocks, [
    blocks.map((block) => block.organizationId),
    blocks.map((block) => block.number),
    blocks.map((block) => block.firstSequence),
    blocks.map((block) => block.lastSequence),
    blocks.map((block) => block.head),
    blocks.map((block) => block.recordedAt.toISOString()),
  ]);
}

/** An organization's head, and the end of what lies in the tables, in one snapshot. */
export type Ends = {
  readonly head: ChainHead | null;
  readonly lastSequence: bigint;
  readonly lastBlock: bigint;
};

const selectEnds = statement(
  "sequencer.ends",
  `select h.sequence, h.link, h.block, h.recorded_at as "recordedAt",
     coalesce((select max(sequence) from record_chain where organization_id = $1), 0)
       as "lastSequence",
     coalesce((select max(number) from record_blocks where organization_id = $1), 0)
       as "lastBlock"
   from (select 1) as one left join record_heads h on h.organization_id = $1`,
);

/** Reads where a chain ends. */
export async function readEnds(sql: Sql, organizationId: OrganizationId): Promise<Ends> {
  type Row = { [K in keyof ChainHead]: ChainHead[K] | null } & Omit<Ends, "head">;
  const [row] = await sql.query<Row>(selectEnds, [organizationId]);
  const { sequence = null, link = null, block = null, recordedAt = null } = row ?? {};
  const head =
    sequence === null || link === null || block === null
      ? null
      : { sequence, link, block, recordedAt };
  return { head, lastSequence: row?.lastSequence ?? 0n, lastBlock: row?.lastBlock ?? 0n };
}

const selectLinks = statement(
  "sequencer.links",
  `select sequence, kind, record_id as "recordId", format, recorded_at as "recordedAt", link
   from record_chain where organization_id = $1 and sequence > $2 order by sequence limit $3`,
);

/** A page of a chain, after a sequence. */
export function readLinks(
  sql: Sql,
  organizationId: OrganizationId,
  after: bigint,
  limit: number,
): Promise<ChainRow[]> {
  return sql.query<ChainRow>(selectLinks, [organizationId, after, limit]);
}

const selectBlocks = statement(
  "sequencer.blocks",
  `select b.number, b.first_sequence as "firstSequence", b.last_sequence as "lastSequence", b.count,
     b.head, c.link
   from record_blocks b
   left join record_chain c
     on c.organization_id = b.organization_id and c.sequence = b.last_sequence
   where b.organization_id = $1 and b.number > $2 order by b.number limit $3`,
);

/** A block, and the link that stands at its end. */
export type BlockRow = ChainBlock & { readonly link: Uint8Array | null };

/** A page of a chain's blocks, after a number. */
export function readBlocks(
  sql: Sql,
  organizationId: OrganizationId,
  after: bigint,
  limit: number,
): Promise<BlockRow[]> {
  return sql.query<BlockRow>(selectBlocks, [organizationId, after, limit]);
}

const selectStrays = statement(
  "sequencer.strays",
  `select r.id from unnest($2::text[]) as r(id)
   where not exists (select from record_chain c where c.organization_id = $1 and c.record_id = r.id)
     and not exists (select from record_queue q where q.organization_id = $1 and q.record_id = r.id)
   order by r.id limit 1`,
);

/** The first of some records that is neither linked nor queued; null when there is none. */
export async function findStray(
  sql: Sql,
  organizationId: OrganizationId,
  recordIds: readonly string[],
): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>(selectStrays, [organizationId, recordIds]);
  return row?.id ?? null;
}

const selectPlaces = statement(
  "sequencer.places",
  `select record_id as "recordId", sequence, recorded_at as "recordedAt"
   from record_chain where organization_id = $1 and record_id = any($2)`,
);

/** The places of some records in their chain; those not linked yet are left out. */
export function readPlaces(
  sql: Sql,
  organizationId: OrganizationId,
  recordIds: readonly string[],
): Promise<{ recordId: string; sequence: bigint; recordedAt: Date }[]> {
  return sql.query(selectPlaces, [organizationId, recordIds]);
}
