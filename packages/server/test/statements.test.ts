import assert from "node:assert/strict";
import { type IncomingMessage, request } from "node:http";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openDatabase } from "../src/foundation/database/database.ts";
import { addressOfRunning } from "../src/foundation/database/embedded/attach.ts";
import { furnish } from "./harness/furnish.ts";
import { postMany } from "./harness/movements.ts";
import { newServerFolder, removeFolder, startProcess, stopProcess } from "./harness/process.ts";
import { isLong } from "./harness/proof.ts";
import { startTestServer } from "./harness/server.ts";

/** Statements of any length stream in bounded memory (`npm run prove -- statements --long`: 1,000,000). */
const MB = 1_048_576;
const FORMATS = ["csv", "jsonl"] as const;

/**
 * The server's whole heap in the long form: less than the statement alone, and a server that gathers it
 * ends for want of memory.
 */
const HEAP_MB = 128;

/** What a stream came to. */
type Counted = { readonly lines: number; readonly bytes: number; readonly last: string };

/** Reads a statement and keeps nothing of it but its last line. */
async function count(
  url: string,
  key: string,
  onPart: (bytes: number) => void = () => undefined,
): Promise<Counted> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, { headers: { authorization: `Bearer ${key}` } });
    asked.on("response", resolve).on("error", reject).end();
  });
  assert.equal(answer.statusCode, 200);
  let [lines, bytes, last] = [0, 0, ""];
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    for (let at = part.indexOf(10); at !== -1; at = part.indexOf(10, at + 1)) lines += 1;
    last = (last + part.toString("utf8")).slice(-500);
    onPart(bytes);
  }
  return { lines, bytes, last };
}

/** Header, opening and closing of CSV; opening and closing of JSON Lines. */
const around = { csv: 3, jsonl: 2 } as const;

test("a statement of 30,000 movements streams without ever being in memory", {
  skip: isLong(),
}, async () => {
  const server = await startTestServer();
  const own = await furnish(server);
  const { card } = own.objects;
  await postMany(
    server.database.app,
    own.id,
    { type: "card", ownerId: card, currency: "EUR" },
    30_000,
  );
  await server.sequence();
  const key = await server.newKey(own.id, ["funds:read"]);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const inUse = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  for (const format of FORMATS) {
    const url = `${server.url}/v1/cards/${card}/statements?format=${format}`;
    await count(`${url}&to=2000-01-01T00:00:00Z`, key);
    const before = inUse();
    let [most, looked] = [0, 0];
    const { lines, bytes } = await count(url, key, (received) => {
      if (received - looked < MB / 2) return;
      looked = received;
      most = Math.max(most, inUse() - before);
    });
    assert.equal(lines, 30_001 + around[format]);
    assert.ok(bytes > 5 * MB, `${bytes}`);
    assert.ok(most < 4 * MB, `${format}: ${(most / MB).toFixed(1)} MB were in memory`);
  }
});

test("a statement of 1,000,000 movements streams in bounded memory", {
  skip: !isLong(),
}, async () => {
  const movements = 1_000_000;
  const folder = await newServerFolder();
  const server = await startProcess(folder, {}, [`--max-old-space-size=${HEAP_MB}`]);
  after(async () => {
    await stopProcess(server);
    await removeFolder(folder);
  });
  const { facts } = server;
  const program = facts.programs.find(({ model }) => model === "card");
  const made = await fetch(`${facts.url}/v1/cards`, {
    method: "POST",
    headers: { authorization: `Bearer ${facts.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      typeId: program?.id,
      firstName: "Ada",
      lastName: "Example",
      initialBalance: 1_000,
    }),
  });
  const { id } = (await made.json()) as { id: string };
  const address = addressOfRunning(folder);
  assert.ok(address !== null);
  const database = openDatabase({ url: address, role: "cardwright_app", maxConnections: 2 });
  const begun = performance.now();
  const account = { type: "card", ownerId: id, currency: program?.currency ?? "EUR" } as const;
  await postMany(database, facts.organizationId, account, movements);
  const waits = { name: undefined, text: "select exists (select from record_queue) as waits" };
  const isWaiting = async () => (await database.query<{ waits: boolean }>(waits))[0]?.waits;
  while (await isWaiting()) await sleep(200);
  await database.close();
  console.log(`${movements} movements posted and sealed in ${seconds(begun)} s`);
  const idle = await heapOf(facts.url);
  console.log(`heap of the server before: ${idle.toFixed(0)} MB, allowed: ${HEAP_MB} MB`);
  for (const format of FORMATS) {
    const started = performance.now();
    const stopped = new AbortController();
    const most = mostHeap(facts.url, stopped.signal);
    const url = `${facts.url}/v1/cards/${id}/statements?format=${format}`;
    const { lines, bytes, last } = await count(url, facts.apiKey);
    stopped.abort();
    const heap = await most;
    const took = seconds(started);
    const rate = Math.round(movements / took);
    console.log(
      `${format}: ${lines} lines, ${(bytes / MB).toFixed(0)} MB in ${took} s, ${rate} lines/s, most heap ${heap.toFixed(0)} MB`,
    );
    assert.equal(lines, movements + 1 + around[format]);
    assert.match(last, /closing/);
    assert.ok(bytes > HEAP_MB * MB, "the statement is larger than the heap that it went through");
  }
  const checked = performance.now();
  const laws = await fetch(`${facts.url}/v1/ledger/invariants`, {
    headers: { authorization: `Bearer ${facts.apiKey}` },
  });
  const { holds } = (await laws.json()) as { holds?: boolean };
  console.log(`the laws of the books checked in ${seconds(checked)} s`);
  assert.deepEqual([laws.status, holds], [200, true]);
});

const seconds = (since: number) => Math.round((performance.now() - since) / 100) / 10;

/** The heap that a server uses, garbage included, MB. */
async function heapOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1]) / MB;
}

async function mostHeap(url: string, stopped: AbortSignal): Promise<number> {
  let most = 0;
  while (!stopped.aborted) {
    most = Math.max(most, await heapOf(url));
    await sleep(200);
  }
  return most;
}
