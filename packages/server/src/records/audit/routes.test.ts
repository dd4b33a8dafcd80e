import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";

const server = await startTestServer();

type Line = { action: string; result: string; code: string | null; sequence: number | null };

test("200: what a key did, and what it was refused, is in its organization's log", async () => {
  const organization = await server.newOrganization();
  const made = await organization.call("POST", "/api-keys", {
    name: "Second",
    scopes: ["audit:read"],
  });
  assert.equal(made.status, 201);
  const refused = await organization.call("DELETE", "/api-keys/key_unknown");
  assert.equal(refused.status, 404);
  await server.sequence();
  const { status, body } = await organization.call("GET", "/audit-log");
  assert.equal(status, 200);
  const line = body.data.find((entry: Line) => entry.action === "createApiKey");
  assert.equal(line.objectId, made.body.id);
  assert.equal(line.organizationId, organization.id);
  assert.deepEqual([line.result, line.status, line.code], ["done", 201, null]);
  assert.deepEqual([line.actor.kind, line.ip], ["key", "127.0.0.1"]);
  assert.ok(line.sequence > 0);
  assert.match(line.requestId, /^req_/);
  assert.doesNotMatch(JSON.stringify(body), new RegExp(made.body.secret));
});

test("200: pages go on without repeating, and another organization's log is not in them", async () => {
  const organization = await server.newOrganization();
  for (let round = 0; round < 5; round += 1) {
    await organization.call("POST", "/api-keys", { name: `Key ${round}`, scopes: ["audit:read"] });
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const { body } = await organization.call(
      "GET",
      `/audit-log?action=createApiKey&limit=2${more}`,
    );
    seen.push(...body.data.map((entry: { id: string }) => entry.id));
    cursor = body.nextCursor;
  }
  assert.equal(seen.length, 5);
  assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
});

test("400: a filter that is no time, and times that only look like one, are named", async () => {
  const organization = await server.newOrganization();
  const times = [
    "yesterday",
    "2030-01-31",
    "0000-01-01T00:00:00Z",
    "2030-02-30T00:00:00Z",
    "2030-01-31T00:00:00%2B23:00",
    "2030-01-31T23:59:60Z",
  ];
  for (const time of times) {
    const { status, body } = await organization.call("GET", `/audit-log?from=${time}`);
    assert.equal(status, 400, time);
    assert.equal(body.errors[0].field, "from", time);
  }
  const { status } = await organization.call("GET", "/audit-log?from=2030-01-31T00:00:00%2B14:00");
  assert.equal(status, 200);
});

test("an act on an object that was named by an external id is in the log under the object's own id", async () => {
  const organization = await server.newOrganization();
  const person = { type: "individual", level: "minimum", externalId: "ada" };
  const { id } = (await organization.call("POST", "/customers", person)).body;
  await organization.call("PATCH", "/customers/external:ada", { email: "ada@example.com" });
  await server.sequence();
  const { body } = await organization.call("GET", `/audit-log?objectId=${id}`);
  assert.deepEqual(
    body.data.map(({ action }: Line) => action),
    ["changeCustomer", "createCustomer"],
  );
});

test("an object is reached by the longest external id, and so is what was refused of it", async () => {
  const organization = await server.newOrganization();
  const externalId = "😀".repeat(255);
  const path = `/customers/${encodeURIComponent(`external:${externalId}`)}`;
  assert.equal((await organization.call("PATCH", path, { email: "ada@example.com" })).status, 404);
  const person = { type: "individual", level: "minimum", externalId };
  assert.equal((await organization.call("POST", "/customers", person)).status, 201);
  assert.equal((await organization.call("GET", path)).body.externalId, externalId);
  assert.equal((await organization.call("PATCH", path, { email: "ada@example.com" })).status, 200);
  const key = await server.newKey(organization.id, []);
  const forbidden = await organization.call("PATCH", path, { email: "a@example.com" }, { key });
  assert.equal(forbidden.status, 403);
});

test("who, what and when are found by an index, among 50,000 entries of others", async () => {
  const { id } = await server.newOrganization();
  await asOwner(
    server.database.url,
    `insert into audit_log (organization_id, id, at, actor_kind, actor_id, action,
       object_organization_id, result, status, changes, request_id)
     select $1, 'aud_' || lpad(n::text, 26, '0'), timestamptz '2030-01-01' + n * interval '1 minute',
       'key', 'key_' || n % 7, 'act' || n % 5, $1, 'done', 200, '[]', 'req_' || n
     from generate_series(1, 50000) n`,
    [id],
  );
  await asOwner(server.database.url, "vacuum analyze audit_log");
  const plan = async (condition: string) => {
    const rows = await asOwner<{ "QUERY PLAN": string }>(
      server.database.url,
      `explain select id from audit_log where organization_id = '${id}' and ${condition}
       order by id desc limit 26`,
    );
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  };
  assert.match(await plan("actor_id = 'key_none'"), /audit_log_actor/);
  assert.match(await plan("action = 'none'"), /audit_log_action/);
  assert.match(await plan("at >= '2030-01-02' and at < '2030-01-02 01:00'"), /audit_log_at/);
});
