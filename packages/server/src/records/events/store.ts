import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { lockOf, stampOf, vacuumOf } from "../sequencer/clauses.ts";
import type { EventFilter, QueuedEvent, StreamEvent } from "./model.ts";

const enqueue = statement(
  "events.enqueue",
  `with drawn as materialized (select nextval('queue_position') as position)
   insert into event_queue (position, ordinal, organization_id, id, type, object_id, object_version,
     data, subject_id, personal)
   select drawn.position, e.ordinal - 1, e.organization_id, e.id, e.type, e.object_id,
     e.object_version, e.data::json, e.subject_id, e.personal
   from drawn, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
     $7::text[], $8::bytea[]) with ordinality
     as e(organization_id, id, type, object_id, object_version, data, subject_id, personal, ordinal)`,
);

const selectTold = statement(
  "events.told",
  `select e.object_id as "objectId", e.object_version as "objectVersion"
   from unnest($1::text[], $2::text[], $3::bigint[]) as n(organization_id, object_id, object_version)
   join events e on e.organization_id = n.organization_id and e.object_id = n.object_id
     and e.object_version = n.object_version
   limit 1`,
);

/** An object and one of its versions. */
export type Version = Pick<QueuedEvent, "organizationId" | "objectId" | "objectVersion">;

/** The first of these versions that already has an event in its stream; null when none has. */
export async function findTold(
  sql: Sql,
  versions: readonly Version[],
): Promise<Omit<Version, "organizationId"> | null> {
  const [row] = await sql.query<Omit<Version, "organizationId">>(selectTold, [
    versions.map((version) => version.organizationId),
    versions.map((version) => version.objectId),
    versions.map((version) => version.objectVersion),
  ]);
  return row ?? null;
}

/** Queues events at one new position, in the order given. */
export async function insertQueued(sql: Sql, events: readonly QueuedEvent[]): Promise<void> {
  await sql.query(enqueue, [
    events.map((event) => event.organizationId),
    events.map((event) => event.id),
    events.map((event) => event.type),
    events.map((event) => event.objectId),
    events.map((event) => event.objectVersion),
    events.map((event) => event.data),
    events.map((event) => event.subjectId),
    events.map((event) => event.personal),
  ]);
}

const lock = statement("events.lock", lockOf("events", "alone"));

/** Lets one pass at a time through, over all processes; until the transaction ends. */
export async function lockStream(sql: Sql): Promise<void> {
  await sql.query(lock);
}

/**
 * The queue is nearly always empty, and a plan made for an empty table reads all of it and compares each
 * row with each. For the transaction of a pass: by the index, and by hash.
 */
const planForMany = statement(
  "events.planForMany",
  "select set_config('enable_seqscan', 'off', true), set_config('enable_nestloop', 'off', true)",
);

const move = statement(
  "events.move",
  `with taken as (
     delete from event_queue where ctid = any(array(
       select ctid from event_queue order by position, ordinal limit $1))
     returning *),
   sizes as (select organization_id, count(*) as size from taken group by organization_id),
   heads as (
     insert into event_heads (organization_id, sequence, recorded_at)
     select sizes.organization_id, sizes.size, ${stampOf("sizes.organization_id")} from sizes
     on conflict (organization_id) do update
       set sequence = event_heads.sequence + excluded.sequence,
         recorded_at = greatest(event_heads.recorded_at, excluded.recorded_at)
     returning organization_id, sequence, recorded_at),
   moved as (
     insert into events (organization_id, sequence, id, type, object_id, object_version, recorded_at,
       data, subject_id, personal)
     select t.organization_id, h.sequence - count(*) over (partition by t.organization_id) +
         row_number() over (partition by t.organization_id order by t.position, t.ordinal),
       t.id, t.type, t.object_id, t.object_version, h.recorded_at, t.data, t.subject_id, t.personal
     from taken t join heads h using (organization_id))
   select organization_id as "organizationId", size from sizes`,
);

const vacuumQueue = vacuumOf("event_queue");

/** Makes the space of moved rows free again; lets writers write. Not in a transaction. */
export async function tidyQueue(database: Sql): Promise<void> {
  await database.query(vacuumQueue);
}

/** What one pass moved for one organization. */
export type Moved = { readonly organizationId: OrganizationId; readonly size: bigint };

/**
 * Moves the first of all visible queued events, in order, into their streams. To be sent after the lock,
 * as a statement of its own: only then it sees what the pass before has numbered.
 */
export async function moveQueued(sql: Sql, limit: number): Promise<Moved[]> {
  const [, moved] = await Promise.all([sql.query(planForMany), sql.query<Moved>(move, [limit])]);
  return moved;
}

const selectHead = statement(
  "events.head",
  "select sequence from event_heads where organization_id = $1",
);

/** The last sequence of an organization's stream; 0 when it is empty. */
export async function readHead(sql: Sql, organizationId: OrganizationId): Promise<bigint> {
  const [row] = await sql.query<{ sequence: bigint }>(selectHead, [organizationId]);
  return row?.sequence ?? 0n;
}

/** One statement for each filter, so that each has a plan of its own. */
const selectEvents = (name: string, filter: string) =>
  statement(
    `events.list${name}`,
    `select id, type, sequence, object_id as "objectId", object_version as "objectVersion",
       recorded_at as "recordedAt", data, subject_id as "subjectId", personal
     from events where organization_id = $1 and sequence > $2 and sequence <= $3 ${filter}
     order by sequence limit $4`,
  );

const listings = {
  all: selectEvents("All", ""),
  type: selectEvents("ByType", "and type = $5"),
  objectId: selectEvents("ByObject", "and object_id = $5"),
  both: selectEvents("ByTypeAndObject", "and type = $5 and object_id = $6"),
} as const;

/** Which part of a stream. */
export type Stretch = {
  readonly organizationId: OrganizationId;
  /** Events after this sequence, up to and with `until`. */
  readonly after: bigint;
  readonly until: bigint;
  readonly filter: EventFilter;
  readonly limit: number;
};

/** Events of a stream, oldest first. */
export function readEvents(sql: Sql, stretch: Stretch): Promise<StreamEvent[]> {
  const { organizationId, after, until, filter, limit } = stretch;
  const { type, objectId } = filter;
  const one = type === undefined ? "objectId" : "type";
  const given = [type, objectId].filter((value) => value !== undefined);
  const listing = (["all", one, "both"] as const)[given.length] ?? "all";
  return sql.query(listings[listing], [organizationId, after, until, limit, ...given]);
}
