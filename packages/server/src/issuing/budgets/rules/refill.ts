import { isTimeZone } from "../../../foundation/clock/zones.ts";
import { assert, type Refusal } from "../../../foundation/errors/errors.ts";
import { least } from "../../../foundation/money/money.ts";
import { budgetErrors } from "../errors.ts";
import type { PlacedBudget, Refill, RefillTerms } from "../model.ts";
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
  { timeZone, monthStartsAt, monthAmount }: Refill,
  now: Date,
): bigint {
  return isIn(monthIn(timeZone, now), monthStartsAt) ? monthAmount : 0n;
}

/**
 * A budget's rule as it is set now: it works again if it was stopped, and what was refilled in this month
 * still counts. The same one where nothing would change.
 */
export function setRefill(
  budget: Pick<PlacedBudget, "organizationId" | "id">,
  before: Refill | null,
  terms: RefillTerms,
  now: Date,
): Refill {
  if (before?.status === "active" && isSame(before, terms)) return before;
  return {
    ...terms,
    organizationId: budget.organizationId,
    budgetId: budget.id,
    status: "active",
    stoppedReason: null,
    stoppedAt: null,
    monthStartsAt: startOfMonth(terms.timeZone, now),
    monthAmount: before === null ? 0n : refilledInMonth(before, now),
    restsUntil: null,
  };
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
  if (available >= refill.threshold) return NOTHING;
  if (refill.monthlyCap === null) return { do: "refill", amount: refill.amount };
  const left = refill.monthlyCap - least(refill.monthlyCap, refilledInMonth(refill, now));
  if (left > 0n) return { do: "refill", amount: least(refill.amount, left) };
  const { endsAt } = monthIn(refill.timeZone, now);
  assert(endsAt !== null, "A month ends.");
  return { do: "rest", until: endsAt };
}

/** A rule after it refilled an amount. */
export const afterRefill = (refill: Refill, amount: bigint, now: Date): Refill => ({
  ...refill,
  monthStartsAt: startOfMonth(refill.timeZone, now),
  monthAmount: refilledInMonth(refill, now) + amount,
});

/** A rule that stops until it is set again. */
export const stoppedRefill = (refill: Refill, reason: string, now: Date): Refill => ({
  ...refill,
  status: "stopped",
  stoppedReason: reason,
  stoppedAt: now,
});
