import assert from "node:assert/strict";
import test from "node:test";
import type { TSchema } from "typebox";
import type { Route } from "../src/foundation/route/route.ts";
import { routes } from "../src/interfaces/api/routes.ts";
import { asOwner } from "./harness/database.ts";
import { pathIn } from "./harness/places.ts";
import { sampleOf } from "./harness/sample.ts";
import { type CallAnswer, startTestServer } from "./harness/server.ts";
import { furnishWhole } from "./harness/whole.ts";

/** Generated from the route table: every route with a body, every field of it, every way to be wrong. */
const server = await startTestServer();
const own = await furnishWhole(server);

const withBody = routes.filter(({ body }) => body !== undefined);

type Property = { readonly type?: string; readonly enum?: readonly unknown[] };

/** Raw JSON texts that no field of a type may take. */
const wrong: Readonly<Record<string, readonly string[]>> = {
  integer: [
    '"5"',
    "true",
    "[7]",
    "1.5",
    "1e3",
    "-0",
    "9007199254740992",
    "9007199254740990.6",
    "{}",
  ],
  string: ["5", "true", '["a"]', '{"$ne": ""}', '"a\\u0000b"'],
  boolean: ['"true"', "1", "{}"],
  array: ['"a"', "{}", "1"],
  object: ['"a"', "[]", "1"],
};

