import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { personalNames, secretNames } from "../src/foundation/log/names.ts";
import { mediaTypeOf } from "../src/foundation/route/formats.ts";
import { personalFieldsOf, personalPlacesOf } from "../src/foundation/route/personal.ts";
import type { Route } from "../src/foundation/route/route.ts";
import { columnsOf } from "../src/interfaces/api/csv.ts";
import { openApiDocument } from "../src/interfaces/api/openapi.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { personalFields as ofCards } from "../src/issuing/cards/schema.ts";
import { personalFields as ofCustomers } from "../src/issuing/customers/schema.ts";
import { personalFields as ofDocuments } from "../src/issuing/documents/schema.ts";
import { personalFields as ofHits } from "../src/issuing/screening/schema/hits.ts";
import { asOwner, testDatabase } from "./harness/database.ts";

/** Tables of the code agree with tables of the database and with what is published. */
const { url } = await testDatabase();

/** Tables that have no leading organization, each for a reason (STACK.md: small mapping tables). */
const globalTables = [
  "api_key_hash",
  "customer_settings",
  "installation",
  "job_runs",
  "migrations",
  "organizations",
  "event_queue",
  "pan_hash",
  "program_availability",
  "record_queue",
  "screening_entries",
  "screening_lists",
  "screening_settings",
];

test("the organization leads the key of every table that is not in the list of global ones", async () => {
  const rows = await asOwner<{ name: string; leading: string | null }>(
    url,
    `select c.relname as name, a.attname as leading
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     left join pg_index i on i.indrelid = c.oid and i.indisprimary
     left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
     where c.relkind = 'r' and n.nspname in ('public', 'vault')`,
  );
  const others = rows
    .filter(({ leading }) => leading !== "organization_id")
    .map(({ name }) => name);
  assert.deepEqual(others.sort(), globalTables.sort());
});

test("every unique constraint and foreign key of a tenant table is led by its organization", async () => {
  const rows = await asOwner<{ table: string; constraint: string; leading: string }>(
    url,
    `select c.relname as table, k.conname as constraint, a.attname as leading
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
     where k.contype in ('u', 'f') and n.nspname in ('public', 'vault')`,
  );
  assert.ok(rows.length > 10, "the catalog was read");
  const others = rows.filter(
    ({ table, leading }) => leading !== "organization_id" && !globalTables.includes(table),
  );
  assert.deepEqual(others, []);
});

test("append-only tables carry the guard, and the application has no grant to change them", async () => {
  const guarded = await asOwner<{ name: string }>(
    url,
    "select distinct tgrelid::regclass::text as name from pg_trigger where tgname = 'append_only'",
  );
  assert.ok(guarded.length >= 6, "the guards were read");
  for (const { name } of guarded) {
    for (const privilege of ["UPDATE", "DELETE", "TRUNCATE"]) {
      const [row] = await asOwner<{ may: boolean }>(
        url,
        "select has_table_privilege('cardwright_app', $1, $2) as may",
        [name, privilege],
      );
      assert.equal(row?.may, false, `${privilege} on ${name}`);
    }
    await assert.rejects(asOwner(url, `truncate ${name} cascade`), { code: "23001" }, name);
  }
});

test("G6: no table has a column for a CVC, a PIN, a track or a card number in clear", async () => {
  const rows = await asOwner<{ name: string }>(
    url,
    `select table_schema || '.' || table_name || '.' || column_name as name
     from information_schema.columns where table_schema in ('public', 'vault')
       and column_name ~ '(^|_)(cvc|cvv|pin|track|pan|card_number)(_|$)'`,
  );
  // What is known of a number without it: how long it is, and the card's place in a sequence.
  const harmless = /\.pan_(length|sequence)$/;
  const others = rows.map(({ name }) => name).filter((name) => !harmless.test(name));
  assert.deepEqual(others, []);
});

test("no reply has a field for a card number, a CVC or a PIN", () => {
  for (const route of routes) {
    for (const field of fieldNames(route.reply)) {
      assert.ok(
        !/^(pan|number|cardNumber|cvc|cvv|pin|track)$/i.test(field),
        `${route.id}: ${field}`,
      );
    }
  }
});

test("logs and audit go by lists that name each field that is secret or about a person", () => {
  const last = (path: string) => path.split(".").at(-1) ?? "";
  const named = (list: readonly string[]) => (path: string) => list.includes(last(path));
  const secrets = routes.flatMap((route) => (route.kind === "write" && route.secretFields) || []);
  assert.ok(secrets.length > 0);
  assert.deepEqual(
    secrets.filter((path) => !named(secretNames)(path)),
    [],
  );
  const personal = [...ofCards, ...ofCustomers, ...ofDocuments, ...ofHits];
  assert.deepEqual(
    personal.filter((path) => !named(personalNames)(path)),
    [],
  );
});

