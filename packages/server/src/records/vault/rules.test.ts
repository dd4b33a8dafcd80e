import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { systemEntropy } from "../../foundation/clock/clock.ts";
import { Fault } from "../../foundation/errors/errors.ts";
import type { NumberRange } from "./model.ts";
import {
  capacityOf,
  drawBelow,
  drawPlaces,
  luhnDigit,
  maskNumber,
  numberAt,
  numberContext,
  numberKeyContext,
  sealText,
  shuffle,
  subjectKeyContext,
  unsealText,
} from "./rules.ts";

/** Luhn as a reader of cards does it: over the whole number. */
const passesLuhn = (number: string) =>
  [...number].reverse().reduce((sum, digit, place) => {
    const doubled = place % 2 === 1 ? Number(digit) * 2 : Number(digit);
    return sum + (doubled > 9 ? doubled - 9 : doubled);
  }, 0) %
    10 ===
  0;

const range: NumberRange = { bin: "99999912", panLength: 16, from: 0n, to: 9_999_999n };

test("the check digit is Luhn's (ISO/IEC 7812-1, annex B)", () => {
  assert.equal(luhnDigit("7992739871"), "3");
  assert.equal(luhnDigit("0"), "0");
  fc.assert(
    fc.property(fc.stringMatching(/^\d{12,18}$/), (digits) => {
      assert.ok(passesLuhn(digits + luhnDigit(digits)));
    }),
  );
});

test("a number has its program's BIN, an account number in the range, and the exact length", () => {
  const bins = fc.constantFrom("999999", "99999912");
  const lengths = fc.integer({ min: 13, max: 19 });
  fc.assert(
    fc.property(bins, lengths, fc.nat(), fc.nat(9_999), (bin, panLength, seed, width) => {
      const accountDigits = panLength - bin.length - 1;
      const most = 10n ** BigInt(accountDigits);
      const from = BigInt(seed) % most;
      const to = from + (BigInt(width) % (most - from));
      const drawn = { bin, panLength, from, to };
      const place = drawBelow(capacityOf(drawn), systemEntropy);
      const number = numberAt(drawn, place);
      const account = BigInt(number.slice(bin.length, -1));
      assert.equal(number.length, panLength);
      assert.ok(number.startsWith(bin) && passesLuhn(number));
      assert.ok(account >= from && account <= to);
    }),
  );
});

test("the first and the last number of a range can be drawn, and none beyond", () => {
  assert.equal(capacityOf(range), 10_000_000n);
  assert.equal(numberAt(range, 0n), `999999120000000${luhnDigit("999999120000000")}`);
  assert.equal(numberAt(range, 9_999_999n), `999999129999999${luhnDigit("999999129999999")}`);
  assert.throws(() => capacityOf({ ...range, to: 10_000_000n }), Fault);
  assert.throws(() => capacityOf({ ...range, from: 2n, to: 1n }), Fault);
  assert.throws(() => capacityOf({ ...range, from: -1n }), Fault);
  assert.throws(() => capacityOf({ ...range, bin: "9999991" }), Fault);
  assert.throws(() => capacityOf({ ...range, panLength: 20 }), Fault);
});

test("every place is equally likely, also where the limit is no power of two", () => {
  for (const limit of [1n, 2n, 3n, 10n, 255n, 256n, 257n]) {
    const counts = new Map<bigint, number>();
    const rounds = Number(limit) * 200;
    for (let round = 0; round < rounds; round += 1) {
      const drawn = drawBelow(limit, systemEntropy);
      assert.ok(drawn >= 0n && drawn < limit);
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    // Chi-squared, beyond its mean by more than eight standard deviations once in 10^12 runs or less.
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    const degrees = Number(limit) - 1;
    assert.equal(counts.size, Number(limit));
    assert.ok(chi <= degrees + 8 * Math.sqrt(2 * degrees) + 16, `chi² ${chi} for ${limit}`);
  }
});

test("a draw that falls beyond the limit is drawn again, not folded back", () => {
  const bytes = [0xff, 0xe0, 0x40];
  assert.equal(
    drawBelow(5n, () => Uint8Array.of(bytes.shift() as number)),
    2n,
  );
  assert.equal(bytes.length, 0);
});

test("places of one draw are distinct; of a smaller range all are drawn", () => {
  assert.equal(new Set(drawPlaces(1_000n, 256, systemEntropy)).size, 256);
  const all = drawPlaces(3n, 256, systemEntropy).sort();
  assert.deepEqual(all, [0n, 1n, 2n]);
});

test("shuffling keeps every item, and leaves none in a likely place", () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = shuffle(items, systemEntropy);
  assert.deepEqual(
    [...shuffled].sort((a, b) => a - b),
    items,
  );
  const firsts = new Set(Array.from({ length: 200 }, () => shuffle([1, 2, 3], systemEntropy)[0]));
  assert.equal(firsts.size, 3);
});

test("a mask shows six and four digits, never more", () => {
  assert.deepEqual(maskNumber(numberAt(range, 1_234_567n)), {
    firstSix: "999999",
    lastFour: `567${luhnDigit("999999121234567")}`,
  });
});

test("G2: what a number and its keys are bound to differs in every part", () => {
  const contexts = [
    numberContext("org_a", "card_a", 1, "kek_a"),
    numberContext("org_b", "card_a", 1, "kek_a"),
    numberContext("org_a", "card_b", 1, "kek_a"),
    numberContext("org_a", "card_a", 2, "kek_a"),
    numberContext("org_a", "card_a", 1, "kek_b"),
    numberKeyContext("org_a", "card_a", 1),
    numberKeyContext("org_b", "card_a", 1),
    numberKeyContext("org_a", "card_b", 1),
    numberKeyContext("org_a", "card_a", 2),
    subjectKeyContext("org_a", "card_a", "retained"),
    subjectKeyContext("org_b", "card_a", "retained"),
    subjectKeyContext("org_a", "card_b", "retained"),
    subjectKeyContext("org_a", "card_a", "other"),
  ];
  const distinct = new Set(contexts.map((context) => Buffer.from(context).toString("hex")));
  assert.equal(distinct.size, contexts.length);
});

test("G2: personal data opens for its own person, record and organization only", () => {
  const key = systemEntropy(32);
  const own = { organizationId: "org_a", subjectId: "cus_a", recordId: "evt_a" };
  const bound = { ...own, purpose: "other" } as const;
  const sealed = sealText(key, systemEntropy(12), '{"name":"Ada Example"}', bound);
  assert.equal(unsealText(key, sealed, own), '{"name":"Ada Example"}');
  assert.ok(!Buffer.from(sealed).includes("Ada"));
  for (const other of [
    { ...own, organizationId: "org_b" },
    { ...own, subjectId: "cus_b" },
    { ...own, recordId: "evt_b" },
  ]) {
    assert.throws(() => unsealText(key, sealed, other), Fault);
  }
  const otherLayout = Uint8Array.from(sealed);
  otherLayout[0] = 3;
  assert.throws(() => unsealText(key, otherLayout, own), Fault);
});
