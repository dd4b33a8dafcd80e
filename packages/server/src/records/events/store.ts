import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { QueuedEvent } from "./model.ts";

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
