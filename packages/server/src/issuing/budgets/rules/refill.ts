import { isTimeZone } from "../../../foundation/clock/zones.ts";
import { assert, type Refusal } from "../../../foundation/errors/errors.ts";
import { least } from "../../../foundation/money/money.ts";
import { budgetErrors } from "../errors.ts";
import type { PlacedBudget, Refill, RefillState, RefillTerms } from "../model.ts";
import { isIn, windowOf } from "./windows.ts";

/** What is wrong with the terms of a refill rule; null where nothing is. */
export function refillRefusal({ amount, monthlyCap, timeZone }: RefillTerms): Refusal | null {
  const refuse = (field: string, message: string) =>
    budgetErrors.refusal("budget_refill_invalid", message, { field });
  if (!isTimeZone(timeZone)) {
    return refuse("timeZone", "There is no such time zone; use an IANA name such as UTC.");
  }
  return monthlyCap !== null && monthlyCap < amount
    ? refuse("monthlyCap", "The cap is below the amount of a single refill.")
    : null;
}

const monthIn = (timeZone: string, now: Date) =>
  windowOf({ span: { every: "month", timeZone } }, now);

/** What a rule has refilled in the calendar month of now, minor units. */
export function refilledInMonth(
  { timeZone, monthStartsAt, monthAmount }: RefillState,
  now: Date,
): bigint {
  return isIn(monthIn(timeZone, now), monthStartsAt) ? monthAmount : 0n;
}

/**
 * A rule as it is set now: it works again if it was stopped, and what was refilled in this month still
 * counts. The same one where nothing would change.
 */
export function setRule<R extends RefillState>(
  before: R | null,
  terms: RefillTerms,
  now: Date,
): R | RefillState {
  if (before?.status === "active" && isSame(before, terms)) return before;
  return {
    ...terms,
    status: "active",
    stoppedReason: null,
    stoppedAt: null,
    monthStartsAt: startOfMonth(terms.timeZone, now),
    monthAmount: before === null ? 0n : refilledInMonth(before, now),
    restsUntil: null,
  };
}

/** As `setRule`, for the rule of a budget. */
export function setRefill(
  budget: Pick<PlacedBudget, "organizationId" | "id">,
  before: Refill | null,
  terms: RefillTerms,
  now: Date,
): Refill {
  const after = setRule(before, terms, now);
  if (after === before) return before;
  return { ...after, organizationId: budget.organizationId, budgetId: budget.id };
}

function isSame(one: RefillTerms, other: RefillTerms): boolean {
  return (
    one.threshold === other.threshold &&
    one.amount === other.amount &&
    one.monthlyCap === other.monthlyCap &&
    one.timeZone === other.timeZone
  );
}

function startOfMonth(timeZone: string, now: Date): Date {
  const { startsAt } = monthIn(timeZone, now);
  assert(startsAt !== null, "A month begins.");
  return startsAt;
}

/** What is to be done about a rule at an instant. */
export type RefillStep =
  | { readonly do: "nothing" }
  /** The cap is reached until then. */
  | { readonly do: "rest"; readonly until: Date }
  | { readonly do: "refill"; readonly amount: bigint };

const NOTHING: RefillStep = { do: "nothing" };

/**
 * Whether a budget is refilled, and by how much: by the rule's amount, or by what the month's cap leaves. A
 * budget that is not active, or is below a frozen one, is not: its cards cannot spend.
 *
 * @param available on the budget, minor units.
 */
export function refillStep(
  refill: Refill,
  budget: Pick<PlacedBudget, "status" | "frozenBy">,
  available: bigint,
  now: Date,
): RefillStep {
  if (refill.status !== "active" || budget.status !== "active" || budget.frozenBy !== null) {
    return NOTHING;
  }
  return ruleStep(refill, available, now);
}

/** What a rule that works does: it refills its amount, or what the month's cap leaves. */
export function ruleStep(rule: RefillState, available: bigint, now: Date): RefillStep {
  if (available >= rule.threshold) return NOTHING;
  if (rule.monthlyCap === null) return { do: "refill", amount: rule.amount };
  const left = rule.monthlyCap - least(rule.monthlyCap, refilledInMonth(rule, now));
  return left > 0n ? { do: "refill", amount: least(rule.amount, left) } : restOfMonth(rule, now);
}

/** A rule rests until its next month begins. */
export function restOfMonth({ timeZone }: RefillState, now: Date): RefillStep {
  const { endsAt } = monthIn(timeZone, now);
  assert(endsAt !== null, "A month ends.");
  return { do: "rest", until: endsAt };
}

/** A rule after it refilled an amount. */
export const afterRefill = <R extends RefillState>(refill: R, amount: bigint, now: Date): R => ({
  ...refill,
  monthStartsAt: startOfMonth(refill.timeZone, now),
  monthAmount: refilledInMonth(refill, now) + amount,
});

/** A rule that stops until it is set again. */
export const stoppedRefill = <R extends RefillState>(refill: R, reason: string, now: Date): R => ({
  ...refill,
  status: "stopped",
  stoppedReason: reason,
  stoppedAt: now,
});
