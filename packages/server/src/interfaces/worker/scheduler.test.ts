import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { makeDuties, organizationsOf } from "../../../test/harness/duties.ts";
import { extent } from "../../../test/harness/proof.ts";
import { Outage } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { wakeJobs } from "../../foundation/job/bell.ts";
import { advanceClock, organizationNow } from "../../records/sequencer/actions.ts";
import { schedulerFor, until } from "./fixture.ts";

/** The scheduler over one database: as one process, and as several. */
const DAY_MS = 86_400_000;

/** What something waits for; opened with the end of the test, so that a failure ends too. */
function gateFor(t: TestContext) {
  const gate = Promise.withResolvers<void>();
  t.after(() => gate.resolve());
  return gate;
}

const run = async (url: string) => {
  const [row] = await asOwner<Record<string, unknown>>(url, "select * from job_runs");
  return row ?? {};
};

test("two schedulers at once: each of 1,000 due things is done exactly once", async (t) => {
  const database = await testDatabase();
  const duties = await makeDuties(database);
  const each = extent(20, 200);
  await duties.add(organizationsOf(50), each);
  const [first, second] = [1, 2].map(() => schedulerFor(t, database, { jobs: [duties.job] }));
  const begun = performance.now();
  await until(async () => (await duties.count()).never === 0, 60_000);
  console.log(`${50 * each} done by two schedulers in ${Math.round(performance.now() - begun)} ms`);
  assert.deepEqual(await duties.count(), { once: 50 * each, more: 0, never: 0 });
  const done = async (one: typeof first) =>
    Number(/cardwright_job_done_total\{.*\} (\d+)/.exec((await one?.metrics()) ?? "")?.[1] ?? 0);
  await first?.scheduler.stop();
  await second?.scheduler.stop();
  assert.equal((await done(first)) + (await done(second)), 50 * each);
});

test("without leases nothing is done twice either: they are for speed alone", async (t) => {
  const database = await testDatabase(40);
  const duties = await makeDuties(database);
  await duties.add(organizationsOf(10), 50);
  await asOwner(
    database.url,
    `create function free() returns trigger language plpgsql as $$
       begin new.holder := null; new.leased_until := null; return new; end $$;
     create trigger free before update on job_runs for each row execute function free()`,
  );
  // A sign of life is asked for only now and then, so passes of both run on.
  for (let number = 0; number < 4; number += 1) {
    schedulerFor(t, database, { jobs: [duties.job], leaseMs: 60_000 });
  }
  await until(async () => (await duties.count()).never === 0);
  assert.deepEqual(await duties.count(), { once: 500, more: 0, never: 0 });
});

test("a clock that is moved makes the things of its organization due, and has them done at once", async (t) => {
  const database = await testDatabase();
  const duties = await makeDuties(database, undefined, { everyS: 3_600 });
  const [moved = "", still = ""] = organizationsOf(2);
  await duties.add([moved, still], 5, -DAY_MS);
  schedulerFor(t, database, { jobs: [duties.job] });
  await delay(300);
  assert.equal((await duties.count()).once, 0);
  await database.app.transaction(async (sql) => {
    const organizationId = moved as OrganizationId;
    const now = await organizationNow(sql, organizationId);
    await advanceClock({ sql, organizationId, now } as never, new Date(now.getTime() + 2 * DAY_MS));
  });
  const tookMs = await until(async () => (await duties.count()).once === 5, 1_000);
  assert.ok(tookMs < 1_000);
  await delay(300);
  const rows = await asOwner<{ done: number }>(
    database.url,
    "select sum(done)::int as done from duties where organization_id = $1",
    [still],
  );
  assert.deepEqual(rows, [{ done: 0 }]);
});

test("who is woken while another process has the job has that one look again", async (t) => {
  const database = await testDatabase();
  const gate = gateFor(t);
  const held = Promise.withResolvers<void>();
  const hanging = await makeDuties(
    database,
    async () => {
      held.resolve();
      await gate.promise;
    },
    { everyS: 3_600 },
  );
  const plain = await makeDuties(database, undefined, { everyS: 3_600 });
  await hanging.add(["org_duties_z"], 1);
  schedulerFor(t, database, { jobs: [hanging.job], leaseMs: 10_000 });
  await held.promise;
  const other = schedulerFor(t, database, { jobs: [plain.job], leaseMs: 10_000 });
  await plain.add(["org_duties_a"], 3);
  other.scheduler.wake(null);
  await until(async () => (await run(database.url)).is_wanted === true);
  assert.equal((await duties(database.url)).length, 0);
  gate.resolve();
  await until(async () => (await plain.count()).never === 0, 2_000);
});

const duties = (url: string) => asOwner(url, "select id from duties where done > 0");

