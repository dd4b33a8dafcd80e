import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { searchTerms } from "./search.ts";

test("four digits can be the last four of a number, and the beginning of anything else too", () => {
  assert.deepEqual(searchTerms("0042"), { lastFour: "0042", texts: ["0042%"], names: ["0042%"] });
  for (const text of ["004", "00420", "004a", "٠٠٤٢"]) {
    assert.equal(searchTerms(text).lastFour, null, text);
  }
  assert.equal(searchTerms(" 0042 ").lastFour, "0042");
});

test("wildcard characters and backslashes stand for themselves", () => {
  assert.deepEqual(searchTerms("50%_a\\").texts, ["50\\%\\_a\\\\%"]);
});

test("a name is looked for as names are kept, a text as it is given", () => {
  const { texts, names } = searchTerms(" Ada   Example ");
  assert.deepEqual([texts, names], [["Ada   Example%"], ["Ada Example%"]]);
  assert.deepEqual(searchTerms("u\u0308ber").names, searchTerms("über").names);
});

test("letters beyond ASCII are looked for in small, as a name begins, and in capitals", () => {
  assert.deepEqual(searchTerms("éva ÖZ").names, ["éva öz%", "Éva Öz%", "ÉVA ÖZ%"]);
  assert.deepEqual(searchTerms("o'örn").names, ["o'örn%", "O'Örn%", "O'ÖRN%"]);
  assert.deepEqual(searchTerms("李").names, ["李%"]);
});

test("every pattern ends in the only wildcard that it has", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (text) => {
      const { texts, names } = searchTerms(text);
      for (const pattern of [...texts, ...names]) {
        const bare = pattern.replace(/\\[\\%_]/g, "");
        assert.equal(bare.search(/[%_\\]/), bare.length - 1, pattern);
      }
    }),
  );
});
