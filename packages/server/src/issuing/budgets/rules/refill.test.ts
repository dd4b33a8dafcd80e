import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase, wordsOf } from "../../../../test/harness/database.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import { type Refill, refillLifecycle } from "../model.ts";
import {
  afterRefill,
  refilledInMonth,
  refillRefusal,
  refillStep,
  setRefill,
  stoppedRefill,
} from "./refill.ts";

const now = new Date("2027-03-31T22:30:00Z");
const terms = { threshold: 100n, amount: 40n, monthlyCap: 100n, timeZone: "UTC" };
const budget = { organizationId: "org_1", id: "bud_1" } as const;
const active = { status: "active", frozenBy: null } as const;
const fresh = setRefill(budget, null, terms, now);
const step = (refill: Refill, available: bigint, at = now) =>
  refillStep(refill, active, available, at);

test("a budget is refilled below the threshold and not at it", () => {
  assert.deepEqual(step(fresh, 99n), { do: "refill", amount: 40n });
  assert.deepEqual(step(fresh, 100n), { do: "nothing" });
});

test("a month's cap is used to the last minor unit, then the rule rests to the end of the month", () => {
  let refill = fresh;
  const amounts: bigint[] = [];
  for (;;) {
    const next = step(refill, 0n);
    if (next.do !== "refill") {
      assert.deepEqual(next, { do: "rest", until: new Date("2027-04-01T00:00:00Z") });
      break;
    }
    amounts.push(next.amount);
    refill = afterRefill(refill, next.amount, now);
  }
  assert.deepEqual(amounts, [40n, 40n, 20n]);
  const april = new Date("2027-04-01T00:00:00Z");
  assert.deepEqual(step(refill, 0n, april), { do: "refill", amount: 40n });
  assert.equal(refilledInMonth(refill, now), 100n);
  assert.equal(refilledInMonth(refill, april), 0n);
  assert.equal(afterRefill(refill, 40n, april).monthAmount, 40n);
  assert.deepEqual(step({ ...refill, monthlyCap: null }, 0n), { do: "refill", amount: 40n });
});

test("the month is that of the rule's zone", () => {
  const tokyo = { ...fresh, timeZone: "Asia/Tokyo" };
  // It is April there already.
  const used = afterRefill(tokyo, 100n, now);
  assert.equal(used.monthStartsAt.toISOString(), "2027-03-31T15:00:00.000Z");
  const rest = step(used, 0n);
  assert.deepEqual(rest, { do: "rest", until: new Date("2027-04-30T15:00:00Z") });
});

test("a frozen or archived budget, one below a frozen one, and a stopped rule are left alone", () => {
  for (const standing of [
    { status: "frozen", frozenBy: null },
    { status: "archived", frozenBy: null },
    { status: "active", frozenBy: "bud_0" },
  ] as const) {
    assert.deepEqual(refillStep(fresh, standing, 0n, now), { do: "nothing" });
  }
  assert.deepEqual(step(stoppedRefill(fresh, "insufficient_budget_balance", now), 0n), {
    do: "nothing",
  });
});

test("setting a rule again starts it again and keeps what the month had; the same rule changes nothing", () => {
  const used = afterRefill(fresh, 40n, now);
  assert.equal(setRefill(budget, used, terms, now), used);
  const stopped = stoppedRefill(used, "insufficient_budget_balance", now);
  assert.equal(canMove(refillLifecycle, "set", stopped.status), true);
  const again = setRefill(budget, stopped, terms, now);
  assert.deepEqual(
    [again.status, again.stoppedReason, again.stoppedAt, again.monthAmount],
    ["active", null, null, 40n],
  );
  const other = setRefill(budget, used, { ...terms, timeZone: "America/New_York" }, now);
  assert.equal(refilledInMonth(other, now), 40n);
  assert.equal(setRefill(budget, used, terms, new Date("2027-05-01T00:00:00Z")), used);
});

test("terms that cannot work are refused with their field", () => {
  assert.equal(refillRefusal(terms), null);
  assert.equal(refillRefusal({ ...terms, monthlyCap: null }), null);
  assert.equal(refillRefusal({ ...terms, monthlyCap: 40n }), null);
  const fieldOf = (refusal: ReturnType<typeof refillRefusal>) => refusal?.problems[0]?.field;
  assert.equal(fieldOf(refillRefusal({ ...terms, monthlyCap: 39n })), "monthlyCap");
  assert.equal(fieldOf(refillRefusal({ ...terms, timeZone: "+01:00" })), "timeZone");
});

test("the states of a refill rule agree with the database", async () => {
  const { url } = await testDatabase();
  const words = await wordsOf(url, "budget_refills_status_check");
  assert.deepEqual(words, [...refillLifecycle.states].sort());
});
