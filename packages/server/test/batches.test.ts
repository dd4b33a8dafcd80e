import assert from "node:assert/strict";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { newReport, runPass } from "../src/interfaces/worker/pass.ts";
import { openSetbacks } from "../src/interfaces/worker/setbacks.ts";
import { batchJobs } from "../src/issuing/cards/jobs/batches.ts";
import { send } from "./crash/load.ts";
import { asOwner, cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  type DevFacts,
  ended,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "./harness/process.ts";
import { type Dice, dice, extent, proofSeed } from "./harness/proof.ts";
import { startTestServer } from "./harness/server.ts";

/** Real server processes, one after the other, that work off batches of cards and are killed doing so. */
const ROWS = 1_000;
const KILLS = 10;
const BALANCE = 10;

const database = await cloneTemplate();
const folder = await newServerFolder();
const seeded: Dice = dice(proofSeed());
const strike = fileURLToPath(new URL("./crash/strike.ts", import.meta.url));
let running: ServerProcess | null = null;
after(async () => {
  if (running !== null) await stopProcess(running);
  await removeFolder(folder);
  await dropDatabase(database);
});

// biome-ignore lint/suspicious/noExplicitAny: answers of several routes.
type Body = any;

async function ask(facts: DevFacts, method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await send(facts, method, path, body);
  assert.ok(answer.status < 300, answer.body);
  return JSON.parse(answer.body);
}

async function start(step?: string): Promise<ServerProcess | null> {
  // The killed process would keep the job for ten seconds more.
  await asOwner(database, "update job_runs set holder = null, leased_until = null");
  const environment = {
    DATABASE_URL: database,
    ...(step === undefined ? {} : { CW_STRIKE: step }),
  };
  const options = step === undefined ? [] : ["--import", strike];
  const started = startProcess(folder, environment, options);
  // The strike may come while the server starts: that counts too.
  running = await (step === undefined ? started : started.catch(() => null));
  return running;
}

async function decidedOf(batch: string): Promise<number> {
  const [row] = await asOwner<{ count: number }>(
    database,
    `select count(*)::int as count from card_batch_rows where batch_id = $1 and status <> 'pending'`,
    [batch],
  );
  return row?.count ?? 0;
}

const isOver = ({ child }: ServerProcess) => child.exitCode !== null || child.signalCode !== null;

/** Kills at a random instant after a random row was decided, if the process lives so long. */
async function killAfter(server: ServerProcess, batch: string, rows: number): Promise<void> {
  for (let waitedMs = 0; !isOver(server) && (await decidedOf(batch)) < rows; waitedMs += 5) {
    assert.ok(waitedMs < 60_000, server.output());
    await sleep(5);
  }
  await sleep(seeded.roll(60));
  server.child.kill("SIGKILL");
  await ended(server);
  running = null;
}

/** Steps of a group's transaction at which the process kills itself, each with how often it is let by. */
const steps: readonly (() => string)[] = [
  () => `before lock@${1 + seeded.roll(4)}`,
  () => `after write@${1 + seeded.roll(2)}`,
  () => `before commit@${1 + seeded.roll(20)}`,
  () => `after commit, before the answer@${1 + seeded.roll(20)}`,
];

test("C2: a batch of 1,000 cards whose process is killed at 10 random points gives exactly 1,000 cards", async () => {
  for (let round = 0; round < extent(1, 8); round += 1) await survive(round);
});

async function survive(round: number): Promise<void> {
  const server = await start();
  assert.ok(server !== null);
  const { facts } = server;
  await ask(facts, "POST", "simulations/deposits", { amount: ROWS * BALANCE, currency: "EUR" });
  const before = await availableOf(facts);
  const cardsBefore = await countsOf();
  const typeId = facts.programs.find(({ model }) => model === "card")?.id;
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    typeId,
    firstName: "Ada",
    lastName: "Example",
    initialBalance: BALANCE,
    externalId: `batch ${round} row ${index + 1}`,
  }));
  const points = Array.from({ length: KILLS }, () => seeded.roll(ROWS - 100)).sort((a, b) => a - b);
  const batch = await ask(facts, "POST", "cards/batches", { rows });
  assert.equal(batch.counts.rows, ROWS);
  await killAfter(server, batch.id, 1);
  let kills = 1;
  for (const [place, point] of points.slice(1).entries()) {
    const step = seeded.pick(steps)();
    const next = await start(place % 2 === 1 ? step : undefined);
    if (next !== null) await killAfter(next, batch.id, point);
    kills += 1;
  }
  console.log(`killed ${kills} times with ${await decidedOf(batch.id)} of ${ROWS} rows decided`);
  assert.equal(kills, KILLS);
  await check({ batch: batch.id, before, cardsBefore });
}

type Made = {
  readonly batch: string;
  readonly before: number;
  readonly cardsBefore: Awaited<ReturnType<typeof countsOf>>;
};

