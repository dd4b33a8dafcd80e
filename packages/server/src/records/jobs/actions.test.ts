import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { testDatabase } from "../../../test/harness/database.ts";
import { makeDuties } from "../../../test/harness/duties.ts";
import { readJobs, registerJobs, releaseLease, renewLease, takeLease } from "./actions.ts";
import type { PassResult } from "./model.ts";

/** Who has a job, and what is kept of its passes. */
const database = await testDatabase();
const { app } = database;
const { job } = await makeDuties(database);

const HOUR_S = 3_600;
const clean: PassResult = { done: 0, error: null, isClean: true, leftNothing: true };
let jobs = 0;

/** A job that nobody has had yet, and the leases of two processes on it. */
async function newJob(leaseMs = 60_000) {
  jobs += 1;
  const own = { ...job, name: `duties.test${jobs}` };
  await registerJobs(app, [own]);
  const lease = (holder: string) => ({ name: own.name, holder, leaseMs });
  const state = async () => {
    const [found] = await readJobs(app, [own]);
    assert.ok(found !== undefined);
    return found.run;
  };
  return { own, a: lease("a"), b: lease("b"), state };
}

test("one of many takes a job; the others have it when it is given back and the time has come", async () => {
  const { a, b, state } = await newJob();
  const many = Array.from({ length: 8 }, (_, number) => ({ ...a, holder: `p${number}` }));
  const taken = await Promise.all(many.map((lease) => takeLease(app, lease, 0, false)));
  assert.equal(taken.filter(Boolean).length, 1);
  assert.equal((await state()).isRunning, true);
  const winner = many[taken.indexOf(true)] ?? a;
  assert.equal(await takeLease(app, b, 0, false), false);
  assert.equal(await releaseLease(app, winner, clean), false);
  assert.equal((await state()).isRunning, false);
  assert.equal(await takeLease(app, b, HOUR_S, false), false, "looked at a moment ago");
  assert.equal(await takeLease(app, b, 0, false), true);
});

test("who wants a look has it at once, or has the holder asked for one", async () => {
  const { a, b } = await newJob();
  assert.equal(await takeLease(app, a, HOUR_S, false), true);
  assert.equal(await takeLease(app, b, HOUR_S, true), false);
  assert.equal(await releaseLease(app, a, clean), true, "asked for another look");
  assert.equal(await takeLease(app, b, HOUR_S, false), true, "whoever comes first has it");
  assert.equal(await releaseLease(app, b, clean), false);
  assert.equal(await takeLease(app, a, HOUR_S, true), true);
});

test("a holder without a sign of life loses the job; that counts as a failure", async () => {
  const { a, b, state } = await newJob(150);
  assert.equal(await takeLease(app, a, HOUR_S, false), true);
  await delay(100);
  assert.equal(await renewLease(app, a), true);
  await delay(100);
  assert.equal(await takeLease(app, b, HOUR_S, false), false, "it gave one");
  await delay(100);
  assert.equal(await takeLease(app, b, HOUR_S, false), true);
  const { failuresInARow, lastError } = await state();
  assert.deepEqual([failuresInARow, lastError], [1, "interrupted"]);
  assert.equal(await renewLease(app, a), false);
  assert.equal(await releaseLease(app, a, { ...clean, done: 99 }), null);
  assert.equal((await state()).lastDone, 0n, "what the stale one says is not recorded");
  assert.equal(await renewLease(app, b), true);
});

test("a late holder whose job nobody has taken goes on", async () => {
  const { a } = await newJob(20);
  assert.equal(await takeLease(app, a, HOUR_S, false), true);
  await delay(60);
  assert.equal(await renewLease(app, a), true);
  assert.equal(await takeLease(app, a, HOUR_S, false), true);
  assert.equal(await releaseLease(app, a, clean), false);
});

test("passes are kept: what was done last, failures in a row until one succeeds", async () => {
  const { a, state } = await newJob();
  const pass = async (result: Partial<PassResult>) => {
    assert.equal(await takeLease(app, a, 0, true), true);
    await releaseLease(app, a, { ...clean, ...result });
    return state();
  };
  const first = await pass({ done: 7 });
  assert.equal(first.lastDone, 7n);
  assert.deepEqual(first.clearAt, first.lastStartedAt);
  assert.deepEqual(first.lastSucceededAt, first.lastFinishedAt);
  const idle = await pass({});
  assert.deepEqual([idle.lastDone, idle.lastDoneAt], [7n, first.lastDoneAt]);
  await pass({ isClean: false, leftNothing: false, error: "RangeError" });
  const failed = await pass({ isClean: false, leftNothing: false, error: "sql 23505" });
  assert.deepEqual([failed.failuresInARow, failed.lastError], [2, "sql 23505"]);
  assert.deepEqual(failed.lastSucceededAt, idle.lastSucceededAt);
  const waiting = await pass({ isClean: false, leftNothing: false, done: 1 });
  assert.deepEqual([waiting.failuresInARow, waiting.lastError], [2, "sql 23505"]);
  const busy = await pass({ leftNothing: false });
  assert.deepEqual([busy.failuresInARow, busy.lastError], [0, null]);
  assert.deepEqual(busy.clearAt, idle.clearAt);
});

test("a job that never ran is told as such", async () => {
  const [state] = await readJobs(app, [{ ...job, name: "duties.unknown" }]);
  assert.equal(state?.lagS, 0);
  assert.equal(state?.run.isRunning, false);
  assert.deepEqual([state?.run.lastStartedAt, state?.run.lastDone], [null, 0n]);
});
