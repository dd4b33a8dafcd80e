import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FAST, newFolder, query, quiet, spawnServer, start } from "./fixture.ts";
import { AlreadyRunning, type EmbeddedPostgres, startEmbeddedPostgres } from "./index.ts";
import { tryLock } from "./lock.ts";
import { livingPostmaster } from "./pidfile.ts";
import { choosePlaces } from "./places.ts";
import { lockFolder } from "./previous.ts";

/** One cluster for most tests: each starts it anew. */
const whole = { after };
const folder = newFolder(whole);
let dataFolder: string;
before(async () => {
  const database = await start(whole, folder);
  await query(database.url, "CREATE TABLE kept AS SELECT 7 AS number");
  await database.stop();
  dataFolder = database.dataFolder;
});

const ADDRESS = "http://127.0.0.1:8080";

async function refusal(): Promise<AlreadyRunning> {
  try {
    const database = await startEmbeddedPostgres({ folder, settings: FAST, log: quiet });
    await database.stop();
  } catch (error) {
    if (error instanceof AlreadyRunning) return error;
    throw error;
  }
  return assert.fail("it started");
}

async function assertKept(database: EmbeddedPostgres, number = 7): Promise<void> {
  const rows = await query(database.url, `SELECT number FROM kept WHERE number = ${number}`);
  assert.deepEqual(rows, [{ number }]);
}

test("C14: a second start on a folder says who holds it, and the first is unharmed", async (t) => {
  const first = spawnServer(t, folder, { announce: ADDRESS });
  const word = await first.word;
  // The claim alone must do: without this file a look at the lock says nothing.
  rmSync(join(folder, "database.json"));
  const error = await refusal();
  assert.equal(error.pid, first.pid);
  assert.equal(error.url, ADDRESS);
  assert.equal(error.dataFolder, word.dataFolder);
  for (const fact of [String(first.pid), ADDRESS, error.dataFolder]) {
    assert.ok(error.message.includes(fact), error.message);
  }
  assert.equal(livingPostmaster(error.dataFolder)?.pid, word.postmaster);
  assert.deepEqual(await query(String(word.url), "SELECT 1 AS one"), [{ one: 1 }]);
});

test("C14: a second start in the same process is refused too", async (t) => {
  const first = await start(t, folder);
  const error = await refusal();
  assert.equal(error.pid, process.pid);
  assert.deepEqual(await query(first.url, "SELECT 1 AS one"), [{ one: 1 }]);
  assert.equal((await refusal()).pid, process.pid, "the refused start gave the lock away");
});

test("C14: of two first starts at once exactly one wins, and the other names it", async (t) => {
  const folder = newFolder(t);
  const servers = [spawnServer(t, folder), spawnServer(t, folder)];
  const words = await Promise.all(servers.map((server) => server.word));
  const winner = words.findIndex((word) => word.up);
  const loser = words[1 - winner];
  assert.equal(words.filter((word) => word.up).length, 1, JSON.stringify(words));
  assert.equal(loser?.name, "AlreadyRunning", loser?.message);
  assert.equal(loser?.holder, servers[winner]?.pid);
  assert.deepEqual(await query(String(words[winner]?.url), "SELECT 1 AS one"), [{ one: 1 }]);
});

test("C14: a server whose database is down is named all the same", async (t) => {
  const first = await start(t, folder);
  await first.announce(ADDRESS);
  const places = choosePlaces(folder);
  await first.stop();
  // Its lock alone, as between the death of its database and the restart.
  const lock = tryLock(places.lock) ?? assert.fail("the lock is held");
  t.after(lock.release);
  await assert.rejects(
    lockFolder(places, 60),
    (error) =>
      error instanceof AlreadyRunning && error.pid === process.pid && error.url === ADDRESS,
  );
});

