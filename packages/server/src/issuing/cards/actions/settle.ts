import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { CardId, HoldId } from "../../../foundation/ids/ids.ts";
import { least } from "../../../foundation/money/money.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { AccountRef, Posted } from "../../../records/ledger/model.ts";
import type { Answer, Book } from "../../../records/ledger/rules.ts";
import { lockBudgets } from "../../budgets/actions/read.ts";
import { budgetAccount, refundAccountOf } from "../../budgets/model.ts";
import { availableOf } from "../../organizations/model.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { recoveriesIn, refusalOf } from "../../transfers/rules.ts";
import { type Card, cardAccount } from "../model.ts";
import { takeRest } from "../rules/sweep.ts";
import { findLast, lockRows } from "../store.ts";
import { wakeForTopUp } from "./funds.ts";
import { findNamed } from "./read.ts";

/** What the network does with the money of a card. Amounts in minor units. */
export type Settlement =
  | {
      readonly verb: "hold";
      readonly holdId: HoldId;
      readonly amount: bigint;
      readonly expiresAt: Date | null;
    }
  | { readonly verb: "release"; readonly holdId: HoldId; readonly amount: bigint | "all" }
  | {
      readonly verb: "capture";
      readonly holdId: HoldId;
      readonly amount: bigint;
      readonly released?: bigint;
      readonly final: boolean;
    }
  | { readonly verb: "refund" | "forcedDebit"; readonly amount: bigint };

/** The rows it made, and what went to the organization because the card is gone. */
export type Settled = { readonly posted: readonly Posted[]; readonly swept: readonly Transfer[] };

/** Where the money of a card is, and where it goes if the card is gone. */
type Place = {
  readonly card: Card;
  /** The card that answers for the account, where it is not a budget's. */
  readonly holder: Card | null;
  readonly account: AccountRef;
  /** Where a refund goes. */
  readonly refundTo: AccountRef;
  /** What pays a debit that the account cannot. */
  readonly fallback: readonly AccountRef[];
  /** Whether nobody holds a card on this account any more: what is freed goes to the organization. */
  readonly isGone: boolean;
};

/**
 * Settles what the network brings, whatever the status of the card (PRODUCT §5): under a replaced
 * card's number it is the shared account's; of a deleted card whatever is not held goes to the
 * organization in this transaction, and what it cannot pay the organization does.
 *
 * @throws Refusal of the ledger: `hold_already_resolved`, `hold_exceeded`, `insufficient_funds`.
 */
export async function settle(work: Work, cardId: CardId, step: Settlement): Promise<Settled> {
  const { sql, organizationId } = work;
  const place = await lockPlace(work, cardId);
  const { account, refundTo } = place;
  const book = await openBook(
    sql,
    [account, refundTo, availableOf(place.card)].map((ref) => ({ organizationId, ref })),
    step.verb === "release" || step.verb === "capture"
      ? [{ organizationId, holdId: step.holdId }]
      : [],
  );
  const posted = apply(book, work, place, step);
  if (isRefused(posted)) throw refusalOf(posted);
  const { id, budgetId } = place.card;
  const recovered = recoveriesIn(work, posted, { cardId: id, budgetId });
  if (place.holder !== null) wakeForTopUp(work, book, place.holder);
  const swept = place.isGone ? takeRest(book, work, place.card) : [];
  await Promise.all([
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers: [...recovered, ...swept] }]),
  ]);
  return { posted, swept };
}

/** Locks the card, who answers for its account, or its budget, so that its place stays what it is. */
async function lockPlace(work: Work, cardId: CardId): Promise<Place> {
  const { sql, organizationId } = work;
  const card = await findNamed(work, cardId);
  const own = availableOf(card);
  if (card.budgetId === null) {
    const last = await lockLast(work, card);
    const isGone = last.deletedAt !== null;
    const account = cardAccount(card);
    const fallback = isGone ? [own] : [];
    return { card, holder: last, account, refundTo: account, fallback, isGone };
  }
  const [budget] = (
    await lockBudgets(sql, [{ organizationId, id: card.budgetId }], "share")
  ).values();
  assert(budget !== undefined, "A card's budget exists.");
  const isArchived = budget.status === "archived";
  const account = budgetAccount(budget);
  const refundTo = refundAccountOf(budget);
  const fallback = isArchived ? [own] : [];
  return { card, holder: null, account, refundTo, fallback, isGone: false };
}

/** The card that answers for an account, locked: replacing it waits, or has just happened. */
async function lockLast(work: Work, card: Card): Promise<Card> {
  const found = await findLast(work.sql, card);
  const locked = (await lockRows(work.sql, [found], "share")).get(found.id);
  assert(locked !== undefined, "A card's row is never removed.");
  return locked.replacedBy === null ? locked : lockLast(work, locked);
}

function apply(book: Book, work: Work, place: Place, step: Settlement): Answer {
  const { card, account, fallback } = place;
  const { organizationId, id: cardId, currency } = card;
  const network: AccountRef = { type: "network_settlement", ownerId: organizationId, currency };
  const links = { cardId, budgetId: card.budgetId ?? undefined };
  switch (step.verb) {
    case "hold": {
      const { holdId, expiresAt } = step;
      const sides = { debit: account, credit: network };
      return book.openHold(work, { ...links, ...sides, holdId, amount: step.amount, expiresAt });
    }
    case "release":
      return book.releaseHold(work, { ...links, holdId: step.holdId, amount: step.amount });
    case "capture":
      return book.captureHold(work, { ...links, ...step, fallback });
    case "refund": {
      const refund = { ...links, kind: "refund", debit: network } as const;
      const parts = refundParts(book.owed(organizationId, account), place, step.amount);
      return book.post(
        work,
        parts.map((part) => ({ ...refund, ...part })),
      );
    }
    case "forcedDebit": {
      const sides = { debit: account, credit: network, fallback };
      return book.forcedDebit(work, {
        ...links,
        ...sides,
        kind: "forced_debit",
        amount: step.amount,
      });
    }
  }
}

/** Where a refund goes: what is owed is paid from it first, beside the account of an archived budget too. */
function refundParts(
  owed: bigint,
  { account, refundTo }: Place,
  amount: bigint,
): { readonly credit: AccountRef; readonly amount: bigint }[] {
  const first = refundTo.type === account.type ? 0n : least(owed, amount);
  const rest = { credit: refundTo, amount: amount - first };
  if (first === 0n) return [rest];
  const paid = { credit: account, amount: first };
  return first === amount ? [paid] : [paid, rest];
}
