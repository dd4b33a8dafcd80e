import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { currencies, currencyExponents } from "./currencies.ts";
import {
  fromJsonAmount,
  isCurrency,
  least,
  MAX_MOVEMENT,
  MAX_SUM,
  shareOf,
  toDecimalText,
  toJsonAmount,
  total,
} from "./money.ts";

test("A4: an amount becomes a JSON number only where that number is exact", () => {
  const edge = 2n ** 53n - 1n;
  for (const exact of [0n, 1n, -1n, MAX_MOVEMENT, edge, -edge]) {
    assert.equal(BigInt(toJsonAmount(exact)), exact);
  }
  for (const beyond of [edge + 1n, edge + 2n, -edge - 1n, 2n ** 63n - 1n, 10n ** 400n]) {
    assert.throws(() => toJsonAmount(beyond), RangeError);
  }
});

test("A4: an amount is taken from a JSON number only where it is a whole one", () => {
  assert.equal(fromJsonAmount(Number.MAX_SAFE_INTEGER), 2n ** 53n - 1n);
  assert.equal(fromJsonAmount(-0), 0n);
  for (const wrong of [2 ** 53, 0.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => fromJsonAmount(wrong), RangeError);
  }
});

test("A5: a share in basis points is rounded once, half away from zero", () => {
  const cases: [bigint, bigint, bigint][] = [
    [100n, 250n, 3n],
    [99n, 250n, 2n],
    [-100n, 250n, -3n],
    [100n, -250n, -3n],
    [1n, 4_999n, 0n],
    [1n, 5_000n, 1n],
    [-1n, 5_000n, -1n],
    [0n, 10_000n, 0n],
    [MAX_MOVEMENT, 10_000n, MAX_MOVEMENT],
  ];
  for (const [amount, points, share] of cases) {
    assert.equal(shareOf(amount, points), share, `${points} bp of ${amount}`);
  }
  const amounts = fc.bigInt({ min: -MAX_MOVEMENT, max: MAX_MOVEMENT });
  fc.assert(
    fc.property(amounts, fc.bigInt({ min: 0n, max: 20_000n }), (amount, points) => {
      const error = shareOf(amount, points) * 10_000n - amount * points;
      const size = error < 0n ? -error : error;
      assert.ok(size <= 5_000n, "never off by more than half a unit");
      if (size === 5_000n) assert.equal(error > 0n, amount > 0n, "a half goes away from zero");
    }),
  );
});

test("totals and least are those of the amounts", () => {
  assert.equal(total([]), 0n);
  assert.equal(total([1n, MAX_SUM, -1n]), MAX_SUM);
  assert.equal(least(-1n, 1n), -1n);
  assert.equal(least(2n, 1n), 1n);
});

test("currencies are ISO 4217 codes, each once, with the digits of their minor unit", () => {
  const digits = { EUR: 2, USD: 2, JPY: 0, CLP: 0, KWD: 3, BHD: 3, ISK: 0, MRU: 2, XOF: 0 };
  for (const [code, exponent] of Object.entries(digits)) {
    assert.equal(currencyExponents.get(code), exponent, code);
  }
  for (const code of currencies) assert.match(code, /^[A-Z]{3}$/);
  assert.deepEqual(currencies, [...new Set(currencies)].sort());
  const known = new Set(Intl.supportedValuesOf("currency"));
  // Younger than the tables of some releases of the runtime.
  const young = ["XCG", "ZWG", "SLE", "VED"];
  assert.deepEqual(
    currencies.filter((code) => !known.has(code) && !young.includes(code)),
    [],
  );
});

test("what is no currency in circulation is none here", () => {
  for (const code of ["HRK", "DEM", "XAU", "XTS", "XXX", "eur", "EU", "", "BGN", "CLF"]) {
    assert.ok(!isCurrency(code), code);
  }
  assert.ok(isCurrency("EUR"));
});

test("an amount is written with the digits of its currency", () => {
  const cases: [bigint, string, string][] = [
    [0n, "EUR", "0.00"],
    [5n, "EUR", "0.05"],
    [-5n, "EUR", "-0.05"],
    [-123_450n, "EUR", "-1234.50"],
    [7n, "JPY", "7"],
    [-1_000n, "JPY", "-1000"],
    [7n, "KWD", "0.007"],
    [2n ** 63n, "USD", "92233720368547758.08"],
  ];
  for (const [amount, currency, text] of cases) {
    assert.equal(toDecimalText(amount, currency), text);
  }
  assert.throws(() => toDecimalText(1n, "XXX"), RangeError);
});
