import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { newFolder, query, quiet, spawnServer, start } from "./fixture.ts";
import { AlreadyRunning, type EmbeddedPostgres } from "./index.ts";
import { livingPostmaster } from "./pidfile.ts";

const READY_LIMIT_MS = 2_000;
const LINUX_ONLY = { skip: process.platform === "linux" ? false : "needs /proc" };

/** One database for all: each test leaves it up. */
const whole = { after };
const folder = newFolder(whole);
let database: EmbeddedPostgres;
before(async () => {
  database = await start(whole, folder);
});

/** Never a number that `kill` reads as a group. */
function postmasterPid(): number {
  return database.pid() ?? assert.fail("the database is down");
}

/** The processes whose parent this is, by /proc. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

function parentOf(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It went with its postmaster.
      assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
    }
  }
}

/** Resolves when the database was down and is up again, with the milliseconds in between. */
function comesBack(): Promise<number> {
  return new Promise((resolve) => {
    let downAt = 0;
    database.onChange((state) => {
      if (state === "down") downAt = performance.now();
      else resolve(performance.now() - downAt);
    });
  });
}

/** Inserts numbers one by one, over new connections where one breaks; keeps the acknowledged. */
async function insertWhile(
  url: string,
  acknowledged: number[],
  signal: AbortSignal,
): Promise<void> {
  let number = 0;
  while (!signal.aborted) {
    const client = new Client(url);
    client.on("error", quiet);
    try {
      await client.connect();
      while (!signal.aborted) {
        number += 1;
        await client.query("INSERT INTO numbers VALUES ($1)", [number]);
        acknowledged.push(number);
      }
    } catch {
      await delay(5);
    } finally {
      await client.end().catch(quiet);
    }
  }
}

test(
  "C1: after SIGKILL of the postmaster and its children all that was acknowledged is back in 2 s",
  LINUX_ONLY,
  async (t) => {
    await query(database.url, "CREATE TABLE numbers (number bigint PRIMARY KEY)");
    const acknowledged: number[] = [];
    const ending = new AbortController();
    const writer = insertWhile(database.url, acknowledged, ending.signal);
    for (let round = 0; round < 3; round += 1) {
      await delay(100);
      const pid = postmasterPid();
      const back = comesBack();
      killAll([pid, ...childrenOf(pid)]);
      const downMs = await back;
      t.diagnostic(`back after ${Math.round(downMs)} ms`);
      assert.ok(downMs < READY_LIMIT_MS, `${downMs} ms`);
      assert.notEqual(database.pid(), pid);
    }
    await delay(100);
    ending.abort();
    await writer;
    const rows = await query(database.url, "SELECT number::int FROM numbers");
    const stored = new Set(rows.map((row) => row.number));
    assert.ok(acknowledged.length > 50, `only ${acknowledged.length} were written`);
    assert.deepEqual(
      acknowledged.filter((number) => !stored.has(number)),
      [],
    );
  },
);

test(
  "C1: a child that does not end with its postmaster blocks for a moment only",
  LINUX_ONLY,
  async (t) => {
    const pid = postmasterPid();
    const stuck = childrenOf(pid)[0] ?? assert.fail("no children");
    const back = comesBack();
    process.kill(stuck, "SIGSTOP");
    process.kill(pid, "SIGKILL");
    const downMs = await back;
    t.diagnostic(`back after ${Math.round(downMs)} ms`);
    assert.ok(downMs < READY_LIMIT_MS, `${downMs} ms`);
    assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
  },
);

test("a crashed backend, which makes PostgreSQL start over, is noticed and got over", async () => {
  const client = new Client(database.url);
  client.on("error", quiet);
  await client.connect();
  const { pid } = (await client.query("SELECT pg_backend_pid() AS pid")).rows[0];
  const postmaster = database.pid();
  const back = comesBack();
  process.kill(pid, "SIGKILL");
  assert.ok((await back) < READY_LIMIT_MS);
  assert.equal(database.pid(), postmaster);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("C14: the claim is taken again after each loss, with its address", async () => {
  const url = "http://127.0.0.1:8080";
  await database.announce(url);
  const endSession = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'cardwright % ${url}'`;
  const losses = [
    async () => assert.equal((await query(database.url, endSession)).length, 1),
    async () => process.kill(postmasterPid(), "SIGKILL"),
  ];
  for (const lose of losses) {
    const back = comesBack();
    await lose();
    await back;
    await assert.rejects(
      start(whole, folder),
      (error) => error instanceof AlreadyRunning && error.url === url,
    );
  }
});

test("the address of the database stays the same over a restart", async () => {
  const back = comesBack();
  process.kill(postmasterPid(), "SIGKILL");
  await back;
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("a listener that throws does not keep the database down", async () => {
  database.onChange(() => {
    throw new Error("of the test");
  });
  const back = comesBack();
  process.kill(postmasterPid(), "SIGKILL");
  assert.ok((await back) < READY_LIMIT_MS);
});

test("a stop in the middle of a restart leaves nothing running and the folder free", async () => {
  for (const pauseMs of [0, 15, 40]) {
    const down = new Promise<void>((resolve) => database.onChange(() => resolve()));
    process.kill(postmasterPid(), "SIGKILL");
    await down;
    await delay(pauseMs);
    await database.stop();
    assert.equal(database.pid(), null);
    assert.equal(livingPostmaster(database.dataFolder), null);
    database = await start(whole, folder);
  }
});

test(
  "C3: SIGKILL of server and database at once is got over by the next start",
  LINUX_ONLY,
  async (t) => {
    await database.stop();
    const server = spawnServer(t, folder);
    const word = await server.word;
    await query(String(word.url), "CREATE TABLE kept AS SELECT 7 AS number");
    const children = childrenOf(word.postmaster);
    const ended = once(server.process, "exit");
    killAll([server.pid, word.postmaster, ...children]);
    await ended;
    const startedAt = performance.now();
    database = await start(whole, folder);
    const startMs = performance.now() - startedAt;
    t.diagnostic(`started in ${Math.round(startMs)} ms`);
    assert.ok(startMs < READY_LIMIT_MS, `${startMs} ms`);
    assert.deepEqual(await query(database.url, "SELECT number FROM kept"), [{ number: 7 }]);
  },
);
