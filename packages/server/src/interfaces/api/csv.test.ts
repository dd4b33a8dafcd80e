import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Type } from "typebox";
import { csvRecord } from "../../foundation/route/csv.ts";
import { metadata, nullable, object } from "../../foundation/route/schemas.ts";
import { columnsOf, inRows, parseRows } from "./csv.ts";

const body = object({
  rows: Type.Array(
    object({
      name: Type.Optional(Type.String()),
      amount: Type.Optional(Type.Integer()),
      most: Type.Optional(nullable(Type.Integer())),
      place: Type.Optional(object({ city: Type.Optional(Type.String()) })),
      metadata: Type.Optional(metadata),
    }),
    { maxItems: 3 },
  ),
});

const rowsOf = (text: string) => {
  const read = parseRows(text, body);
  assert.ok(read.ok, JSON.stringify(read));
  return (read.value as { rows: unknown[] }).rows;
};
const problemsOf = (text: string) => {
  const read = parseRows(text, body);
  assert.ok(!read.ok);
  return read.problems.map(({ code, field }) => [code, field]);
};

test("the columns are the fields, those of inner objects, and any name of a record", () => {
  assert.deepEqual(columnsOf(body), ["name", "amount", "most", "place.city", "metadata.<name>"]);
});

test("a cell is a text or a whole number as its field is; an empty one is not given", () => {
  assert.deepEqual(
    rowsOf("name,amount,most,place.city,metadata.a.b\r\n007,12,-3,Paris,x\r\n,,,,\r\n"),
    [{ name: "007", amount: 12, most: -3, place: { city: "Paris" }, metadata: { "a.b": "x" } }, {}],
  );
});

test("what is written as CSV is read as it was, whatever is in it", () => {
  const cell = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !/^[=+\-@\t\r]/.test(text) && !text.includes("\u0000"));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 3 }), (cells) => {
      const text = cells.map((each) => csvRecord([each, 1])).join("");
      assert.deepEqual(
        rowsOf(`name,amount\r\n${text}`),
        cells.map((name) => ({ name, amount: 1 })),
      );
    }),
  );
});

test("lines end with LF or CRLF, each as it likes", () => {
  const rows = [{ name: "a" }, { name: "b" }, { name: "c" }];
  assert.deepEqual(rowsOf("name\na\r\nb\nc\r\n"), rows);
  assert.deepEqual(rowsOf("name\r\na\nb\r\n\r\nc"), rows);
});

test("numbers that are not whole and exact are refused by row and column", () => {
  for (const amount of ["1.0", "1e3", "0x1", " 1", "1 ", "01", "-0", "9007199254740992", "١"]) {
    assert.deepEqual(problemsOf(`amount\n1\n${amount}\n`), [["field_number", "rows.1.amount"]]);
  }
});

test("names that reach a prototype are no columns", () => {
  for (const name of ["__proto__", "constructor", "place.constructor", "metadata.__proto__"]) {
    assert.deepEqual(problemsOf(`${name}\nx`), [["field_unknown", name]]);
  }
});

test("of more rows than may be one too many is read, and no more", () => {
  assert.equal(rowsOf(`name\n${"x\n".repeat(1_000)}`).length, 4);
});

test("a header has a thousand columns at most, so that no file keeps the process busy", () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `metadata.n${at}`);
  const [widest] = rowsOf(`${names(1_000)}\n${"x,".repeat(999)}x\n`) as { metadata: object }[];
  assert.equal(Object.keys(widest?.metadata ?? {}).length, 1_000);
  assert.deepEqual(problemsOf(`${names(1_001)}\n`), [["field_count", "rows"]]);
  const startedMs = performance.now();
  assert.deepEqual(problemsOf(`${names(200_000)}\n`), [["field_count", "rows"]]);
  assert.ok(performance.now() - startedMs < 3_000);
});

test("no text of a hundred thousand broken rows gives more than a hundred lines", () => {
  const many = object({ rows: Type.Array(object({ amount: Type.Integer() }), { maxItems: 1e6 }) });
  const read = parseRows(`amount\n${"x\n".repeat(100_000)}`, many);
  assert.equal(!read.ok && read.problems.length, 100);
});

test("a problem of a row is told by the number that people count", () => {
  const told = (field: string) => inRows({ code: "c", field, message: "Must be so." }).message;
  assert.equal(told("rows.0.place.city"), "Row 1, place.city: Must be so.");
  assert.equal(told("rows.11"), "Row 12: Must be so.");
  assert.equal(told("rows"), "Must be so.");
  assert.equal(told("externalId"), "Must be so.");
});
