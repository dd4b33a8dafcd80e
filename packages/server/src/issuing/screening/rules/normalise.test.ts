import assert from "node:assert/strict";
import test from "node:test";
import { likenessOf } from "./alike.ts";
import { type Part, partsOf } from "./normalise.ts";
import { nicknames, variants } from "./tables.ts";

const texts = (name: string) => partsOf(name).map(({ text }) => text);
const alike = (one: string, other: string) =>
  likenessOf(partsOf(one)[0] as Part, partsOf(other)[0] as Part).alike;

test("a name loses case, marks, punctuation, particles and legal forms", () => {
  assert.deepEqual(texts("ZHELTUKHIN, Viktor"), ["zheltukhin", "viktor"]);
  assert.deepEqual(texts("José de la Peña-Ruiz"), ["jose", "pena", "ruiz"]);
  assert.deepEqual(texts("Golden Heron Co., Ltd."), ["golden", "heron"]);
  assert.deepEqual(texts("北京星河有限公司"), ["bei", "jing", "xing", "he"]);
  assert.deepEqual(texts("الخزراني"), texts("خزراني"));
  assert.deepEqual(texts("J.B. Mukwendeza"), ["j", "b", "mukwendeza"]);
});

test("a name of nothing but particles or legal forms keeps them", () => {
  assert.deepEqual(texts("El Al"), ["el", "al"]);
  assert.deepEqual(texts("Holding AG"), ["holding", "ag"]);
});

test("servants of God are one part, however they are spaced and assimilated", () => {
  for (const name of [
    "Abd al-Rahman",
    "Abdul Rahman",
    "Abdulrahman",
    "Abdurrahman",
    "Abd ar Rahman",
  ]) {
    assert.deepEqual(texts(name), ["abdrahman"], name);
  }
});

test("parts are alike by sound, table, initial or a slip, and otherwise not at all", () => {
  assert.equal(alike("Sergey", "Sergei"), 1);
  assert.equal(alike("Mohammed", "Muhammad"), 1);
  assert.equal(alike("Misha", "Mikhail"), 0.92);
  assert.equal(alike("V", "Viktor"), 0.8);
  assert.equal(alike("Zheltukhni", "Zheltukhin"), 1 - 1 / 10);
  assert.equal(alike("Petrov", "Sidorov"), 0);
  assert.equal(alike("Kim", "Kin"), 1 - 1 / 3);
});

test("likeness has no direction", () => {
  const words = [...variants.keys(), ...nicknames.keys()].filter((_, at) => at % 7 === 0);
  for (const one of words) {
    for (const other of words)
      assert.equal(alike(one, other), alike(other, one), `${one} ${other}`);
  }
});

test("the tables name each spelling once in a line, in letters that a name has after folding", () => {
  for (const [word, lines] of [...variants, ...nicknames]) {
    assert.match(word, /^[a-z]+$/);
    assert.equal(new Set(lines).size, lines.length, word);
  }
});
