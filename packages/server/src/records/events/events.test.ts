import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { extent } from "../../../test/harness/proof.ts";
import { inWork, newId, readingOf, testKeys, workOf } from "../../../test/harness/work.ts";
import { openDatabase, type Transaction } from "../../foundation/database/database.ts";
import { Outage } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { advanceClock, PASS_LIMIT } from "../sequencer/actions.ts";
import { destroySubjectKey } from "../vault/actions.ts";
import {
  announce,
  changesOf,
  drainEvents,
  eventsOf,
  readStream,
  SEARCH_LIMIT,
  sequenceEvents,
} from "./actions.ts";
import type { Announcement } from "./model.ts";

const { app, url } = await testDatabase();
const keys = testKeys();
const newOrganization = () => newId("organization");

const frozen = (objectId: string, objectVersion: number | bigint): Announcement => ({
  type: "card.frozen",
  objectId,
  objectVersion,
  object: { id: objectId, status: "frozen", version: Number(objectVersion) },
  previous: { status: "active" },
});

const tell = (organizationId: OrganizationId, ...announcements: Announcement[]) =>
  inWork(app, organizationId, keys, async (work) => {
    for (const announcement of announcements) announce(work, announcement);
  });

const read = (
  organizationId: OrganizationId,
  query: Partial<Parameters<typeof readStream>[1]> = {},
) =>
  readStream(readingOf(app, organizationId, keys), {
    after: 0n,
    limit: 100,
    filter: {},
    waitMs: 0,
    ...query,
  });

const queued = async () =>
  Number((await asOwner<{ n: string }>(url, "select count(*) as n from event_queue"))[0]?.n);

test("what is announced is in the stream after COMMIT and a pass, and shown as it was announced", async () => {
  const organizationId = newOrganization();
  await tell(organizationId, frozen("card_a", 1), frozen("card_b", 7n));
  assert.deepEqual((await read(organizationId)).events, []);
  assert.equal(await sequenceEvents(app), 2);
  assert.equal(await sequenceEvents(app), 0);
  const { events, lastSequence } = await read(organizationId);
  assert.equal(lastSequence, 2n);
  const [first, second] = events;
  assert.match(first?.id ?? "", /^evt_/);
  assert.deepEqual(
    [first?.sequence, first?.type, first?.objectId, first?.objectVersion, first?.data],
    [
      1n,
      "card.frozen",
      "card_a",
      1n,
      { object: frozen("card_a", 1).object, previous: { status: "active" } },
    ],
  );
  assert.deepEqual([second?.sequence, second?.objectId, second?.objectVersion], [2n, "card_b", 7n]);
});

test("work that is rolled back announces nothing, also when only to its savepoint", async () => {
  const organizationId = newOrganization();
  const failing = inWork(app, organizationId, keys, async (work) => {
    announce(work, frozen("card_x", 1));
    throw new Error("The work failed.");
  });
  await assert.rejects(failing, /The work failed/);
  await inWork(app, organizationId, keys, async (work) => {
    await work.sql.savepoint();
    announce(work, frozen("card_y", 1));
    await work.sql.rollbackToSavepoint();
    work.sql.forgetBeforeCommit();
    announce(work, frozen("card_z", 1));
    assert.deepEqual(
      eventsOf(work).map((event) => event.objectId),
      ["card_z"],
    );
  });
  await drainEvents(app);
  const { events } = await read(organizationId);
  assert.deepEqual(
    events.map((event) => event.objectId),
    ["card_z"],
  );
});

test("in one transaction for many, each request sees its own events and changes only", async () => {
  const [one, other] = [newOrganization(), newOrganization()];
  await app.transaction(async (sql) => {
    const [a, b] = [workOf(sql, one, keys), workOf(sql, other, keys)];
    announce(a, frozen("card_a", 1));
    announce(b, frozen("card_b", 1));
    announce(a, frozen("card_c", 1));
    assert.deepEqual(
      eventsOf(a).map((event) => event.objectId),
      ["card_a", "card_c"],
    );
    assert.deepEqual(changesOf(b), [
      {
        objectId: "card_b",
        version: 1,
        event: "card.frozen",
        before: { status: "active" },
        after: { status: "frozen" },
      },
    ]);
    assert.deepEqual(changesOf(workOf(sql, one, keys)), []);
  });
  await drainEvents(app);
  assert.deepEqual(
    (await read(one)).events.map((event) => event.sequence),
    [1n, 2n],
  );
  assert.deepEqual(
    (await read(other)).events.map((event) => event.sequence),
    [1n],
  );
});