test("every wrong type, in every field of every route, is a 400 that names the field", async () => {
  let tried = 0;
  for (const route of withBody) {
    for (const [name, property] of properties(route)) {
      for (const raw of wrong[typeOf(property)] ?? []) {
        tried += 1;
        const answer = await send(route, bodyWith(route, name, raw));
        refusedCleanly(answer, `${route.id}.${name} = ${raw}`);
        assert.equal(
          answer.status,
          400,
          `${route.id}.${name} = ${raw}: ${JSON.stringify(answer.body)}`,
        );
        const fields = answer.body.errors.map(({ field }: { field?: string }) => field ?? "");
        assert.ok(
          fields.some(
            (field: string) =>
              field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`),
          ),
          `${route.id}.${name} = ${raw} names ${fields}`,
        );
      }
    }
  }
  assert.ok(tried > 200, `${tried} bodies`);
});

test("an unknown field is a 400 that names it, on every route", async () => {
  for (const route of withBody) {
    const answer = await send(route, bodyWith(route, "surprise", "1"));
    assert.equal(answer.status, 400, route.id);
    assert.ok(JSON.stringify(answer.body.errors).includes("surprise"), route.id);
  }
});

test("bodies that are no JSON object, too large or too deep are refused, on every route", async () => {
  const bodies: readonly [string, number][] = [
    ["", 400],
    ["{", 400],
    ["null", 400],
    ["[]", 400],
    ['"text"', 400],
    [`{"a": ${"[".repeat(40)}${"]".repeat(40)}}`, 400],
    [`{"__proto__": {"admin": true}}`, 400],
  ];
  for (const route of withBody) {
    const largest = ("rows" in route && route.rows?.maxBytes) || 0;
    const tooLarge = `{"a": "${"x".repeat(Math.max(300_000, largest))}"}`;
    for (const [body, status] of [...bodies, [tooLarge, 413] as const]) {
      const answer = await send(route, body);
      const optional = body === "" && route.body !== undefined;
      refusedCleanly(answer, `${route.id} with ${body.slice(0, 20)}`, optional);
      if (!optional) assert.equal(answer.status, status, `${route.id} with ${body.slice(0, 20)}`);
    }
  }
});

test("amounts that are negative, zero or beyond 10^12 are refused wherever an amount moves", async () => {
  const amounts = withBody.filter((route) => properties(route).some(([name]) => name === "amount"));
  assert.ok(amounts.length >= 5, "the routes that move money");
  for (const route of amounts) {
    for (const raw of ["-1", "0", "1000000000001", "9007199254740991"]) {
      const answer = await send(route, bodyWith(route, "amount", raw));
      assert.equal(answer.status, 400, `${route.id} with ${raw}`);
      assert.equal(answer.body.errors[0].field, "amount");
    }
  }
});

/** G10: texts that do something elsewhere, and must be nothing but text here. */
const hostile = [
  "'; drop table cards; --",
  '" or 1=1 --',
  "$(touch /tmp/x)`id`",
  "#{7*7}{{7*7}}<%= 7*7 %>",
  "../../../etc/passwd",
  "<script>alert(1)</script>",
  "=cmd|' /C calc'!A0",
  "%s%n%x",
  "\u202Eevil\u200B",
  "𝒜𝒹𝒶 😀",
];

/** What is done already answers with the texts of when it was done. */
const isAsItWas = ({ id }: Route): boolean => ["blockCardsOfProgram", "waiveDueFee"].includes(id);

test("G10: hostile texts in every string field are inert: no 5xx, and what is stored comes back as it was", async () => {
  for (const route of withBody) {
    for (const [name, property] of properties(route)) {
      if (typeOf(property) !== "string" || property.enum !== undefined) continue;
      for (const text of hostile) {
        const answer = await send(route, bodyWith(route, name, JSON.stringify(text)));
        assert.ok(answer.status < 500, `${route.id}.${name}: ${JSON.stringify(answer.body)}`);
        if (answer.status >= 300 || !(name in answer.body)) continue;
        const kept = answer.body[name];
        const may = isAsItWas(route) ? [null, ...hostile] : [text];
        assert.ok(may.includes(kept), `${route.id}.${name}: ${text} is kept as ${kept}`);
      }
    }
  }
  const [row] = await asOwner<{ found: string | null }>(
    server.database.url,
    "select to_regclass('cards') as found",
  );
  assert.equal(row?.found, "cards");
});

test("G10: hostile texts in paths, queries and headers are inert", async () => {
  for (const route of routes) {
    for (const text of hostile) {
      const path = route.path.replace(/\{\w+\}/g, encodeURIComponent(text));
      const query = `?limit=${encodeURIComponent(text)}&cursor=${encodeURIComponent(text)}`;
      const answer = await own.call(
        route.method,
        `${path}${query}`,
        route.body && sampleOf(route.body),
      );
      assert.ok(answer.status >= 400 && answer.status < 500, `${route.id}: ${answer.status}`);
    }
  }
  const answer = await own.call("GET", "/balances", undefined, { idempotencyKey: "a b;c=d" });
  assert.ok(answer.status < 500);
});

function properties(route: Route): [string, Property][] {
  const { properties: all = {} } = route.body as unknown as {
    properties?: Record<string, Property>;
  };
  return Object.entries(all);
}

/** The one type of a property, also where it may be null; otherwise nothing is asserted of it. */
function typeOf(property: Property): string {
  const { anyOf } = property as { anyOf?: Property[] };
  const others = (anyOf ?? []).filter(({ type }) => type !== "null");
  return property.type ?? (others.length === 1 ? (others[0]?.type ?? "") : "");
}

/** A valid body's JSON text with one field replaced by a raw text. */
function bodyWith(route: Route, name: string, raw: string): string {
  const body = sampleOf(route.body as TSchema, { typeId: own.programs.card }) as object;
  const others = Object.entries(body).filter(([key]) => key !== name);
  const parts = [
    ...others.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
  ];
  return `{${[...parts, `${JSON.stringify(name)}: ${raw}`].join(", ")}}`;
}

function send(route: Route, body: string): Promise<CallAnswer> {
  const path = pathIn(own, route.path);
  const call = route.audience === "platform" ? server.call : own.call;
  return call(route.method, path, body, { headers: { "content-type": "application/json" } });
}

function refusedCleanly(answer: CallAnswer, what: string, mayPass = false): void {
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  if (mayPass && answer.status < 300) return;
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/, what);
  assert.ok(answer.body.code && answer.body.detail && answer.body.requestId, what);
  assert.doesNotMatch(
    JSON.stringify(answer.body),
    /select |insert into|node_modules|at .*\.ts:/i,
    what,
  );
}
