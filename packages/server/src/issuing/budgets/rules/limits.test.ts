import assert from "node:assert/strict";
import test from "node:test";
import type { LimitId } from "../../../foundation/ids/ids.ts";
import { type LimitFacts, remaining, type SpendingLimit, type WindowLimit } from "../model.ts";
import type { NewLimit } from "../schema/limits.ts";
import { limitRefusal, limitsOf, limitsRefusal, usageAfter } from "./limits.ts";
import { windowOf } from "./windows.ts";

const monthly: NewLimit = { kind: "window", amount: 500, window: "month", timeZone: "Asia/Tokyo" };
const weekly: NewLimit = { kind: "window", count: 3, window: "week" };
const sliding: NewLimit = { kind: "window", amount: 9, count: 2, sliding: { days: 7 } };
const forever: NewLimit = { kind: "window", amount: 9_000, window: "lifetime" };
const onEach: NewLimit = { kind: "perAuthorization", amount: 50 };
const valid = [monthly, weekly, sliding, forever, onEach];

let next = 0;
const newId = (): LimitId => {
  next += 1;
  return `lim_${next}`;
};

test("each way in which a limit contradicts itself is named with its field", () => {
  const known = limitsOf([onEach], [], () => "lim_known");
  const cases: [NewLimit[], string[]][] = [
    [valid, []],
    [[{ ...onEach, id: "lim_known" }], []],
    [[{ kind: "perAuthorization" }], ["limits.0.amount"]],
    [[{ ...onEach, count: 1 }], ["limits.0.count"]],
    [[{ ...onEach, window: "day" }], ["limits.0.window"]],
    [[{ ...onEach, sliding: { days: 1 } }], ["limits.0.sliding"]],
    [[{ ...onEach, timeZone: "UTC" }], ["limits.0.timeZone"]],
    [[{ kind: "window", window: "day" }], ["limits.0.amount"]],
    [[onEach, { kind: "window", amount: 1 }], ["limits.1.window"]],
    [[{ ...weekly, sliding: { days: 1 } }], ["limits.0.window"]],
    [[{ ...sliding, timeZone: "UTC" }], ["limits.0.timeZone"]],
    [[{ ...forever, timeZone: "UTC" }], ["limits.0.timeZone"]],
    [[{ ...weekly, timeZone: "+02:00" }], ["limits.0.timeZone"]],
    [[{ ...onEach, id: "lim_other" }], ["limits.0.id"]],
    [[onEach, onEach].map((one) => ({ ...one, id: "lim_known" })), ["limits.1.id"]],
    [[{ kind: "window" }], ["limits.0.amount", "limits.0.window"]],
  ];
  for (const [wanted, fields] of cases) {
    const refusal = limitsRefusal(wanted, known);
    assert.equal(refusal?.code, fields.length === 0 ? undefined : "budget_limit_invalid");
    assert.deepEqual(
      (refusal?.problems ?? []).map(({ field }) => field),
      fields,
      JSON.stringify(wanted),
    );
  }
});

test("a limit that is equal keeps its id without naming it, one that is named keeps it when changed", () => {
  const known = limitsOf([...valid, weekly], [], newId);
  assert.equal(new Set(known.map(({ id }) => id)).size, valid.length + 1);
  assert.deepEqual(
    limitsOf([weekly, ...valid], known, newId)
      .map(({ id }) => id)
      .sort(),
    [...known.map(({ id }) => id).sort()],
  );
  const [first] = known;
  const [changed, fresh] = limitsOf(
    [{ ...monthly, id: first?.id ?? "", amount: 501 }, monthly],
    known,
    newId,
  );
  assert.equal(changed?.id, first?.id);
  assert.equal(changed?.amount, 501n);
  // The one that was equal is the one that was changed, so this one is new.
  assert.ok(known.every(({ id }) => id !== fresh?.id));
  for (const changes of [
    { amount: 501 },
    { window: "year" },
    { timeZone: "UTC" },
    { count: 1 },
  ] as const) {
    const [other] = limitsOf([{ ...monthly, ...changes }], known, newId);
    assert.ok(
      known.every(({ id }) => id !== other?.id),
      JSON.stringify(changes),
    );
  }
});

const at = new Date("2027-03-10T10:00:00Z");
const window: WindowLimit = {
  id: "lim_w",
  kind: "window",
  span: { every: "day", timeZone: "UTC" },
  amount: 100n,
  count: 3n,
};
const each: SpendingLimit = { id: "lim_e", kind: "perAuthorization", amount: 60n };
const used = (amount: bigint, count: bigint, limit = window): LimitFacts => ({
  budgetId: "bud_1",
  limit,
  current: { window: windowOf(limit, at), used: { amount, count } },
});
const spend = (amount: bigint, count = 1n, whole = amount) => ({ amount, count, whole });

test("a limit leaves what is not used, never less than nothing, of what it limits", () => {
  assert.deepEqual(remaining(window, { amount: 40n, count: 1n }), { amount: 60n, count: 2n });
  assert.deepEqual(remaining(window, { amount: 101n, count: 4n }), { amount: 0n, count: 0n });
  const onCount = { ...window, amount: null };
  assert.deepEqual(remaining(onCount, { amount: 9n, count: 3n }), { amount: null, count: 0n });
  assert.deepEqual(usageAfter({ amount: 5n, count: 1n }, { amount: -5n, count: -1n }), {
    amount: 0n,
    count: 0n,
  });
});

test("spending up to a limit is taken, one minor unit or one time more names the limit", () => {
  const breach = (facts: LimitFacts[], spending: ReturnType<typeof spend>) => {
    const found = limitRefusal(facts, spending, at);
    return found === null ? null : [found.limit.id, found.measure, found.remaining];
  };
  assert.equal(breach([used(40n, 2n)], spend(60n)), null);
  assert.deepEqual(breach([used(40n, 2n)], spend(61n)), ["lim_w", "amount", 60n]);
  assert.deepEqual(breach([used(40n, 3n)], spend(1n)), ["lim_w", "count", 0n]);
  // Beyond the limit already, by a clearing that was above it: nothing is left.
  assert.deepEqual(breach([used(140n, 1n)], spend(1n)), ["lim_w", "amount", 0n]);
  // An increment counts its amount but not its number.
  assert.equal(breach([used(40n, 3n)], spend(60n, 0n)), null);
  const onEachFacts: LimitFacts = { budgetId: "bud_2", limit: each, current: null };
  assert.equal(breach([onEachFacts], spend(60n)), null);
  assert.deepEqual(breach([onEachFacts], spend(61n)), ["lim_e", "amount", 60n]);
  assert.deepEqual(breach([onEachFacts], spend(1n, 0n, 61n)), ["lim_e", "amount", 60n]);
  // The first that is broken decides: the budget's own come before its ancestors'.
  assert.deepEqual(breach([onEachFacts, used(100n, 0n)], spend(70n)), ["lim_e", "amount", 60n]);
  assert.deepEqual(breach([], spend(1_000_000n)), null);
});

test("usage that was read for another window is a fault, not an answer", () => {
  const tomorrow = new Date("2027-03-11T00:00:00Z");
  assert.throws(() => limitRefusal([used(0n, 0n)], spend(1n), tomorrow), { name: "Fault" });
});
