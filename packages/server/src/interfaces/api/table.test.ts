import assert from "node:assert/strict";
import { test } from "node:test";
import type { TSchema } from "typebox";
import { sampleOf } from "../../../test/harness/sample.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { routes } from "./routes.ts";

/** Generated from the route table: what holds for every route, those to come included. */
const server = await startTestServer();
const organization = await server.newOrganization();

type Shape = {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: object;
  readonly additionalProperties?: unknown;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
};

const shapeOf = (schema: TSchema | undefined) => schema as unknown as Shape | undefined;

/** Fields that answers have and that nobody may set. */
const readOnly = ["id", "version", "createdAt", "organizationId", "balances", "secret", "platform"];

const bodies = routes.filter(({ body, method }) => body !== undefined && method !== "GET");

test("G8: every body refuses unknown and read-only fields by name", async () => {
  for (const route of bodies) {
    const key = route.audience === "platform" ? server.platformKey : organization.apiKey;
    const known = Object.keys(shapeOf(route.body)?.properties ?? {});
    const forbidden = ["anything", ...readOnly.filter((name) => !known.includes(name))];
    const extra = Object.fromEntries(forbidden.map((name) => [name, "x"]));
    const body = { ...(sampleOf(route.body as TSchema) as object), ...extra };
    const path = route.path.replaceAll(/\{\w+\}/g, "card_unknown");
    const answer = await server.call(route.method, path, body, { key });
    assert.equal(answer.status, 400, `${route.id}: ${JSON.stringify(answer.body)}`);
    const named = (answer.body.errors as { code: string; field: string }[])
      .filter(({ code }) => code === "field_unknown")
      .map(({ field }) => field);
    assert.deepEqual(named.sort(), forbidden.sort(), route.id);
  }
});

test("G8: every object of every body and query is closed, every text and array of a body bounded", () => {
  const open: string[] = [];
  for (const { id, body, query, params } of routes) {
    for (const [part, schema] of Object.entries({ body, query, params })) {
      walk(shapeOf(schema), `${id}.${part}`, (shape, at) => {
        if (!isClosed(shape)) open.push(`${at} takes any field`);
        if (shape.type === "array" && !hasBound(shape)) open.push(`${at} is unbounded`);
        if (shape.type === "string" && !isBounded(shape)) open.push(`${at} is unbounded`);
      });
    }
  }
  assert.deepEqual(open, []);
});

test("G8: every object of every answer lists its fields", () => {
  const open: string[] = [];
  for (const { id, reply } of routes) {
    walk(shapeOf(reply), `${id}.reply`, (shape, at) => {
      if (!isClosed(shape)) open.push(at);
    });
  }
  // What events and audit rows tell of an object is as wide as all objects; its writers list it.
  assert.deepEqual(
    open.filter((at) => !/^list(Events|AuditLog|Audit\w*)\.reply\.data\[\]\./.test(at)),
    [],
  );
});

function walk(shape: Shape | undefined, at: string, visit: (shape: Shape, at: string) => void) {
  if (shape === undefined) return;
  visit(shape, at);
  for (const [name, inner] of Object.entries(shape.properties ?? {})) {
    walk(inner, `${at}.${name}`, visit);
  }
  walk(shape.items, `${at}[]`, visit);
  for (const branch of shape.anyOf ?? []) walk(branch, at, visit);
}

/** An object without fields of its own is a map: its names are bounded by a pattern. */
function isClosed({ type, additionalProperties, patternProperties }: Shape): boolean {
  return type !== "object" || additionalProperties === false || patternProperties !== undefined;
}

/** Words of a list, each once, are no more than the list. */
function hasBound({ maxItems, uniqueItems, items }: Shape): boolean {
  return maxItems !== undefined || (uniqueItems === true && items?.enum !== undefined);
}

/** Formats and patterns of a fixed length bound a text as well. */
function isBounded({ maxLength, enum: words, format, pattern }: Shape): boolean {
  const isFixed = pattern !== undefined && !/[*+]|,\}/.test(pattern.replaceAll(/\\./g, ""));
  return maxLength !== undefined || words !== undefined || format !== undefined || isFixed;
}
