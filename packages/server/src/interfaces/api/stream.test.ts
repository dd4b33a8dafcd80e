import assert from "node:assert/strict";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Type } from "typebox";
import { startTestServer } from "../../../test/harness/server.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import { streamRoute } from "../../foundation/route/route.ts";
import { object } from "../../foundation/route/schemas.ts";
import { MAX_STREAMS } from "./stream.ts";

/** Answers that are sent while they are read: bounded, cut when broken, ended with their caller. */
const PIECE = "x".repeat(65_536);
let pulled = 0;
let ended = 0;
let broken = 0;

const held = Promise.withResolvers<void>();

async function* pieces(count: number, failsAt: number, holds: boolean): AsyncGenerator<string> {
  try {
    for (let piece = 0; piece < count; piece += 1) {
      if (piece === 1 && holds) await held.promise;
      if (piece === failsAt) throw new Error("It broke in the middle.");
      pulled += 1;
      yield PIECE;
    }
  } finally {
    ended += 1;
  }
}

const flow = streamRoute({
  id: "flow",
  path: "/flow",
  summary: "Flow",
  tag: "Test",
  audience: "any",
  scope: null,
  errors: ["currency_mismatch"],
  formats: ["json", "csv"],
  query: {
    count: Type.Integer({ minimum: 0 }),
    failsAt: Type.Optional(Type.Integer()),
    refused: Type.Optional(Type.Boolean()),
    holds: Type.Optional(Type.Boolean()),
  },
  reply: object({ text: Type.String() }),
  async handle({ query: { count, failsAt = -1, refused = false, holds = false } }) {
    const refusal = generalErrors.refusal("currency_mismatch");
    const refusing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refusal) }) };
    return { fileName: "flow", pieces: refused ? refusing : pieces(count, failsAt, holds) };
  },
});

const server = await startTestServer({
  routes: [flow],
  settings: { CARDWRIGHT_REQUEST_TIMEOUT_MS: 1_500 },
});
const { call, apiKey } = await server.newOrganization();

/** Asks, and gives the answer before anything of it is read. */
function ask(query: string, method = "GET"): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}/v1/flow?${query}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}` },
    });
    asked.on("response", resolve).on("error", reject).end();
  });
}

/** Reads to the end. @throws Error where the connection was cut */
async function lengthOf(answer: IncomingMessage): Promise<number> {
  let length = 0;
  for await (const part of answer) length += (part as Buffer).length;
  return length;
}

const until = async (holds: () => boolean) => {
  for (let waitedMs = 0; !holds() && waitedMs < 5_000; waitedMs += 10) await delay(10);
  assert.ok(holds());
};

test("a streamed answer comes whole, with the type and the name of its format", async () => {
  const csv = await call("GET", "/flow?count=3&format=csv");
  assert.equal(csv.status, 200);
  assert.equal(csv.body.length, 3 * PIECE.length);
  assert.equal(csv.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(csv.headers.get("content-disposition"), 'attachment; filename="flow.csv"');
  const none = await call("GET", "/flow?count=0&format=csv");
  assert.deepEqual([none.status, none.body], [200, ""]);
  const accepted = await call("GET", "/flow?count=1", undefined, {
    headers: { accept: "text/csv" },
  });
  assert.equal(accepted.headers.get("content-type"), "text/csv; charset=utf-8");
});

test("406: a type that the answer cannot have, with those that it can; 400: an unknown format", async () => {
  const { status, body } = await call("GET", "/flow?count=1", undefined, {
    headers: { accept: "image/png" },
  });
  assert.deepEqual([status, body.code], [406, "not_acceptable"]);
  assert.match(body.detail, /application\/json, text\/csv/);
  const unknown = await call("GET", "/flow?count=1&format=pdf");
  assert.deepEqual([unknown.status, unknown.body.errors[0].field], [400, "format"]);
});

test("a refusal or a fault before the first piece is answered as one", async () => {
  const refused = await call("GET", "/flow?count=1&refused=true");
  assert.deepEqual([refused.status, refused.body.code], [422, "currency_mismatch"]);
  const failed = await call("GET", "/flow?count=1&failsAt=0");
  assert.deepEqual([failed.status, failed.body.code], [500, "internal_error"]);
});

test("an error in the middle cuts the connection: a part never looks like a whole answer", async () => {
  const answer = await ask("count=5&failsAt=3&format=csv");
  assert.equal(answer.statusCode, 200);
  await assert.rejects(lengthOf(answer), { code: "ECONNRESET" });
});

test("what the caller does not take is not read: no more is pulled than the sockets hold", async () => {
  const before = pulled;
  const answer = await ask("count=4000&format=csv");
  await delay(500);
  const held = pulled - before;
  assert.ok(held < 400, `${held} pieces of 64 KiB were read for a caller that takes none`);
  await delay(200);
  assert.equal(pulled - before, held, "and it stays so");
  assert.equal(await lengthOf(answer), 4_000 * PIECE.length);
});

test("a caller that goes away ends the reading at once", async () => {
  const [wasEnded, wasPulled] = [ended, pulled];
  const answer = await ask("count=100000&format=csv");
  answer.destroy();
  await until(() => ended > wasEnded);
  assert.ok(pulled - wasPulled < 400);
});

test("a caller that takes nothing for the time of a request is cut off", async () => {
  const wasEnded = ended;
  const answer = await ask("count=4000&format=csv");
  answer.on("error", () => {
    broken += 1;
  });
  await delay(700);
  assert.equal(ended, wasEnded, "not before");
  await until(() => ended > wasEnded);
  answer.resume();
  await until(() => broken === 1);
});

test("HEAD gets the headers, and nothing is read for it", async () => {
  const before = pulled;
  const answer = await ask("count=4000&format=csv", "HEAD");
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers["content-type"], "text/csv; charset=utf-8");
  assert.equal(await lengthOf(answer), 0);
  assert.equal(pulled, before);
});

test("one process streams a limited number of answers at a time: 503 beyond, until one has ended", async () => {
  const open = await Promise.all(
    Array.from({ length: MAX_STREAMS }, () => ask("count=2&holds=true&format=csv")),
  );
  const beyond = await ask("count=1&format=csv");
  assert.deepEqual([beyond.statusCode, beyond.headers["retry-after"]], [503, "1"]);
  beyond.resume();
  held.resolve();
  assert.deepEqual(new Set(await Promise.all(open.map(lengthOf))), new Set([2 * PIECE.length]));
  assert.equal((await call("GET", "/flow?count=1&format=csv")).status, 200);
});

test("callers that go away while they are let in hold no places", async () => {
  const key = await server.newKey(null, []);
  const { hostname, port } = new URL(server.url);
  assert.equal((await call("GET", "/flow?count=1&format=csv")).status, 200);
  await server.database.app.transaction(async (sql) => {
    // Who asks with a key that was not seen yet waits for this.
    await sql.query({ name: undefined, text: "lock table api_keys in access exclusive mode" });
    const sockets = Array.from({ length: MAX_STREAMS }, () => connect(Number(port), hostname));
    for (const socket of sockets) {
      socket.write(
        `GET /v1/flow?count=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`,
      );
    }
    await delay(200);
    for (const socket of sockets) socket.resetAndDestroy();
    await delay(200);
  });
  await delay(100);
  assert.equal((await call("GET", "/flow?count=1&format=csv")).status, 200);
});
