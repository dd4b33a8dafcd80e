import assert from "node:assert/strict";
import { once } from "node:events";
import test, { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  ended,
  killDatabase,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "../harness/process.ts";
import { type Dice, dice, extent, proofSeed } from "../harness/proof.ts";
import { dealOperation, isFinal, type Operation, runLoad, send } from "./load.ts";

/**
 * One folder and one database (fsync on) live through all rounds; after each round every request that
 * got no answer is sent again with its key, and the books are compared with what was acknowledged.
 */
const WORKERS = 16;
const strike = fileURLToPath(new URL("./strike.ts", import.meta.url));
const steps = [
  "before lock",
  "after write",
  "before commit",
  "after commit, before the answer",
  "while relaying events",
  "while sealing records",
];

let folder = "";
let seeded: Dice = dice(1);
let cards: string[] = [];
let cardType = "";
const history: Operation[] = [];
const recoveryMs: number[] = [];

before(async () => {
  seeded = dice(proofSeed());
  folder = await newServerFolder();
  const server = await startProcess(folder);
  cardType = server.facts.programs.find(({ model }) => model === "card")?.id ?? "";
  for (let number = 0; number < 6; number += 1) {
    const operation = dealOperation({ ...seeded, chance: () => true }, [], cardType);
    operation.answer = await send(server.facts, "POST", "cards", operation.body, operation.key);
    assert.equal(operation.answer.status, 201, operation.answer.body);
    cards = [...cards, (JSON.parse(operation.answer.body) as { id: string }).id];
    history.push(operation);
  }
  await stopProcess(server);
});

after(() => removeFolder(folder));

test("C1: the database is killed under load; nothing acknowledged is lost and it is ready again", async () => {
  for (let round = 0; round < extent(10, 100); round += 1) {
    const server = await startProcess(folder);
    await loadUntilKilled(server, seeded.roll(700) + 100, () => killDatabase(folder));
    recoveryMs.push(await waitReady(server));
    await settle(server);
    await stopProcess(server);
  }
  const sorted = recoveryMs.toSorted((left, right) => left - right);
  console.log(`ready again after ms: ${sorted.map(Math.round).join(" ")}`);
  assert.ok((sorted[Math.floor(sorted.length / 2)] ?? 0) < 2_000, "half of the rounds within 2 s");
});

test("C2: the server is killed at each named step; a retry gets the stored answer", async () => {
  for (let round = 0; round < extent(10, 100); round += 1) {
    const step = steps[round % steps.length] ?? "";
    const environment = { CW_STRIKE: `${step}@${1 + seeded.roll(40)}` };
    const server = await startProcess(folder, environment, ["--import", strike]).catch(() => null);
    // The strike may come while the server starts (the sequencer has work left): that counts too.
    if (server !== null) await loadUntilKilled(server, 10_000, () => server.child.kill("SIGKILL"));
    await recover();
  }
});

test("C3: server and database are killed at once; nothing acknowledged is lost", async () => {
  for (let round = 0; round < extent(5, 100); round += 1) {
    const server = await startProcess(folder);
    await loadUntilKilled(server, seeded.roll(700) + 100, () => {
      server.child.kill("SIGKILL");
      killDatabase(folder);
    });
    await recover();
  }
});

test("I1–I7: after all rounds the books balance, the chain verifies, every effect has one event", async () => {
  const server = await startProcess(folder);
  await checkBooks(server);
  await checkEvents(server);
  for (const operation of history.filter(({ answer }) => answer !== null).slice(-200)) {
    const again = await send(server.facts, "POST", operation.path, operation.body, operation.key);
    assert.equal(again.body, operation.answer?.body, "a replay is the stored answer");
    assert.ok(again.replayed);
  }
  await stopProcess(server);
});

/** Load until `kill` was called (after `afterMs`) or the process has struck itself down. */
async function loadUntilKilled(
  server: ServerProcess,
  afterMs: number,
  kill: () => void,
): Promise<void> {
  let over = false;
  const died = once(server.child, "exit");
  const timer = sleep(afterMs).then(() => "time");
  const load = runLoad(
    server.facts,
    WORKERS,
    () => dealOperation(seeded, cards, cardType),
    () => over,
  );
  await Promise.race([timer, died]);
  if (server.child.exitCode === null && server.child.signalCode === null) kill();
  over = true;
  history.push(...(await load));
}

/** Starts again after a kill and settles what was left open. */
async function recover(): Promise<void> {
  const server = await startProcess(folder);
  await settle(server);
  await stopProcess(server);
  await ended(server);
}

async function waitReady(server: ServerProcess): Promise<number> {
  const start = performance.now();
  for (;;) {
    const ready = await fetch(`${server.facts.url}/readyz`).then(
      (response) => response.status === 200,
      () => false,
    );
    if (ready) return performance.now() - start;
    assert.ok(performance.now() - start < 30_000, `not ready after 30 s:\n${server.output()}`);
    await sleep(10);
  }
}

/** Sends every open operation again with its key until it is answered, then compares the books. */
async function settle(server: ServerProcess): Promise<void> {
  for (const operation of history.filter(({ answer }) => answer === null)) {
    for (let attempt = 0; operation.answer === null; attempt += 1) {
      const answer = await send(
        server.facts,
        "POST",
        operation.path,
        operation.body,
        operation.key,
      );
      if (isFinal(answer) && !answer.body.includes("idempotency_in_progress")) {
        operation.answer = answer;
      } else {
        assert.ok(attempt < 200, `no final answer: ${answer.body}`);
        await sleep(25);
      }
    }
  }
  await checkBalances(server);
}

/** I5: each card holds exactly what the acknowledged operations put there. */
async function checkBalances(server: ServerProcess): Promise<void> {
  const expected = new Map<string, number>();
  for (const { answer, effect } of history) {
    assert.ok(answer !== null);
    assert.ok([200, 201, 409, 422].includes(answer.status), answer.body);
    if (answer.status >= 300) continue;
    const card = effect.card ?? (JSON.parse(answer.body) as { id: string }).id;
    expected.set(card, (expected.get(card) ?? 0) + effect.amount);
  }
  for (const card of cards) {
    const { body } = await send(server.facts, "GET", `cards/${card}`);
    const { balances } = JSON.parse(body) as { balances: { available: number } };
    assert.equal(balances.available, expected.get(card), `balance of ${card}`);
  }
  assert.equal(await countCards(server), expected.size, "every acknowledged card, and no other");
}

async function countCards(server: ServerProcess): Promise<number> {
  let count = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const { body } = await send(server.facts, "GET", `cards?limit=100${query}`);
    const page = JSON.parse(body) as { data: unknown[]; nextCursor: string | null };
    count += page.data.length;
    cursor = page.nextCursor;
  }
  return count;
}

async function checkBooks(server: ServerProcess): Promise<void> {
  const { status, body } = await send(server.facts, "GET", "ledger/invariants");
  assert.equal(status, 200, body);
  assert.equal((JSON.parse(body) as { holds: boolean }).holds, true, body);
}

/** I6: sequences without a gap, and one event for each transfer, version by version. */
async function checkEvents(server: ServerProcess): Promise<void> {
  let last = 0;
  const transfers = new Set<string>();
  for (;;) {
    const { body } = await send(server.facts, "GET", `events?after=${last}&limit=100`);
    const { data } = JSON.parse(body) as {
      data: { sequence: number; type: string; objectId: string; objectVersion: number }[];
    };
    if (data.length === 0) break;
    for (const event of data) {
      assert.equal(event.sequence, last + 1, "no gap");
      last = event.sequence;
      if (event.type === "transfer.completed") {
        assert.ok(!transfers.has(event.objectId), "one event for each transfer");
        transfers.add(event.objectId);
      }
    }
  }
  const done = history.filter(({ answer }) => (answer?.status ?? 500) < 300).length;
  assert.ok(transfers.size >= done, `${transfers.size} transfers for ${done} effects`);
}
