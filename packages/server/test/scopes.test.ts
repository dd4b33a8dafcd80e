import assert from "node:assert/strict";
import test from "node:test";
import type { Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { scopes } from "../src/records/access/model.ts";
import { sampleOf } from "./harness/sample.ts";
import { startTestServer, type TestServer } from "./harness/server.ts";

/** Generated from the route table: a new route is in these tests without a line more. */
const server: TestServer = await startTestServer();
const organization = await server.newOrganization();

const scopeNames = Object.keys(scopes);

test("every route is for somebody, and its scope is in the table of scopes", () => {
  for (const route of routes) {
    if (route.scope !== null)
      assert.ok(scopeNames.includes(route.scope), `${route.id}: ${route.scope}`);
  }
});

test("G9: each route refuses a key that has every scope but its own, and names it", async () => {
  for (const route of routes.filter(({ scope }) => scope !== null)) {
    const others = scopeNames.filter((name) => name !== route.scope);
    const { status, body } = await callRoute(route, await keyWith(route, others));
    assert.equal(status, 403, `${route.id}: ${JSON.stringify(body)}`);
    assert.equal(body.code, "scope_missing", route.id);
    assert.ok(JSON.stringify(body).includes(route.scope ?? ""), `${route.id} names its scope`);
  }
});

test("G9: each route takes a key that has its scope alone", async () => {
  for (const route of routes) {
    const { status, body } = await callRoute(
      route,
      await keyWith(route, route.scope === null ? [] : [route.scope]),
    );
    assert.ok(![401, 403].includes(status), `${route.id}: ${status} ${JSON.stringify(body)}`);
    assert.ok(status < 500, `${route.id}: ${status} ${JSON.stringify(body)}`);
  }
});

test("G9: platform routes refuse an organization's key with every scope, and the reverse", async () => {
  for (const route of routes.filter(({ audience }) => audience !== "any")) {
    const wrong = route.audience === "platform" ? organization.apiKey : server.platformKey;
    const { status } = await callRoute(route, wrong);
    assert.equal(status, 403, route.id);
  }
});

test("each route refuses a request without a key, and with an unknown one", async () => {
  // So often one address may not fail in a minute: each server counts by itself.
  const another = await startTestServer();
  for (const route of routes) {
    assert.equal((await callRoute(route, null)).status, 401, route.id);
    const { status } = await callRoute(route, `cw_sandbox_${"x".repeat(43)}`, another);
    assert.equal(status, 401, route.id);
  }
});

function callRoute(route: Route, key: string | null, { call }: Pick<TestServer, "call"> = server) {
  const path = route.path.replace(/\{\w+\}/g, "unknown_0");
  const body = route.body === undefined ? undefined : sampleOf(route.body);
  return call(route.method, path, body, { key });
}

const keys = new Map<string, Promise<string>>();

/**
 * A key with just these scopes, of the side that the route is for. Routes share them: an organization
 * may have only so many.
 */
function keyWith({ audience }: Route, names: readonly string[]): Promise<string> {
  const owner = audience === "platform" ? null : organization.id;
  const wanted = `${owner} ${[...names].sort().join(" ")}`;
  const key = keys.get(wanted) ?? server.newKey(owner, names);
  keys.set(wanted, key);
  return key;
}
