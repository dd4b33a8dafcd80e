import type { BudgetId, LimitId, OrganizationId, ProgramId } from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import { least } from "../../foundation/money/money.ts";
import type { AccountRef, Balances } from "../../records/ledger/model.ts";

/** A frozen budget's cards stop; its money can still be moved by the organization. Archived is final. */
export const budgetLifecycle = lifecycle(["active", "frozen", "archived"], {
  freeze: { from: ["active"], to: "frozen" },
  unfreeze: { from: ["frozen"], to: "active" },
  archive: { from: ["active", "frozen"], to: "archived" },
});
export type BudgetStatus = StateOf<typeof budgetLifecycle>;
export type BudgetMove = MoveOf<typeof budgetLifecycle>;

/** Money set aside that many cards spend from, in an account of its own. */
export type Budget = {
  readonly organizationId: OrganizationId;
  readonly id: BudgetId;
  readonly externalId: string | null;
  /** Unique within the organization, archived budgets included. */
  readonly name: string;
  readonly label: string | null;
  readonly currency: string;
  /** The budget it is funded from; null for a root budget, funded by the organization. */
  readonly parentId: BudgetId | null;
  /** The way up, root first; the last one is the parent. Never changes. */
  readonly ancestorIds: readonly BudgetId[];
  /** 1 for a root budget. */
  readonly depth: number;
  /** Programs of the model budgetCard whose cards may spend from it. */
  readonly programIds: readonly ProgramId[];
  /** What its cards, and those of its descendants, may spend. */
  readonly limits: readonly SpendingLimit[];
  readonly status: BudgetStatus;
  readonly statusReason: string | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** A budget, and the nearest of its ancestors that is frozen. */
export type PlacedBudget = Budget & { readonly frozenBy: BudgetId | null };

/** Windows that follow the calendar of a time zone; a week begins on Monday. */
export const calendarSpans = ["day", "week", "month", "year"] as const;

/** Words for the window of a limit. */
export const windowNames = [...calendarSpans, "lifetime"] as const;

/** How long a limit counts: by the calendar, for ever, or over the last days (of 24 hours). */
export type Span =
  | { readonly every: (typeof calendarSpans)[number]; readonly timeZone: string }
  | { readonly every: "lifetime" }
  | { readonly every: "sliding"; readonly days: number };

/** A limit on each authorization by itself. */
export type AuthorizationLimit = {
  readonly id: LimitId;
  readonly kind: "perAuthorization";
  /** Minor units. */
  readonly amount: bigint;
};

/** A limit on what is spent within a window; of amount and count one is there, or both. */
export type WindowLimit = {
  readonly id: LimitId;
  readonly kind: "window";
  readonly span: Span;
  /** Minor units. */
  readonly amount: bigint | null;
  readonly count: bigint | null;
};

export type SpendingLimit = AuthorizationLimit | WindowLimit;

export const limitKinds = ["perAuthorization", "window"] as const satisfies SpendingLimit["kind"][];

/** From an instant on and before another; null where it has no such end. */
export type Window = { readonly startsAt: Date | null; readonly endsAt: Date | null };

/** What was spent: minor units, and how many authorizations. */
export type Usage = { readonly amount: bigint; readonly count: bigint };

/** A limit of a budget, and its window of some instant with what is spent in it. */
export type LimitFacts = {
  readonly budgetId: BudgetId;
  readonly limit: SpendingLimit;
  /** Null of a limit on each authorization by itself. */
  readonly current: { readonly window: Window; readonly used: Usage } | null;
};

/** What a window limit leaves: never below zero, null where it does not limit. */
export function remaining(
  { amount, count }: Pick<WindowLimit, "amount" | "count">,
  used: Usage,
): { readonly amount: bigint | null; readonly count: bigint | null } {
  const left = (limit: bigint | null, gone: bigint) =>
    limit === null ? null : limit - least(limit, gone);
  return { amount: left(amount, used.amount), count: left(count, used.count) };
}

/** A rule that tops a budget up by itself works until it stops, and again when it is set again. */
export const refillLifecycle = lifecycle(["active", "stopped"], {
  stop: { from: ["active"], to: "stopped" },
  set: { from: ["stopped"], to: "active" },
});
export type RefillStatus = StateOf<typeof refillLifecycle>;

/** The terms of a refill rule. Minor units of the budget's currency. */
export type RefillTerms = {
  /** It refills when less than this is available. */
  readonly threshold: bigint;
  /** How much at a time. */
  readonly amount: bigint;
  /** Most in one calendar month; null: as much as is needed. */
  readonly monthlyCap: bigint | null;
  /** IANA zone of the calendar. */
  readonly timeZone: string;
};

/** Such a rule with its state. */
export type RefillState = RefillTerms & {
  readonly status: RefillStatus;
  /** The code of the refusal that stopped it. */
  readonly stoppedReason: string | null;
  readonly stoppedAt: Date | null;
  /** Which month `monthAmount` counts. */
  readonly monthStartsAt: Date;
  readonly monthAmount: bigint;
  /** The cap is reached until then. */
  readonly restsUntil: Date | null;
};

/** A budget's refill rule. */
export type Refill = RefillState & {
  readonly organizationId: OrganizationId;
  readonly budgetId: BudgetId;
};

/** Cards of one program on a budget that are not deleted. */
export type LiveCards = {
  readonly budgetId: BudgetId;
  readonly programId: ProgramId;
  readonly count: number;
};

/** Counts the live cards of budgets: cards belong to a module to the right. */
export type CountLiveCards = (
  organizationId: OrganizationId,
  budgetIds: readonly BudgetId[],
) => Promise<readonly LiveCards[]>;

/** A budget of a tree with what is its own. */
export type Leaf = { readonly budget: PlacedBudget; readonly balances: Balances };

/** Sums over a budget and all below it. */
export type Totals = Balances & { readonly budgets: number; readonly liveCards: number };

/** A budget in its tree. */
export type TreeNode = Leaf & { readonly liveCards: number; readonly totals: Totals };

/** Most levels of a tree of budgets. */
export const MAX_DEPTH = 5;

/** Most programs of one budget. */
export const MAX_PROGRAMS = 50;

/** Most limits of one budget. */
export const MAX_LIMITS = 20;

/** Largest amount of a limit, minor units. */
export const MAX_LIMIT_AMOUNT = 1_000_000_000_000_000n;

/** Largest count of a limit. */
export const MAX_LIMIT_COUNT = 1_000_000_000n;

/** Longest sliding window, days. */
export const MAX_SLIDING_DAYS = 366;

/** Most budgets of one answered tree. */
export const MAX_TREE = 1_000;

/** Longest name of a budget, characters. */
export const MAX_NAME_LENGTH = 100;

/** Longest label, characters. */
export const MAX_LABEL_LENGTH = 200;

/** The ledger account of a budget. */
export function budgetAccount(budget: Pick<Budget, "id" | "currency">): AccountRef {
  return { type: "budget", ownerId: budget.id, currency: budget.currency };
}

type Placed = Pick<Budget, "organizationId" | "parentId" | "currency">;

/** The account that a budget is funded from and gives back to: its parent's, or the organization's. */
export function fundingAccount({ organizationId, parentId, currency }: Placed): AccountRef {
  return parentId === null
    ? { type: "organization_available", ownerId: organizationId, currency }
    : budgetAccount({ id: parentId, currency });
}

/** Where a refund to a budget goes: to its account, of an archived one to the organization's. */
export function refundAccountOf(
  budget: Pick<Budget, "organizationId" | "id" | "currency" | "status">,
): AccountRef {
  return budget.status === "archived"
    ? fundingAccount({ ...budget, parentId: null })
    : budgetAccount(budget);
}