test("one version of an object has one event: twice is a fault of the transaction that does it", async () => {
  const organizationId = newOrganization();
  await assert.rejects(tell(organizationId, frozen("card_a", 1), frozen("card_a", 1)), /duplicate/);
  await tell(organizationId, frozen("card_a", 1));
  await assert.rejects(tell(organizationId, frozen("card_a", 1)), /duplicate/);
  await drainEvents(app);
  await assert.rejects(
    tell(organizationId, frozen("card_a", 1)),
    /Version 1 of card_a has its event/,
  );
  await tell(organizationId, frozen("card_a", 2));
  await tell(newOrganization(), frozen("card_a", 1));
  await drainEvents(app);
  assert.equal((await read(organizationId)).lastSequence, 2n);
});

test("a pass is bounded, over many organizations, and what is left follows without a gap", async () => {
  const organizations = Array.from({ length: 3 }, newOrganization);
  for (const organizationId of organizations) {
    const versions = Array.from({ length: 700 }, (_, index) => frozen("card_a", index + 1));
    await tell(organizationId, ...versions);
  }
  assert.equal(await sequenceEvents(app), PASS_LIMIT);
  assert.equal(await sequenceEvents(app), 100);
  for (const organizationId of organizations) {
    const seen = await readAll(organizationId);
    assert.deepEqual(
      seen,
      Array.from({ length: 700 }, (_, index) => [index + 1, index + 1]),
    );
  }
});

async function readAll(organizationId: OrganizationId): Promise<[number, number][]> {
  const seen: [number, number][] = [];
  for (let after = 0n; ; ) {
    const page = await read(organizationId, { after });
    if (page.events.length === 0) return seen;
    for (const event of page.events) {
      seen.push([Number(event.sequence), Number(event.objectVersion)]);
    }
    after = page.lastSequence;
  }
}

/** A table of objects whose row lock gives the versions, as every module has one. */
await asOwner(
  url,
  `create table things (id text primary key, version bigint not null);
   insert into things values ('thing_x', 0), ('thing_y', 0), ('thing_z', 0);
   grant select, update on things to cardwright_app`,
);

async function change(organizationId: OrganizationId, sql: Transaction, id: string): Promise<void> {
  const rows = await sql.query<{ version: bigint }>(
    {
      name: undefined,
      text: "update things set version = version + 1 where id = $1 returning version",
    },
    [id],
  );
  announce(workOf(sql, organizationId, keys), frozen(id, rows[0]?.version ?? 0n));
}

for (const often of [true, false]) {
  const when = often ? "after each commit" : "once at the end";
  test(`E2: three interleaved transactions keep the order of each object, sequenced ${when}`, async () => {
    const organizationId = newOrganization();
    await asOwner(url, "update things set version = 0");
    const pass = async () => void (often && (await drainEvents(app)));
    // The first to begin, with the oldest transaction id, is the last but one to announce, and shares
    // an object with the second; the third shares the other object and commits last.
    const begun = Promise.withResolvers<void>();
    const mayWrite = Promise.withResolvers<void>();
    const first = app.transaction(async (sql) => {
      await sql.query({ name: undefined, text: "select pg_current_xact_id()" });
      begun.resolve();
      await mayWrite.promise;
      await change(organizationId, sql, "thing_x");
    });
    await begun.promise;
    await app.transaction(async (sql) => {
      await change(organizationId, sql, "thing_x");
      await change(organizationId, sql, "thing_y");
    });
    const mayCommit = Promise.withResolvers<void>();
    const third = app.transaction(async (sql) => {
      await change(organizationId, sql, "thing_y");
      await mayCommit.promise;
    });
    await pass();
    mayWrite.resolve();
    await first;
    await pass();
    mayCommit.resolve();
    await third;
    await drainEvents(app);
    const { events } = await read(organizationId);
    assert.deepEqual(
      events.map((event) => `${event.sequence} ${event.objectId} ${event.objectVersion}`),
      ["1 thing_x 1", "2 thing_y 1", "3 thing_x 2", "4 thing_y 2"],
    );
  });
}

