import type {
  BudgetId,
  CardId,
  HoldId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../foundation/ids/ids.ts";
import { total } from "../../foundation/money/money.ts";
import type { Period, SequenceRange } from "../../records/ledger/actions.ts";
import type {
  AccountRef,
  AccountType,
  Balances,
  MovementKind,
  Side,
} from "../../records/ledger/model.ts";
import type { FeeKind } from "../transfers/model.ts";

/** What a statement can be about. */
export const statementSubjects = ["card", "budget", "organization"] as const;
export type StatementSubject = (typeof statementSubjects)[number];

/**
 * A period of an account that is over: opening + movements = closing, for what is posted and for what is
 * owed beside it. It holds only what never changes (no names, no labels), so the same period is for
 * ever the same statement.
 */
export type Statement = {
  readonly organizationId: OrganizationId;
  readonly subject: StatementSubject;
  /** The card, budget or organization that was asked for. */
  readonly subjectId: string;
  /** A card that was replaced shares the account of its replacement. */
  readonly account: AccountRef;
  readonly period: Period;
  readonly range: SequenceRange;
  readonly opening: Balances;
  readonly closing: Balances;
};

/** What the lines of a statement add up: minor units. */
export type Standing = { readonly posted: bigint; readonly owed: bigint };

/** One movement of a statement. A hold moves nothing, so it is no line; its capture is. */
export type StatementLine = {
  readonly sequence: bigint;
  readonly recordedAt: Date;
  readonly journalId: JournalId;
  readonly kind: MovementKind;
  readonly feeKind: FeeKind | null;
  /** `debit` takes from the account or adds to what is owed. */
  readonly direction: Side;
  /** Minor units, never negative. */
  readonly amount: bigint;
  /** What it adds to posted and to owed; their sums lead from the opening to the closing. */
  readonly change: Standing;
  /** What stands after it. */
  readonly after: Standing;
  /** Where the money came from or went to. */
  readonly counterpart: { readonly type: AccountType; readonly id: string };
  readonly transferId: TransferId | null;
  readonly holdId: HoldId | null;
  readonly cardId: CardId | null;
  readonly budgetId: BudgetId | null;
  readonly note: string | null;
};

/** What the lines come to: how many, and what they took and brought in all. Minor units. */
export type Totals = { readonly lines: number; readonly debits: bigint; readonly credits: bigint };

export const NO_LINES: Totals = { lines: 0, debits: 0n, credits: 0n };

/** Totals with these lines too. */
export function addLines(totals: Totals, lines: readonly StatementLine[]): Totals {
  const sumOf = (direction: "debit" | "credit") =>
    total(lines.filter((line) => line.direction === direction).map(({ amount }) => amount));
  return {
    lines: totals.lines + lines.length,
    debits: totals.debits + sumOf("debit"),
    credits: totals.credits + sumOf("credit"),
  };
}

/** Most lines of a statement as PDF: about 200 pages, which is more than a person reads. */
export const MAX_PDF_LINES = 5_000;
