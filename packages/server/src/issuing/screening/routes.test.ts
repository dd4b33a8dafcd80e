import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { listed, load } from "./fixture.ts";

const server = await startTestServer();

test("every source is listed: one that was never loaded without a version", async () => {
  await load(server.database.app, [listed("1", "Zoltan Example")]);
  const { status, body } = await server.call("GET", "/screening-lists");
  assert.equal(status, 200);
  const lines = body.data.map((line: { source: string; version: number; entries: number }) => [
    line.source,
    line.version,
    line.entries,
  ]);
  assert.deepEqual(lines, [
    ["ofac_sdn", 1, 1],
    ["eu_consolidated", null, 0],
    ["un_consolidated", null, 0],
    ["pep", null, 0],
  ]);
  assert.equal(body.data[0].loadedBy, "tester");
  assert.equal(body.data[1].loadedAt, null);
});

test("a search answers with explained matches whose points add up, and with the lists it looked in", async () => {
  const births = [{ kind: "exact" as const, day: "1970-02-03" }];
  await load(server.database.app, [listed("7", "Qwertin Vexalov", { births })]);
  const question = { name: "Vexalov, Qwertin", birthDate: "1970-02-03" };
  const { status, body } = await server.call("POST", "/screening/search", question);
  assert.equal(status, 200, JSON.stringify(body));
  const [match] = body.matches;
  assert.equal(match.entry.sourceId, "7");
  assert.equal(match.name, "Qwertin Vexalov");
  const sum = match.reasons.reduce(
    (total: number, { points }: { points: number }) => total + points,
    0,
  );
  assert.equal(sum, match.score);
  assert.deepEqual(
    body.lists.map(({ source }: { source: string }) => source),
    ["ofac_sdn"],
  );
  assert.equal(
    (await server.call("POST", "/screening/search", { name: "Ada Sample" })).body.matches.length,
    0,
  );
});

test("nothing of a search is kept but that it was asked: no name in the audit log or in stored answers", async () => {
  const ask = () =>
    server.call(
      "POST",
      "/screening/search",
      { name: "Qwertin Vexalov" },
      { idempotencyKey: "s-1" },
    );
  assert.equal((await ask()).body.matches.length, 1);
  const again = await ask();
  assert.deepEqual([again.body.matches, again.body.secretOmitted], [null, true]);
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    `select a::text as text from audit_log a where action = 'searchScreeningLists'
     union all select k::text from idempotency_keys k`,
  );
  assert.ok(rows.length > 1);
  for (const { text } of rows) assert.doesNotMatch(text, /vexalov/i);
});
