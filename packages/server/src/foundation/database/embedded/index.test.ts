import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newFolder, query, start } from "./fixture.ts";
import { CannotStart } from "./index.ts";
import { livingPostmaster } from "./pidfile.ts";

const modeOf = (path: string) => statSync(path).mode & 0o777;

/** One cluster for most tests: each starts it anew. */
const whole = { after };
const folder = newFolder(whole);
before(async () => {
  const database = await start(whole, folder);
  await query(database.url, "CREATE TABLE kept AS SELECT 7 AS number");
  await database.stop();
});

test("a stop and a start keep data, password and place", async (t) => {
  const first = await start(t, folder);
  const { password } = new URL(first.url);
  await first.stop();
  assert.equal(livingPostmaster(first.dataFolder), null);
  assert.equal(first.pid(), null);

  const second = await start(t, folder);
  assert.deepEqual(await query(second.url, "SELECT number FROM kept"), [{ number: 7 }]);
  assert.equal(new URL(second.url).password, password);
  assert.equal(second.dataFolder, first.dataFolder);
  assert.equal(
    JSON.parse(readFileSync(join(folder, "database.json"), "utf8")).dataFolder,
    second.dataFolder,
  );
});

test("by default the database is durable, checksummed and ours: C locale, UTF8, UTC", async (t) => {
  const database = await start(t, folder, {});
  const settings = await query(
    database.url,
    `SELECT name, setting FROM pg_settings WHERE name IN (
       'fsync', 'full_page_writes', 'synchronous_commit',
       'data_checksums', 'max_connections', 'max_wal_size', 'wal_compression',
       'TimeZone', 'listen_addresses',
       'unix_socket_directories', 'server_encoding', 'lc_messages') ORDER BY name COLLATE "C"`,
  );
  assert.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    TimeZone: "UTC",
    data_checksums: "on",
    fsync: "on",
    full_page_writes: "on",
    lc_messages: "C",
    listen_addresses: "127.0.0.1",
    max_connections: "200",
    max_wal_size: "192",
    server_encoding: "UTF8",
    synchronous_commit: "on",
    unix_socket_directories: "",
    wal_compression: "pglz",
  });
  assert.deepEqual(await query(database.url, "SHOW shared_buffers"), [{ shared_buffers: "256MB" }]);
});

test("only the password opens it, and only its owner can read its files", async (t) => {
  const database = await start(t, folder);
  const wrong = new URL(database.url);
  wrong.password = "wrong";
  await assert.rejects(query(wrong.href, "SELECT 1"), { code: "28P01" });
  const rules = await query(
    database.url,
    "SELECT type, address, auth_method FROM pg_hba_file_rules",
  );
  assert.deepEqual(rules, [{ type: "host", address: "127.0.0.1", auth_method: "scram-sha-256" }]);
  assert.equal(modeOf(database.dataFolder), 0o700);
  assert.equal(modeOf(join(folder, "database.password")), 0o600);
  assert.equal(modeOf(join(folder, "database.log")), 0o600);
});

test("what a failed statement held is not in the log", async (t) => {
  const database = await start(t, folder);
  await query(database.url, "CREATE TABLE numbers (pan text PRIMARY KEY)");
  await query(database.url, "INSERT INTO numbers VALUES ('4111111111111111')");
  const again = query(database.url, "INSERT INTO numbers VALUES ('4111111111111111')");
  await assert.rejects(again, { code: "23505" });
  const log = readFileSync(join(folder, "database.log"), "utf8");
  assert.match(log, /duplicate key value/);
  assert.doesNotMatch(log, /4111111111111111/);
});

test("Ctrl-C in the terminal does not reach PostgreSQL: it has a session of its own", async (t) => {
  const database = await start(t, folder);
  const sessionOf = (pid: number) =>
    spawnSync("ps", ["-o", "sid=", "-p", String(pid)])
      .stdout.toString()
      .trim();
  assert.equal(sessionOf(Number(database.pid())), String(database.pid()));
});

test("permissions that were opened are closed again at the next start", async (t) => {
  const first = await start(t, folder);
  await first.stop();
  chmodSync(first.dataFolder, 0o755);
  chmodSync(join(folder, "database.password"), 0o644);
  const second = await start(t, folder);
  assert.equal(modeOf(second.dataFolder), 0o700);
  assert.equal(modeOf(join(folder, "database.password")), 0o600);
});

test("a lost password file costs nothing but the password", async (t) => {
  const first = await start(t, folder);
  await first.stop();
  rmSync(join(folder, "database.password"));
  const second = await start(t, folder);
  assert.notEqual(new URL(second.url).password, new URL(first.url).password);
  assert.deepEqual(await query(second.url, "SELECT number FROM kept"), [{ number: 7 }]);
});

test("a wrong password in the file is refused with the cure, which works", async (t) => {
  const path = join(folder, "database.password");
  writeFileSync(path, "AnotherPasswordOfAnotherPlace\n");
  const attempt = start(t, folder);
  await assert.rejects(attempt, { name: "CannotStart", remedy: /remove it/ });
  rmSync(path);
  const database = await start(t, folder);
  assert.deepEqual(await query(database.url, "SELECT number FROM kept"), [{ number: 7 }]);
});

test("a folder that holds something else is refused and left as it is", async (t) => {
  const folder = newFolder(t);
  mkdirSync(join(folder, "database"), { recursive: true, mode: 0o711 });
  const note = join(folder, "database", "note.txt");
  writeFileSync(note, "mine");
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", "nobody", join(folder, "database")]);
  const attempt = start(t, folder);
  await assert.rejects(attempt, (error) => {
    return error instanceof CannotStart && /not a PostgreSQL database/.test(error.message);
  });
  assert.equal(readFileSync(note, "utf8"), "mine");
});

test("a database of another PostgreSQL version is refused by name", async (t) => {
  const first = await start(t, folder);
  await first.stop();
  const version = join(first.dataFolder, "PG_VERSION");
  writeFileSync(version, "15\n");
  const attempt = start(t, folder);
  await assert.rejects(attempt, /made by PostgreSQL 15; this is 18/);
  assert.equal(readFileSync(version, "utf8"), "15\n");
  writeFileSync(version, "18\n");
  const second = await start(t, folder);
  assert.deepEqual(await query(second.url, "SELECT number FROM kept"), [{ number: 7 }]);
});

test("a path that is no folder is refused in plain words", async (t) => {
  const folder = newFolder(t);
  writeFileSync(folder, "");
  const attempt = start(t, folder);
  await assert.rejects(attempt, /cannot be used/);
});

test("an unknown setting is refused in PostgreSQL's words, and the folder is free", async (t) => {
  const attempt = start(t, folder, { shared_bufers: "1" });
  await assert.rejects(attempt, /unrecognized configuration parameter "shared_bufers"/);
  const database = await start(t, folder);
  assert.deepEqual(await query(database.url, "SELECT 1 AS one"), [{ one: 1 }]);
});
