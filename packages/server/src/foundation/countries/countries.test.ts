import assert from "node:assert/strict";
import test from "node:test";
import { alpha2Of, countries, countryName, isCountry } from "./countries.ts";

test("the table has the 249 assigned countries, sorted, each code once", () => {
  assert.equal(countries.length, 249);
  assert.deepEqual([...countries].sort(), countries);
  assert.equal(new Set(countries.map(alpha2Of)).size, 249);
  for (const code of countries) {
    assert.match(code, /^[A-Z]{3}$/);
    assert.match(alpha2Of(code) ?? "", /^[A-Z]{2}$/);
  }
});

test("every country has a name of its own in Unicode's list", () => {
  const names = countries.map((code) => countryName(code));
  assert.equal(new Set(names).size, 249);
  for (const [index, code] of countries.entries()) {
    assert.notEqual(names[index], alpha2Of(code), `${code} has no name`);
  }
});

test("codes that are reserved, withdrawn, private or of another form are no countries", () => {
  for (const code of ["EUE", "SUN", "YUG", "XKX", "ZZZ", "DE", "deu", "", "DEUX"]) {
    assert.equal(isCountry(code), false, code);
    assert.equal(alpha2Of(code), null, code);
    assert.equal(countryName(code), code);
  }
});

test("well-known pairs are right, those that differ from the name's letters too", () => {
  const pairs = { DEU: "DE", CHE: "CH", GBR: "GB", KOR: "KR", PRK: "KP", ZAF: "ZA", SVN: "SI" };
  for (const [code, alpha2] of Object.entries(pairs)) assert.equal(alpha2Of(code), alpha2);
  assert.equal(countryName("DEU", "fr"), "Allemagne");
});
