import { isTimeZone } from "../../../foundation/clock/zones.ts";
import { assert, type Problem, type Refusal } from "../../../foundation/errors/errors.ts";
import type { BudgetId, LimitId } from "../../../foundation/ids/ids.ts";
import { budgetErrors } from "../errors.ts";
import {
  type LimitFacts,
  remaining,
  type Span,
  type SpendingLimit,
  type Usage,
  type Window,
} from "../model.ts";
import type { NewLimit } from "../schema/limits.ts";
import { isIn } from "./windows.ts";

/** One way in which a limit contradicts itself: the field to change, and what is wrong in words. */
type Fault = {
  readonly field: keyof NewLimit;
  readonly message: string;
  readonly when: (limit: NewLimit) => boolean;
};

const isOnEach = ({ kind }: NewLimit) => kind === "perAuthorization";
const isWindow = ({ kind }: NewLimit) => kind === "window";
const hasCalendar = ({ window }: NewLimit) => window !== undefined && window !== "lifetime";

const notOnEach = (field: "count" | "window" | "sliding"): Fault => ({
  field,
  message: `A limit of kind perAuthorization has no ${field}.`,
  when: (limit) => isOnEach(limit) && limit[field] !== undefined,
});

const faults: readonly Fault[] = [
  {
    field: "amount",
    message: "A limit of kind perAuthorization needs an amount.",
    when: (limit) => isOnEach(limit) && limit.amount === undefined,
  },
  notOnEach("count"),
  notOnEach("window"),
  notOnEach("sliding"),
  {
    field: "amount",
    message: "A limit of kind window needs an amount, a count, or both.",
    when: (limit) => isWindow(limit) && limit.amount === undefined && limit.count === undefined,
  },
  {
    field: "window",
    message: "A limit of kind window needs one of window and sliding, not both.",
    when: (limit) =>
      isWindow(limit) && (limit.window === undefined) === (limit.sliding === undefined),
  },
  {
    field: "timeZone",
    message: "Only the windows day, week, month and year follow a time zone.",
    when: (limit) => limit.timeZone !== undefined && !hasCalendar(limit),
  },
  {
    field: "timeZone",
    message: "There is no such time zone; use an IANA name such as Europe/Berlin.",
    when: ({ timeZone }) => timeZone !== undefined && !isTimeZone(timeZone),
  },
];

/**
 * What is wrong with the limits that a request gives a budget.
 *
 * @param known those that it has.
 * @returns `budget_limit_invalid` with one line for each fault, or null.
 */
export function limitsRefusal(
  wanted: readonly NewLimit[],
  known: readonly SpendingLimit[],
): Refusal | null {
  const problems = wanted.flatMap((limit, index): Problem[] => {
    const problem = (field: string, message: string) =>
      budgetErrors.problem("budget_limit_invalid", `limits.${index}.${field}`, message);
    const found = faults.filter(({ when }) => when(limit));
    const { id } = limit;
    const isKnown = id === undefined || known.some((one) => one.id === id);
    const isTwice = id !== undefined && wanted.findIndex((one) => one.id === id) < index;
    return [
      ...(isKnown ? [] : [problem("id", "The budget has no limit of this id.")]),
      ...(isTwice ? [problem("id", "Another limit of the request has this id.")] : []),
      ...found.map(({ field, message }) => problem(field, message)),
    ];
  });
  if (problems.length === 0) return null;
  return budgetErrors.refusal("budget_limit_invalid", undefined, { problems });
}

/**
 * The limits that a valid request means. One without an id that is equal to one the budget has is that
 * one, so sending the same list again changes nothing.
 */
export function limitsOf(
  wanted: readonly NewLimit[],
  known: readonly SpendingLimit[],
  newId: () => LimitId,
): SpendingLimit[] {
  const named = new Set<string>(wanted.flatMap(({ id }) => id ?? []));
  const free = known.filter(({ id }) => !named.has(id));
  return wanted.map((limit) => {
    const terms = termsOf(limit);
    if (limit.id !== undefined) return { ...terms, id: limit.id as LimitId };
    const place = free.findIndex((one) => isSame(one, terms));
    const [same] = place === -1 ? [] : free.splice(place, 1);
    return same ?? { ...terms, id: newId() };
  });
}

