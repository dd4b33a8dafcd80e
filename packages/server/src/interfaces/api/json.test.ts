import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { MAX_DEPTH, parseJson } from "./json.ts";

const codes = (text: string) => {
  const parsed = parseJson(text);
  return parsed.ok ? [] : parsed.problems.map(({ code, field }) => `${code} ${field ?? "-"}`);
};

test("A4: only whole numbers that are exact pass, each other one is named", () => {
  for (const good of ["0", "1", "-1", "9007199254740991", "-9007199254740991"]) {
    assert.deepEqual(parseJson(`{"a":${good}}`), { ok: true, value: { a: Number(good) } });
  }
  const bad = ["1.0", "1e3", "1E3", "-0", "0.5", "9007199254740992", "9007199254740993"];
  for (const text of [...bad, "1e400", "12345678901234567", "9223372036854775807"]) {
    assert.deepEqual(codes(`{"a":[{"b":${text}}]}`), ["field_number a.0.b"], text);
  }
});

test("all broken fields come back together, with their paths", () => {
  assert.deepEqual(codes('{"a":1.5,"b":["x",{"c":"\\u0000"}],"a":2,"d":"\\ud800"}'), [
    "field_number a",
    "field_nul b.1.c",
    "field_repeated a",
    "field_unicode d",
  ]);
});

test("names that reach a prototype are refused, escaped or not", () => {
  assert.deepEqual(codes('{"__proto__":{"x":1}}'), ["field_unknown __proto__"]);
  assert.deepEqual(codes('{"a":{"\\u0063onstructor":1}}'), ["field_unknown a.constructor"]);
  assert.deepEqual(codes('{"prototype":1}'), ["field_unknown prototype"]);
});

test("G19: 32 levels pass, 33 are refused, and 100,000 take no time", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(parseJson(nested(MAX_DEPTH)).ok, true);
  assert.deepEqual(codes(nested(MAX_DEPTH + 1)), ["json_too_deep -"]);
  const before = process.cpuUsage();
  assert.deepEqual(codes(nested(100_000)), ["json_too_deep -"]);
  assert.ok(process.cpuUsage(before).user < 50_000);
});

test("what is not JSON is refused without echoing it", () => {
  for (const text of ["", "{", "{'a':1}", "NaN", "[1,]", "\u0000", "4111111111111111 x"]) {
    assert.deepEqual(codes(text), ["json_malformed -"], JSON.stringify(text));
  }
});

test("whatever JSON.stringify writes of safe values is read as JSON.parse reads it", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }).filter((text) => !text.includes("\u0000")),
    fc.maxSafeInteger().map((value) => value + 0),
    fc.boolean(),
    fc.constant(null),
  );
  const name = fc.string({ unit: "binary" }).filter((text) => !text.includes("\u0000"));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("tree")), fc.dictionary(name, tie("tree"))),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value);
      if (/"(__proto__|constructor|prototype)":|[^\\]-0/.test(text)) return;
      assert.deepEqual(parseJson(text), { ok: true, value: JSON.parse(text) });
    }),
  );
});
