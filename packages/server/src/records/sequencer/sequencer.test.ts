import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { extent } from "../../../test/harness/proof.ts";
import { auditEntry, auditOnly, recordEntries } from "../../../test/harness/records.ts";
import { inWork, newId, testKeys } from "../../../test/harness/work.ts";
import { openDatabase } from "../../foundation/database/database.ts";
import { Outage, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { auditSource, recordAudit } from "../audit/actions.ts";
import {
  advanceClock,
  drainRecords,
  headOf,
  holdSequence,
  linkAt,
  openClock,
  organizationNow,
  organizationNows,
  PASS_LIMIT,
  placesOf,
  sequenceRecords,
  verifyChain,
} from "./actions.ts";
import type { RecordSource } from "./model.ts";
import { genesis } from "./rules.ts";

const { app, url } = await testDatabase();
const keys = testKeys();
const newOrganization = () => newId("organization");
const drain = () => drainRecords(app, auditOnly);

type Row = { sequence: bigint; recordId: string; recordedAt: Date };

async function chainOf(organizationId: OrganizationId): Promise<Row[]> {
  const rows = await asOwner<{ sequence: string; record_id: string; recorded_at: Date }>(
    url,
    `select sequence, record_id, recorded_at from record_chain where organization_id = $1
     order by sequence`,
    [organizationId],
  );
  return rows.map((row) => ({
    sequence: BigInt(row.sequence),
    recordId: row.record_id,
    recordedAt: row.recorded_at,
  }));
}

async function queued(): Promise<number> {
  const rows = await asOwner<{ n: string }>(url, "select count(*) as n from record_queue");
  return Number(rows[0]?.n);
}

async function assertGapless(organizationId: OrganizationId, count: number): Promise<void> {
  const rows = await chainOf(organizationId);
  assert.deepEqual(
    rows.map((row) => Number(row.sequence)),
    Array.from({ length: count }, (_, index) => index + 1),
  );
}

async function assertHolds(organizationId: OrganizationId): Promise<void> {
  const report = await verifyChain(app, organizationId, auditOnly);
  assert.equal(report.bad, null);
}

test("records get the next sequences of their organization, in the order they were queued", async () => {
  const [one, other] = [newOrganization(), newOrganization()];
  const first = await recordEntries(app, one, 3);
  const mixed = [auditEntry(other), auditEntry(one), auditEntry(other)];
  await app.transaction((sql) => recordAudit(sql, mixed));
  assert.equal(await sequenceRecords(app, auditOnly), 6);
  assert.equal(await sequenceRecords(app, auditOnly), 0);
  assert.equal(await queued(), 0);
  assert.deepEqual(
    (await chainOf(one)).map((row) => [row.sequence, row.recordId]),
    [...first, mixed[1]].map((entry, index) => [BigInt(index + 1), entry?.id]),
  );
  assert.deepEqual(
    (await chainOf(other)).map((row) => row.recordId),
    [mixed[0]?.id, mixed[2]?.id],
  );
  const head = await headOf(app, one);
  assert.equal(head.sequence, 4n);
  assert.deepEqual(await linkAt(app, one, 4n), head.link);
  assert.equal(await linkAt(app, one, 5n), null);
  assert.deepEqual(await linkAt(app, one, 0n), genesis(one));
  const places = await placesOf(app, one, [first[2]?.id ?? "", "aud_unknown"]);
  assert.deepEqual(
    [...places.values()].map((place) => place.sequence),
    [3n],
  );
  await assertHolds(one);
});

test("a pass is bounded, and what is left is linked by the next one without a gap", async () => {
  const organizationId = newOrganization();
  await recordEntries(app, organizationId, PASS_LIMIT + 1);
  assert.equal(await sequenceRecords(app, auditOnly), PASS_LIMIT);
  assert.equal(await queued(), 1);
  assert.equal(await sequenceRecords(app, auditOnly), 1);
  const pages: bigint[] = [];
  const report = await verifyChain(app, organizationId, auditOnly, (done) => pages.push(done));
  assert.deepEqual([report.bad, report.checked, report.blocks], [null, 2_001n, 2n]);
  assert.deepEqual(pages, [1_000n, 2_000n, 2_001n]);
});

test("E2: transactions in flight get later numbers; no reader sees a gap that fills later", async () => {
  const organizationId = newOrganization();
  const slow = (ms: number) =>
    app.transaction(async (sql) => {
      await recordAudit(sql, [auditEntry(organizationId)]);
      await sleep(ms);
    });
  const inFlight = [slow(extent(2_000, 10_000)), slow(1_000), slow(300)];
  let writing = true;
  const write = (async () => {
    while (writing) {
      await recordEntries(app, organizationId, 1);
      await sleep(5);
    }
  })();
  let seen = 0;
  const read = (async () => {
    while (writing) {
      const rows = await chainOf(organizationId);
      assert.equal(Number(rows.at(-1)?.sequence ?? 0), rows.length, "the reader sees a gap");
      assert.ok(rows.length >= seen);
      seen = rows.length;
      await sleep(10);
    }
  })();
  const sequence = (async () => {
    while (writing) await sequenceRecords(app, auditOnly);
  })();
  await Promise.all(inFlight);
  writing = false;
  await Promise.all([write, read, sequence]);
  await drain();
  assert.ok(seen > 20, "the reader saw the chain grow while transactions were in flight");
  await assertGapless(organizationId, (await chainOf(organizationId)).length);
  await assertHolds(organizationId);
});

test("two sequencers at once link each record once, in many organizations", async () => {
  const organizations = Array.from({ length: 8 }, newOrganization);
  const second = openDatabase({ url, role: "cardwright_app", maxConnections: 2 });
  let writing = true;
  const pass = async (database: typeof app) => {
    while (writing) await sequenceRecords(database, auditOnly);
  };
  const passes = [pass(app), pass(second), pass(app)];
  await Promise.all(
    Array.from({ length: 120 }, async (_, index) => {
      await recordEntries(app, organizations[index % 8] ?? newOrganization(), 1 + (index % 3));
    }),
  );
  writing = false;
  await Promise.all(passes);
  await drain();
  await second.close();
  for (const [index, organizationId] of organizations.entries()) {
    const writes = Array.from({ length: 15 }, (_, round) => 1 + ((round * 8 + index) % 3));
    const count = writes.reduce((sum, size) => sum + size, 0);
    await assertGapless(organizationId, count);
    await assertHolds(organizationId);
  }
});

test("a backend killed in the middle of a pass loses nothing and leaves no gap", async () => {
  const organizationId = newOrganization();
  await recordEntries(app, organizationId, 5);
  const stuck: RecordSource = {
    ...auditSource,
    sealed: async (sql) => {
      await sql.query({ name: undefined, text: "select pg_sleep(10) as stuck_pass" });
    },
  };
  const refused = assert.rejects(sequenceRecords(app, [stuck]), Outage);
  const kill = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%stuck_pass%' and pid <> pg_backend_pid()`;
  while ((await asOwner(url, kill)).length === 0) await sleep(10);
  await refused;
  assert.equal(await queued(), 5);
  assert.equal((await headOf(app, organizationId)).sequence, 0n);
  assert.equal(await drain(), 5);
  await assertGapless(organizationId, 5);
  await assertHolds(organizationId);
});

test("the queue is vacuumed as it is emptied, by the server's own role", async () => {
  const organizationId = newOrganization();
  await asOwner(
    url,
    `with written as (
       insert into audit_log select $1, 'aud_' || n, now(), 'key', 'key_test', 'freezeCard', $1, null,
         'done', 200, null, '[]', 'req_test', null from generate_series(1, 20000) as n
       returning id)
     insert into record_queue select nextval('queue_position'), 0, $1, 'audit', id from written`,
    [organizationId],
  );
  assert.equal(await drain(), 20_000);
  const text = "select vacuum_count from pg_stat_user_tables where relname = 'record_queue'";
  const [row] = await asOwner<{ vacuum_count: string }>(url, text);
  assert.equal(Number(row?.vacuum_count), 1);
});

test("a queued record that does not exist stops its pass, named, and nothing is linked", async () => {
  const organizationId = newOrganization();
  const gone = auditEntry(organizationId);
  const owner = (text: string) => asOwner(url, text);
  await owner(`insert into record_queue values
    (nextval('queue_position'), 0, '${organizationId}', 'audit', '${gone.id}')`);
  await assert.rejects(sequenceRecords(app, auditOnly), new RegExp(`${gone.id} does not exist`));
  assert.equal((await headOf(app, organizationId)).sequence, 0n);
  await owner("delete from record_queue");
});

test("recordedAt follows the organization's clock and never goes back, even if that does", async () => {
  const organizationId = newOrganization();
  const setOffset = (ms: number) =>
    asOwner(
      url,
      `insert into organization_clocks values ($1, $2)
       on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
      [organizationId, ms],
    );
  const day = 86_400_000;
  for (const days of [0, 40, 10]) {
    await setOffset(days * day);
    await recordEntries(app, organizationId, 1);
    await drain();
  }
  const [first, second, third] = await chainOf(organizationId);
  assert.ok(first && second && third);
  const apart = second.recordedAt.getTime() - first.recordedAt.getTime();
  assert.ok(apart >= 40 * day && apart < 41 * day, "the second is forty days later");
  assert.deepEqual(third.recordedAt, second.recordedAt);
  await assertHolds(organizationId);
});

test("A6: what is linked later is recorded later than any now that was read before", async () => {
  const organizationId = newOrganization();
  for (let round = 0; round < 50; round += 1) {
    await recordEntries(app, organizationId, 1);
    const now = await organizationNow(app, organizationId);
    await drain();
    const last = (await headOf(app, organizationId)).recordedAt;
    assert.ok(last !== null && last > now, `${last?.toISOString()} after ${now.toISOString()}`);
  }
});

test("while a reader holds the sequence nothing is linked; readers do not wait for each other", async () => {
  const organizationId = newOrganization();
  await recordEntries(app, organizationId, 1);
  let done = false;
  let pass: Promise<unknown> = Promise.resolve();
  await app.transaction(async (sql) => {
    await holdSequence(sql);
    await app.transaction((other) => holdSequence(other));
    pass = sequenceRecords(app, auditOnly).then(() => {
      done = true;
    });
    await sleep(150);
    assert.equal(done, false);
  });
  await pass;
  await assertGapless(organizationId, 1);
});

test("an organization's now is the database's clock and its offset, in one statement for many", async () => {
  const [plain, moved, unknown] = [newOrganization(), newOrganization(), newOrganization()];
  await openClock(app, plain);
  await openClock(app, plain);
  const to = new Date(Date.now() + 3_600_000);
  const now = await inWork(app, moved, keys, (work) => advanceClock(work, to));
  assert.ok(now >= to && now.getTime() < to.getTime() + 5_000);
  const nows = await organizationNows(app, [plain, moved, unknown]);
  const far = (nows.get(moved)?.getTime() ?? 0) - (nows.get(plain)?.getTime() ?? 0);
  assert.ok(Math.abs(far - 3_600_000) < 5_000);
  assert.equal(nows.get(unknown)?.getTime(), nows.get(plain)?.getTime());
});

test("422: a sandbox's clock never goes back", async () => {
  const organizationId = newOrganization();
  const to = new Date(Date.now() + 60_000);
  const advance = () => inWork(app, organizationId, keys, (work) => advanceClock(work, to));
  await advance();
  await assert.rejects(
    advance(),
    (error) => error instanceof Refusal && error.code === "clock_backwards",
  );
});
