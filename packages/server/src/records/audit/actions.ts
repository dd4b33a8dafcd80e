import type { Sql } from "../../foundation/database/sql.ts";
import { enqueueRecords } from "../sequencer/actions.ts";
import type { AuditEntry } from "./model.ts";
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
