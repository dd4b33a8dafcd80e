import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase, wordsOf } from "../../../../test/harness/database.ts";
import { setRule, stoppedRefill } from "../../budgets/rules/refill.ts";
import { autoTopUpLifecycle, NO_MONEY_LEFT } from "../model/topups.ts";
import { isLow, termsRefusal, topUpStep } from "./topups.ts";

const now = new Date("2027-03-31T22:30:00Z");
const terms = { threshold: 100n, amount: 40n, monthlyCap: null, timeZone: "UTC" };
const fresh = setRule(null, terms, now);
const rest = { do: "rest", until: new Date("2027-04-01T00:00:00Z") } as const;
const refill = (amount: bigint) => ({ do: "refill", amount }) as const;
const nothing = { do: "nothing" } as const;

test("the step of a rule: below its threshold its amount, or what cap and maximum leave, if that can be moved", () => {
  const capped = (monthlyCap: bigint, monthAmount: bigint) => ({
    ...fresh,
    monthlyCap,
    monthAmount,
  });
  const cases: [string, typeof fresh, bigint, bigint, bigint | null, object][] = [
    ["at the threshold", fresh, 1n, 100n, null, nothing],
    ["one below it", fresh, 1n, 99n, null, refill(40n)],
    ["nothing left", fresh, 1n, 0n, null, refill(40n)],
    ["the cap leaves all", capped(100n, 60n), 1n, 0n, null, refill(40n)],
    ["the cap leaves some", capped(100n, 61n), 1n, 0n, null, refill(39n)],
    ["the cap is reached", capped(100n, 100n), 1n, 0n, null, rest],
    ["the cap leaves the smallest transfer", capped(100n, 90n), 10n, 0n, null, refill(10n)],
    ["the cap leaves less than that", capped(100n, 91n), 10n, 0n, null, rest],
    ["the maximum leaves all", fresh, 1n, 0n, 40n, refill(40n)],
    ["the maximum leaves some", fresh, 1n, 0n, 39n, refill(39n)],
    ["the maximum leaves the smallest transfer", fresh, 10n, 0n, 10n, refill(10n)],
    ["the maximum leaves less than that", fresh, 10n, 0n, 9n, nothing],
    ["the maximum leaves nothing", fresh, 1n, 0n, 0n, nothing],
    ["cap and maximum: the lower one", capped(100n, 70n), 1n, 0n, 20n, refill(20n)],
  ];
  for (const [name, rule, minimumTransfer, available, room, expected] of cases) {
    assert.deepEqual(
      topUpStep(rule, { minimumTransfer }, { available, room }, now),
      expected,
      name,
    );
  }
});

test("a cap counts the calendar months of the program's zone", () => {
  const used = { ...fresh, monthlyCap: 40n, monthAmount: 40n };
  const standing = { available: 0n, room: null };
  const at = (text: string, timeZone = "UTC") =>
    topUpStep({ ...used, timeZone }, { minimumTransfer: 1n }, standing, new Date(text));
  assert.deepEqual(at("2027-03-31T23:59:59.999Z"), rest);
  assert.deepEqual(at("2027-04-01T00:00:00Z"), refill(40n));
  assert.deepEqual(at("2027-03-31T15:00:00Z", "Asia/Tokyo"), refill(40n));
});

test("terms that cannot work in a program are refused with their field", () => {
  const program = { minimumTransfer: 10n, maximumBalance: 500n };
  const of = (more: object, where = program) => {
    const refusal = termsRefusal({ ...terms, ...more }, where);
    return refusal && [refusal.code, refusal.problems[0]?.field];
  };
  const invalid = (field: string) => ["auto_top_up_invalid", field];
  assert.equal(of({}), null);
  assert.equal(of({ amount: 10n, threshold: 500n, monthlyCap: 10n }), null);
  assert.deepEqual(of({ amount: 9n }), ["amount_too_low", "amount"]);
  assert.deepEqual(of({ monthlyCap: 39n }), invalid("monthlyCap"));
  assert.deepEqual(of({ amount: 501n }), invalid("amount"));
  assert.deepEqual(of({ threshold: 501n }), invalid("threshold"));
  assert.equal(termsRefusal(terms, { minimumTransfer: 1n, maximumBalance: null }), null);
});

test("a debit is worth a look only below the threshold of a rule that works and does not rest", () => {
  assert.equal(isLow(fresh, 99n, now), true);
  assert.equal(isLow(fresh, 100n, now), false);
  assert.equal(isLow(null, 0n, now), false);
  assert.equal(isLow(stoppedRefill(fresh, NO_MONEY_LEFT, now), 0n, now), false);
  assert.equal(isLow({ ...fresh, restsUntil: rest.until }, 0n, now), false);
  assert.equal(isLow({ ...fresh, restsUntil: rest.until }, 0n, rest.until), true);
});

test("the states of such a rule agree with the database", async () => {
  const { url } = await testDatabase();
  const words = await wordsOf(url, "card_auto_top_ups_status_check");
  assert.deepEqual(words, [...autoTopUpLifecycle.states].sort());
});
