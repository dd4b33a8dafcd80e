import type { Actor } from "../../foundation/database/work.ts";
import type {
  BudgetId,
  CardId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { AccountType, MovementKind } from "../../records/ledger/model.ts";

type Kind = {
  readonly meaning: string;
  readonly movement: MovementKind;
  /** The movement where both sides are budgets. */
  readonly betweenBudgets?: MovementKind;
  readonly reversibleBy: "organization" | "sandbox" | "platform" | null;
};

/**
 * Every kind of transfer (PRODUCT §3): what it is, the ledger's movement, and who may reverse it by hand.
 * Who makes a kind may undo it: organizations move money to and from their cards and budgets; money that
 * enters or leaves the installation, fees and adjustments are the platform's. `sandbox`: the organization
 * may, in a sandbox, because there it makes it itself.
 */
export const transferKinds = {
  organization_deposit: {
    meaning: "Money came in for the organization.",
    movement: "deposit",
    reversibleBy: "sandbox",
  },
  organization_payout: {
    meaning: "Money was paid out to the organization.",
    movement: "payout",
    reversibleBy: "platform",
  },
  card_top_up: {
    meaning: "The organization put money on a card.",
    movement: "top_up",
    reversibleBy: "organization",
  },
  card_withdrawal: {
    meaning: "The organization took money back from a card.",
    movement: "withdrawal",
    reversibleBy: "organization",
  },
  budget_top_up: {
    meaning: "The organization, or the parent budget, put money into a budget.",
    movement: "top_up",
    betweenBudgets: "sub_budget_top_up",
    reversibleBy: "organization",
  },
  budget_withdrawal: {
    meaning: "Money went back from a budget to the organization or the parent budget.",
    movement: "withdrawal",
    betweenBudgets: "sub_budget_withdrawal",
    reversibleBy: "organization",
  },
  card_sweep: {
    meaning: "What was left on a deleted card went to the organization.",
    movement: "sweep",
    reversibleBy: null,
  },
  fee: {
    meaning: "The organization paid the platform.",
    movement: "fee",
    reversibleBy: "platform",
  },
  adjustment: {
    meaning: "The platform corrected a balance.",
    movement: "adjustment",
    reversibleBy: "platform",
  },
  clearing: {
    meaning: "A purchase was settled.",
    movement: "capture",
    reversibleBy: null,
  },
  refund: {
    meaning: "A merchant gave money back.",
    movement: "refund",
    reversibleBy: null,
  },
  network_settlement: {
    meaning: "The platform settled with the card network.",
    movement: "network_settlement",
    reversibleBy: null,
  },
  receivable_recovery: {
    meaning: "A debt of a card or budget was paid from the money that came in.",
    movement: "receivable_repaid",
    reversibleBy: null,
  },
  provisional_credit: {
    meaning: "Money was credited while a dispute is decided.",
    movement: "provisional_credit",
    reversibleBy: null,
  },
  provisional_credit_reversal: {
    meaning: "A provisional credit was taken back.",
    movement: "provisional_credit_reversal",
    reversibleBy: null,
  },
  dispute_credit: {
    meaning: "A dispute was accepted and its money credited.",
    movement: "dispute_credit",
    reversibleBy: null,
  },
  chargeback_recovery: {
    meaning: "The network paid a chargeback.",
    movement: "chargeback_recovery",
    reversibleBy: null,
  },
  chargeback_recovery_reversal: {
    meaning: "The network took a chargeback back.",
    movement: "chargeback_recovery_reversal",
    reversibleBy: null,
  },
  write_off: {
    meaning: "The platform took a loss.",
    movement: "write_off",
    reversibleBy: null,
  },
  reversal: {
    meaning: "Another transfer was undone by its mirror.",
    movement: "reversal",
    reversibleBy: null,
  },
} as const satisfies Record<string, Kind>;

export type TransferKind = keyof typeof transferKinds;

/** The line of a kind. */
export const transferKind = (kind: TransferKind): Kind => transferKinds[kind];

export const transferKindNames = Object.keys(transferKinds) as TransferKind[];

export const transferLifecycle = lifecycle(["completed", "reversed"], {
  reverse: { from: ["completed"], to: "reversed" },
});

export type TransferStatus = StateOf<typeof transferLifecycle>;

/** What a fee is for. */
export const feeKinds = ["issuance", "replacement", "top_up", "monthly"] as const;
export type FeeKind = (typeof feeKinds)[number];

/** Why a transfer was reversed. */
export const reversalReasons = [
  "duplicate",
  "wrong_amount",
  "wrong_recipient",
  "requested",
  "fraud",
  "other",
] as const;
export type ReversalReason = (typeof reversalReasons)[number];

/** Longest note, in characters. */
export const MAX_NOTE_LENGTH = 500;

/** One side of a transfer: an account, named by its type and owner, and its available balance. */
export type TransferSide = {
  readonly type: AccountType;
  /** The owner: an organization, a card or a budget. */
  readonly id: string;
  /** Available before and after, minor units; null for a pooled account. */
  readonly before: bigint | null;
  readonly after: bigint | null;
};

/** Funds that moved. Written once; only a reversal changes it. */
export type Transfer = {
  readonly id: TransferId;
  readonly organizationId: OrganizationId;
  readonly kind: TransferKind;
  readonly status: TransferStatus;
  /** Minor units of `currency`. */
  readonly amount: bigint;
  readonly currency: string;
  readonly from: TransferSide;
  readonly to: TransferSide;
  readonly journalIds: readonly JournalId[];
  readonly cardId: CardId | null;
  readonly budgetId: BudgetId | null;
  readonly feeKind: FeeKind | null;
  /** What it happened beside: the top-up of a fee, the credit of a recovery. */
  readonly relatedTransferId: TransferId | null;
  readonly reverses: TransferId | null;
  readonly reversedBy: TransferId | null;
  /** Who asked. */
  readonly actor: { readonly kind: Actor["kind"]; readonly id: string };
  readonly note: string | null;
  readonly reason: ReversalReason | null;
  readonly version: bigint;
  readonly createdAt: Date;
};