test("C14: the claim in the database protects even where the lock file was removed", async (t) => {
  const first = await start(t, folder);
  await first.announce(ADDRESS);
  rmSync(join(dirname(first.dataFolder), "database.lock"));
  const error = await refusal();
  assert.deepEqual([error.pid, error.url], [process.pid, ADDRESS]);
  assert.deepEqual(await query(first.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

test("C14: the postmaster of a killed server is stopped, its commits are kept", async (t) => {
  const killed = spawnServer(t, folder, { announce: ADDRESS });
  const word = await killed.word;
  await query(String(word.url), "INSERT INTO kept VALUES (8)");
  await killed.end("SIGKILL");
  assert.equal(livingPostmaster(word.dataFolder)?.pid, word.postmaster, "it did not outlive it");

  const database = await start(t, folder);
  assert.notEqual(database.pid(), word.postmaster);
  await assertKept(database, 8);
});

test("a postmaster that cannot be asked is left alone, with the way to stop it", async (t) => {
  const server = spawnServer(t, folder);
  const word = await server.word;
  await server.end("SIGKILL");
  const path = join(folder, "database.password");
  const password = readFileSync(path);
  for (const lose of [
    () => writeFileSync(path, "AnotherPasswordOfAnotherPlace"),
    () => rmSync(path),
  ]) {
    lose();
    const attempt = start(t, folder);
    await assert.rejects(attempt, { remedy: new RegExp(`kill -INT ${word.postmaster}\\.`) });
    assert.equal(livingPostmaster(word.dataFolder)?.pid, word.postmaster);
  }
  writeFileSync(path, password, { mode: 0o600 });
  await assertKept(await start(t, folder));
});

test("a server that ends without stopping takes its PostgreSQL along", async (t) => {
  const server = spawnServer(t, folder);
  const word = await server.word;
  const ended = once(server.process, "exit");
  server.process.stdin?.write("end at once");
  assert.equal((await ended)[0], 3);
  for (let tries = 0; tries < 100 && livingPostmaster(word.dataFolder); tries += 1) await delay(20);
  assert.equal(livingPostmaster(word.dataFolder), null);
});

test("C14: a stale postmaster.pid with a number nobody has does not stop a start", async (t) => {
  const gone = spawnSync("true").pid;
  writeFileSync(join(dataFolder, "postmaster.pid"), `${gone}\n${dataFolder}\n1700000000\n5432\n`);
  await assertKept(await start(t, folder));
});

test("C14: a stale postmaster.pid whose number another program has stops neither", async (t) => {
  // PostgreSQL itself only minds programs of its own user.
  const { uid, gid } = statSync(dataFolder);
  const other = spawn("sleep", ["60"], process.getuid?.() === 0 ? { uid, gid, cwd: "/" } : {});
  t.after(() => other.kill());
  writeFileSync(
    join(dataFolder, "postmaster.pid"),
    `${other.pid}\n${dataFolder}\n1700000000\n5432\n`,
  );
  await assertKept(await start(t, folder));
  assert.equal(other.exitCode ?? other.signalCode, null);
});

test("C14: an empty postmaster.pid, as a power cut leaves it, does not stop a start", async (t) => {
  writeFileSync(join(dataFolder, "postmaster.pid"), "");
  await assertKept(await start(t, folder));
});

test("a server killed during initdb leaves a folder that the next start makes good", async (t) => {
  const folder = newFolder(t);
  const server = spawnServer(t, folder);
  while (!unfinished(folder).some((files) => files.length > 5)) await delay(5);
  // The whole group, so that initdb dies too.
  process.kill(-server.pid, "SIGKILL");
  await assert.rejects(server.word, /said nothing/);
  assert.equal(unfinished(folder).length, 1, "it was not half-way");

  const database = await start(t, folder);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
  assert.equal(unfinished(folder).length, 0);
});

test("an initdb that outlives its server does not meet the next one", async (t) => {
  const folder = newFolder(t);
  const server = spawnServer(t, folder);
  while (!unfinished(folder).some((files) => files.length > 5)) await delay(5);
  await server.end("SIGKILL");
  const database = await start(t, folder);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});

/** The files of each cluster that is still being made. */
function unfinished(folder: string): readonly (readonly string[])[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith("database.building-"))
      .map((name) => readdirSync(join(folder, name, "data")));
  } catch {
    return [];
  }
}
