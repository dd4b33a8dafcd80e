import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Type } from "typebox";
import { startTestServer } from "../../../test/harness/server.ts";
import { readRoute } from "../../foundation/route/route.ts";
import { object } from "../../foundation/route/schemas.ts";

/** Connections that send slowly, or nothing, are ended; reads that wait end with their caller. */
const ends: string[] = [];
let begun = 0;

/** Until so many reads wait, however long they are on their way. */
async function untilBegun(count: number): Promise<void> {
  for (let tries = 0; begun < count && tries < 1_000; tries += 1) await delay(10);
  assert.equal(begun, count);
}

const wait = readRoute({
  id: "waitForIt",
  path: "/wait",
  summary: "Wait",
  tag: "Test",
  audience: "any",
  scope: null,
  errors: [],
  reply: object({ ended: Type.String() }),
  async handle({ signal }) {
    begun += 1;
    const ended = await Promise.race([
      delay(10_000, "by time", { ref: false }),
      new Promise<string>((resolve) => {
        signal?.addEventListener("abort", () => resolve("by signal"), { once: true });
      }),
    ]);
    ends.push(ended);
    return { ended };
  },
});

const stopping = new AbortController();
const server = await startTestServer({
  routes: [wait],
  settings: { CARDWRIGHT_REQUEST_TIMEOUT_MS: 600 },
  stopping: stopping.signal,
});
const { call, apiKey } = await server.newOrganization();
const { port } = new URL(server.url);

/** Sends a text piece by piece; answers what came back, and after how many ms the end came. */
async function drip(pieces: readonly string[], everyMs: number): Promise<[string, number]> {
  const begun = performance.now();
  const socket = connect(Number(port), "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => {
    answer += text;
  });
  const closed = new Promise((resolve) => socket.on("close", resolve).on("error", resolve));
  void (async () => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      socket.write(piece);
      await delay(everyMs);
    }
  })();
  await closed;
  return [answer, performance.now() - begun];
}

test("D11: headers that come byte by byte are cut off with 408", async () => {
  const bytes = [..."GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: yes\r\n\r\n"];
  const [answer, tookMs] = await drip(bytes, 100);
  assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*request_timeout/);
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
});

test("D11: a body that never comes is cut off with 408", async () => {
  const head = `POST /v1/wait HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
  const [answer, tookMs] = await drip([head, ...Array(50).fill(" ")], 100);
  assert.match(answer, /^HTTP\/1\.1 40[158]/);
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
});

test("a read that waits ends when its caller goes away", async () => {
  const leaving = new AbortController();
  const asked = fetch(`${server.url}/v1/wait`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: leaving.signal,
  });
  await untilBegun(1);
  leaving.abort();
  await assert.rejects(asked);
  for (let tries = 0; ends.length === 0 && tries < 1_000; tries += 1) await delay(10);
  assert.deepEqual(ends, ["by signal"]);
});

test("while it stops, what waits is answered, and new requests get 503 with connection: close", async () => {
  const waiting = call("GET", "/wait");
  await untilBegun(2);
  stopping.abort();
  assert.deepEqual((await waiting).body, { ended: "by signal" });
  const late = await call("GET", "/wait");
  assert.deepEqual([late.status, late.body.code], [503, "unavailable"]);
  assert.equal(late.headers.get("connection"), "close");
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
});
