import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";

const server = await startTestServer();
const { call } = server;

const codesOf = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body.code ?? "done"}`;

const create = (body: object) => call("POST", "/organizations", body);

test("201: a new organization answers with its first key, which works and is shown once", async () => {
  const body = { name: "Example Cards", externalId: "ex-1", currencies: ["EUR", "JPY"] };
  const answer = await call("POST", "/organizations", body, { idempotencyKey: "one" });
  assert.equal(answer.status, 201);
  const { id, apiKey, apiKeyId, createdAt, ...rest } = answer.body;
  assert.match(id, /^org_/);
  assert.match(apiKey, /^cw_sandbox_/);
  assert.match(apiKeyId, /^key_/);
  assert.match(createdAt, /Z$/);
  assert.deepEqual(rest, {
    name: "Example Cards",
    mode: "sandbox",
    status: "active",
    embedOrigins: [],
    externalId: "ex-1",
    version: 1,
  });
  const own = await call("GET", "/organization", undefined, { key: apiKey });
  assert.deepEqual(own.body, { id, createdAt, ...rest });
  const balances = await call("GET", "/balances", undefined, { key: apiKey });
  assert.deepEqual(
    balances.body.balances.map((one: { currency: string }) => one.currency),
    ["EUR", "JPY"],
  );
  const replay = await call("POST", "/organizations", body, { idempotencyKey: "one" });
  assert.equal(replay.body.id, id);
  assert.equal(replay.body.apiKey, null);
  assert.equal(replay.body.secretOmitted, true);
});

test("the first key of an organization has every scope that organizations may have, and no other", async () => {
  const { body } = await create({ name: "Scopes" });
  const keys = await call("GET", "/api-keys", undefined, { key: body.apiKey });
  const [first] = keys.body.data;
  assert.equal(first.id, body.apiKeyId);
  assert.ok(first.scopes.includes("cards:reveal") && first.scopes.includes("simulate"));
  assert.ok(!first.scopes.includes("organizations:write"));
  assert.equal((await call("GET", "/organizations", undefined, { key: body.apiKey })).status, 403);
});

test("409: an externalId is taken once; 400: unknown currencies, modes and fields", async () => {
  assert.equal((await create({ name: "A", externalId: "taken" })).status, 201);
  const again = await create({ name: "B", externalId: "taken" });
  assert.equal(codesOf(again), "409 organization_external_id_taken");
  assert.equal(again.body.errors[0].field, "externalId");
  for (const body of [
    {},
    { name: "" },
    { name: "x".repeat(201) },
    { name: "x", mode: "test" },
    { name: "x", currencies: ["XXX"] },
    { name: "x", currencies: ["EUR", "EUR"] },
    { name: "x", status: "closed" },
  ]) {
    assert.equal(codesOf(await create(body)), "400 invalid_request", JSON.stringify(body));
  }
});

test("422: a live organization needs a live installation", async () => {
  const answer = await create({ name: "Live", mode: "live" });
  assert.equal(codesOf(answer), "422 live_mode_not_available");
  assert.equal(answer.body.errors[0].field, "mode");
});

test("organizations are listed newest first with filters, and read by id or external id", async () => {
  const made = (await create({ name: "Listed", externalId: "listed/1" })).body;
  const listed = (await call("GET", "/organizations?limit=1")).body;
  assert.equal(listed.data[0].id, made.id);
  assert.ok(listed.nextCursor);
  const all = (await call("GET", "/organizations?limit=100")).body.data;
  assert.ok(all.every(({ id }: { id: string }) => id !== "org_platform"));
  const suspended = (await call("GET", "/organizations?status=suspended")).body.data;
  assert.deepEqual(suspended, []);
  assert.deepEqual((await call("GET", "/organizations?mode=live")).body.data, []);
  const read = await call("GET", `/organizations/${encodeURIComponent("external:listed/1")}`);
  assert.equal(read.body.id, made.id);
  assert.equal((await call("GET", `/organizations/${made.id}`)).body.externalId, "listed/1");
  for (const id of ["org_nothing", "external:nothing", "org_platform"]) {
    assert.equal(codesOf(await call("GET", `/organizations/${id}`)), "404 not_found");
  }
});

test("a change of name is a version and an event; the same name is neither", async () => {
  const { id } = (await create({ name: "Before" })).body;
  const path = `/organizations/${id}`;
  const changed = await call("PATCH", path, { name: "After" });
  assert.deepEqual([changed.body.name, changed.body.version], ["After", 2]);
  assert.equal((await call("PATCH", path, { name: "After" })).body.version, 2);
  assert.equal((await call("PATCH", path, {})).body.version, 2);
  assert.equal(codesOf(await call("PATCH", path, { mode: "live" })), "400 invalid_request");
  assert.equal(codesOf(await call("PATCH", "/organizations/org_x", {})), "404 not_found");
});

test("suspend, activate and close are each announced once, and closed is for ever", async () => {
  const { id, apiKey } = (await create({ name: "Moves" })).body;
  const move = (verb: string) => call("POST", `/organizations/${id}/${verb}`);
  const states: string[] = [];
  for (const verb of ["activate", "suspend", "suspend", "activate", "suspend", "close", "close"]) {
    const { body } = await move(verb);
    states.push(`${body.status} v${body.version}`);
  }
  assert.deepEqual(states, [
    "active v1",
    "suspended v2",
    "suspended v2",
    "active v3",
    "suspended v4",
    "closed v5",
    "closed v5",
  ]);
  assert.equal(codesOf(await move("activate")), "409 organization_closed");
  assert.equal(codesOf(await move("suspend")), "409 organization_closed");
  assert.equal(
    codesOf(await call("PATCH", `/organizations/${id}`, { name: "Other" })),
    "409 organization_closed",
  );
  await server.sequence();
  const events = await call("GET", "/events?after=0&limit=100", undefined, { key: apiKey });
  const own = events.body.data.filter((one: { objectId: string }) => one.objectId === id);
  assert.deepEqual(
    own.map((one: { type: string; objectVersion: number }) => [one.type, one.objectVersion]),
    [
      ["organization.created", 1],
      ["organization.suspended", 2],
      ["organization.activated", 3],
      ["organization.suspended", 4],
      ["organization.closed", 5],
    ],
  );
  assert.deepEqual(own[1].data.previous, { status: "active" });
  assert.equal((await call("GET", "/organization", undefined, { key: apiKey })).status, 200);
});

test("409: an organization with money is not closed", async () => {
  const { id } = (await create({ name: "Rich", currencies: ["USD"] })).body;
  await call("POST", `/organizations/${id}/deposits`, { amount: 1, currency: "EUR" });
  const refused = await call("POST", `/organizations/${id}/close`);
  assert.equal(codesOf(refused), "409 organization_not_empty");
  assert.match(refused.body.detail, /EUR/);
  await call("POST", `/organizations/${id}/payouts`, { amount: 1, currency: "EUR" });
  assert.equal((await call("POST", `/organizations/${id}/close`)).body.status, "closed");
});

test("balances as of an instant and of a sequence never change; one that is not yet is refused", async () => {
  const { id, apiKey } = (await create({ name: "As of" })).body;
  const balances = (query = "") => call("GET", `/balances${query}`, undefined, { key: apiKey });
  await call("POST", `/organizations/${id}/deposits`, { amount: 10, currency: "EUR" });
  await server.sequence();
  const events = await call("GET", "/events?after=0", undefined, { key: apiKey });
  const at = events.body.data.at(-1).recordedAt as string;
  await new Promise((resolve) => setTimeout(resolve, 20));
  await call("POST", `/organizations/${id}/deposits`, { amount: 5, currency: "EUR" });
  await server.sequence();
  const available = ({ body }: { body: { balances: { available: number }[] } }) =>
    body.balances.map((one) => one.available);
  assert.deepEqual(available(await balances()), [15]);
  assert.deepEqual(available(await balances(`?at=${encodeURIComponent(at)}`)), [10]);
  assert.deepEqual(available(await balances("?currency=USD")), []);
  const later = new Date(Date.now() + 3_600_000).toISOString();
  assert.equal(codesOf(await balances(`?at=${later}`)), "422 as_of_in_future");
  assert.equal(codesOf(await balances("?sequence=999999")), "422 as_of_not_reached");
  assert.equal((await balances(`?at=${encodeURIComponent(at)}&sequence=1`)).status, 400);
});

test("the platform reads any organization's balances by naming it", async () => {
  const { id } = (await create({ name: "Seen", currencies: ["EUR"] })).body;
  const seen = await call("GET", `/balances?organizationId=${id}`);
  assert.deepEqual(seen.body.balances, [
    { currency: "EUR", posted: 0, held: 0, available: 0, owed: 0 },
  ]);
  assert.equal(codesOf(await call("GET", "/balances")), "400 invalid_request");
  const unknown = await call("GET", "/balances?organizationId=org_nothing");
  assert.equal(codesOf(unknown), "422 organization_not_found");
  const other = await server.newOrganization();
  const foreign = await other.call("GET", `/balances?organizationId=${id}`);
  assert.equal(codesOf(foreign), "422 organization_not_found");
});
