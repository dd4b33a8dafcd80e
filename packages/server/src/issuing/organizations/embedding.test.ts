import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";

/** Which origins may embed an organization's hosted pages is what the organization says, and no more. */
const server = await startTestServer({ mode: "live" });
const sandbox = await server.newOrganization();
const live = await server.newOrganization({ mode: "live" });
const shop = "https://shop.example.com";

const say = ({ call }: typeof live, embedOrigins: unknown) =>
  call("PATCH", "/organization", { embedOrigins });

test("to begin with nobody may embed; what is said replaces what was, and is announced", async () => {
  const own = await server.newOrganization();
  assert.deepEqual((await own.call("GET", "/organization")).body.embedOrigins, []);
  const { status, body } = await say(own, [shop, "https://example.com:8443"]);
  assert.deepEqual(
    [status, body.embedOrigins, body.version],
    [200, [shop, "https://example.com:8443"], 2],
  );
  assert.equal((await say(own, [shop, "https://example.com:8443"])).body.version, 2, "the same");
  assert.equal((await own.call("PATCH", "/organization", {})).body.version, 2, "nothing");
  assert.deepEqual((await say(own, [])).body.embedOrigins, []);
  await server.sequence();
  const events = (await own.call("GET", "/events?type=organization.updated")).body.data;
  assert.deepEqual(
    events.map(({ data }: { data: { previous: unknown } }) => data.previous),
    [{ embedOrigins: [] }, { embedOrigins: [shop, "https://example.com:8443"] }],
  );
});

test("400: what is not written as a browser writes an https origin is named", async () => {
  const wrong = [
    "https://shop.example.com/",
    "https://shop.example.com/path",
    "https://*.example.com",
    "https://*",
    "*",
    "'self'",
    "https:",
    "data:",
    "null",
    "http://shop.example.com",
    "http://localhost.example.com",
    "http://127.0.0.1:3000",
    "https://Shop.example.com",
    "https://münchen.example",
    "https://user@example.com",
    "https://example.com:0",
    "https://example.com:port",
    "https://-example.com",
    "https://example..com",
    "https://a.example https://b.example",
    "https://a.example; script-src *",
    "https://a.example\r\nx-evil: 1",
    "https://a.example\n",
    "https://a.example,https://b.example",
    `https://${"a".repeat(300)}.example`,
    "",
  ];
  for (const origin of wrong) {
    const { status, body } = await say(sandbox, [shop, origin]);
    assert.deepEqual([status, body.errors[0].field], [400, "embedOrigins.1"], origin);
  }
  const many = Array.from({ length: 11 }, (_, index) => `https://s${index}.example`);
  for (const origins of [many, [shop, shop], shop, null]) {
    const { status, body } = await say(sandbox, origins);
    assert.deepEqual([status, body.errors[0].field], [400, "embedOrigins"]);
  }
  assert.deepEqual((await sandbox.call("GET", "/organization")).body.embedOrigins, []);
});

test("http://localhost is for sandboxes; a live organization is told which origin it is", async () => {
  const both = [shop, "http://localhost:5173"];
  assert.equal((await say(sandbox, both)).status, 200);
  const { status, body } = await say(live, both);
  assert.deepEqual(
    [status, body.code, body.errors[0].field],
    [422, "embed_origin_not_allowed", "embedOrigins.1"],
  );
  assert.equal((await say(live, [shop])).status, 200);
});

test("403: a key that may make links but not change the organization cannot say who embeds them", async () => {
  const { id } = await server.newOrganization();
  const key = await server.newKey(id, ["customers:write", "organization:read"]);
  const { status, body } = await server.callAs(key)("PATCH", "/organization", {
    embedOrigins: ["https://evil.example"],
  });
  assert.deepEqual([status, body.code], [403, "scope_missing"]);
});

test("a closed organization changes nothing any more", async () => {
  const own = await server.newOrganization();
  await server.call("POST", `/organizations/${own.id}/close`, {});
  const { status, body } = await say(own, [shop]);
  assert.deepEqual([status, body.code], [409, "organization_closed"]);
});
