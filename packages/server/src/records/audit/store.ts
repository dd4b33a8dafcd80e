import { type Condition, listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import { MAX_ID_LENGTH, type OrganizationId } from "../../foundation/ids/ids.ts";
import type { RecordRef } from "../sequencer/model.ts";
import type { AuditEntry, AuditFilter, WrittenEntry } from "./model.ts";
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
    column(objectIdOf),
    column((entry) => entry.result),
    column((entry) => entry.status),
    column((entry) => entry.code),
    column((entry) => JSON.stringify(maskSecrets(entry.changes))),
    column((entry) => entry.requestId),
    column((entry) => entry.ip),
  ]);
}

/**
 * Of a refusal it is what the caller wrote into the path: that may be a card number, and is longer than an id
 * where an external id is long.
 */
const objectIdOf = ({ result, objectId }: AuditEntry): string | null =>
  result === "done" || objectId === null
    ? objectId
    : (maskSecrets(objectId) as string).slice(0, MAX_ID_LENGTH);

/** An entry as its row has it. */
type Row<C> = Omit<AuditEntry, "actor" | "changes"> & {
  readonly actorKind: AuditEntry["actor"]["kind"];
  readonly actorId: string;
  readonly changes: C;
};

const columns = `organization_id as "organizationId", id, at, actor_kind as "actorKind",
  actor_id as "actorId", action, object_organization_id as "objectOrganizationId",
  object_id as "objectId", result, status, code, request_id as "requestId", ip`;

const toEntry = <C>({ actorKind, actorId, ...row }: Row<C>) => ({
  ...row,
  actor: { kind: actorKind, id: actorId },
});

/** One page of an organization's log, newest first. */
export async function listEntries(
  sql: Sql,
  organizationId: OrganizationId,
  filter: AuditFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<AuditEntry>> {
  const conditions: Condition[] = [
    ["organization_id", "=", organizationId],
    ["action", "=", filter.action],
    ["object_id", "=", filter.objectId],
    ["actor_id", "=", filter.actorId],
    ["result", "=", filter.result],
    ["at", ">=", filter.from],
    ["at", "<", filter.to],
  ];
  const select = `select ${columns}, changes from audit_log`;
  const { rows, more } = await listRows<Row<AuditEntry["changes"]>>(sql, {
    select,
    conditions,
    key: "id",
    ...page,
  });
  return { rows: rows.map(toEntry), more };
}

const selectRows = statement(
  "audit.rows",
  `select ${columns}, changes::text as changes
   from unnest($1::text[], $2::text[]) as r(organization_id, id)
   join audit_log using (organization_id, id)`,
);

/** Some rows as they were written; those that are gone are left out. */
export async function readRows(sql: Sql, refs: readonly RecordRef[]): Promise<WrittenEntry[]> {
  const rows = await sql.query<Row<string>>(selectRows, [
    refs.map((ref) => ref.organizationId),
    refs.map((ref) => ref.recordId),
  ]);
  return rows.map(toEntry);
}

const selectIds = statement(
  "audit.ids",
  `select id from audit_log where organization_id = $1 and ($2::text is null or id > $2)
   order by id limit $3`,
);

/** The ids of an organization's entries, in order, after one. */
export async function readIds(
  sql: Sql,
  organizationId: OrganizationId,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(selectIds, [organizationId, after, limit]);
  return rows.map((row) => row.id);
}