test("E2: with transactions in flight for seconds and two sequencers no reader sees a gap", async () => {
  const organizationId = newOrganization();
  const second = openDatabase({ url, role: "cardwright_app", maxConnections: 2 });
  const things = ["thing_x", "thing_y", "thing_z"];
  let running = true;
  const until = (act: () => Promise<unknown>) => async () => {
    while (running) await act();
  };
  const slow = (ms: number) =>
    app.transaction(async (sql) => {
      announce(workOf(sql, organizationId, keys), frozen(newId("card"), 1));
      await sleep(ms);
    });
  let turn = 0;
  const write = until(async () => {
    turn += 1;
    const id = things[turn % 3] ?? "";
    await app.transaction(async (sql) => {
      await change(organizationId, sql, id);
      await sleep(turn % 4);
    });
  });
  let seen = 0n;
  const follow = until(async () => {
    const page = await read(organizationId, { after: seen, waitMs: 20 });
    for (const event of page.events) {
      assert.equal(event.sequence, seen + 1n, "the reader sees a gap");
      seen = event.sequence;
    }
  });
  const others = [write(), write(), write(), follow(), until(() => sequenceEvents(app))()];
  others.push(until(() => sequenceEvents(second))());
  await Promise.all([slow(extent(2_000, 10_000)), slow(700), slow(300)]);
  running = false;
  await Promise.all(others);
  await drainEvents(app);
  await second.close();
  assert.ok(seen > 100n, `${seen} events passed while transactions were in flight`);
  await assertInOrder(organizationId);
});

async function assertInOrder(organizationId: OrganizationId): Promise<void> {
  const rows = await asOwner<{ sequence: string; object_id: string; object_version: string }>(
    url,
    `select sequence, object_id, object_version from events where organization_id = $1
     order by sequence`,
    [organizationId],
  );
  const versions = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    assert.equal(Number(row.sequence), index + 1);
    const before = versions.get(row.object_id) ?? 0;
    const version = Number(row.object_version);
    assert.ok(version > before, `${row.object_id}: version ${version} after ${before}`);
    versions.set(row.object_id, version);
  }
}

