import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Type } from "typebox";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";
import { type Audience, readRoute, writeRoute } from "../../foundation/route/route.ts";
import { idParams, object } from "../../foundation/route/schemas.ts";

/** Who is let in, how often, and what is written about it. */
const routeFor = (audience: Audience, over: object = {}) =>
  readRoute({
    id: `read_${audience}`,
    path: `/for-${audience}`,
    summary: "Read",
    tag: "Test",
    audience,
    scope: "cards:read",
    reply: object({ ok: Type.Boolean() }),
    errors: [],
    handle: async () => ({ ok: true }),
    ...over,
  });

const routes = [
  routeFor("organization"),
  routeFor("platform", { scope: "platform:read" }),
  routeFor("any"),
  routeFor("organization", { id: "simulate", path: "/simulate", scope: null, sandboxOnly: true }),
  routeFor("any", { id: "withId", path: "/things/{id}", params: idParams, scope: null }),
  writeRoute({
    id: "pokeThing",
    method: "POST",
    path: "/things/{id}/poke",
    summary: "Poke",
    tag: "Test",
    audience: "any",
    scope: "cards:write",
    params: idParams,
    reply: object({}),
    status: 200,
    errors: [],
    handle: async () => ({}),
  }),
  writeRoute({
    id: "breakThing",
    method: "POST",
    path: "/break",
    summary: "Break",
    tag: "Test",
    audience: "any",
    scope: null,
    reply: object({}),
    status: 200,
    errors: [],
    handle: () => Promise.reject(new Error("card 4111111111111111 of key cw_live_abcdefgh")),
  }),
];

