import type { Database } from "../../src/foundation/database/database.ts";
import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import { auditSource, recordAudit } from "../../src/records/audit/actions.ts";
import type { AuditEntry } from "../../src/records/audit/model.ts";
import { newId } from "./work.ts";

/** An entry of the audit log as any action makes it. */
export function auditEntry(
  organizationId: OrganizationId,
  overrides: Partial<AuditEntry> = {},
): AuditEntry {
  return {
    id: newId("audit"),
    organizationId,
    at: new Date("2030-01-31T12:00:00.000Z"),
    actor: { kind: "key", id: "key_test" },
    action: "freezeCard",
    objectOrganizationId: organizationId,
    objectId: "card_example",
    result: "done",
    status: 200,
    code: null,
    changes: [],
    requestId: newId("request"),
    ip: "203.0.113.7",
    ...overrides,
  };
}

/** Records entries in a transaction of their own, so that they wait for the sequencer. */
export async function recordEntries(
  database: Database,
  organizationId: OrganizationId,
  count: number,
): Promise<AuditEntry[]> {
  const entries = Array.from({ length: count }, () => auditEntry(organizationId));
  await database.transaction((sql) => recordAudit(sql, entries));
  return entries;
}

/** The kinds of records that tests of the sequencer link. */
export const auditOnly = [auditSource];
