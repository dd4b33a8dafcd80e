import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { systemEntropy } from "../src/foundation/clock/clock.ts";
import { startEmbeddedPostgres } from "../src/foundation/database/embedded/index.ts";
import { newMaterial, writeMaterial } from "../src/foundation/keys/material.ts";
import { asOwner, cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "./harness/process.ts";

/** The program as a process: how it starts, refuses to start, and stops. */
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** A folder that is removed with the test. */
async function folderFor(t: TestContext): Promise<string> {
  const folder = await newServerFolder();
  t.after(() => removeFolder(folder));
  return folder;
}

/** A database of its own on the tests' server, dropped with the test. */
async function databaseFor(t: TestContext): Promise<string> {
  const url = await cloneTemplate();
  t.after(() => dropDatabase(url));
  return url;
}

/** A server process that is stopped with the test, if it still runs. */
async function serverFor(t: TestContext, folder: string, environment: Record<string, string> = {}) {
  const server = await startProcess(folder, environment);
  t.after(async () => {
    server.child.kill("SIGKILL");
    await ended(server);
  });
  return server;
}

async function ended({ child }: ServerProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

/** Starts and expects a refusal: its exit code and all that it printed. */
async function refusal(folder: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      PORT: "0",
      CARDWRIGHT_FOLDER: folder,
      CARDWRIGHT_LOG_LEVEL: "silent",
      ...environment,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [code] = await once(child, "close");
  clearTimeout(late);
  return { code, output };
}

async function get({ facts }: ServerProcess, route: string, key = facts.apiKey) {
  const answer = await fetch(`${facts.url}${route}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
  return { status: answer.status, body: (await answer.json()) as any };
}

test("a fresh start gives a sandbox with money, both models and the same keys at each start", async (t) => {
  const folder = await folderFor(t);
  const first = await serverFor(t, folder);
  const { facts } = first;
  assert.equal(statSync(path.join(folder, "dev.json")).mode & 0o777, 0o600);
  assert.deepEqual(facts.programs.map(({ model }) => model).sort(), ["budgetCard", "card"]);
  const { body: organization } = await get(first, "/v1/organization");
  assert.deepEqual([organization.id, organization.mode], [facts.organizationId, "sandbox"]);
  const { body: balances } = await get(first, "/v1/balances");
  assert.ok(balances.balances[0].available > 0);
  assert.equal((await get(first, "/v1/organizations", facts.platformKey)).status, 200);
  const ready = await get(first, "/readyz");
  assert.deepEqual([ready.status, ready.body.status], [200, "ready"]);
  for (const part of ["/docs", facts.url, facts.apiKey]) assert.ok(first.output().includes(part));

  await stopProcess(first);
  assert.equal(first.child.exitCode, 0);
  assert.equal(existsSync(path.join(folder, "dev.json")), false);
  const second = await serverFor(t, folder);
  assert.deepEqual(
    { ...second.facts, url: "" },
    { ...facts, url: "" },
    "same keys, organization and programs",
  );
});

test("C14: a second start says who runs here, exits 1 and touches nothing", async (t) => {
  const folder = await folderFor(t);
  const first = await serverFor(t, folder);
  const before = readFileSync(path.join(folder, "dev.json"), "utf8");
  const { code, output } = await refusal(folder, {});
  assert.equal(code, 1);
  assert.ok(output.includes(first.facts.url), output);
  assert.ok(output.includes(String(first.child.pid)), output);
  const record = readFileSync(path.join(folder, "database.json"), "utf8");
  assert.ok(output.includes(JSON.parse(record).dataFolder), output);
  assert.equal(readFileSync(path.join(folder, "dev.json"), "utf8"), before);
  assert.equal((await get(first, "/v1/organization")).status, 200, "the first is unharmed");
});

test("C14: after kill -9 the next start takes over what was left, with all that was answered", async (t) => {
  const folder = await folderFor(t);
  const first = await serverFor(t, folder);
  const made = await deposit(first, 1_234);
  assert.equal(made.status, 201);
  first.child.kill("SIGKILL");
  await ended(first);
  const second = await serverFor(t, folder);
  const { status, body } = await get(second, `/v1/transfers/${made.body.id}`);
  assert.deepEqual([status, body.amount], [200, 1_234]);
});

test("a port that is taken is an error that names it; without PORT the next free one is used", async (t) => {
  const url = await databaseFor(t);
  const folder = await folderFor(t);
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { code, output } = await refusal(folder, { DATABASE_URL: url, PORT: String(port) });
  assert.equal(code, 1);
  assert.match(output, new RegExp(`Port ${port} .* is taken`));
  assert.ok(!output.includes("    at "), "no stack");

  const usual = createServer().listen(8_787, "127.0.0.1");
  await Promise.race([once(usual, "listening"), once(usual, "error").catch(() => undefined)]);
  t.after(() => usual.close());
  const server = await serverFor(t, folder, { DATABASE_URL: url, PORT: "" });
  const used = Number(new URL(server.facts.url).port);
  assert.ok(used > 8_787 && used < 8_900, `${used}`);
});

test("a HOST that is no address of this machine is named; the database is not blamed", async (t) => {
  const url = await databaseFor(t);
  const folder = await folderFor(t);
  const { code, output } = await refusal(folder, { DATABASE_URL: url, HOST: "256.1.1.1" });
  assert.equal(code, 1);
  assert.match(output, /cannot listen on 256\.1\.1\.1.*HOST/);
  assert.ok(!output.includes("DATABASE_URL"), output);
});

test("settings that cannot be used are named, all at once, without their values", async (t) => {
  const folder = await folderFor(t);
  const { code, output } = await refusal(folder, {
    PORT: "http",
    DATABASE_URL: "mysql://user:hunter2@host/db",
    CARDWRIGHT_MODE: "prod",
    CARDWRIGHT_TYPO: "1",
  });
  assert.equal(code, 1);
  for (const name of ["PORT", "DATABASE_URL", "CARDWRIGHT_MODE", "CARDWRIGHT_TYPO"]) {
    assert.ok(output.includes(name), name);
  }
  assert.ok(!output.includes("hunter2"));
  assert.ok(!existsSync(path.join(folder, "database")), "nothing was begun");
});

test("a folder that cannot be made is refused by name, with either database", async (t) => {
  const databases: Record<string, string>[] = [{}, { DATABASE_URL: await databaseFor(t) }];
  for (const database of databases) {
    const { code, output } = await refusal("/proc/cardwright/deep", database);
    assert.equal(code, 1, output);
    assert.match(output, /CARDWRIGHT_FOLDER: \/proc\S* cannot be made .* Set it to/);
  }
});

test("a database that does not answer is named without its password", async (t) => {
  const folder = await folderFor(t);
  const url = "postgres://user:hunter2@127.0.0.1:1/cardwright";
  const { code, output } = await refusal(folder, { DATABASE_URL: url });
  assert.equal(code, 1);
  assert.match(output, /DATABASE_URL cannot be used \(ECONNREFUSED\)/);
  assert.ok(!output.includes("hunter2"));
});

test("C13: live refuses a database that is not durable, with every reason and remedy", async (t) => {
  const folder = await folderFor(t);
  const settings = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" };
  const unsafe = await startEmbeddedPostgres({ folder, settings, log: () => undefined });
  t.after(() => unsafe.stop());
  const { code, output } = await refusal(await folderFor(t), {
    DATABASE_URL: unsafe.url,
    CARDWRIGHT_MODE: "live",
    CARDWRIGHT_ALLOW_SOFTWARE_KEYS: "live",
  });
  assert.equal(code, 1);
  for (const name of ["fsync = on", "full_page_writes = on", "synchronous_commit = on"]) {
    assert.ok(output.includes(name), output);
  }
  const client = new pg.Client({ connectionString: unsafe.url });
  await client.connect();
  const { rows } = await client.query("select 1 from pg_tables where schemaname = 'public'");
  await client.end();
  assert.equal(rows.length, 0, "nothing was migrated");
});

test("G20: live starts only with keys of its own that nobody else can read", async (t) => {
  const folder = await folderFor(t);
  const live = { CARDWRIGHT_MODE: "live" };
  const allowed = { ...live, CARDWRIGHT_ALLOW_SOFTWARE_KEYS: "live" };
  const withoutHsm = await refusal(folder, live);
  assert.equal(withoutHsm.code, 1);
  assert.match(withoutHsm.output, /CARDWRIGHT_ALLOW_SOFTWARE_KEYS=live/);

  const file = path.join(folder, "keys.json");
  writeFileSync(file, writeMaterial(newMaterial("sandbox", systemEntropy)), { mode: 0o600 });
  const ofSandbox = await refusal(folder, allowed);
  assert.equal(ofSandbox.code, 1);
  assert.match(ofSandbox.output, /sandbox/);

  writeFileSync(file, writeMaterial(newMaterial("live", systemEntropy)));
  chmodSync(file, 0o644);
  const readable = await refusal(folder, allowed);
  assert.equal(readable.code, 1);
  assert.match(readable.output, /chmod 600/);

  chmodSync(file, 0o600);
  const server = await startLive(t, folder, allowed);
  const ready = (await (await fetch(`${server.url}/readyz`)).json()) as { warnings: string[] };
  assert.match(ready.warnings.join(), /software/);
  assert.equal(existsSync(path.join(folder, "dev.json")), false);
  const keyFile = path.join(folder, "first-platform-key");
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  const key = readFileSync(keyFile, "utf8").trim();
  const as = { headers: { authorization: `Bearer ${key}` } };
  assert.equal((await fetch(`${server.url}/v1/organizations`, as)).status, 200);
  assert.ok(!server.output().includes(key));
});

test("each start says from which age on somebody can be a customer: 18 where it says nothing", async (t) => {
  const DATABASE_URL = await databaseFor(t);
  const folder = await folderFor(t);
  for (const [said, age] of [
    [{ CARDWRIGHT_MINIMUM_AGE: "16" }, 16],
    [{}, 18],
  ] as const) {
    const server = await serverFor(t, folder, { DATABASE_URL, ...said });
    const { body } = await get(server, "/v1/verification-levels");
    assert.equal(body.minimumAge, age);
    await stopProcess(server);
  }
});

test("a graceful stop answers the request in flight, and readiness ends first", async (t) => {
  const url = await databaseFor(t);
  const folder = await folderFor(t);
  const server = await serverFor(t, folder, { DATABASE_URL: url });
  const holder = await holdAccount(t, url, server);
  const waiting = fetch(`${server.facts.url}/v1/events?after=1000000&wait=30`, {
    headers: { authorization: `Bearer ${server.facts.apiKey}` },
  });
  const inFlight = deposit(server, 77);
  await delay(300);
  server.child.kill("SIGTERM");
  assert.equal((await waiting).status, 200, "who waits for events is answered at once");
  await delay(300);
  assert.equal(existsSync(path.join(folder, "dev.json")), false);
  const late = connect(Number(new URL(server.facts.url).port), "127.0.0.1");
  const [refused] = await once(late, "error");
  assert.equal(refused.code, "ECONNREFUSED", "nothing new is accepted");
  assert.equal(server.child.exitCode, null, "it waits for the request in flight");
  await holder.query("commit");
  assert.equal((await inFlight).status, 201);
  const answered = performance.now();
  assert.equal(await ended(server), 0);
  assert.ok(performance.now() - answered < 5_000, "then nothing keeps it");
  const queued = await asOwner(
    url,
    "select 1 from record_queue union all select 1 from event_queue",
  );
  assert.equal(queued.length, 0, "the worker finished its work");
});

test("what does not end within the limit is cut, and a second signal ends at once", async (t) => {
  const url = await databaseFor(t);
  const folder = await folderFor(t);
  const hold = async (server: ServerProcess) => {
    const holder = await holdAccount(t, url, server);
    const cut = deposit(server, 77).catch(() => null);
    await delay(300);
    return { holder, cut };
  };
  const first = await serverFor(t, folder, {
    DATABASE_URL: url,
    CARDWRIGHT_STOP_TIMEOUT_MS: "200",
  });
  const held = await hold(first);
  first.child.kill("SIGTERM");
  assert.equal(await held.cut, null, "cut");
  await held.holder.query("rollback");
  assert.equal(await ended(first), 0);

  const second = await serverFor(t, folder, { DATABASE_URL: url });
  await hold(second);
  const begun = performance.now();
  second.child.kill("SIGTERM");
  await delay(100);
  second.child.kill("SIGTERM");
  assert.equal(await ended(second), 1);
  assert.ok(performance.now() - begun < 2_000);
});

test("several processes start on one empty database: it is filled once, and all serve", async (t) => {
  const url = await databaseFor(t);
  const folders = await Promise.all([folderFor(t), folderFor(t)]);
  const keys = writeMaterial(newMaterial("sandbox", systemEntropy));
  const environment = { DATABASE_URL: url, CARDWRIGHT_KEYS: keys };
  const servers = await Promise.all(folders.map((folder) => serverFor(t, folder, environment)));
  const [one, two] = servers.map(({ facts }) => ({ ...facts, url: "" }));
  assert.deepEqual(one, two);
  for (const server of servers) assert.equal((await deposit(server, 5)).status, 201);
  const organizations = await asOwner(
    url,
    "select 1 from organizations where id <> 'org_platform'",
  );
  assert.equal(organizations.length, 1);
});

/** Locks the account that every deposit needs, until the transaction of the answer ends. */
async function holdAccount(t: TestContext, url: string, { facts }: ServerProcess) {
  const holder = new pg.Client({ connectionString: url });
  // Its database is dropped before it is closed.
  holder.on("error", () => undefined);
  await holder.connect();
  t.after(() => holder.end().catch(() => undefined));
  await holder.query("begin");
  await holder.query("select 1 from ledger_accounts where id = $1 for update", [
    `acc_organization_available_${facts.organizationId}_EUR`,
  ]);
  return holder;
}

async function deposit({ facts }: ServerProcess, amount: number) {
  const answer = await fetch(`${facts.url}/v1/simulations/deposits`, {
    method: "POST",
    headers: { authorization: `Bearer ${facts.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ amount, currency: "EUR" }),
  });
  return { status: answer.status, body: (await answer.json()) as { id: string } };
}

/** A live server has no dev.json: it is ready when it says so in its log. */
async function startLive(t: TestContext, folder: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, PORT: "0", CARDWRIGHT_FOLDER: folder, ...environment },
  });
  t.after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  for (let waitedMs = 0; !output.includes('"msg":"ready"'); waitedMs += 20) {
    if (child.exitCode !== null || waitedMs > 60_000) throw new Error(output);
    await delay(20);
  }
  const url = /"url":"([^"]+)"/.exec(output)?.[1] ?? "";
  return { url, output: () => output };
}
