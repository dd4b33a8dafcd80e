import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { auditOnly, recordEntries } from "../../../test/harness/records.ts";
import { newId, testKeys } from "../../../test/harness/work.ts";
import { systemClock } from "../../foundation/clock/clock.ts";
import { Outage } from "../../foundation/errors/errors.ts";
import { createLog } from "../../foundation/log/log.ts";
import { openKeyCache } from "../../records/access/actions.ts";
import { startWorker, type WorkerOptions } from "./worker.ts";

/** What the worker of a process does beside the requests. */
const database = await testDatabase();

function workerFor(t: TestContext, over: Partial<WorkerOptions> = {}) {
  const register = new Registry();
  const worker = startWorker({
    database: database.app,
    sources: auditOnly,
    keyCache: openKeyCache(),
    clock: systemClock,
    log: createLog("silent"),
    register,
    idempotencyDays: 7,
    jobs: [],
    jobContext: { database: database.app, keys: testKeys(), newId },
    ...over,
  });
  t.after(() => worker.stop());
  return { worker, register };
}

const queued = async () => (await asOwner(database.url, "select 1 from record_queue")).length;

async function until(
  condition: () => Promise<boolean> | boolean,
  withinMs: number,
): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - begun < withinMs, `not within ${withinMs} ms`);
    await delay(2);
  }
  return performance.now() - begun;
}

test("what was committed is sequenced at once when the worker is woken", async (t) => {
  const { worker, register } = workerFor(t);
  await delay(700);
  await recordEntries(database.app, "org_worker_1", 5);
  worker.wake();
  await until(async () => (await queued()) === 0, 2_000);
  await until(() => worker.lagMs() === 0, 2_000);
  const text = await register.metrics();
  assert.match(text, /cardwright_sequenced_rows_total\{stream="records"\} 5/);
  assert.match(text, /cardwright_sequencer_lag_seconds\{stream="events"\} 0/);
});

test("what another process left behind is found without being woken", async (t) => {
  workerFor(t);
  await delay(700);
  await recordEntries(database.app, "org_worker_2", 3);
  await until(async () => (await queued()) === 0, 3_000);
});

test("answers older than they are kept are removed, younger ones stay", async (t) => {
  const insert = (key: string, days: number) =>
    asOwner(
      database.url,
      `insert into idempotency_keys (organization_id, key, route, fingerprint, status, body, created_at)
       values ('org_worker', $1, 'test', sha256('x'), 200, '{}', now() - make_interval(days => $2))`,
      [key, days],
    );
  await insert("old", 8);
  await insert("young", 6);
  workerFor(t);
  const kept = async () =>
    (await asOwner<{ key: string }>(database.url, "select key from idempotency_keys")).map(
      ({ key }) => key,
    );
  await until(async () => !(await kept()).includes("old"), 3_000);
  assert.deepEqual(await kept(), ["young"]);
});

test("while the database is away the worker falls behind and says so; then it catches up", async (t) => {
  let away = true;
  const flaky: WorkerOptions["database"] = {
    ...database.app,
    transaction: (work) =>
      away ? Promise.reject(new Outage("away")) : database.app.transaction(work),
  };
  const { worker, register } = workerFor(t, { database: flaky });
  await recordEntries(database.app, "org_worker_3", 2);
  await until(() => worker.lagMs() > 100, 3_000);
  assert.match(await register.metrics(), /cardwright_worker_failures_total\{job="records"\} [1-9]/);
  away = false;
  await until(async () => (await queued()) === 0, 5_000);
  await until(() => worker.lagMs() === 0, 5_000);
});

test("stopping sequences what is left", async (t) => {
  const { worker } = workerFor(t);
  await recordEntries(database.app, "org_worker_4", 2_500);
  await worker.stop();
  assert.equal(await queued(), 0);
});
