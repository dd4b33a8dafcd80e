import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../src/foundation/database/database.ts";
import { startEmbeddedPostgres } from "../../src/foundation/database/embedded/index.ts";
import { jobs } from "../../src/interfaces/worker/jobs.ts";
import { asOwner } from "../harness/database.ts";
import {
  ended,
  killDatabase,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "../harness/process.ts";
import { dice, extent, proofSeed } from "../harness/proof.ts";
import { askForLooks, type Estate, makeDue, makeEstate, setRules } from "./estate.ts";
import { type Books, beginReckoning, leftToDo, type Reckoning, reckon } from "./reckoning.ts";

/**
 * A month goes by over two organizations: fees, renewals, expiries, ends of freezes, fillings by rules, a
 * batch and an order to block are due for many at once. While the jobs do them the server, and now and
 * then the database with it, is killed again and again. Once all is quiet each effect is there once.
 */
const KILLS = 4;
const seeded = dice(proofSeed());
const strike = fileURLToPath(new URL("./strike.ts", import.meta.url));
/** Named steps, and from which time on until which one comes while jobs work. */
const steps = [
  ["after any write", 10, 130],
  ["after any write", 10, 70],
  ["before commit", 3, 25],
  ["after commit, before the answer", 3, 25],
  ["while relaying events", 1, 8],
  ["while sealing records", 1, 8],
] as const;

const folder = await newServerFolder();
const postgres = await startEmbeddedPostgres({
  folder,
  settings: { max_connections: "80" },
  log: () => undefined,
});
const { url } = postgres;
let server: ServerProcess | null = null;
after(async () => {
  if (server !== null) await stopProcess(server);
  await postgres.stop();
  await removeFolder(folder);
});

const start = async (
  more: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
) => startProcess(folder, { DATABASE_URL: url, ...more }, nodeOptions);

let estate: Estate;
let reckoning: Reckoning;

/** Before anything is killed, everything that is due is done once. */
before(async () => {
  server = await start();
  const { facts } = server;
  const made = await makeEstate(facts);
  await quiet(made);
  estate = await setRules(facts, made);
  await quiet(estate);
  await inBooks(estate, async (books) => {
    reckoning = await beginReckoning(books);
    await reckon(books, reckoning);
  });
});

test("C2, C3: killed while jobs do what is due for many, each effect is there once and no job is stuck", async (t) => {
  const rounds = extent(3, 40);
  const found: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    assert.ok(server !== null);
    await makeDue(server.facts, estate, url);
    await killServer(server, seeded.chance(0.5));
    for (let times = 1; times < KILLS; times += 1) {
      found.push(await countDue());
      await startAndStrike();
    }
    found.push(await countDue());
    server = await start();
    // In the last round the leases of the dead run out by themselves.
    const tookMs = await quiet(estate, round < rounds);
    t.diagnostic(`round ${round}: quiet after ${Math.round(tookMs)} ms`);
    reckoning.rounds = round;
    await inBooks(estate, (books) => reckon(books, reckoning));
    const stuck = await asOwner(url, "select name from job_runs where failures_in_a_row > 0");
    assert.deepEqual(stuck, [], "jobs that fail");
  }
  t.diagnostic(`due after each kill: ${found.join(" ")}`);
  // A kill that leaves as much due as there was, or nothing, has not met a job at work.
  const inTheMidst = found.filter((due, at) => due > 0 && at % KILLS > 0 && due !== found[at - 1]);
  assert.ok(inTheMidst.length >= extent(1, 20), `only ${inTheMidst.length} kills met jobs at work`);
});

async function killServer(running: ServerProcess, withDatabase: boolean): Promise<void> {
  running.child.kill("SIGKILL");
  if (withDatabase) killDatabase(folder);
  await ended(running);
  await databaseBack();
}

/** How much is due, over all jobs. */
async function countDue(): Promise<number> {
  let count = 0;
  await inBooks(estate, async ({ database }) => {
    for (const job of jobs) {
      count += (await job.findDue(database, { after: null, limit: 1_000 })).length;
    }
  });
  return count;
}

/** Starts a server that is struck down soon, mostly in the midst of what jobs do. */
async function startAndStrike(): Promise<void> {
  await askForLooks(url);
  const [step, first, last] = seeded.pick(steps);
  const isTimed = seeded.chance(0.25);
  const at = isTimed
    ? `time@${400 + seeded.roll(700)}`
    : `${step}@${first + seeded.roll(last - first)}`;
  const both = seeded.chance(0.3) ? { CW_STRIKE_DATABASE: folder } : {};
  const running = await start({ CW_STRIKE: at, ...both }, ["--import", strike]).catch(() => null);
  if (running !== null) {
    await Promise.race([ended(running), sleep(1_500)]);
    running.child.kill("SIGKILL");
    await ended(running);
  }
  await databaseBack();
}

/** Waits until the database, which restarts by itself, answers again. */
async function databaseBack(): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    const answers = await asOwner(url, "select").then(
      () => true,
      () => false,
    );
    if (answers) return;
    assert.ok(waitedMs < 30_000, "the database does not come back");
    await sleep(20);
  }
}

async function inBooks(of: Estate, use: (books: Books) => Promise<void>): Promise<void> {
  const database = openDatabase({ url, role: "cardwright_app", maxConnections: 4 });
  try {
    await use({ url, database, estate: of });
  } finally {
    await database.close();
  }
}

/** Waits until nothing is due and nothing waits. @returns how long, ms */
async function quiet(of: Estate, isHelped = true): Promise<number> {
  const begun = performance.now();
  if (isHelped) await askForLooks(url);
  await inBooks(of, async (books) => {
    for (;;) {
      const left = await leftToDo(books);
      if (left.length === 0) return;
      assert.ok(performance.now() - begun < 60_000, `not quiet: ${left.join(", ")}`);
      await sleep(50);
    }
  });
  return performance.now() - begun;
}
