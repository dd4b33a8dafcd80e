import assert from "node:assert/strict";
import { readdir, utimes } from "node:fs/promises";
import path from "node:path";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventOfMove } from "../src/issuing/customers/events.ts";
import { ORPHAN_AGE_MS } from "../src/issuing/documents/model.ts";
import { load } from "../src/issuing/screening/fixture.ts";
import { askForLooks, asking, DAY_MS } from "./crash/estate.ts";
import { requireWhole, untilAlone } from "./crash/halves.ts";
import { entries, lives, type Outcome, type Stage } from "./crash/lives.ts";
import { type Acknowledged, patientWith, type Whereabouts } from "./crash/patient.ts";
import { inDatabase, quiet } from "./crash/quiet.ts";
import { reckonLaws } from "./crash/reckoning.ts";
import { asOwner, cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  ended,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "./harness/process.ts";
import { dice, extent, proofSeed } from "./harness/proof.ts";

/**
 * Customers go all ways that there are, many at once, over a server that is killed again and again; who
 * asks asks again until there is an answer. After each kill nothing is half done, and at the end each thing
 * that was asked for is there once.
 */
const KILLS = extent(8, 300);
const WORKERS = 8;
const seeded = dice(proofSeed());
const strike = fileURLToPath(new URL("./crash/strike.ts", import.meta.url));

/** Where it is killed, and from which time on until which. */
const steps = [
  ["after any write", 5, 150],
  ["after any write", 5, 600],
  ["before commit", 2, 40],
  ["after commit, before the answer", 2, 40],
  ["before a document is written", 1, 4],
  ["after a hit or a restriction", 1, 8],
] as const;

/** And while a job erases what the law has kept of a few. */
const erasing = [
  ["after any write", 2, 40],
  ["before commit", 1, 6],
] as const;

const folder = await newServerFolder();
const documents = path.join(folder, "documents");
const url = await cloneTemplate();
const where: Whereabouts = { facts: null, isOver: false };
let server: ServerProcess | null = null;
after(async () => {
  Object.assign(where, { facts: null, isOver: true });
  if (server !== null) await stopProcess(server);
  await removeFolder(folder);
  await dropDatabase(url);
});

async function start(strikeAt: string | null = null): Promise<ServerProcess | null> {
  await askForLooks(url);
  const more = { DATABASE_URL: url, CARDWRIGHT_FOUR_EYES: "on" };
  if (strikeAt === null) return startProcess(folder, more);
  const at = { ...more, CW_STRIKE: strikeAt };
  return startProcess(folder, at, ["--import", strike]).catch(() => null);
}

const outcomes: Outcome[] = [];

test("C2: whatever a server is killed at, nothing of customers, reviews, hits, access and links is half done or done twice", async (t) => {
  const stage = await furnish();
  let over = false;
  const ways = Object.values(lives);
  const work = async (first: number): Promise<void> => {
    for (let number = first; !over; number += 1) {
      const live = ways[number % ways.length] ?? lives.documented;
      outcomes.push(await live(stage));
    }
  };
  const all = Promise.all(Array.from({ length: WORKERS }, (_, number) => work(number)));
  all.catch(() => undefined);
  for (let kill = 0; kill < KILLS; kill += 1) await Promise.race([all, killOnce()]);
  over = true;
  server = await start();
  where.facts = server?.facts ?? null;
  await all;
  await quiet(url);
  await requireWhole(url);
  await requireFiles();
  await inDatabase(url, (database) => reckonLaws(database, []));
  assert.ok(where.facts !== null);
  const laws = await asking(where.facts, where.facts.apiKey)("GET", "ledger/invariants");
  assert.equal(laws.holds, true);
  for (const outcome of outcomes) await reckonOutcome(outcome);
  await reckonAnswers(stage.patient.acknowledged);
  await reckonAudit(stage.patient.acknowledged);
  const { patient } = stage;
  t.diagnostic(
    `${KILLS} kills, ${outcomes.length} customers, ${patient.acknowledged.length} writes; ` +
      `${patient.lost} answers were lost`,
  );
  assert.ok(patient.lost >= KILLS / 2, `only ${patient.lost} requests met a kill`);
});

test("C2: what is kept of deleted customers goes whole or stays whole, whatever the job that erases it is killed at; of files that nothing needs none is left", async () => {
  assert.ok(server !== null);
  server.child.kill("SIGKILL");
  await ended(server);
  await asOwner(
    url,
    `insert into organization_clocks select organization_id, $1::bigint from customers group by 1
     on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
    [6 * 366 * DAY_MS],
  );
  for (let kill = 0; kill < extent(2, 20); kill += 1) await killOnce(erasing);
  await age(await requireFiles());
  server = await start();
  await quiet(url);
  await requireWhole(url);
  const kept = await asOwner(
    url,
    "select id from customers where status = 'deleted' and erased_at is null",
  );
  assert.deepEqual(kept, [], "deleted customers whose retention is over");
  // What was erased by now is there until the next sweep, which the next start begins with.
  if (server !== null) await stopProcess(server);
  server = await start();
  for (let waitedMs = 0; (await requireFiles()).length > 0; waitedMs += 50) {
    assert.ok(waitedMs < 20_000, "files that nothing needs");
    await sleep(50);
  }
});

/** Kills a server in the midst of what it does, and looks at what that leaves. */
async function killOnce(at: typeof steps | typeof erasing = steps): Promise<void> {
  const [step, first, last] = seeded.pick<(typeof steps | typeof erasing)[number]>(at);
  const running = await start(`${step}@${first + seeded.roll(last - first)}`);
  if (running !== null) {
    where.facts = running.facts;
    await Promise.race([ended(running), sleep(1_500)]);
    where.facts = null;
    running.child.kill("SIGKILL");
    await ended(running);
  }
  await untilAlone(url);
  await requireWhole(url);
  await requireFiles();
}

/** Programs, a second reviewer, money for cards, and a list of sanctions. */
async function furnish(): Promise<Stage> {
  const first = await start();
  assert.ok(first !== null);
  const { facts } = first;
  const platform = asking(facts, facts.platformKey);
  const program = { model: "card", brand: "private", bin: "99990300", panLength: 16 };
  const terms = { ...program, currency: "EUR", availability: "all", requiresCustomer: true };
  const open = await platform("POST", "card-programs", { name: "Open", ...terms });
  const gates = { name: "Gated", ...terms, requiresAccess: true };
  const gated = await platform("POST", "card-programs", gates);
  const scopes = ["compliance:read", "compliance:write"];
  const second = await platform("POST", "api-keys", { name: "Second", scopes });
  const money = { amount: 10_000_000, currency: "EUR" };
  await asking(facts, facts.apiKey)("POST", "simulations/deposits", money);
  await inDatabase(url, (database) => load(database, entries));
  first.child.kill("SIGKILL");
  await ended(first);
  return {
    patient: patientWith(where, second.secret),
    dice: seeded,
    programs: { open: open.id, gated: gated.id },
  };
}

async function storedFiles(): Promise<Set<string>> {
  const names = await readdir(documents, { recursive: true });
  return new Set(names.filter((name) => /doc_/.test(name)));
}

/** What can be read has its bytes. @returns those that nothing needs */
async function requireFiles(): Promise<string[]> {
  const rows = await asOwner<{ file: string; needed: boolean }>(
    url,
    `select organization_id || '/' || id as file, status <> 'erased' as needed from documents`,
  );
  const stored = await storedFiles();
  const needed = rows.filter((row) => row.needed).map(({ file }) => file);
  const missing = needed.filter((file) => !stored.has(file));
  assert.deepEqual(missing, [], "documents without their bytes");
  return [...stored].filter((file) => !needed.includes(file));
}

/** Makes files so old that no upload can be at them any more. */
async function age(files: readonly string[]): Promise<void> {
  const then = new Date(Date.now() - ORPHAN_AGE_MS - 60_000);
  for (const file of files) await utimes(path.join(documents, file), then, then);
}

const eventsOf = (customerId: string) =>
  asOwner<{ type: string }>(
    url,
    `select type from events where object_id = $1 and type <> 'customer.updated' order by sequence`,
    [customerId],
  );

async function reckonOutcome(outcome: Outcome): Promise<void> {
  const { customerId: id, moves, erased, cards, blocks, hit, begun } = outcome;
  const [row] = await asOwner<Record<string, unknown>>(
    url,
    `select
       array(select move from customer_status_history where customer_id = $1 order by version) as moves,
       array(select kind from documents where customer_id = $1 and status <> 'erased'
         and session_id is null order by id) as documents,
       (select count(*)::integer from documents where customer_id = $1 and status = 'erased') as erased,
       array(select id::text from cards where customer_id = $1 order by id) as cards,
       array(select distinct (select count(*)::integer from card_restrictions r where r.card_id = k.id)
         from cards k where k.customer_id = $1) as had,
       array(select distinct (select count(*)::integer from card_restrictions r where r.card_id = k.id
         and r.lifted_at is null) from cards k where k.customer_id = $1) as has,
       (select status from screening_hits where subject_id = $1) as hit,
       array(select status from verification_sessions where customer_id = $1
         and status in ('started', 'submitted')) as begun`,
    [id],
  );
  const [had, has] = blocks.map((count) => (cards.length === 0 ? [] : [count]));
  assert.deepEqual(row, {
    moves,
    documents: outcome.documents,
    erased,
    cards: cards.toSorted(),
    had,
    has,
    hit: hit ?? null,
    begun: Array.from({ length: begun }, () => "submitted"),
  });
  const told = moves.map((move) => eventOf(move));
  assert.deepEqual(
    (await eventsOf(id)).map(({ type }) => type),
    told,
  );
}

const eventOf = (move: string): string =>
  move === "create" ? "customer.created" : eventOfMove[move as keyof typeof eventOfMove];

/** Of these the first answer has a secret, which no other has. */
const secretive = ["createCustomer", "createVerificationSession"];

/** What was acknowledged is answered with the same words again, and not done again: see the audit log. */
async function reckonAnswers(acknowledged: readonly Acknowledged[]): Promise<void> {
  const gone = acknowledged.filter(({ action }) => action === "deleteCustomer");
  const plain = acknowledged.filter(({ action, answer }) => {
    const text = JSON.stringify(answer);
    return !secretive.includes(action) && !gone.some(({ objectId }) => text.includes(objectId));
  });
  for (const { action, answer, again } of plain.slice(-60)) {
    assert.deepEqual(await again(), answer, action);
  }
}

/** Each write that was acknowledged has one line, and what was not has none. */
async function reckonAudit(acknowledged: readonly Acknowledged[]): Promise<void> {
  const lines = await asOwner<{ line: string; count: number }>(
    url,
    `select action || ' ' || object_id as line, count(*)::integer as count from audit_log
     where actor_kind = 'key' and result = 'done' and action = any($1) group by 1`,
    [[...new Set(acknowledged.map(({ action }) => action))]],
  );
  const expected = Map.groupBy(acknowledged, ({ action, objectId }) => `${action} ${objectId}`);
  assert.deepEqual(
    new Map(lines.map(({ line, count }) => [line, count])),
    new Map([...expected].map(([line, all]) => [line, all.length])),
  );
  const [session] = await asOwner<Record<string, string>>(
    url,
    `select (select count(*) from verification_sessions where started_at is not null) as started,
       (select count(*) from audit_log where action = 'startVerification') as "startsKept",
       (select count(*) from verification_sessions where submitted_at is not null) as submitted,
       (select count(*) from audit_log where action = 'submitVerification' and result = 'done')
         as "submissionsKept"`,
  );
  assert.equal(session?.startsKept, session?.started);
  assert.equal(session?.submissionsKept, session?.submitted);
}
