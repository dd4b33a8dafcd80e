/** What the naive issuer of `life-model.ts` knows of terms, and PRODUCT §5's table in words. */

type Terms = {
  readonly model: "card" | "budgetCard";
  readonly issuance: bigint;
  readonly topUp: bigint;
  readonly replacement: bigint;
  readonly monthly: bigint;
  readonly validityMonths: number;
  /** Of a zone without summer time. */
  readonly timeZone: string;
  readonly aheadHours: number;
  readonly minimumTransfer: bigint;
  readonly maximumBalance: bigint | null;
  /** Its cards renew by themselves within so many days of their expiry; null: they do not. */
  readonly renewalDays: number | null;
};

const free = { issuance: 0n, topUp: 0n, replacement: 0n, monthly: 0n } as const;
const long = { validityMonths: 24, timeZone: "UTC", aheadHours: 0 } as const;
const open = { minimumTransfer: 1n, maximumBalance: null, renewalDays: null } as const;
const tokyo = { timeZone: "Asia/Tokyo", aheadHours: 9 } as const;

export const programs = {
  dear: {
    model: "card",
    ...tokyo,
    issuance: 120n,
    topUp: 7n,
    replacement: 45n,
    monthly: 400n,
    validityMonths: 2,
    minimumTransfer: 10n,
    maximumBalance: 3_000n,
    renewalDays: null,
  },
  plain: { model: "card", ...free, ...long, ...open },
  steady: { model: "card", ...free, ...tokyo, ...open, validityMonths: 2, renewalDays: 25 },
  fleet: {
    model: "budgetCard",
    ...tokyo,
    ...open,
    issuance: 60n,
    topUp: 0n,
    replacement: 25n,
    monthly: 15n,
    validityMonths: 3,
  },
  pool: { model: "budgetCard", ...free, ...long, ...open },
} as const satisfies Record<string, Terms>;

export type ProgramName = keyof typeof programs;
export const programNames = Object.keys(programs) as ProgramName[];

/** The program whose cards are a customer's, who may lose the access to it. */
export const CUSTOMERS: ProgramName = "dear";

export type RestrictionKind = "freeze" | "block";
export type Freezer = "organization" | "cardholder";
export type Blocker = "platform" | "compliance";

export type CardModel = {
  readonly name: string;
  readonly program: ProgramName;
  /** The name of the first card of its chain; null of a budget card. */
  readonly account: string | null;
  readonly budget: string | null;
  expiresAt: number;
  isExpiryRecorded: boolean;
  /** By kind and owner: when it ends, null where it does not. Those that nobody has lifted. */
  readonly restrictions: Map<string, number | null>;
  deletedAt: number | null;
  replacedBy: string | null;
  /** Since when monthly fees are counted, and how many are charged. */
  readonly anchor: number;
  months: number;
  version: number;
};

export type BudgetModel = {
  readonly name: string;
  readonly parent: string | null;
  /** 1 for a root. */
  readonly depth: number;
  status: "active" | "frozen" | "archived";
};

/** A rule that fills a card or a budget by itself. */
export type RuleModel = {
  readonly threshold: bigint;
  readonly amount: bigint;
  readonly cap: bigint | null;
  /** Why it stopped; null while it works. */
  stopped: Outcome | null;
  /** In which month of its calendar something was filled in last, and how much. */
  month: number;
  filled: bigint;
  /** The cap is reached until then. */
  restsUntil: number;
};

/** One row of a batch: what it asks for, and what came of it; null while nobody has decided. */
export type RowModel = { readonly asked: IssueOperation; outcome: Outcome | null };

export type TransferModel = {
  readonly name: string;
  readonly kind: "deposit" | "payout" | "topUp" | "withdrawal" | "budgetTopUp" | "budgetWithdrawal";
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly card?: string;
  isReversed: boolean;
};

/** `done`, or a code; behind it the conditions that are not met. */
export type Outcome = string;

export type IssueOperation = {
  readonly verb: "issue";
  readonly card: string;
  readonly program: ProgramName;
  readonly amount: bigint;
  readonly budget: string | null;
  readonly transfer: string;
};

