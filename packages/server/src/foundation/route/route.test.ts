import assert from "node:assert/strict";
import test from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { type TSchema, Type } from "typebox";
import { Refusal } from "../errors/errors.ts";
import { decodeCursor, encodeCursor, pageFrom } from "./cursor.ts";
import { batchRoute, readRoute, writeRoute } from "./route.ts";
import * as schemas from "./schemas.ts";

const ajv = new Ajv({ formats: { "date-time": true, date: true } });
const accepts = (schema: TSchema, value: unknown) => ajv.validate(schema, value);

test("a cursor leads back to the key it was made of", () => {
  const keys = fc.oneof(
    fc.stringMatching(/^[a-z]{2,5}_[0-9a-hjkmnp-tv-z]{26}$/),
    fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  );
  fc.assert(
    fc.property(keys, (key) => {
      assert.equal(decodeCursor(encodeCursor(key)), String(key));
      assert.match(encodeCursor(key), /^[A-Za-z0-9_-]+$/);
    }),
  );
  assert.equal(decodeCursor(undefined), undefined);
});

test("G19: a forged cursor is a 400 that names it", () => {
  const forge = (text: string) => Buffer.from(text).toString("base64url");
  for (const forged of [
    "",
    "x",
    "card_1",
    forge("card_1"),
    forge("2:card_1"),
    forge("1:"),
    forge("1:a'; drop table cards; --"),
    forge("1:a\u0000"),
    forge(`1:${"a".repeat(201)}`),
    `${forge("1:card_1")}\n`,
    "a".repeat(100_000),
  ]) {
    assert.throws(
      () => decodeCursor(forged),
      (error: unknown) =>
        error instanceof Refusal && error.status === 400 && error.problems[0]?.field === "cursor",
    );
  }
});

test("a page has a next cursor exactly when more rows follow", () => {
  const rows = [{ id: "b" }, { id: "a" }];
  const show = (row: { id: string }) => row.id.toUpperCase();
  const key = (row: { id: string }) => row.id;
  const whole = pageFrom({ rows, more: false }, key, show);
  assert.deepEqual(whole, { data: ["B", "A"], nextCursor: null });
  const part = pageFrom({ rows, more: true }, key, show);
  assert.equal(decodeCursor(part.nextCursor ?? undefined), "a");
  assert.deepEqual(pageFrom({ rows: [], more: false }, key, show), { data: [], nextCursor: null });
});

test("objects are closed: an unknown field is an error", () => {
  const schema = schemas.object({ name: schemas.text(5) });
  assert.ok(accepts(schema, { name: "Ada" }));
  assert.ok(!accepts(schema, { name: "Ada", nickname: "A" }));
  assert.ok(!accepts(schema, {}));
});

test("A4: amounts are whole, in range, and of the right type", () => {
  for (const good of [1, 10 ** 12]) assert.ok(accepts(schemas.positiveAmount, good));
  for (const bad of [0, -1, 10 ** 12 + 1, 1.5, "5", true, [5], null, Number.NaN]) {
    assert.ok(!accepts(schemas.positiveAmount, bad), String(bad));
  }
  assert.ok(accepts(schemas.amount, 0));
  assert.ok(!accepts(schemas.amount, -1));
});

test("text has no control characters, but lines; ids are refused by length only", () => {
  assert.ok(accepts(schemas.text(20), "Zoë 日本\r\n\tx"));
  for (const bad of ["", "a\u0000", "\u001b[2J", "a\u007f", "a\u000b", "x".repeat(21)]) {
    assert.ok(!accepts(schemas.text(20), bad), JSON.stringify(bad));
  }
  assert.ok(accepts(schemas.idText("x"), "../../etc/passwd"));
  assert.ok(accepts(schemas.idText("x"), "x".repeat(255)));
  assert.ok(!accepts(schemas.idText("x"), "x".repeat(256)));
  assert.ok(!accepts(schemas.idText("x"), ""));
});

test("metadata is up to 50 short texts under plain names", () => {
  const texts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, "x"]));
  assert.ok(accepts(schemas.metadata, {}));
  assert.ok(accepts(schemas.metadata, texts(50)));
  assert.ok(accepts(schemas.metadata, { "a.b_C-9": "y".repeat(500) }));
  for (const bad of [
    texts(51),
    { "": "x" },
    { "a b": "x" },
    { ["x".repeat(41)]: "x" },
    { a: 5 },
    { a: null },
    { a: { b: "x" } },
    { a: "y".repeat(501) },
    ["x"],
  ]) {
    assert.ok(!accepts(schemas.metadata, bad), JSON.stringify(bad).slice(0, 80));
  }
});

test("pages are 1 to 100 rows", () => {
  const query = schemas.object(schemas.pageQuery);
  for (const limit of [1, 100]) assert.ok(accepts(query, { limit }));
  for (const limit of [0, 101, 2.5]) assert.ok(!accepts(query, { limit }));
  assert.ok(!accepts(query, { page: 1 }));
});

test("a path names an object by our id or by the integrator's", () => {
  assert.deepEqual(schemas.reference("card_1"), { by: "id", value: "card_1" });
  assert.deepEqual(schemas.reference("external:a:b"), { by: "externalId", value: "a:b" });
  assert.deepEqual(schemas.reference("external:"), { by: "externalId", value: "" });
  assert.deepEqual(schemas.reference("External:a"), { by: "id", value: "External:a" });
});

test("a declared route has its kind; a read answers 200 and is a GET unless it says otherwise", async () => {
  const common = {
    id: "ask",
    path: "/ask",
    summary: "Ask",
    tag: "Questions",
    audience: "any",
    scope: null,
    reply: Type.Object({}),
    errors: [],
  } as const;
  const read = readRoute({ ...common, handle: async () => ({}) });
  const post = readRoute({ ...common, method: "POST", handle: async () => ({}) });
  const write = writeRoute({ ...common, method: "POST", status: 201, handle: async () => ({}) });
  const batch = batchRoute({
    ...common,
    method: "POST",
    status: 200,
    lane: { name: "lane", decide: async () => [] },
    command: ({ work }) => ({ work }),
    result: () => ({}),
  });
  assert.deepEqual([read.kind, read.method, read.status], ["read", "GET", 200]);
  assert.equal(post.method, "POST");
  assert.deepEqual([write.kind, write.status], ["write", 201]);
  assert.equal(batch.kind, "batch");
});

test("a bound of a period with finer digits than milliseconds is the next millisecond", () => {
  const cases = {
    "2030-01-31T00:00:00Z": "2030-01-31T00:00:00.000Z",
    "2030-01-31T00:00:00.1Z": "2030-01-31T00:00:00.100Z",
    "2030-01-31T00:00:00.123000Z": "2030-01-31T00:00:00.123Z",
    "2030-01-31T00:00:00.1230001Z": "2030-01-31T00:00:00.124Z",
    "2030-01-31T00:59:59.999500+01:00": "2030-01-31T00:00:00.000Z",
  };
  for (const [text, bound] of Object.entries(cases)) {
    assert.equal(schemas.instantOf(text).toISOString(), bound, text);
  }
});
