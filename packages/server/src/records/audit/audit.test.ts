import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { auditEntry, auditOnly, recordEntries } from "../../../test/harness/records.ts";
import { newId, readingOf, testKeys } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { drainRecords, verifyChain } from "../sequencer/actions.ts";
import { auditSource, listAudit, recordAudit } from "./actions.ts";
import type { AuditFilter } from "./model.ts";

const { app, url } = await testDatabase();
const keys = testKeys();

const list = (
  organizationId: OrganizationId,
  filter: AuditFilter = {},
  after?: string,
  limit = 100,
) => listAudit(readingOf(app, organizationId, keys), filter, { after, limit });

test("G15: an entry has actor, time, origin, object and result, and its place in the chain", async () => {
  const organizationId = newId("organization");
  const entry = auditEntry(organizationId, {
    result: "refused",
    status: 409,
    code: "card_deleted",
    changes: [
      { objectId: "card_x", version: 2, event: "card.frozen", before: { b: 1, a: 2 }, after: {} },
    ],
  });
  await recordAudit(app, [entry]);
  const [waiting] = (await list(organizationId)).rows;
  assert.deepEqual(waiting, { ...entry, sequence: null });
  await drainRecords(app, auditOnly);
  const [linked] = (await list(organizationId)).rows;
  assert.deepEqual(linked, { ...entry, sequence: 1n });
  assert.equal((await verifyChain(app, organizationId, auditOnly)).bad, null);
});

test("what is hashed of the changes is the text that was written, to the byte", async () => {
  const organizationId = newId("organization");
  const changes = [
    { objectId: "ü\u2028", version: 1, event: "x.y", before: null, after: { z: 1, a: [1.5, "é"] } },
  ];
  const entry = auditEntry(organizationId, { changes });
  await recordAudit(app, [entry]);
  const columns = await auditSource.columns(app, [{ organizationId, recordId: entry.id }]);
  assert.equal(columns.get(entry.id)?.[9], JSON.stringify(changes));
});

test("G1: a card number in a label reaches neither the table nor the answer", async () => {
  const organizationId = newId("organization");
  const label = ["4000", "0012", "3456", "7899"].join("");
  const change = { objectId: "card_x", version: 1, event: "card.changed", before: { label } };
  await recordAudit(app, [
    auditEntry(organizationId, { changes: [{ ...change, after: { label: `new ${label}` } }] }),
  ]);
  const raw = await asOwner(url, "select a::text from audit_log a where organization_id = $1", [
    organizationId,
  ]);
  assert.doesNotMatch(JSON.stringify(raw), new RegExp(label));
  const [shown] = (await list(organizationId)).rows;
  assert.deepEqual(shown?.changes[0]?.after, { label: "[masked]" });
});

test("the list is newest first, in pages, with each filter, and of one organization only", async () => {
  const organizationId = newId("organization");
  await recordEntries(app, newId("organization"), 3);
  const at = (day: number) => new Date(Date.UTC(2030, 0, day));
  const entries = [
    auditEntry(organizationId, { at: at(1), action: "issueCard", objectId: "card_1" }),
    auditEntry(organizationId, { at: at(2), actor: { kind: "system", id: "expiry" } }),
    auditEntry(organizationId, { at: at(3), result: "refused", status: 409, code: "x" }),
    auditEntry(organizationId, { at: at(4), objectId: "card_1" }),
  ];
  await recordAudit(app, entries);
  const places = async (filter: AuditFilter) =>
    (await list(organizationId, filter)).rows.map(
      (row) => entries.findIndex((entry) => entry.id === row.id) + 1,
    );
  assert.deepEqual(await places({}), [4, 3, 2, 1]);
  assert.deepEqual(await places({ action: "issueCard" }), [1]);
  assert.deepEqual(await places({ objectId: "card_1" }), [4, 1]);
  assert.deepEqual(await places({ actorId: "expiry" }), [2]);
  assert.deepEqual(await places({ result: "refused" }), [3]);
  assert.deepEqual(
    await places({ from: "2030-01-02T00:00:00Z", to: "2030-01-04T00:00:00Z" }),
    [3, 2],
  );
  const first = await list(organizationId, {}, undefined, 3);
  assert.deepEqual([first.rows.length, first.more], [3, true]);
  const second = await list(organizationId, {}, first.rows.at(-1)?.id, 3);
  assert.deepEqual([second.rows.map((row) => row.id), second.more], [[entries[0]?.id], false]);
});

test("the source gives ids in the order in which bytes compare, page by page", async () => {
  const organizationId = newId("organization");
  const entries = await recordEntries(app, organizationId, 5);
  const ids = entries.map((entry) => entry.id).sort();
  const first = await auditSource.idsAfter(app, organizationId, null, 3);
  const rest = await auditSource.idsAfter(app, organizationId, first.at(-1) ?? null, 3);
  assert.deepEqual([...first, ...rest], ids);
});
