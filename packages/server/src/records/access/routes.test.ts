import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";

const server = await startTestServer();
const organization = await server.newOrganization();
const neighbour = await server.newOrganization();

const create = (body: object, options?: Parameters<typeof organization.call>[3]) =>
  organization.call("POST", "/api-keys", { name: "Shop", scopes: ["keys:read"], ...body }, options);

const codes = (body: { errors: { code: string }[] }) => body.errors.map(({ code }) => code);

test("201: a new key is answered with its secret once; lists, reads and replays are without", async () => {
  const made = await create({ ipAllowList: ["127.0.0.0/8"] }, { idempotencyKey: "first" });
  assert.equal(made.status, 201);
  const { secret, ...shown } = made.body;
  const again = await create({ ipAllowList: ["127.0.0.0/8"] }, { idempotencyKey: "first" });
  const read = await organization.call("GET", `/api-keys/${shown.id}`, undefined, { key: secret });
  const list = await organization.call("GET", "/api-keys?status=active");
  assert.deepEqual(again.body, { ...shown, secret: null, secretOmitted: true });
  assert.deepEqual({ ...read.body, lastUsedAt: null }, shown);
  assert.equal(list.status, 200);
  assert.ok(list.body.data.some((key: { id: string }) => key.id === shown.id));
  assert.ok(!JSON.stringify([read.body, list.body, again.body]).includes(secret.slice(16)));
  assert.equal(shown.status, "active");
  assert.equal(shown.hint, secret.slice(0, shown.hint.length));
});

test("400: an unknown scope, no scope, an unknown field, all named at once", async () => {
  const unknown = await create({ scopes: ["keys:read", "everything"], colour: "red", name: "" });
  assert.equal(unknown.status, 400);
  const fields = unknown.body.errors.map(({ field }: { field: string }) => field);
  assert.ok(fields.includes("colour") && fields.includes("name"), String(fields));
  assert.equal((await create({ scopes: [] })).status, 400);
  assert.equal((await create({ scopes: ["keys:read", "keys:read"] })).status, 400);
  assert.equal((await create({ expiresAt: "tomorrow" })).status, 400);
});

test("422: more scopes than the key has, a past expiry, an address that is none", async () => {
  const { body } = await create({ scopes: ["keys:read", "keys:write"] });
  const scopes = ["cards:read", "cards:block", "keys:read"];
  const tooMuch = await create({ scopes }, { key: body.secret });
  assert.equal(tooMuch.status, 422);
  assert.deepEqual(codes(tooMuch.body), ["scope_not_held", "scope_not_held"]);
  const platform = await create({ scopes: ["cards:block"] });
  assert.deepEqual(codes(platform.body), ["scope_not_held"]);
  const past = await create({ expiresAt: "2020-01-01T00:00:00Z" });
  assert.deepEqual([past.status, past.body.code], [422, "expiry_in_the_past"]);
  const nowhere = await create({ ipAllowList: ["nowhere"] });
  assert.deepEqual([nowhere.status, nowhere.body.code], [422, "ip_range_invalid"]);
});

test("G11: a revoked key is refused in the next request, and revoking again changes nothing", async () => {
  const { body } = await create({ scopes: ["keys:read", "keys:write"] });
  const asIt = { key: body.secret };
  assert.equal((await organization.call("GET", "/api-keys", undefined, asIt)).status, 200);
  const revoked = await organization.call("DELETE", `/api-keys/${body.id}`, undefined, asIt);
  assert.deepEqual([revoked.status, revoked.body.status], [200, "revoked"]);
  const refused = await organization.call("GET", "/api-keys", undefined, asIt);
  assert.deepEqual([refused.status, refused.body.code], [401, "unauthenticated"]);
  const again = await organization.call("DELETE", `/api-keys/${body.id}`);
  assert.deepEqual([again.status, again.body], [200, revoked.body]);
});

