import assert from "node:assert/strict";
import test, { after } from "node:test";
import { send } from "./crash/load.ts";
import { cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "./harness/process.ts";

/** Several server processes over one database need nothing more to be right. */
const PROCESSES = 3;
const ROOM = 1_000;
const REQUESTS = 3_000;

const database = await cloneTemplate();
const folder = await newServerFolder();
const servers: ServerProcess[] = [];
after(async () => {
  await Promise.all(servers.map(stopProcess));
  await removeFolder(folder);
  await dropDatabase(database);
});
for (let count = 0; count < PROCESSES; count += 1) {
  servers.push(await startProcess(folder, { DATABASE_URL: database }));
}

test("B1: 3,000 withdrawals of 1 unit over 3 processes with room for 1,000: 1,000 done, zero left", async () => {
  const card = await issueCard();
  const statuses = await spread(REQUESTS, (server) =>
    send(server.facts, "POST", `cards/${card}/withdraw`, { amount: 1 }).then(
      ({ status }) => status,
    ),
  );
  assert.equal(statuses.filter((status) => status === 201).length, ROOM);
  assert.equal(statuses.filter((status) => status === 422).length, REQUESTS - ROOM);
  assert.equal(await available(card), 0);
});

test("B3: one idempotency key at once at 3 processes: one effect, all others replay or wait", async () => {
  const card = await issueCard();
  const answers = await spread(90, (server) =>
    send(server.facts, "POST", `cards/${card}/withdraw`, { amount: 1 }, "the-same-key"),
  );
  const done = answers.filter(({ status }) => status === 201);
  assert.ok(done.length >= 1);
  assert.equal(new Set(done.map(({ body }) => body)).size, 1, "one stored answer");
  for (const { status, body } of answers) {
    assert.ok(status === 201 || body.includes("idempotency_in_progress"), body);
  }
  assert.equal(await available(card), ROOM - 1);
});

test("the books of a database with several processes hold", async () => {
  const { status, body } = await send(first().facts, "GET", "ledger/invariants");
  assert.equal(status, 200, body);
  assert.equal((JSON.parse(body) as { holds: boolean }).holds, true, body);
});

const first = (): ServerProcess => {
  const [server] = servers;
  assert.ok(server !== undefined);
  return server;
};

async function issueCard(): Promise<string> {
  const { facts } = first();
  const typeId = facts.programs.find(({ model }) => model === "card")?.id;
  const body = { typeId, firstName: "Ada", lastName: "Example", initialBalance: ROOM };
  const answer = await send(facts, "POST", "cards", body);
  assert.equal(answer.status, 201, answer.body);
  return (JSON.parse(answer.body) as { id: string }).id;
}

async function available(card: string): Promise<number> {
  const { body } = await send(first().facts, "GET", `cards/${card}`);
  return (JSON.parse(body) as { balances: { available: number } }).balances.available;
}

/** Sends that many requests at once, dealt over the processes in turn. */
function spread<T>(count: number, request: (server: ServerProcess) => Promise<T>): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const server = servers[index % servers.length];
      assert.ok(server !== undefined);
      return request(server);
    }),
  );
}