test("a backend killed in the middle of a pass loses nothing, and the next pass goes on", async () => {
  const organizationId = newOrganization();
  await tell(organizationId, frozen("card_a", 1), frozen("card_b", 1));
  await drainEvents(app);
  await tell(organizationId, frozen("card_a", 2), frozen("card_b", 2));
  // The pass waits for this lock in its middle: rows taken, heads not yet moved.
  const holder = app.transaction(async (sql) => {
    await sql.query(
      {
        name: undefined,
        text: "select 1 from event_heads where organization_id = $1 for update",
      },
      [organizationId],
    );
    await sleep(600);
  });
  await sleep(100);
  const refused = assert.rejects(sequenceEvents(app), Outage);
  const kill = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%event_heads%'
      and pid <> pg_backend_pid()`;
  while ((await asOwner(url, kill)).length === 0) await sleep(10);
  await refused;
  assert.equal(await queued(), 2);
  await holder;
  assert.equal(await drainEvents(app), 2);
  assert.deepEqual(await readAll(organizationId), [
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ]);
});

test("after a restart between two passes the next one goes on where the first ended", async () => {
  const organizationId = newOrganization();
  const versions = Array.from({ length: PASS_LIMIT + 10 }, (_, index) =>
    frozen("card_a", index + 1),
  );
  await tell(organizationId, ...versions);
  const before = openDatabase({ url, role: "cardwright_app", maxConnections: 1 });
  assert.equal(await sequenceEvents(before), PASS_LIMIT);
  await before.close();
  const after = openDatabase({ url, role: "cardwright_app", maxConnections: 1 });
  assert.equal(await drainEvents(after), 10);
  await after.close();
  assert.deepEqual(
    await readAll(organizationId),
    versions.map((_, index) => [index + 1, index + 1]),
  );
});

test("the queue is vacuumed as it is emptied, by the server's own role", async () => {
  await asOwner(
    url,
    `insert into event_queue select nextval('queue_position'), 0, $1, 'evt_' || n, 'card.frozen',
       'card_' || n, 1, '{}' from generate_series(1, 20000) as n`,
    [newOrganization()],
  );
  assert.equal(await drainEvents(app), 20_000);
  const text = "select vacuum_count from pg_stat_user_tables where relname = 'event_queue'";
  const [row] = await asOwner<{ vacuum_count: string }>(url, text);
  assert.equal(Number(row?.vacuum_count), 1);
});

test("passes of all processes take turns", async () => {
  const organizationId = newOrganization();
  await tell(organizationId, frozen("card_a", 1));
  let done = false;
  let pass: Promise<unknown> = Promise.resolve();
  await app.transaction(async (sql) => {
    // As the pass of another process does it: "CWSQ", and the number of the stream.
    const text = "select pg_advisory_xact_lock(x'43575351'::int, 2)";
    await sql.query({ name: undefined, text });
    pass = sequenceEvents(app).then(() => {
      done = true;
    });
    await sleep(150);
    assert.equal(done, false);
  });
  await pass;
  assert.equal((await read(organizationId)).events.length, 1);
});

test("recordedAt is the sandbox's time and never goes back", async () => {
  const organizationId = newOrganization();
  await tell(organizationId, frozen("card_a", 1));
  await drainEvents(app);
  const later = new Date(Date.now() + 40 * 86_400_000);
  await inWork(app, organizationId, keys, (work) => advanceClock(work, later));
  await tell(organizationId, frozen("card_a", 2));
  await drainEvents(app);
  await asOwner(url, "update organization_clocks set offset_ms = 0 where organization_id = $1", [
    organizationId,
  ]);
  await tell(organizationId, frozen("card_a", 3));
  await drainEvents(app);
  const times = (await read(organizationId)).events.map((event) => event.recordedAt.getTime());
  const [first = 0, second = 0, third = 0] = times;
  assert.ok(first < later.getTime() - 39 * 86_400_000);
  assert.ok(second >= later.getTime() && second < later.getTime() + 60_000);
  assert.equal(third, second);
});

test("personal data is stored encrypted, shown while the person's key lives, and null after", async () => {
  const organizationId = newOrganization();
  const named = (version: number, firstName: string): Announcement => ({
    type: "customer.updated",
    objectId: "cus_example",
    objectVersion: version,
    object: { id: "cus_example", firstName, contact: { email: "ada@example.com" } },
    previous: { firstName: "Eda" },
    subjectId: "cus_example",
    personal: ["firstName", "contact.email"],
  });
  await tell(organizationId, named(1, "Ada"), named(2, "Adah"), frozen("card_a", 1));
  await drainEvents(app);
  const raw = await asOwner<{ row: string }>(
    url,
    "select e::text as row from events e where organization_id = $1",
    [organizationId],
  );
  assert.equal(raw.length, 3);
  for (const { row } of raw) assert.doesNotMatch(row, /Ada|Eda|ada@example/);
  const shown = async () => (await read(organizationId)).events.map((event) => event.data);
  assert.deepEqual(await shown(), [
    {
      object: { id: "cus_example", firstName: "Ada", contact: { email: "ada@example.com" } },
      previous: { firstName: "Eda" },
    },
    {
      object: { id: "cus_example", firstName: "Adah", contact: { email: "ada@example.com" } },
      previous: { firstName: "Eda" },
    },
    { object: frozen("card_a", 1).object, previous: { status: "active" } },
  ]);
  await inWork(app, organizationId, keys, (work) =>
    destroySubjectKey(work, "cus_example", "other"),
  );
  await tell(organizationId, named(3, "Late"));
  await drainEvents(app);
  const forgotten = {
    object: { id: "cus_example", firstName: null, contact: { email: null } },
    previous: { firstName: null },
  };
  const after = await shown();
  assert.deepEqual([after[0], after[1], after[3]], [forgotten, forgotten, forgotten]);
});

test("an encrypted part moved to another event does not open", async () => {
  const organizationId = newOrganization();
  const named = (version: number): Announcement => ({
    ...frozen("cus_example", version),
    object: { firstName: "Ada" },
    subjectId: "cus_example",
    personal: ["firstName"],
  });
  await tell(organizationId, named(1), named(2));
  await drainEvents(app);
  await asOwner(
    url,
    `set session_replication_role = replica;
     update events set personal = (select personal from events
       where organization_id = '${organizationId}' and sequence = 1)
     where organization_id = '${organizationId}' and sequence = 2`,
  );
  await assert.rejects(read(organizationId, { after: 1n }));
});

test("a reader goes on from lastSequence, with filters too, and past what does not match", async () => {
  const organizationId = newOrganization();
  const active = (id: string, version: number) => ({
    ...frozen(id, version),
    type: "card.unfrozen",
  });
  const announcements = Array.from({ length: 6 }, (_, index) => [
    frozen("card_a", 2 * index + 1),
    active("card_a", 2 * index + 2),
    frozen("card_b", index + 1),
  ]).flat();
  await tell(organizationId, ...announcements);
  await drainEvents(app);
  const page = async (query: Parameters<typeof read>[1]) => {
    const { events, lastSequence } = await read(organizationId, query);
    return [events.map((event) => Number(event.sequence)), Number(lastSequence)];
  };
  assert.deepEqual(await page({ limit: 2 }), [[1, 2], 2]);
  assert.deepEqual(await page({ limit: 2, after: 16n }), [[17, 18], 18]);
  assert.deepEqual(await page({ after: 18n }), [[], 18]);
  assert.deepEqual(await page({ after: 99n }), [[], 99]);
  const type = "card.unfrozen";
  assert.deepEqual(await page({ limit: 2, filter: { type } }), [[2, 5], 5]);
  assert.deepEqual(await page({ after: 11n, filter: { type } }), [[14, 17], 18]);
  assert.deepEqual(await page({ limit: 2, filter: { objectId: "card_b" } }), [[3, 6], 6]);
  assert.deepEqual(await page({ filter: { type, objectId: "card_b" } }), [[], 18]);
  assert.deepEqual(await page({ limit: 1, filter: { type, objectId: "card_a" } }), [[2], 2]);
});

test("a rare type is found behind many others, and a search that finds nothing says how far it came", async () => {
  const organizationId = newOrganization();
  await asOwner(
    url,
    `insert into events select $1, n, 'evt_' || n, case when n = $2 then 'rare' else 'common' end,
       'card_' || n, 1, now(), '{"object": {}}' from generate_series(1, $2) as n`,
    [organizationId, 3n * SEARCH_LIMIT + 5n],
  );
  await asOwner(url, "insert into event_heads values ($1, $2, now())", [
    organizationId,
    3n * SEARCH_LIMIT + 5n,
  ]);
  const rare = await read(organizationId, { filter: { type: "rare" } });
  assert.deepEqual(
    [rare.events.map((event) => event.sequence), rare.lastSequence],
    [[3n * SEARCH_LIMIT + 5n], 3n * SEARCH_LIMIT + 5n],
  );
  const none = await read(organizationId, { filter: { type: "none" } });
  assert.deepEqual([none.events.length, none.lastSequence], [0, 3n * SEARCH_LIMIT + 5n]);
  const page = await read(organizationId, { filter: { type: "common" }, limit: 3, after: 7n });
  assert.deepEqual([page.events.length, page.lastSequence], [3, 10n]);
});

test("a waiting reader is woken at once by this process, and within 250 ms by another one", async () => {
  const organizationId = newOrganization();
  const timed = async (move: () => Promise<unknown>, after: bigint) => {
    const waiting = read(organizationId, { after, waitMs: 5_000 });
    await sleep(100);
    await move();
    const began = performance.now();
    const { events } = await waiting;
    assert.equal(events.length, 1);
    return performance.now() - began;
  };
  await tell(organizationId, frozen("card_a", 1));
  const own = await timed(() => sequenceEvents(app), 0n);
  assert.ok(own < 100, `${own} ms`);
  await tell(organizationId, frozen("card_a", 2));
  // What another process's pass does, without the bell of this one.
  const elsewhere = () =>
    asOwner(
      url,
      `begin;
       update event_heads set sequence = 2 where organization_id = '${organizationId}';
       insert into events select organization_id, 2, id, type, object_id, object_version, now(), data
         from event_queue where organization_id = '${organizationId}';
       delete from event_queue where organization_id = '${organizationId}';
       commit`,
    );
  const other = await timed(elsewhere, 1n);
  assert.ok(other < 1_000, `${other} ms`);
});

test("a wait ends with its time, and at once when the reader goes away", async () => {
  const organizationId = newOrganization();
  const began = performance.now();
  assert.deepEqual(await read(organizationId, { waitMs: 300 }), { events: [], lastSequence: 0n });
  const waited = performance.now() - began;
  assert.ok(waited >= 290 && waited < 2_000, `${waited} ms`);
  const gone = new AbortController();
  const waiting = read(organizationId, { waitMs: 30_000, signal: gone.signal });
  await sleep(50);
  gone.abort();
  await waiting;
  assert.ok(performance.now() - began < 5_000);
});

test("events of other objects do not end a filtered wait", async () => {
  const organizationId = newOrganization();
  const filter = { objectId: "card_b" };
  const waiting = read(organizationId, { waitMs: 10_000, filter });
  await tell(organizationId, frozen("card_a", 1));
  await drainEvents(app);
  await sleep(50);
  await tell(organizationId, frozen("card_b", 1));
  await drainEvents(app);
  const { events, lastSequence } = await waiting;
  assert.deepEqual([events.map((event) => event.objectId), lastSequence], [["card_b"], 2n]);
});
