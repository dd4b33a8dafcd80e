import assert from "node:assert/strict";
import test from "node:test";
import type { TSchema } from "typebox";
import type { Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { batchJobs } from "../src/issuing/cards/jobs/batches.ts";
import { asOwner } from "./harness/database.ts";
import { picture } from "./harness/evidence.ts";
import { made } from "./harness/furnish.ts";
import { runAll } from "./harness/jobs.ts";
import { kindsOf, paramsOf, pathIn, takesIds } from "./harness/places.ts";
import { queryOf, sampleOf } from "./harness/sample.ts";
import { type Call, startTestServer, type TestServer } from "./harness/server.ts";
import { furnishWhole, type Whole } from "./harness/whole.ts";

/**
 * G7, generated from the route table: for every route and every kind of id, another organization's id
 * answers exactly as an id that does not exist, and nothing is written.
 */
const server: TestServer = await startTestServer();
const mine: Whole = await furnishWhole(server);
const theirs: Whole = await furnishWhole(server);
await server.sequence();

/** An id of the same form that nothing has. */
const unknown = (id: string): string => `${id.slice(0, -6)}zzzzzz`;

const open = routes.filter(({ audience }) => audience !== "platform");
const withId = open.filter(({ path }) => path.includes("{"));

// First, because an audit log shows what its own organization has asked for.
test("G7: no read shows anything of another organization, with its ids as filters either", async () => {
  for (const route of open.filter(({ method }) => method === "GET")) {
    const path = pathIn(mine, route.path);
    const plain = await mine.call("GET", `${path}${queryOf(route.query)}`);
    assertNothingOfTheirs(route, plain.body);
    for (const field of idFields(route.query)) {
      for (const id of theirs.ids) {
        const { body } = await mine.call("GET", `${path}${queryOf(route.query, { [field]: id })}`);
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
      assert.deepEqual(anonymous(foreign.body, [id]), anonymous(missing.body, [id]), route.id);
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

test("G7: of two ids in a path each must belong to the other, whoever calls", async () => {
  const other = mine.objects.customer;
  const pairs = routes.filter(({ path }) => paramsOf(path).length > 1);
  assert.ok(pairs.length >= 8, "routes with two ids");
  for (const route of pairs) {
    const [, inner] = paramsOf(route.path);
    assert.ok(inner !== undefined && inner.kind in mine.objects, route.path);
    const [own, foreign] = [idOf(mine, inner.kind), idOf(theirs, inner.kind)];
    const { business } = mine.objects;
    const sides = [
      ...(route.audience === "platform" ? [] : [mine.call]),
      ...(route.audience === "organization" ? [] : [server.call]),
    ];
    for (const call of sides) {
      const isPlatform = call === server.call;
      for (const ids of [
        [business, foreign],
        [theirs.objects.business, own],
        [other, own],
        ...(isPlatform ? [] : [[theirs.objects.business, foreign]]),
      ]) {
        const known = await callPair(call, route, ids);
        assert.equal(known.status, 404, `${route.id} with ${ids}: ${JSON.stringify(known.body)}`);
        const missing = await callPair(call, route, ids.map(unknown));
        assert.deepEqual(anonymous(known.body, ids), anonymous(missing.body, ids), route.id);
      }
    }
  }
});

test("G7: another organization's id in a body gets the refusal of an unknown id", async () => {
  let refused = 0;
  for (const route of open) {
    for (const field of idFields(route.body)) {
      for (const id of foreignTo(field)) {
        for (const typeId of Object.values(mine.programs)) {
          const foreign = await callBody(route, {
            typeId,
            [field]: field.endsWith("s") ? [id] : id,
          });
          const none = unknown(id);
          const missing = await callBody(route, {
            typeId,
            [field]: field.endsWith("s") ? [none] : none,
          });
          const what = `${route.id}.${field} with ${id}`;
          assert.equal(foreign.status, missing.status, what);
          // Decided row by row, after the answer: see the next test.
          if (route.id === "createCardBatch") continue;
          assert.deepEqual(anonymous(foreign.body, [id]), anonymous(missing.body, [id]), what);
          assert.ok(route.kind === "read" || foreign.status >= 400, `${what} is refused`);
          if (JSON.stringify(foreign.body).includes("_not_found")) refused += 1;
        }
      }
    }
  }
  assert.ok(refused > 50, `${refused} were looked for`);
});

test("G7: another organization's id in a row of a batch gets the refusal of an unknown id", async () => {
  for (const field of ["customerId", "budgetId"]) {
    for (const id of theirs.ids) {
      const rows = Object.values(mine.programs).flatMap((typeId) =>
        [id, unknown(id)].map((value) => ({ typeId, initialBalance: 0, [field]: value })),
      );
      const batch = made(await mine.call("POST", "/cards/batches", { rows }));
      for (const job of batchJobs) await runAll(server, job, mine.id);
      const { data } = made(await mine.call("GET", `/cards/batches/${batch.id}/rows`));
      const answers = data.map(({ status, errors }: { status: string; errors: unknown }) =>
        anonymous({ status, errors }, [id]),
      );
      assert.equal(answers.length, 4);
      assert.ok(answers.every(({ status }: { status: string }) => status === "failed"));
      assert.deepEqual([answers[0], answers[2]], [answers[1], answers[3]], `${field} ${id}`);
    }
  }
});

test("G7: none of these attempts changed a row of the other organization", async () => {
  const before = await fingerprintOf(theirs.id);
  for (const route of withId.filter(({ method }) => method !== "GET")) {
    for (const id of theirs.ids) await callAs(route, id);
  }
  assert.deepEqual(await fingerprintOf(theirs.id), before);
});

function callAs(route: Route, id: string) {
  return callPath(mine.call, route, route.path.replace(/\{\w+\}/g, encodeURIComponent(id)));
}

function callPair(call: Call, route: Route, ids: readonly string[]) {
  const left = [...ids];
  return callPath(
    call,
    route,
    route.path.replace(/\{\w+\}/g, () => left.shift() ?? ""),
  );
}

/** With a body that would do, so that nothing but the path's ids is in question. */
function callPath(call: Call, route: Route, path: string) {
  const isUpload = route.kind === "upload";
  const valid = { typeId: mine.programs.card };
  const body = route.body === undefined ? undefined : sampleOf(route.body, valid);
  return call(route.method, `${path}${queryOf(route.query)}`, isUpload ? picture : body);
}

function callBody(route: Route, fields: Readonly<Record<string, unknown>>) {
  const body = sampleOf(route.body as TSchema, fields);
  return mine.call(route.method, pathIn(mine, route.path), body);
}

const idOf = ({ objects }: Whole, kind: string): string => objects[kind as keyof typeof objects];

/** Their ids to be tried in a field; a program is the platform's, and says for whom it is. */
function foreignTo(field: string): string[] {
  const kinds = kindsOf(field) ?? [];
  return theirs.ids.filter((id) => !(kinds.includes("program") && id === theirs.objects.program));
}

function propertiesOf(schema: TSchema | undefined): Record<string, unknown> {
  return ((schema ?? {}) as { properties?: Record<string, unknown> }).properties ?? {};
}

/** Names of fields that hold ids of ours, those of rows and other parts among them. */
function idFields(schema: TSchema | undefined): string[] {
  const named = namesIn(schema).filter(takesIds);
  return [...new Set(named)].filter((name) => !/^organization/.test(name));
}

function namesIn(schema: unknown): string[] {
  const {
    properties = {},
    items,
    anyOf = [],
  } = (schema ?? {}) as {
    properties?: Record<string, unknown>;
    items?: unknown;
    anyOf?: unknown[];
  };
  const parts = [...Object.values(properties), ...anyOf, ...(items === undefined ? [] : [items])];
  return [...Object.keys(properties), ...parts.flatMap(namesIn)];
}

/** An answer without what differs by nature: the request's id and the ids that were asked for. */
function anonymous(body: unknown, ids: readonly string[]): unknown {
  const text = JSON.stringify({ ...(body as object), requestId: null });
  const of = (id: string) => [id, unknown(id)];
  return JSON.parse(ids.flatMap(of).reduce((rest, id) => rest.replaceAll(id, "<id>"), text));
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
