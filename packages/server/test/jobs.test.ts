import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "../src/foundation/database/embedded/index.ts";
import { migrate } from "../src/foundation/database/migrate.ts";
import { schedulerFor, until } from "../src/interfaces/worker/fixture.ts";
import { LEASE_MS } from "../src/records/jobs/model.ts";
import { type TestDatabase, testDatabase } from "./harness/database.ts";
import { makeDuties, organizationsOf } from "./harness/duties.ts";
import { newServerFolder, removeFolder } from "./harness/process.ts";
import { extent } from "./harness/proof.ts";

/** Jobs over real processes: killed, stopped, and over a database that waits for its disk. */
const program = fileURLToPath(new URL("./harness/duty-process.ts", import.meta.url));
const leaseMs = extent(1_500, LEASE_MS);
/** In the middle of each group, so that a signal finds the process there. */
const PAUSE_MS = 20;
const TOTAL = 2_000;

/** Two processes over one database with duties; the first of them that works, and the other. */
async function twoProcesses(t: TestContext, database: TestDatabase) {
  const children = [1, 2].map(() => {
    const args = [program, database.url, String(leaseMs), String(PAUSE_MS)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    return child;
  });
  const worker = await Promise.race(
    children.map(async (child) => {
      await once(child.stdout as NodeJS.EventEmitter, "data");
      return child;
    }),
  );
  const other = children.find((child) => child !== worker);
  assert.ok(other !== undefined);
  return { worker, other };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await ended;
  assert.equal(code, 0, "a graceful end");
}

test("C2: the process that runs a job is killed: another goes on, nothing is lost or done twice", async (t) => {
  const database = await testDatabase();
  const duties = await makeDuties(database);
  await duties.add(organizationsOf(10), TOTAL / 10);
  const { worker, other } = await twoProcesses(t, database);
  await until(async () => (await duties.count()).once >= 200);
  worker.kill("SIGKILL");
  await once(worker, "exit");
  const before = (await duties.count()).once;
  assert.ok(before < TOTAL, `${before}`);
  const tookMs = await until(async () => (await duties.count()).once > before, 20_000);
  console.log(`gone on ${Math.round(tookMs)} ms after kill -9, with a lease of ${leaseMs} ms`);
  assert.ok(tookMs < leaseMs + 5_000);
  await until(async () => (await duties.count()).never === 0, 60_000);
  assert.deepEqual(await duties.count(), { once: TOTAL, more: 0, never: 0 });
  await stop(other);
});

test("B8: the process that runs a job is stopped and comes back late: nothing is done twice", async (t) => {
  const database = await testDatabase();
  const duties = await makeDuties(database);
  await duties.add(organizationsOf(10), TOTAL / 10);
  const { worker, other } = await twoProcesses(t, database);
  await until(async () => (await duties.count()).once >= 200);
  worker.kill("SIGSTOP");
  const before = (await duties.count()).once;
  await until(async () => (await duties.count()).once > before + 200, 30_000);
  worker.kill("SIGCONT");
  await until(async () => (await duties.count()).never === 0, 60_000);
  assert.deepEqual(await duties.count(), { once: TOTAL, more: 0, never: 0 });
  await Promise.all([stop(worker), stop(other)]);
});

test("what is due of 100 organizations is done once, on a database that waits for its disk", async (t) => {
  const folder = await newServerFolder();
  const server = await startEmbeddedPostgres({ folder, settings: {}, log: () => undefined });
  t.after(async () => {
    await server.stop();
    await removeFolder(folder);
  });
  await migrate(server.url);
  const duties = await makeDuties(server, undefined, { together: 100 });
  const each = extent(20, 100);
  await duties.add(organizationsOf(100), each);
  const begun = performance.now();
  const { scheduler } = schedulerFor(t, server, { jobs: [duties.job] });
  await until(async () => (await duties.count()).never === 0, 60_000);
  const seconds = (performance.now() - begun) / 1_000;
  await scheduler.stop();
  console.log(`${100 * each} in ${seconds.toFixed(2)} s: ${Math.round((100 * each) / seconds)}/s`);
  assert.deepEqual(await duties.count(), { once: 100 * each, more: 0, never: 0 });
});