test("only a transaction that says so wakes the jobs, and only once it is committed", async (t) => {
  const database = await testDatabase();
  let looks = 0;
  const idle = await makeDuties(database, undefined, {
    everyS: 3_600,
    findDue: async () => {
      looks += 1;
      return [];
    },
  });
  const { scheduler } = schedulerFor(t, database, { jobs: [idle.job] });
  // One look at the job, and that of the lag.
  await until(() => looks >= 2);
  await scheduler.stop();
  looks = 0;
  schedulerFor(t, database, {
    jobs: [{ ...idle.job, name: "duties.other" }],
  });
  await until(async () => (await run(database.url)).last_finished_at !== null);
  await delay(200);
  await database.app.transaction(async () => undefined);
  await database.app
    .transaction(async (sql) => {
      wakeJobs({ sql });
      throw new Error("rolled back");
    })
    .catch(() => undefined);
  const finished = async () =>
    asOwner<{ at: Date }>(
      database.url,
      "select last_finished_at as at from job_runs where name = 'duties.other'",
    );
  const [before] = await finished();
  await delay(300);
  assert.deepEqual(await finished(), [before]);
  await database.app.transaction(async (sql) => wakeJobs({ sql }, "duties.another"));
  await delay(300);
  assert.deepEqual(await finished(), [before], "another job was named");
  await database.app.transaction(async (sql) => wakeJobs({ sql }, "duties.other"));
  await until(async () => (await finished())[0]?.at.getTime() !== before?.at.getTime(), 1_000);
  const [named] = await finished();
  await database.app.transaction(async (sql) => wakeJobs({ sql }));
  await until(async () => (await finished())[0]?.at.getTime() !== named?.at.getTime(), 1_000);
});

test("B9: what is poisoned fails alone; the rest of its group and of all others is done", async (t) => {
  const database = await testDatabase();
  let cured = false;
  const attempts: number[] = [];
  const poisoned = await makeDuties(database, async (_, ids) => {
    if (cured || !ids.includes("duty_000007")) return;
    if (ids.length === 1) attempts.push(performance.now());
    throw new RangeError("quotes 4000 1234 5678 9010");
  });
  await poisoned.add(organizationsOf(3), 30);
  const { metrics, lines } = schedulerFor(t, database, { jobs: [poisoned.job] });
  await until(async () => (await poisoned.count()).never === 3);
  // At first after one second, then after two, …
  await until(() => attempts.length >= 9, 20_000);
  const spans = attempts.filter((_, place) => place % 3 === 0);
  assert.ok((spans[1] ?? 0) - (spans[0] ?? 0) >= 1_000);
  assert.ok((spans[2] ?? 0) - (spans[1] ?? 0) >= 2_000);
  const failing = await run(database.url);
  assert.equal(failing.last_error, "RangeError");
  assert.ok((failing.failures_in_a_row as number) >= 3);
  assert.ok(lines.some(({ id, times }) => id === "duty_000007" && times === 1));
  assert.ok(!JSON.stringify(lines).includes("1234 5678"));
  assert.match(await metrics(), /cardwright_job_failures_total\{job="duties.perform"\} (9|\d\d)/);
  cured = true;
  await until(async () => (await poisoned.count()).never === 0, 20_000);
  await until(async () => (await run(database.url)).failures_in_a_row === 0);
  assert.equal((await run(database.url)).last_error, null);
});

test("a row that somebody holds delays itself and not the others", async (t) => {
  const database = await testDatabase();
  const base = await makeDuties(database);
  await base.add(organizationsOf(3), 10);
  const gate = gateFor(t);
  const lock = {
    name: undefined,
    text: "select 1 from duties where organization_id = $1 and id = $2 for update",
  };
  const locked = Promise.withResolvers<void>();
  const holding = database.app.transaction(async (sql) => {
    await sql.query(lock, ["org_duties_000", "duty_000004"]);
    locked.resolve();
    await gate.promise;
  });
  await locked.promise;
  schedulerFor(t, database, { jobs: [base.job] });
  await until(async () => (await base.count()).never === 1, 5_000);
  gate.resolve();
  await holding;
  await until(async () => (await base.count()).never === 0);
  assert.equal((await base.count()).more, 0);
});

test("one organization's heap does not keep the others waiting", async (t) => {
  const database = await testDatabase();
  const order: string[] = [];
  const heap = await makeDuties(
    database,
    async ({ organizationId }, ids) => void order.push(...ids.map(() => organizationId)),
    { together: 200 },
  );
  await heap.add(["org_duties_a"], 5_000);
  await heap.add(["org_duties_b"], 1);
  schedulerFor(t, database, { jobs: [heap.job] });
  await until(async () => (await heap.count()).never === 0, 20_000);
  assert.equal(order.length, 5_001);
  assert.equal(order.indexOf("org_duties_b"), 1_000);
});