const written: string[] = [];
const log = createLog("info", { write: (line) => void written.push(line) });
const server = await startTestServer({ routes, log, settings: { CARDWRIGHT_RATE_LIMIT: 40 } });
const sandbox = await server.newOrganization();
const live = await server.newOrganization({ mode: "live" });

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body.code ?? "ok"}`;

test("401 says how to authenticate, and whether a key was given", async () => {
  const none = await sandbox.call("GET", "/for-any", undefined, { key: null });
  assert.equal(codeOf(none), "401 unauthenticated");
  assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="cardwright"');
  const wrong = await sandbox.call("GET", "/for-any", undefined, { key: "cw_sandbox_nonsense" });
  assert.equal(codeOf(wrong), "401 unauthenticated");
  assert.match(wrong.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
  const basic = { key: null, headers: { authorization: "Basic dXNlcjpwYXNz" } };
  assert.equal(
    codeOf(await sandbox.call("GET", "/for-any", undefined, basic)),
    "401 unauthenticated",
  );
});

test("G9: a scope that is missing is named; a key of the wrong kind is told so", async () => {
  const key = await server.newKey(sandbox.id, ["budgets:read"]);
  const answer = await sandbox.call("GET", "/for-organization", undefined, { key });
  assert.equal(codeOf(answer), "403 scope_missing");
  assert.match(answer.body.detail, /cards:read/);
  assert.equal(codeOf(await server.call("GET", "/for-organization")), "403 key_of_wrong_audience");
  assert.equal(codeOf(await sandbox.call("GET", "/for-platform")), "403 key_of_wrong_audience");
  assert.equal(codeOf(await sandbox.call("GET", "/for-any")), "200 ok");
  assert.equal(codeOf(await server.call("GET", "/for-any")), "200 ok");
});

test("G15: an action that a key may not do is in the audit log, with who, what and from where", async () => {
  const organization = await server.newOrganization();
  const key = await server.newKey(organization.id, ["budgets:read"]);
  const answer = await organization.call("POST", "/things/card_x/poke", undefined, { key });
  assert.equal(codeOf(answer), "403 scope_missing");
  const rows = await asOwner(
    server.database.url,
    `select action, object_id, result, status, code, ip, request_id from audit_log
     where organization_id = $1`,
    [organization.id],
  );
  assert.deepEqual(rows, [
    {
      action: "pokeThing",
      object_id: "card_x",
      result: "refused",
      status: 403,
      code: "scope_missing",
      ip: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
    },
  ]);
});

test("an action that a key may not do is 403 whatever the path names, and no card number is kept of it", async () => {
  const key = await server.newKey(live.id, []);
  const poke = (id: string) => live.call("POST", `/things/${id}/poke`, undefined, { key });
  for (const id of ["%00", "card_%00x", "4111111111111111", "external:4111-1111-1111-1111"]) {
    assert.equal(codeOf(await poke(id)), "403 scope_missing", id);
  }
  const rows = await asOwner<{ object_id: string | null }>(
    server.database.url,
    "select object_id from audit_log where organization_id = $1 and action = 'pokeThing' order by id",
    [live.id],
  );
  assert.deepEqual(
    rows.map(({ object_id }) => object_id),
    [null, null, "[masked]", "[masked]"],
  );
});

test("what exists only in a sandbox refuses a live key with 403", async () => {
  assert.equal(codeOf(await sandbox.call("GET", "/simulate")), "200 ok");
  assert.equal(codeOf(await live.call("GET", "/simulate")), "403 sandbox_only");
});

test("G11: a key in the URL is refused even with a good key in the header, and is not logged", async () => {
  for (const path of [`/for-any?key=${sandbox.apiKey}`, `/things/${sandbox.apiKey}`]) {
    const answer = await sandbox.call("GET", path);
    assert.equal(codeOf(answer), "400 invalid_request");
    assert.equal(answer.body.errors[0].code, "key_in_url");
    assert.ok(!JSON.stringify(answer.body).includes(sandbox.apiKey));
  }
  await delay(20);
  assert.ok(!written.join("").includes(sandbox.apiKey));
});

test("one line a request: route, status, time, ids; no card number, no key, no words of a fault", async () => {
  written.length = 0;
  const ok = await sandbox.call("GET", "/for-any");
  await sandbox.call("GET", "/things/4111111111111111");
  await sandbox.call("GET", "/nowhere/4111-1111-1111-1111?pan=4111111111111111");
  await sandbox.call("GET", `/${"n".repeat(190)}/4111111111111111`);
  await sandbox.call("GET", "/nowhere/4111%201111%201111%201111");
  await sandbox.call("GET", `/nowhere/${sandbox.apiKey.replace("_", "%5F")}`);
  const broken = await sandbox.call("POST", "/break");
  assert.equal(codeOf(broken), "500 internal_error");
  assert.ok(!/card|key|4111-?1111/.test(JSON.stringify(broken.body)));
  await delay(20);
  const text = written.join("");
  assert.ok(!/4111(-|%20)?1111/.test(text), text);
  assert.ok(!text.includes("cw_live_abcdefgh"));
  assert.ok(!text.includes(sandbox.apiKey.slice("cw_".length)), text);
  const lines = written.map((line) => JSON.parse(line));
  const requests = lines.filter(({ msg }) => msg === "request");
  assert.equal(requests.length, 7);
  const [first, , third] = requests;
  assert.deepEqual(
    [first.method, first.route, first.status, first.requestId],
    ["GET", "read_any", 200, ok.headers.get("x-request-id")],
  );
  assert.match(first.keyId, /^key_/);
  assert.equal(typeof first.ms, "number");
  assert.equal(third.path, "/v1/nowhere/[redacted]");
  assert.equal(lines.filter(({ level }) => level === "error").length, 1);
});

test("the limit of a key counts down in RateLimit headers and ends in 429 with Retry-After", async () => {
  const key = await server.newKey(sandbox.id, ["cards:read"]);
  const first = await sandbox.call("GET", "/for-any", undefined, { key });
  assert.equal(first.headers.get("ratelimit-limit"), "40");
  assert.equal(first.headers.get("ratelimit-remaining"), "39");
  assert.match(first.headers.get("ratelimit-reset") ?? "", /^\d+$/);
  for (let at = 0; at < 39; at += 1) await sandbox.call("GET", "/for-any", undefined, { key });
  const over = await sandbox.call("GET", "/for-any", undefined, { key });
  assert.equal(codeOf(over), "429 rate_limited");
  assert.ok(Number(over.headers.get("retry-after")) > 0);
  assert.equal(over.headers.get("ratelimit-remaining"), "0");
  const other = await server.newKey(sandbox.id, ["cards:read"]);
  assert.equal(codeOf(await sandbox.call("GET", "/for-any", undefined, { key: other })), "200 ok");
});

test("G13: hundreds of wrong keys from one address are answered 429, a good one is let in", async () => {
  const wrong = () => sandbox.call("GET", "/for-any", undefined, { key: "cw_sandbox_wrong" });
  for (let at = 0; at < 300; at += 1) if ((await wrong()).status === 429) break;
  assert.equal(codeOf(await wrong()), "429 rate_limited");
  const good = await server.newKey(sandbox.id, ["cards:read"]);
  const answer = await sandbox.call("GET", "/for-any", undefined, { key: good });
  assert.equal(codeOf(answer), "200 ok", "a good key from the same address is still let in");
});

test("X-Forwarded-For is believed of a trusted proxy alone, for allow-lists and the audit log", async () => {
  const settings = { CARDWRIGHT_TRUSTED_PROXIES: ["127.0.0.1"] };
  const behind = await startTestServer({ routes, settings });
  const organization = await behind.newOrganization();
  const headers = { "x-forwarded-for": "203.0.113.7" };
  const ipOf = async (answer: { headers: Headers }, url: string) => {
    const [row] = await asOwner<{ ip: string }>(
      url,
      "select ip from audit_log where request_id = $1",
      [answer.headers.get("x-request-id")],
    );
    return row?.ip;
  };
  const key = await behind.newKey(organization.id, []);
  const told = await organization.call("POST", "/things/x/poke", undefined, { key, headers });
  assert.equal(await ipOf(told, behind.database.url), "203.0.113.7");
  const other = await server.newKey(sandbox.id, []);
  const untold = await sandbox.call("POST", "/things/x/poke", undefined, { key: other, headers });
  assert.equal(await ipOf(untold, server.database.url), "127.0.0.1");
});