/** What can be done, by the names of the model. Amounts in minor units, instants in ms. */
export type LifeOperation =
  | { readonly verb: "deposit" | "payout"; readonly amount: bigint; readonly transfer: string }
  | IssueOperation
  | {
      readonly verb: "topUp" | "withdraw";
      readonly card: string;
      readonly amount: bigint;
      readonly transfer: string;
    }
  | { readonly verb: "delete" | "renew"; readonly card: string }
  | { readonly verb: "replace"; readonly card: string; readonly fresh: string }
  | {
      readonly verb: "freeze";
      readonly card: string;
      readonly owner: Freezer;
      /** Null: none; undefined: nothing is said of it. */
      readonly endsAt: number | null | undefined;
    }
  | {
      readonly verb: "block";
      readonly card: string;
      readonly owner: Blocker;
      readonly endsAt: number | null | undefined;
    }
  | { readonly verb: "unfreeze"; readonly card: string; readonly owner: Freezer }
  | { readonly verb: "unblock"; readonly card: string; readonly owner: Blocker }
  /** Of the one customer to the program whose cards are all theirs. */
  | { readonly verb: "revoke" | "grant" }
  /** Orders the cards of a program to be blocked; the job does it. */
  | { readonly verb: "blockProgram"; readonly program: ProgramName }
  | { readonly verb: "createBudget"; readonly budget: string; readonly parent: string | null }
  | {
      readonly verb: "fundBudget" | "drainBudget";
      readonly budget: string;
      readonly amount: bigint;
      readonly transfer: string;
    }
  | { readonly verb: "freezeBudget" | "unfreezeBudget" | "archiveBudget"; readonly budget: string }
  | { readonly verb: "reverse"; readonly transfer: string; readonly byPlatform: boolean }
  | {
      readonly verb: "reverseFee";
      /** The id that the server gave it. */
      readonly id: string;
      readonly amount: bigint;
      readonly isReversed: boolean;
    }
  | {
      readonly verb: "setTopUp";
      readonly card: string;
      readonly threshold: bigint;
      readonly amount: bigint;
      readonly cap: bigint | null;
    }
  | {
      readonly verb: "setRefill";
      readonly budget: string;
      readonly threshold: bigint;
      readonly amount: bigint;
      readonly cap: bigint | null;
    }
  | { readonly verb: "removeTopUp"; readonly card: string }
  | { readonly verb: "removeRefill"; readonly budget: string }
  | { readonly verb: "batch"; readonly batch: string; readonly rows: readonly IssueOperation[] }
  | { readonly verb: "cancelBatch"; readonly batch: string }
  /** The fee that waits at a place of the row. */
  | { readonly verb: "waive"; readonly at: number }
  | { readonly verb: "suspend" | "activate" | "jobs" | "restart" }
  | { readonly verb: "hold"; readonly card: string; readonly hold: string; readonly amount: bigint }
  | { readonly verb: "release"; readonly hold: string; readonly amount: bigint | "all" }
  | {
      readonly verb: "capture";
      readonly hold: string;
      readonly amount: bigint;
      readonly final: boolean;
    }
  | { readonly verb: "refund" | "force"; readonly card: string; readonly amount: bigint }
  | { readonly verb: "advance"; readonly ms: number };

export type Of<Verb> = Extract<LifeOperation, { verb: Verb }>;

/** What answers each of these verbs. */
export type VerbsOf<Verb extends LifeOperation["verb"]> = {
  readonly [V in Verb]: (operation: Of<V>) => Outcome;
};

/** Whether a restriction that ends then stands at an instant. */
export const isLive = (endsAt: number | null, now: number): boolean =>
  endsAt === null || endsAt > now;

const has = ({ restrictions }: CardModel, what: string, now: number): boolean =>
  [...restrictions].some(([key, endsAt]) => key.includes(what) && isLive(endsAt, now));

/** The status that is shown: deleted > expired > blocked > frozen > active. */
export function statusOf(card: CardModel, now: number): string {
  if (card.deletedAt !== null) return "deleted";
  if (now >= card.expiresAt) return "expired";
  if (has(card, "block ", now)) return "blocked";
  return has(card, "freeze ", now) ? "frozen" : "active";
}

/** In which statuses what a person asks for is done. */
const table = {
  topUp: "active frozen",
  withdraw: "active frozen blocked expired",
  delete: "active frozen blocked expired",
  freeze: "active frozen blocked",
  unfreeze: "active frozen blocked",
  block: "active frozen blocked expired",
  unblock: "active frozen blocked expired",
  replace: "active frozen expired",
  renew: "active frozen expired",
} as const;

/** The code by which a card refuses; null where it does not. */
export function statusRefusal(
  verb: keyof typeof table,
  card: CardModel,
  now: number,
): Outcome | null {
  const status = statusOf(card, now);
  if (!table[verb].split(" ").includes(status)) return `card_${status}`;
  const takesOut = verb === "withdraw" || verb === "delete";
  if (takesOut && has(card, "compliance", now)) return "compliance_restriction";
  const givesAgain = verb === "replace" || verb === "renew";
  return givesAgain && has(card, "block ", now) ? "card_blocked" : null;
}