test("a process that hangs in the middle of a pass loses the job; when it is back, nothing is done twice", async (t) => {
  const database = await testDatabase();
  const gate = gateFor(t);
  let groups = 0;
  const hangs = await makeDuties(database, async () => {
    groups += 1;
    if (groups === 3) await gate.promise;
  });
  const plain = await makeDuties(database);
  await plain.add(organizationsOf(10), 10);
  const stuck = schedulerFor(t, database, { jobs: [hangs.job] });
  await until(() => groups === 3);
  schedulerFor(t, database, { jobs: [plain.job] });
  // The other takes over; it has to leave alone what the stuck one holds locked.
  const tookMs = await until(async () => (await plain.count()).never === 10);
  console.log(`taken over after ${Math.round(tookMs)} ms with a lease of 400 ms`);
  assert.ok(((await run(database.url)).failures_in_a_row as number) >= 1);
  gate.resolve();
  await until(async () => (await plain.count()).never === 0, 15_000);
  assert.deepEqual(await plain.count(), { once: 100, more: 0, never: 0 });
  await until(async () => /result="cut_off"/.test(await stuck.metrics()));
  assert.equal(groups, 3, "it noticed that the job is another's, and went no further");
});

test("stopping ends after the group that runs; the rest is the next start's", async (t) => {
  const database = await testDatabase();
  const gate = gateFor(t);
  let groups = 0;
  const slow = await makeDuties(database, async () => {
    groups += 1;
    if (groups === 2) await gate.promise;
  });
  await slow.add(organizationsOf(1), 100);
  const { scheduler } = schedulerFor(t, database, { jobs: [slow.job] });
  await until(() => groups === 2);
  const stopping = scheduler.stop();
  await delay(50);
  gate.resolve();
  await stopping;
  assert.deepEqual(await slow.count(), { once: 20, more: 0, never: 80 });
  const { holder, failures_in_a_row } = await run(database.url);
  assert.deepEqual([holder, failures_in_a_row], [null, 0], "given back, and no failure");
  const begun = performance.now();
  schedulerFor(t, database, { jobs: [slow.job] });
  await until(async () => (await slow.count()).never === 0, 3_000);
  assert.ok(performance.now() - begun < 3_000);
});

test("while the database is away a pass breaks off; afterwards it goes on by itself", async (t) => {
  const database = await testDatabase();
  const duties = await makeDuties(database);
  await duties.add(organizationsOf(5), 10);
  let away = false;
  let transactions = 0;
  const flaky = {
    ...database.app,
    transaction: async <T>(work: Parameters<typeof database.app.transaction<T>>[0]) => {
      transactions += 1;
      if (transactions === 3) away = true;
      if (away) throw new Outage("away");
      return database.app.transaction(work);
    },
  };
  const { metrics } = schedulerFor(t, database, { jobs: [duties.job], database: flaky });
  await until(() => away);
  await delay(300);
  assert.deepEqual(await duties.count(), { once: 20, more: 0, never: 30 });
  assert.match(
    await metrics(),
    /cardwright_job_runs_total\{job="duties.perform",result="failed"\}/,
  );
  assert.ok(transactions < 20, "nothing is tried one by one meanwhile");
  away = false;
  transactions = 1_000;
  await until(async () => (await duties.count()).never === 0);
});

test("the lag is the age of the oldest that is due; it is told, and falls to zero", async (t) => {
  const database = await testDatabase();
  let broken = true;
  const duties = await makeDuties(database, async () => {
    if (broken) throw new Error("not yet");
  });
  await duties.add(["org_duties_new"], 1);
  await duties.add(["org_duties_old"], 1, 200_000);
  const { scheduler, metrics } = schedulerFor(t, database, { jobs: [duties.job] });
  const lag = async () =>
    Number(/cardwright_job_due_lag_seconds\{.*\} (\S+)/.exec(await metrics())?.[1] ?? -1);
  await until(async () => (await lag()) >= 200);
  assert.ok((await lag()) < 220);
  assert.match(scheduler.late().join(), /^The job duties.perform is 2\d\d s behind.$/);
  broken = false;
  await until(async () => (await lag()) === 0, 20_000);
  assert.deepEqual(scheduler.late(), []);
  const success = /last_success_timestamp_seconds\{.*\} (\S+)/.exec(await metrics())?.[1];
  assert.ok(Math.abs(Number(success) - Date.now() / 1_000) < 20);
});

test("work of a job is done as a request's: its events and its audit row commit with it", async (t) => {
  const database = await testDatabase();
  const { announce } = await import("../../records/events/actions.ts");
  const announced = await makeDuties(database, async (work, ids) => {
    for (const id of ids) {
      announce(work, { type: "card.expired", objectId: id, objectVersion: 1, object: { id } });
    }
  });
  await announced.add(["org_duties_told"], 2);
  let commits = 0;
  const committed = () => {
    commits += 1;
  };
  schedulerFor(t, database, { jobs: [announced.job], committed });
  await until(async () => (await announced.count()).never === 0);
  await until(() => commits > 0);
  const audit = await asOwner(
    database.url,
    `select actor_kind, actor_id, action, object_id, result, status, ip from audit_log
     where organization_id = 'org_duties_told' order by object_id`,
  );
  assert.deepEqual(
    audit,
    ["duty_000001", "duty_000002"].map((id) => ({
      actor_kind: "system",
      actor_id: "duties.perform",
      action: "duties.perform",
      object_id: id,
      result: "done",
      status: 200,
      ip: null,
    })),
  );
  const events = await asOwner(database.url, "select object_id from event_queue");
  assert.equal(events.length, 2);
});
