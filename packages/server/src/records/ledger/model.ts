import { assert } from "../../foundation/errors/errors.ts";
import type {
  AccountId,
  BudgetId,
  CardId,
  HoldId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../foundation/ids/ids.ts";
import { MAX_SUM } from "../../foundation/money/money.ts";

/** The two sides of a movement, and the side on which an account's balance normally stands. */
export type Side = "debit" | "credit";

type Nature = {
  /** Ordered: locked by its writers, versioned. Pooled: never locked, rolled up by the sequencer. */
  readonly kind: "ordered" | "pooled";
  /** Whether its room (see `roomOf`) may never be negative. */
  readonly limited: boolean;
  readonly normal: Side;
  /** Whether a receivable stands beside it for what a forced debit could not take. */
  readonly owes: boolean;
};

const limited = { kind: "ordered", limited: true } as const;
const pooled = { kind: "pooled", limited: false, owes: false } as const;

/** The account types (PRODUCT §3). */
export const accountTypes = {
  organization_available: { ...limited, normal: "credit", owes: false },
  card: { ...limited, normal: "credit", owes: true },
  budget: { ...limited, normal: "credit", owes: true },
  receivable: { ...limited, normal: "debit", owes: false },
  network_settlement: { ...pooled, normal: "credit" },
  fees: { ...pooled, normal: "credit" },
  external_funding: { ...pooled, normal: "debit" },
  provisional_credit: { ...pooled, normal: "debit" },
  chargeback_receivable: { ...pooled, normal: "debit" },
  loss: { ...pooled, normal: "debit" },
} as const satisfies Record<string, Nature>;

export type AccountType = keyof typeof accountTypes;

/**
 * Names an account. The owner is the card, the budget, or (organization's own and pooled accounts) the
 * organization; a receivable has the owner of the card or budget it stands beside.
 */
export type AccountRef = {
  readonly type: AccountType;
  readonly ownerId: string;
  readonly currency: string;
};

/** The id of an account follows from what it is, so nobody has to look it up. */
export function accountId({ type, ownerId, currency }: AccountRef): AccountId {
  return `acc_${type}_${ownerId}_${currency}`;
}

/** The nature of an account's type. */
export function natureOf(ref: { readonly type: AccountType }): Nature {
  return accountTypes[ref.type];
}

/** Whether writers lock this account. */
export function isOrdered(ref: { readonly type: AccountType }): boolean {
  return natureOf(ref).kind === "ordered";
}

/** The receivable beside a card or budget account; null for every other account. */
export function receivableOf(ref: AccountRef): AccountRef | null {
  if (!natureOf(ref).owes) return null;
  return { type: "receivable", ownerId: ref.ownerId, currency: ref.currency };
}

/** What an account holds, in minor units: never one balance. All four only grow, but for pending. */
export type Numbers = {
  readonly debitsPending: bigint;
  readonly debitsPosted: bigint;
  readonly creditsPending: bigint;
  readonly creditsPosted: bigint;
};

export const ZERO: Numbers = {
  debitsPending: 0n,
  debitsPosted: 0n,
  creditsPending: 0n,
  creditsPosted: 0n,
};

/** An account with its four numbers. `version` counts its journal rows; it has no gap. */
export type Account = AccountRef &
  Numbers & {
    readonly organizationId: OrganizationId;
    readonly id: AccountId;
    readonly version: bigint;
    /** A closed account takes no movement that a person asks for. */
    readonly closed: boolean;
  };

/** What people see of an account, in minor units. `available` = `posted` − `held`. */
export type Balances = {
  readonly currency: string;
  readonly posted: bigint;
  readonly held: bigint;
  readonly available: bigint;
  /** What the organization owes for it: the balance of its receivable. */
  readonly owed: bigint;
};

/** What stands on the account's normal side, posted only. */
export function postedOf(account: { readonly type: AccountType } & Numbers): bigint {
  const balance = account.creditsPosted - account.debitsPosted;
  return natureOf(account).normal === "credit" ? balance : -balance;
}

/** What is pending against the account's normal side. */
export function heldOf(account: { readonly type: AccountType } & Numbers): bigint {
  return natureOf(account).normal === "credit" ? account.debitsPending : account.creditsPending;
}

/**
 * How much may still be taken: the available balance of a credit-normal account, what is owed on a
 * receivable. Pending on the normal side never counts.
 */
export function roomOf(account: { readonly type: AccountType } & Numbers): bigint {
  return postedOf(account) - heldOf(account);
}

/** The balances people see, from an account and what is owed beside it. */
export function balancesOf(
  account: { readonly type: AccountType; readonly currency: string } & Numbers,
  owed: bigint,
): Balances {
  const posted = postedOf(account);
  const held = heldOf(account);
  return { currency: account.currency, posted, held, available: posted - held, owed };
}

/** What a journal row does: posts, holds, takes from a hold, or posts and takes from a hold. */
export const effects = ["post", "hold", "release", "capture"] as const;
export type Effect = (typeof effects)[number];

type Pair = readonly [debit: readonly AccountType[], credit: readonly AccountType[]];

type Kind = {
  readonly effect: Effect;
  /** Account types it may debit and credit; each pair on its own. */
  readonly between: readonly Pair[];
  /** Whether a closed account still takes it: what the network, a rule or the law brings. */
  readonly onClosed: boolean;
  /** Whether it is refused while something is owed beside the debited account. */
  readonly refusedWhileOwed?: true;
};

const own = ["organization_available"] as const;
const spending = ["card", "budget"] as const;
const anyOwn = [...own, ...spending] as const;
const debtor = [...anyOwn, "receivable"] as const;
const network = ["network_settlement"] as const;
const funding = ["external_funding"] as const;
const chargeback = ["chargeback_receivable"] as const;
const adjusting = ["external_funding", "fees", "loss"] as const;

/**
 * Every kind of movement (the table of PRODUCT §3, its mirrors, and what disputes and settlement add).
 * The part of a forced debit that nothing covers has the same kind and debits the receivable.
 */
export const movementKinds = {
  deposit: { effect: "post", between: [[funding, own]], onClosed: false },
  payout: { effect: "post", between: [[own, funding]], onClosed: false },
  top_up: { effect: "post", between: [[own, spending]], onClosed: false },
  withdrawal: {
    effect: "post",
    between: [[spending, own]],
    onClosed: false,
    refusedWhileOwed: true,
  },
  sub_budget_top_up: { effect: "post", between: [[["budget"], ["budget"]]], onClosed: false },
  sub_budget_withdrawal: {
    effect: "post",
    between: [[["budget"], ["budget"]]],
    onClosed: false,
    refusedWhileOwed: true,
  },
  sweep: { effect: "post", between: [[spending, own]], onClosed: true },
  fee: { effect: "post", between: [[anyOwn, ["fees"]]], onClosed: false },
  hold: { effect: "hold", between: [[spending, network]], onClosed: false },
  release: { effect: "release", between: [[spending, network]], onClosed: true },
  capture: { effect: "capture", between: [[spending, network]], onClosed: true },
  forced_debit: { effect: "post", between: [[debtor, network]], onClosed: true },
  refund: { effect: "post", between: [[network, anyOwn]], onClosed: true },
  receivable_repaid: { effect: "post", between: [[anyOwn, ["receivable"]]], onClosed: true },
  provisional_credit: {
    effect: "post",
    between: [[["provisional_credit"], anyOwn]],
    onClosed: true,
  },
  provisional_credit_reversal: {
    effect: "post",
    between: [[debtor, ["provisional_credit"]]],
    onClosed: true,
  },
  dispute_credit: {
    effect: "post",
    between: [[["provisional_credit", ...chargeback], anyOwn]],
    onClosed: true,
  },
  chargeback_recovery: { effect: "post", between: [[network, chargeback]], onClosed: true },
  chargeback_recovery_reversal: {
    effect: "post",
    between: [[chargeback, network]],
    onClosed: true,
  },
  write_off: {
    effect: "post",
    between: [[["loss"], ["provisional_credit", ...chargeback]]],
    onClosed: true,
  },
  network_settlement: {
    effect: "post",
    between: [
      [network, funding],
      [funding, network],
    ],
    onClosed: true,
  },
  adjustment: {
    effect: "post",
    between: [
      [adjusting, anyOwn],
      [anyOwn, adjusting],
    ],
    onClosed: false,
  },
  /** The mirrored row of one that a person may reverse, which it names in `reverses`. */
  reversal: { effect: "post", between: [], onClosed: false },
} as const satisfies Record<string, Kind>;

export type MovementKind = keyof typeof movementKinds;

/** The line of a kind. */
export function kindOf(kind: MovementKind): Kind {
  return movementKinds[kind];
}

/** What a person may reverse by hand (PRODUCT §3). */
const reversible = [
  "deposit",
  "payout",
  "top_up",
  "withdrawal",
  "sub_budget_top_up",
  "sub_budget_withdrawal",
  "fee",
  "adjustment",
] as const satisfies readonly MovementKind[];

/** Whether a kind may debit the one account type and credit the other. */
export function mayMove(kind: MovementKind, debit: AccountType, credit: AccountType): boolean {
  if (kind === "reversal") return reversible.some((mirrored) => allows(mirrored, credit, debit));
  return allows(kind, debit, credit);
}

function allows(kind: MovementKind, debit: AccountType, credit: AccountType): boolean {
  return kindOf(kind).between.some(
    ([debits, credits]) => debits.includes(debit) && credits.includes(credit),
  );
}

/** What a movement is about, beyond its accounts and amount; kept in its journal row. */
export type Links = {
  readonly transferId?: TransferId | undefined;
  readonly cardId?: CardId | undefined;
  readonly budgetId?: BudgetId | undefined;
};

/** One movement of money: one row of the journal. Amounts in minor units, 1 to 10^12. */
export type Movement = Links & {
  readonly kind: MovementKind;
  readonly debit: AccountRef;
  readonly credit: AccountRef;
  readonly amount: bigint;
  /** The hold it moves; only with effect hold, release or capture. */
  readonly hold?: HoldId | undefined;
  /** What a capture takes from the hold's remaining, apart from the amount it posts. */
  readonly released?: bigint | undefined;
  /** The journal row that this one mirrors; with kind `reversal`. */
  readonly reverses?: JournalId | undefined;
};

/** An ordered account right after one row. */
export type SideAfter = Numbers & {
  readonly accountId: AccountId;
  readonly version: bigint;
  /** Its room before and after the row: what is available; on a receivable, what is owed. */
  readonly before: bigint;
  readonly after: bigint;
};

/** A movement that was posted, with its ordered sides; a pooled side is null. */
export type Posted = {
  readonly journalId: JournalId;
  readonly movement: Movement;
  readonly debit: SideAfter | null;
  readonly credit: SideAfter | null;
};

/** A row of the journal as it is written, and never changed. */
export type JournalRow = Posted & {
  readonly organizationId: OrganizationId;
  readonly effect: Effect;
  readonly createdAt: Date;
};

/** How much a row adds to pending and to posted of each side. */
export type Delta = { readonly pending: bigint; readonly posted: bigint };

const deltas: Record<Effect, (amount: bigint, released: bigint) => Delta> = {
  post: (amount) => ({ pending: 0n, posted: amount }),
  hold: (amount) => ({ pending: amount, posted: 0n }),
  release: (amount) => ({ pending: -amount, posted: 0n }),
  capture: (amount, released) => ({ pending: -released, posted: amount }),
};

/** What a row does to both of its sides. */
export function deltaOf(effect: Effect, amount: bigint, released: bigint): Delta {
  return deltas[effect](amount, released);
}

/**
 * Numbers after one side of a row.
 *
 * @throws Fault when more would leave pending than is there: a hold is always whole.
 */
export function moveNumbers(numbers: Numbers, side: Side, { pending, posted }: Delta): Numbers {
  const after =
    side === "debit"
      ? {
          ...numbers,
          debitsPending: numbers.debitsPending + pending,
          debitsPosted: numbers.debitsPosted + posted,
        }
      : {
          ...numbers,
          creditsPending: numbers.creditsPending + pending,
          creditsPosted: numbers.creditsPosted + posted,
        };
  assert(
    after.debitsPending >= 0n && after.creditsPending >= 0n,
    "More left pending than is held.",
  );
  return after;
}

/** Largest balance of one account: JSON numbers stop being exact after it. */
export const MAX_BALANCE = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether an ordered account's sums and balance are within what can be stored and shown. */
export function isWithin(account: { readonly type: AccountType } & Numbers): boolean {
  const { debitsPending, debitsPosted, creditsPending, creditsPosted } = account;
  const sums = [debitsPending, debitsPosted, creditsPending, creditsPosted];
  return sums.every((sum) => sum <= MAX_SUM) && postedOf(account) <= MAX_BALANCE;
}

/** The laws of the books (PRODUCT §3), in the order in which they are checked. */
export const laws = {
  waiting_rows_exist: "Every row that waits to be sealed is in the journal",
  journal_continues: "Versions have no gap, and before plus amount is after, in every journal row",
  balances_equal_journal: "Every stored balance and version equals its journal",
  debits_equal_credits: "Debits equal credits in each currency, pending and posted",
  holds_equal_pending: "What is pending is what open holds still have, and holds equal the journal",
  within_limits: "No account is beyond its limit, and debts are paid before anything is available",
  entries_equal_journal: "Sealed entries equal the journal, for every account",
  accounts_are_whole: "Every account is the one that its id says",
} as const satisfies Record<string, string>;

export type Law = keyof typeof laws;