async function check({ batch, before, cardsBefore }: Made): Promise<void> {
  const server = await start();
  assert.ok(server !== null);
  const { facts } = server;
  for (let waitedMs = 0; ; waitedMs += 50) {
    const { status, counts, charged } = await ask(facts, "GET", `cards/batches/${batch}`);
    if (status === "completed") {
      assert.equal(counts.issued, ROWS);
      assert.equal(await availableOf(facts), before - charged[0].total);
      break;
    }
    assert.ok(waitedMs < 120_000, server.output());
    await sleep(50);
  }
  const counts = await countsOf();
  for (const [what, count] of Object.entries(counts)) {
    assert.equal(count - cardsBefore[what as keyof typeof counts], ROWS, what);
  }
  const [row] = await asOwner<{ linked: number; named: number; sealed: number }>(
    database,
    `select count(distinct r.card_id)::int as linked, count(r.sealed)::int as sealed,
       count(*) filter (where c.external_id like '% row ' || r.number)::int as named
     from card_batch_rows r join cards c on c.organization_id = r.organization_id and c.id = r.card_id
     where r.batch_id = $1`,
    [batch],
  );
  assert.deepEqual(row, { linked: ROWS, named: ROWS, sealed: 0 }, "each row has its own card");
  const invariants = await ask(facts, "GET", "ledger/invariants");
  assert.equal(invariants.holds, true, JSON.stringify(invariants));
  await stopProcess(server);
  running = null;
}

/** Cards, their numbers and their events, each of them once. */
async function countsOf() {
  const [row] = await asOwner<{ cards: number; numbers: number; hashes: number; issued: number }>(
    database,
    `select (select count(*)::int from cards) as cards,
       (select count(*)::int from vault.card_numbers) as numbers,
       (select count(distinct hash)::int from vault.pan_hash) as hashes,
       (select count(distinct object_id)::int from (
          select object_id, type from events union all select object_id, type from event_queue) e
        where type = 'card.issued') as issued`,
  );
  assert.ok(row !== undefined);
  return row;
}

async function availableOf(facts: DevFacts): Promise<number> {
  const { balances } = await ask(facts, "GET", "balances");
  return balances.find(({ currency }: Body) => currency === "EUR").available;
}

test("a row that cannot be opened fails alone, again and again; the others are issued", async () => {
  const server = await startTestServer();
  const own = await server.newOrganization();
  const program = await server.call("POST", "/card-programs", {
    name: "Tests",
    model: "card",
    brand: "private",
    bin: "99990001",
    panLength: 16,
    currency: "EUR",
    availability: "all",
  });
  const row = {
    typeId: program.body.id,
    firstName: "Ada",
    lastName: "Example",
    initialBalance: 0,
  };
  const rows = Array.from({ length: 5 }, () => row);
  const { id } = (await own.call("POST", "/cards/batches", { rows })).body;
  await asOwner(
    server.database.url,
    "update card_batch_rows set sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) where number = 3",
  );
  const [job] = batchJobs as [(typeof batchJobs)[0]];
  const failed: string[] = [];
  const setbacks = openSetbacks(() => 0);
  for (const done of [4, 0]) {
    const report = newReport();
    const { database, keys, newId, committed } = server.context;
    await runPass(
      {
        context: { database, keys, newId, committed },
        job,
        setbacks,
        mayGoOn: async () => true,
        onFailure: (due) => void failed.push(due.id),
      },
      report,
    );
    assert.equal(report.done, done);
  }
  assert.deepEqual(failed, [`${id}.0003`]);
  const { body } = await own.call("GET", `/cards/batches/${id}`);
  assert.deepEqual([body.status, body.counts.issued, body.counts.pending], ["processing", 4, 1]);
  assert.equal(body.progress, 80);
  await server.sequence();
  const audit = (await own.call("GET", `/audit-log?objectId=${id}`)).body;
  assert.deepEqual(
    audit.data.map(({ action, actor }: Body) => [action, actor.kind]),
    [
      ["cards.issueBatches", "system"],
      ["createCardBatch", "key"],
    ],
  );
});

test("three processes over one database work off ten batches, each row once and a batch in its order", async () => {
  const servers: ServerProcess[] = [];
  for (let count = 0; count < 3; count += 1) {
    servers.push(await startProcess(folder, { DATABASE_URL: database }));
  }
  const [first] = servers as [ServerProcess];
  const { facts } = first;
  const typeId = facts.programs.find(({ model }) => model === "card")?.id;
  const before = await countsOf();
  const row = { typeId, firstName: "Ada", lastName: "Example", initialBalance: 0 };
  const rows = Array.from({ length: 70 }, () => row);
  const batches: Body[] = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      ask((servers[index % 3] as ServerProcess).facts, "POST", "cards/batches", { rows }),
    ),
  );
  for (const { id } of batches) {
    for (let waitedMs = 0; ; waitedMs += 50) {
      const { status, counts } = await ask(facts, "GET", `cards/batches/${id}`);
      if (status === "completed") {
        assert.equal(counts.issued, rows.length);
        break;
      }
      assert.ok(waitedMs < 60_000, "the batches are worked off");
      await sleep(50);
    }
  }
  assert.equal((await countsOf()).cards - before.cards, 700);
  const [disorder] = await asOwner<{ count: number }>(
    database,
    `select count(*)::int as count from (select card_id < lag(card_id) over (
       partition by batch_id order by number) as is_before from card_batch_rows) r where is_before`,
  );
  assert.equal(disorder?.count, 0);
  await Promise.all(servers.map(stopProcess));
});
