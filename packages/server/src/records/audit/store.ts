import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { AuditEntry } from "./model.ts";
import { maskSecrets } from "./rules.ts";

const insert = statement(
  "audit.insert",
  `insert into audit_log (organization_id, id, at, actor_kind, actor_id, action,
     object_organization_id, object_id, result, status, code, changes, request_id, ip)
   select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[],
     $6::text[], $7::text[], $8::text[], $9::text[], $10::integer[], $11::text[], $12::json[],
     $13::text[], $14::text[])`,
);

/** Writes entries as a set. */
export async function insertEntries(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  const column = <T>(value: (entry: AuditEntry) => T) => entries.map(value);
  await sql.query(insert, [
    column((entry) => entry.organizationId),
    column((entry) => entry.id),
    column((entry) => entry.at.toISOString()),
    column((entry) => entry.actor.kind),
    column((entry) => entry.actor.id),
    column((entry) => entry.action),
    column((entry) => entry.objectOrganizationId),
    column((entry) => entry.objectId),
    column((entry) => entry.result),
    column((entry) => entry.status),
    column((entry) => entry.code),
    column((entry) => JSON.stringify(maskSecrets(entry.changes))),
    column((entry) => entry.requestId),
    column((entry) => entry.ip),
  ]);
}
