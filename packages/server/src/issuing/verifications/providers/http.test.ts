import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import test from "node:test";
import { systemEntropy } from "../../../foundation/clock/clock.ts";
import { retryInS } from "../rules.ts";
import { sumsubDouble } from "./fixture.ts";
import { ask, idIn, reasonsFrom } from "./http.ts";

const double = await sumsubDouble();
const question = { method: "GET", url: double.url, headers: {} } as const;

test("a provider that hangs is given up after the time allowed", async () => {
  double.faults.push("hang");
  const begun = performance.now();
  await assert.rejects(ask(question, [], 200), { message: /did not answer in time/, isDown: true });
  assert.ok(performance.now() - begun < 5_000);
});

test("nobody there, a refusal and a fault of theirs are told apart by whether all would fail", async () => {
  await assert.rejects(ask({ ...question, url: "http://127.0.0.1:1" }), { isDown: true });
  for (const [fault, isDown] of [
    ["403", false],
    ["500", true],
    ["429", true],
  ] as const) {
    double.faults.push(fault);
    await assert.rejects(ask(question), { name: "ProviderFailure", isDown }, fault);
  }
});

test("a connection that the provider closed since the last question is not asked by again", async (t) => {
  const server = createServer((_, response) => response.end("{}"));
  server.on("connection", (socket: Socket) => {
    let questions = 0;
    socket.prependListener("data", () => {
      questions += 1;
      if (questions > 1) socket.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  for (let asked = 0; asked < 3; asked += 1) {
    assert.equal((await ask({ ...question, url })).status, 200);
  }
});

test("an id of a provider is a short word that cannot change a path", () => {
  assert.equal(idIn("5b594ade0a975a36c9349e66"), "5b594ade0a975a36c9349e66");
  for (const wrong of ["", "a/b", "..?", "a b", "x".repeat(256), 5, null, undefined, {}]) {
    assert.throws(() => idIn(wrong), /not understood/);
  }
});

test("reasons of a provider are texts, few, short and without control characters", () => {
  assert.deepEqual(reasonsFrom(["A\u0000\nB", " ", 5, null], "other"), ["A B"]);
  assert.deepEqual(reasonsFrom([], "other"), ["other"]);
  assert.equal(reasonsFrom(["x".repeat(600)], "")[0]?.length, 500);
  assert.equal(
    reasonsFrom(
      Array.from({ length: 30 }, (_, n) => `r${n}`),
      "",
    ).length,
    20,
  );
});

test("pauses double from half a minute to six hours, half of each at random; what is asked for is kept", () => {
  const least = () => new Uint8Array([0]);
  const most = () => new Uint8Array([255]);
  assert.deepEqual(
    [0, 1, 2, 30].map((n) => retryInS(n, null, least)),
    [15, 30, 60, 10_800],
  );
  assert.deepEqual(
    [0, 1, 2, 30].map((n) => retryInS(n, null, most)),
    [30, 60, 120, 21_600],
  );
  assert.equal(retryInS(0, 120, least), 120);
  assert.equal(retryInS(0, 999_999, least), 3_600, "an hour at most");
  assert.ok(retryInS(3, null, systemEntropy) >= 120);
});
