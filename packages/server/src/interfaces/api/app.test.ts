import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "typebox";
import { startTestServer } from "../../../test/harness/server.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import { readRoute, writeRoute } from "../../foundation/route/route.ts";
import {
  idParams,
  object,
  pageQuery,
  positiveAmount,
  text,
} from "../../foundation/route/schemas.ts";

const reply = object({ id: Type.String(), amount: Type.Integer() });
const common = { tag: "Things", scope: null, errors: [], audience: "organization" } as const;
let effects = 0;

const routes = [
  readRoute({
    ...common,
    id: "listThings",
    path: "/things",
    summary: "List things",
    query: object({ ...pageQuery }),
    reply: object({ limit: Type.Integer() }),
    handle: async ({ query }) => ({ limit: query.limit ?? 0, internal: "never shown" }),
  }),
  writeRoute({
    ...common,
    id: "makeThing",
    method: "POST",
    path: "/things/{id}/make",
    summary: "Make a thing",
    params: idParams,
    body: object({ amount: positiveAmount, note: Type.Optional(text(20)) }),
    reply,
    status: 201,
    secretFields: ["id"],
    async handle({ params, body }) {
      if (body.note === "refuse") throw generalErrors.refusal("currency_mismatch");
      if (body.note === "break") throw new Error("internal words 4111111111111111");
      effects += 1;
      return { id: params.id, amount: body.amount + effects };
    },
  }),
];

const server = await startTestServer({ routes });
const { call } = await server.newOrganization();

test("a read answers what its reply schema lists, and nothing else", async () => {
  const { status, body, headers } = await call("GET", "/things");
  assert.equal(status, 200);
  assert.deepEqual(body, { limit: 25 });
  assert.match(headers.get("x-request-id") ?? "", /^req_/);
  assert.ok(headers.get("ratelimit-limit"));
});

test("401 without a key, 404 and 405 name what is wrong", async () => {
  const none = await call("GET", "/things", undefined, { key: null });
  assert.equal(none.status, 401);
  assert.equal(none.headers.get("www-authenticate"), 'Bearer realm="cardwright"');
  assert.equal((await call("GET", "/nowhere")).body.code, "not_found");
  const wrong = await call("DELETE", "/things");
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "GET, HEAD, OPTIONS");
});

test("all broken fields come back together", async () => {
  const { status, body } = await call("POST", "/things/x/make?y=1", { amount: "5", more: 1 });
  assert.equal(status, 400);
  assert.deepEqual(
    body.errors.map((line: { code: string; field: string }) => `${line.code} ${line.field}`).sort(),
    ["field_type amount", "field_unknown more", "field_unknown y"],
  );
});

test("an answer is stored with its work and replayed, its secret left out", async () => {
  const options = { idempotencyKey: "k1" };
  const first = await call("POST", "/things/x/make", { amount: 1 }, options);
  const again = await call("POST", "/things/x/make", { amount: 1 }, options);
  assert.equal(first.status, 201);
  assert.equal(first.body.id, "x");
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, { ...first.body, id: null, secretOmitted: true });
  const other = await call("POST", "/things/x/make", { amount: 2 }, options);
  assert.equal(other.body.code, "idempotency_key_reused");
});

test("a refusal by a business rule is stored, a fault is not and says nothing", async () => {
  const refused = { amount: 1, note: "refuse" };
  const first = await call("POST", "/things/x/make", refused, { idempotencyKey: "k2" });
  const again = await call("POST", "/things/x/make", refused, { idempotencyKey: "k2" });
  assert.equal(first.status, 422);
  assert.deepEqual(again.body, first.body);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  const broken = await call("POST", "/things/x/make", { amount: 1, note: "break" });
  assert.equal(broken.status, 500);
  assert.ok(!JSON.stringify(broken.body).includes("internal words"));
});
