import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { auditOnly, recordEntries } from "../../../test/harness/records.ts";
import { newId } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { drainRecords, headOf, linkAt, verifyChain } from "./actions.ts";

const { app, url } = await testDatabase();

/** Twelve entries in three blocks of four; the ids in order. */
async function newChain(): Promise<{ organizationId: OrganizationId; ids: string[] }> {
  const organizationId = newId("organization");
  const ids: string[] = [];
  for (let block = 0; block < 3; block += 1) {
    ids.push(...(await recordEntries(app, organizationId, 4)).map((entry) => entry.id));
    await drainRecords(app, auditOnly);
  }
  return { organizationId, ids };
}

/** Runs SQL as a superuser who has switched the guards off. */
const tamper = (organizationId: OrganizationId, text: string) =>
  asOwner(
    url,
    `set session_replication_role = replica; ${text.replaceAll("$org", `'${organizationId}'`)}`,
  );

const swap = (table: string, column: string, where: string) =>
  `with pair as (select array_agg(${column} order by ${column}) as v from ${table}
     where organization_id = $org and ${where})
   update ${table} t set ${column} = case when t.${column} = v[1] then v[2] else v[1] end
   from pair where t.organization_id = $org and t.${column} = any(v)`;

/** What is done to a chain; which sequence is named (0: none); and what is said of it. */
const tampering: readonly [what: string, sql: string, sequence: number, says: RegExp][] = [
  [
    "a record changed",
    "update audit_log set code = 'x' where organization_id = $org and id = $5",
    5,
    /not as it was sealed/,
  ],
  [
    "one character of a record's changes",
    "update audit_log set changes = '[ ]' where organization_id = $org and id = $9",
    9,
    /not as it was sealed/,
  ],
  [
    "a record deleted",
    "delete from audit_log where organization_id = $org and id = $6",
    6,
    /The record is gone/,
  ],
  [
    "the contents of two records swapped",
    swap("audit_log", "request_id", "id in ($3, $8)"),
    3,
    /not as it was sealed/,
  ],
  [
    "two places of the chain swapped",
    `update record_chain set sequence = 100 + sequence
     where organization_id = $org and sequence in (4, 7);
     update record_chain set sequence = 111 - sequence
     where organization_id = $org and sequence > 100`,
    4,
    /not as it was sealed/,
  ],
  [
    "a row of the chain deleted",
    "delete from record_chain where organization_id = $org and sequence = 8",
    8,
    /row of the chain is missing/,
  ],
  [
    "the end of the chain cut",
    "delete from record_chain where organization_id = $org and sequence > 10",
    11,
    /row of the chain is missing/,
  ],
  [
    "the whole chain cut",
    "delete from record_chain where organization_id = $org",
    1,
    /row of the chain is missing/,
  ],
  [
    "the last records deleted",
    "delete from audit_log where organization_id = $org and id in ($11, $12)",
    11,
    /The record is gone/,
  ],
  [
    "a time changed",
    `update record_chain set recorded_at = recorded_at + interval '1 ms'
     where organization_id = $org and sequence = 6`,
    6,
    /not as it was sealed/,
  ],
  [
    "a link changed",
    `update record_chain set link = set_byte(link, 0, get_byte(link, 0) # 1)
     where organization_id = $org and sequence = 2`,
    2,
    /not as it was sealed/,
  ],
  [
    "a format changed",
    "update record_chain set format = 77 where organization_id = $org and sequence = 7",
    7,
    /Nothing here reads audit records of format 77/,
  ],
  [
    "a row put in behind the head",
    `insert into record_chain select organization_id, 13, kind, 'aud_more', format, recorded_at, link
     from record_chain where organization_id = $org and sequence = 12`,
    13,
    /behind the head/,
  ],
  [
    "a record put in beside the chain",
    `insert into audit_log select organization_id, 'aud_beside', at, actor_kind, actor_id, action,
       object_organization_id, object_id, result, status, code, changes, request_id, ip
     from audit_log where organization_id = $org and id = $1`,
    0,
    /beside the chain/,
  ],
  [
    "the head moved back with the end of the chain",
    `delete from record_chain where organization_id = $org and sequence > 11;
     update record_heads h set sequence = 11, link = c.link from record_chain c
     where c.organization_id = $org and c.sequence = 11 and h.organization_id = $org`,
    12,
    /not the link of its last record/,
  ],
  [
    "a head with another link",
    `update record_heads set link = set_byte(link, 5, get_byte(link, 5) # 1)
     where organization_id = $org`,
    12,
    /head of the chain/,
  ],
  [
    "the head deleted",
    "delete from record_heads where organization_id = $org",
    1,
    /behind the head/,
  ],
  [
    "a block deleted",
    "delete from record_blocks where organization_id = $org and number = 2",
    5,
    /Block 2 is missing/,
  ],
  [
    "the last block deleted",
    "delete from record_blocks where organization_id = $org and number = 3",
    12,
    /head of the chain/,
  ],
  [
    "a block's head changed",
    `update record_blocks set head = set_byte(head, 0, get_byte(head, 0) # 1)
     where organization_id = $org and number = 1`,
    4,
    /head of block 1/,
  ],
  [
    "a block that begins elsewhere",
    `update record_blocks set first_sequence = 6, count = 3
     where organization_id = $org and number = 2`,
    5,
    /Block 2 does not begin/,
  ],
];

