import assert from "node:assert/strict";
import test from "node:test";
import type { TSchema } from "typebox";
import type { Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { asOwner } from "./harness/database.ts";
import { type Furnished, furnish } from "./harness/furnish.ts";
import { queryOf, sampleOf } from "./harness/sample.ts";
import { startTestServer, type TestServer } from "./harness/server.ts";

/**
 * G7, generated from the route table: for every route and every kind of id, another organization's id
 * answers exactly as an id that does not exist, and nothing is written.
 */
const server: TestServer = await startTestServer();
const mine: Furnished = await furnish(server);
const theirs: Furnished = await furnish(server);
await server.sequence();

/** An id of the same form that nothing has. */
const unknown = (id: string): string => `${id.slice(0, -6)}zzzzzz`;

const open = routes.filter(({ audience }) => audience !== "platform");
const withId = open.filter(({ path }) => path.includes("{"));

// First, because an audit log shows what its own organization has asked for.
test("G7: no read shows anything of another organization, with its ids as filters either", async () => {
  for (const route of open.filter(({ method, path }) => method === "GET" && !path.includes("{"))) {
    const plain = await mine.call("GET", `${route.path}${queryOf(route.query)}`);
    assertNothingOfTheirs(route, plain.body);
    for (const field of idFields(route.query)) {
      for (const id of theirs.ids) {
        const { body } = await mine.call(
          "GET",
          `${route.path}${queryOf(route.query, { [field]: id })}`,
        );
        assertNothingOfTheirs(route, withoutEcho(body, id));
      }
    }
  }
});

test("G7: a list of another organization's objects is refused as that of an unknown one", async () => {
  const lists = open.filter(({ query }) => "organizationId" in propertiesOf(query));
  assert.ok(lists.length >= 5, "the lists that the platform filters by organization");
  for (const { id, path, query, errors } of lists) {
    const of = (organizationId: string) =>
      mine.call("GET", `${path}${queryOf(query, { organizationId })}`);
    for (const named of [theirs.id, unknown(theirs.id)]) {
      const { status, body } = await of(named);
      assert.equal(status, 422, id);
      assert.equal(body.code, "organization_not_found", id);
      assert.ok(errors.includes(body.code), `${id} lists the refusal`);
    }
    assert.equal((await of(mine.id)).status, 200, id);
  }
});

test("G7: another organization's id in a path answers as one that does not exist: 404", async () => {
  for (const route of withId) {
    for (const id of theirs.ids) {
      const foreign = await callAs(route, id);
      const missing = await callAs(route, unknown(id));
      assert.equal(foreign.status, 404, `${route.id} with ${id}: ${JSON.stringify(foreign.body)}`);
      assert.deepEqual(anonymous(foreign.body, id), anonymous(missing.body, unknown(id)), route.id);
    }
  }
});

test("G7: another organization's external id is not found either", async () => {
  for (const route of withId) {
    for (const externalId of theirs.externalIds) {
      const { status } = await callAs(route, `external:${externalId}`);
      assert.equal(status, 404, `${route.id} with external:${externalId}`);
    }
  }
});

test("G7: another organization's id in a body gets the refusal of an unknown id", async () => {
  let fields = 0;
  for (const route of open) {
    for (const field of idFields(route.body)) {
      for (const id of theirs.ids) {
        fields += 1;
        const foreign = await callBody(route, field, id);
        const missing = await callBody(route, field, unknown(id));
        assert.equal(foreign.status, missing.status, `${route.id}.${field} with ${id}`);
        const preflight = route.kind === "read";
        assert.ok(preflight || foreign.status >= 400, `${route.id}.${field} with ${id} is refused`);
        assert.deepEqual(anonymous(foreign.body, id), anonymous(missing.body, unknown(id)));
      }
    }
  }
  assert.ok(fields > 0, "the table has bodies with ids");
});

test("G7: none of these attempts changed a row of the other organization", async () => {
  const before = await fingerprintOf(theirs.id);
  for (const route of withId.filter(({ method }) => method !== "GET")) {
    for (const id of theirs.ids) await callAs(route, id);
  }
  assert.deepEqual(await fingerprintOf(theirs.id), before);
});

/** Ids in bodies that would do, so that nothing but the path's id is in question. */
const valid = { typeId: mine.programs.card };

function callAs(route: Route, id: string) {
  const path = route.path.replace(/\{\w+\}/g, encodeURIComponent(id));
  return mine.call(
    route.method,
    `${path}${queryOf(route.query)}`,
    route.body === undefined ? undefined : sampleOf(route.body, valid),
  );
}

function callBody(route: Route, field: string, id: string) {
  const own = mine.ids[0] ?? "";
  const path = route.path.replace(/\{\w+\}/g, mine.idFor(route.path) ?? own);
  const isList = field.endsWith("s");
  const body = sampleOf(route.body as TSchema, { [field]: isList ? [id] : id });
  return mine.call(route.method, path, body);
}

function propertiesOf(schema: TSchema | undefined): Record<string, unknown> {
  return ((schema ?? {}) as { properties?: Record<string, unknown> }).properties ?? {};
}

/** Names of fields that hold ids of ours. */
function idFields(schema: TSchema | undefined): string[] {
  return Object.keys(propertiesOf(schema)).filter(
    (name) => /Ids?$/.test(name) && !/external|organization|national/i.test(name),
  );
}

/** An answer without what differs by nature: the request's id and the id that was asked for. */
function anonymous(body: unknown, id: string): unknown {
  const text = JSON.stringify({ ...(body as object), requestId: null });
  return JSON.parse(text.replaceAll(id, "<id>"));
}

function withoutEcho(body: unknown, id: string): unknown {
  const { data } = body as { data?: unknown };
  return data ?? JSON.parse(JSON.stringify(body).replaceAll(id, ""));
}

function assertNothingOfTheirs(route: Route, body: unknown): void {
  const text = JSON.stringify(body);
  for (const id of [theirs.id, ...theirs.ids, ...theirs.externalIds]) {
    assert.ok(!text.includes(id), `${route.id} shows ${id}`);
  }
}

/** Every row of an organization in every table that has a leading organization, as one hash a table. */
async function fingerprintOf(organizationId: string): Promise<Record<string, string>> {
  const tables = await asOwner<{ name: string }>(
    server.database.url,
    `select distinct c.relname as name from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
  );
  const hashes: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await asOwner<{ hash: string }>(
      server.database.url,
      `select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash
       from ${name} t where organization_id = $1`,
      [organizationId],
    );
    hashes[name] = row?.hash ?? "";
  }
  return hashes;
}
