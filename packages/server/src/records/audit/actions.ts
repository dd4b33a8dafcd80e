import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading } from "../../foundation/database/work.ts";
import { enqueueRecords, placesOf } from "../sequencer/actions.ts";
import type { RecordSource } from "../sequencer/model.ts";
import type { AuditEntry, AuditFilter, PlacedEntry } from "./model.ts";
import { AUDIT_FORMAT, columnsOf } from "./rules.ts";
import * as store from "./store.ts";

/**
 * Writes entries into the audit log and queues them for the chain, in one round trip. `changes` come
 * from `changesOf(work)`; what looks like a secret in them is masked here once more.
 */
export async function recordAudit(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await Promise.all([
    store.insertEntries(sql, entries),
    enqueueRecords(
      sql,
      entries.map(({ organizationId, id }) => ({ organizationId, kind: "audit", recordId: id })),
    ),
  ]);
}

/** The audit log as a part of the organization's chain. */
export const auditSource: RecordSource = {
  kind: "audit",
  format: AUDIT_FORMAT,
  columns: async (sql, refs) => {
    const rows = await store.readRows(sql, refs);
    return new Map(rows.map((row) => [row.id, columnsOf(row)]));
  },
  sealed: async () => undefined,
  idsAfter: store.readIds,
};

/** One page of the organization's log, newest first, each entry with its place in the chain. */
export async function listAudit(
  { sql, organizationId }: Reading,
  filter: AuditFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<PlacedEntry>> {
  const { rows, more } = await store.listEntries(sql, organizationId, filter, page);
  const ids = rows.map((entry) => entry.id);
  const places = await placesOf(sql, organizationId, ids);
  const placed = rows.map((entry) => ({
    ...entry,
    sequence: places.get(entry.id)?.sequence ?? null,
  }));
  return { rows: placed, more };
}