for (const [what, sql, sequence, says] of tampering) {
  test(`A7, G15: ${what}: found and named`, async () => {
    const { organizationId, ids } = await newChain();
    const before = await verifyChain(app, organizationId, auditOnly);
    assert.deepEqual([before.bad, before.checked, before.blocks], [null, 12n, 3n]);
    await tamper(
      organizationId,
      sql.replaceAll(/\$(\d+)/g, (_, place) => `'${ids[Number(place) - 1]}'`),
    );
    const { bad } = await verifyChain(app, organizationId, auditOnly);
    assert.match(bad?.wrong ?? "nothing found", says);
    assert.equal(bad?.sequence ?? 0n, BigInt(sequence));
    if (sequence === 0) assert.equal(bad?.recordId, "aud_beside");
    if (/sealed|gone/.test(`${says}`)) assert.equal(bad?.kind, "audit");
    if (/gone/.test(`${says}`)) assert.equal(bad?.recordId, ids[sequence - 1]);
  });
}

test("A7: who rewrites chain, blocks and head is found by a head that was kept outside", async () => {
  const { organizationId } = await newChain();
  const kept = await headOf(app, organizationId);
  await tamper(
    organizationId,
    `delete from record_chain where organization_id = $org;
     delete from record_blocks where organization_id = $org;
     delete from record_heads where organization_id = $org;
     insert into record_queue select nextval('queue_position'), 0, organization_id, 'audit', id
       from audit_log where organization_id = $org order by id desc`,
  );
  await drainRecords(app, auditOnly);
  const report = await verifyChain(app, organizationId, auditOnly);
  assert.deepEqual([report.bad, report.checked], [null, 12n]);
  assert.notDeepEqual(await linkAt(app, organizationId, kept.sequence), kept.link);
});

test("A7: the application's role may neither change nor remove what is linked", async () => {
  const { organizationId } = await newChain();
  for (const table of ["record_chain", "record_blocks", "audit_log"]) {
    for (const verb of [`update ${table} set organization_id = 'x'`, `delete from ${table}`]) {
      const text = `${verb} where organization_id = '${organizationId}'`;
      await assert.rejects(app.query({ name: undefined, text }), /permission denied/);
      await assert.rejects(asOwner(url, text), /never changed or removed/);
    }
  }
});

test("an organization without records has an empty chain that holds", async () => {
  const organizationId = newId("organization");
  const report = await verifyChain(app, organizationId, auditOnly);
  assert.deepEqual([report.bad, report.checked, report.head.sequence], [null, 0n, 0n]);
});

test("a chain may be looked over while it grows", async () => {
  const { organizationId } = await newChain();
  let writing = true;
  const write = (async () => {
    while (writing) {
      await recordEntries(app, organizationId, 3);
      await drainRecords(app, auditOnly);
    }
  })();
  for (let round = 0; round < 20; round += 1) {
    const { bad } = await verifyChain(app, organizationId, auditOnly);
    assert.equal(bad, null);
  }
  writing = false;
  await write;
});