test("each field of a reply that is about a person is marked so, can be null, and says about whom", () => {
  // What has such a name and is about nobody: none so far.
  const other: readonly string[] = [];
  let seen = 0;
  for (const route of routes) {
    const marked = personalFieldsOf(route.reply);
    const named = placesNamed(route.reply, personalNames);
    const unmarked = named.filter((path) => !marked.some((field) => isWithin(field, path)));
    assert.deepEqual(
      unmarked.filter((path) => !other.includes(path)),
      [],
      route.id,
    );
    for (const [path, schema] of placesMarked(route.reply)) {
      assert.match(JSON.stringify(schema), /"type":"null"/, `${route.id}: ${path} can be null`);
      seen += 1;
    }
    const isStored = route.kind === "write" || route.kind === "batch";
    if (isStored) {
      assert.equal(personalPlacesOf(route.reply) === null, marked.length === 0, route.id);
    }
  }
  assert.ok(seen > 50, "the marks were found");
});

test("routes are unique by id and by method and path, and each names a summary and a tag", () => {
  const unique = (key: (route: Route) => string) =>
    assert.equal(new Set(routes.map(key)).size, routes.length);
  unique(({ id }) => id);
  unique(({ method, path }) => `${method} ${path}`);
  for (const { id, summary, tag } of routes) {
    assert.match(id, /^[a-z][A-Za-z0-9]+$/);
    assert.ok(
      summary.length > 5 && summary.length <= 80 && !summary.endsWith("."),
      `${id}: ${summary}`,
    );
    assert.match(tag, /^[A-Z]/, id);
  }
});

test("the guide to batches names every column of a row", async () => {
  const guide = await readFile(new URL("../../../docs/guides/batches.md", import.meta.url), "utf8");
  const route = routes.find(({ id }) => id === "createCardBatch");
  const schema = route?.body;
  assert.ok(schema !== undefined);
  const named = [...guide.matchAll(/`([\w.<>]+)`/g)].map(([, name = ""]) => name);
  for (const column of columnsOf(schema)) {
    const [object, inner] = column.split(".");
    assert.ok(
      named.includes(column) ||
        (named.some((name) => name.startsWith(`${object}.`)) && named.includes(`.${inner}`)),
      column,
    );
  }
});

test("each streamed route offers JSON first, and describes every format it offers", () => {
  const document = openApiDocument(routes) as unknown as Described;
  const streamed = routes.filter((route) => route.kind === "stream");
  assert.ok(streamed.length >= 3, "the streamed routes were found");
  for (const route of streamed) {
    const operation = document.paths[`/v1${route.path}`]?.get;
    assert.equal(route.formats[0], "json", route.id);
    assert.deepEqual(
      Object.keys(operation?.responses["200"]?.content ?? {}),
      route.formats.map(mediaTypeOf),
      route.id,
    );
    assert.ok(operation?.responses["406"], `${route.id} describes 406`);
    assert.ok(
      operation?.parameters?.some(({ name }) => name === "format"),
      route.id,
    );
  }
});

type Described = {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get?: {
          readonly parameters?: readonly { readonly name?: string }[];
          readonly responses: Readonly<Record<string, { readonly content?: object }>>;
        };
      }
    >
  >;
};

const isWithin = (field: string, path: string) => path === field || path.startsWith(`${field}.`);

type Place = readonly [path: string, schema: Readonly<Record<string, unknown>>];

/** Every field of a schema with its path; `[]` stands for each item of an array. */
function placesIn(schema: unknown, path: readonly string[] = []): Place[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {}, items, anyOf = [] } = schema as Readonly<Record<string, object>>;
  return [
    ...Object.entries(properties).flatMap(([name, inner]): Place[] => [
      [[...path, name].join("."), inner],
      ...placesIn(inner, [...path, name]),
    ]),
    ...Object.values(anyOf).flatMap((inner) => placesIn(inner, path)),
    ...placesIn(items, [...path, "[]"]),
  ];
}

const placesNamed = (schema: unknown, names: readonly string[]): string[] =>
  placesIn(schema).flatMap(([path]) =>
    names.includes(path.split(".").at(-1) ?? "") ? [path] : [],
  );

const placesMarked = (schema: unknown): Place[] =>
  placesIn(schema).filter(([, inner]) => "x-personal" in inner);

function fieldNames(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {} } = schema as { properties?: Record<string, unknown> };
  return [...Object.keys(properties), ...Object.values(schema).flatMap(fieldNames)];
}