type Terms =
  | Omit<Extract<SpendingLimit, { kind: "perAuthorization" }>, "id">
  | Omit<Extract<SpendingLimit, { kind: "window" }>, "id">;

function termsOf(limit: NewLimit): Terms {
  const amount = limit.amount === undefined ? null : BigInt(limit.amount);
  if (limit.kind === "perAuthorization") {
    assert(amount !== null, "A limit on each authorization has an amount.");
    return { kind: limit.kind, amount };
  }
  const count = limit.count === undefined ? null : BigInt(limit.count);
  return { kind: limit.kind, amount, count, span: spanOf(limit) };
}

function spanOf({ window, timeZone = "UTC", sliding }: NewLimit): Span {
  if (sliding !== undefined) return { every: "sliding", days: sliding.days };
  assert(window !== undefined, "A window limit has a window.");
  return window === "lifetime" ? { every: window } : { every: window, timeZone };
}

function isSame(limit: SpendingLimit, terms: Terms): boolean {
  if (limit.kind === "perAuthorization" || terms.kind === "perAuthorization") {
    return limit.kind === terms.kind && limit.amount === terms.amount;
  }
  return (
    limit.amount === terms.amount &&
    limit.count === terms.count &&
    isSameSpan(limit.span, terms.span)
  );
}

function isSameSpan(one: Span, other: Span): boolean {
  const zoneOf = (span: Span) => ("timeZone" in span ? span.timeZone : null);
  const daysOf = (span: Span) => ("days" in span ? span.days : null);
  return (
    one.every === other.every && zoneOf(one) === zoneOf(other) && daysOf(one) === daysOf(other)
  );
}

/** Usage after something more was spent, or given back where negative. */
export function usageAfter(used: Usage, { amount, count }: Usage): Usage {
  return { amount: used.amount + amount, count: used.count + count };
}

/** What an authorization would spend. Minor units. */
export type Spending = Usage & {
  /** Its whole amount after it: of an increment more than `amount`, which then has the count 0. */
  readonly whole: bigint;
};

/** Which limit something would be beyond, and what was seen; a decline's reason. */
export type LimitBreach = {
  readonly budgetId: BudgetId;
  readonly limit: SpendingLimit;
  readonly measure: "amount" | "count";
  /** Null of a limit on each authorization by itself. */
  readonly window: Window | null;
  readonly used: Usage | null;
  /** What it leaves of the measure. */
  readonly remaining: bigint;
};

/**
 * The first limit that something would be beyond; null where every one leaves enough.
 *
 * @param facts the limits of a budget and of its ancestors with the usage in their windows of `at`.
 */
export function limitRefusal(
  facts: readonly LimitFacts[],
  spending: Spending,
  at: Date,
): LimitBreach | null {
  for (const fact of facts) {
    const breach = breachOf(fact, spending, at);
    if (breach !== null) return breach;
  }
  return null;
}

function breachOf(
  { budgetId, limit, current }: LimitFacts,
  { amount, count, whole }: Spending,
  at: Date,
): LimitBreach | null {
  if (limit.kind === "perAuthorization") {
    if (whole <= limit.amount) return null;
    const none = { window: null, used: null };
    return { budgetId, limit, measure: "amount", ...none, remaining: limit.amount };
  }
  assert(current !== null && isIn(current.window, at), "Usage is read for the instant.");
  const left = remaining(limit, current.used);
  const breach = { budgetId, limit, window: current.window, used: current.used };
  if (left.amount !== null && amount > left.amount) {
    return { ...breach, measure: "amount", remaining: left.amount };
  }
  if (left.count !== null && count > left.count) {
    return { ...breach, measure: "count", remaining: left.count };
  }
  return null;
}