test("G11: rotated without overlap, the old key is refused in the next request; with it, both work", async () => {
  const { body } = await create({ scopes: ["keys:read", "keys:write"] });
  const rotate = (id: string, given?: object) =>
    organization.call("POST", `/api-keys/${id}/rotate`, given);
  const status = async (key: string) =>
    (await organization.call("GET", "/api-keys", undefined, { key })).status;
  const second = await rotate(body.id);
  assert.deepEqual([second.status, second.body.rotatedFrom], [201, body.id]);
  assert.deepEqual([await status(body.secret), await status(second.body.secret)], [200, 200]);
  const old = await organization.call("GET", `/api-keys/${body.id}`);
  const overlap = Date.parse(old.body.expiresAt) - Date.parse(second.body.createdAt);
  assert.equal(overlap, 86_400_000);
  const third = await rotate(second.body.id, { overlapSeconds: 0 });
  assert.deepEqual([await status(second.body.secret), await status(third.body.secret)], [401, 200]);
  const twice = await rotate(body.id, { overlapSeconds: 5 });
  assert.deepEqual([twice.status, twice.body.code], [409, "api_key_already_rotated"]);
  assert.equal((await rotate(third.body.id, { overlapSeconds: 2_592_001 })).status, 400);
  assert.equal((await rotate(third.body.id, { overlapSeconds: -1 })).status, 400);
});

test("409: the last key that manages keys cannot revoke itself", async () => {
  const lonely = await server.newOrganization();
  const { body } = await lonely.call("GET", "/api-keys");
  const own = await lonely.call("DELETE", `/api-keys/${body.data[0].id}`);
  assert.deepEqual([own.status, own.body.code], [409, "api_key_is_last"]);
});

test("404: another organization's key, read, rotated or revoked, is not there", async () => {
  const { body } = await create({});
  for (const [method, path] of [
    ["GET", `/api-keys/${body.id}`],
    ["POST", `/api-keys/${body.id}/rotate`],
    ["DELETE", `/api-keys/${body.id}`],
  ] as const) {
    const foreign = await neighbour.call(method, path);
    const unknown = await neighbour.call(method, path.replace(body.id, "key_unknown"));
    assert.equal(foreign.status, 404);
    assert.deepEqual({ ...foreign.body, requestId: 0 }, { ...unknown.body, requestId: 0 });
  }
  const list = await neighbour.call("GET", "/api-keys?limit=100");
  assert.ok(!JSON.stringify(list.body).includes(body.id));
});

test("G11: a key in the URL is refused, also the right one, and not quoted back", async () => {
  const { body } = await create({});
  const paths = [`/api-keys?key=${body.secret}`, `/api-keys?cursor=${body.secret}`];
  for (const path of paths) {
    const answer = await organization.call("GET", path);
    assert.equal(answer.status, 400);
    assert.ok(!JSON.stringify(answer.body).includes(body.secret));
    const asOnlyKey = await organization.call("GET", path, undefined, { key: null });
    assert.ok([400, 401].includes(asOnlyKey.status));
  }
});

test("403: a key used from an address that is not on its list", async () => {
  const { body } = await create({ ipAllowList: ["203.0.113.0/24"] });
  const answer = await organization.call("GET", "/api-keys", undefined, { key: body.secret });
  assert.deepEqual([answer.status, answer.body.code], [403, "ip_not_allowed"]);
});

test("keys follow real time where the sandbox's clock was moved years ahead", async () => {
  const traveller = await server.newOrganization();
  await asOwner(
    server.database.url,
    `insert into organization_clocks values ($1, 315360000000)
     on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
    [traveller.id],
  );
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await traveller.call("POST", "/api-keys", {
    name: "Hour",
    scopes: ["keys:read"],
    expiresAt,
  });
  assert.equal(made.status, 201);
  assert.ok(Math.abs(Date.parse(made.body.createdAt) - Date.now()) < 60_000);
  const used = await traveller.call("GET", "/api-keys", undefined, { key: made.body.secret });
  assert.equal(used.status, 200);
});
