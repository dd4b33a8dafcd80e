import type { Work } from "../../../foundation/database/work.ts";
import { least, MAX_MOVEMENT } from "../../../foundation/money/money.ts";
import { isRefused, ledgerErrors } from "../../../records/ledger/errors.ts";
import { receivableOf } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { availableOf } from "../../organizations/model.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import { type Card, cardAccount } from "../model.ts";

/**
 * Pays what a card owes from the organization's available balance: one transfer, or several where it is
 * more than one movement may be.
 *
 * @throws Refusal `receivable_outstanding` where the organization has less.
 */
export function collectOwed(book: Book, work: Work, card: Card): Transfer[] {
  const account = cardAccount(card);
  const receivable = receivableOf(account);
  const transfers: Transfer[] = [];
  if (receivable === null) return transfers;
  for (;;) {
    const owed = book.owed(work.organizationId, account);
    if (owed === 0n) return transfers;
    const planned = planTransfer(book, work, {
      kind: "receivable_recovery",
      from: availableOf(card),
      to: receivable,
      amount: least(owed, MAX_MOVEMENT),
      cardId: card.id,
    });
    if (isRefused(planned)) {
      const detail = `The card owes ${owed} minor units, and the organization has less available.`;
      throw ledgerErrors.refusal("receivable_outstanding", detail);
    }
    transfers.push(planned.transfer);
  }
}

/**
 * Takes what is available on a card's account to the organization: one transfer, or several where it is
 * more than one movement may be.
 */
export function takeRest(book: Book, work: Work, card: Card): Transfer[] {
  const transfers: Transfer[] = [];
  for (;;) {
    const left = book.available(work.organizationId, cardAccount(card));
    if (left === 0n) return transfers;
    const planned = planTransfer(book, work, {
      kind: "card_sweep",
      from: cardAccount(card),
      to: availableOf(card),
      amount: least(left, MAX_MOVEMENT),
      cardId: card.id,
    });
    if (isRefused(planned)) throw refusalOf(planned);
    transfers.push(planned.transfer);
  }
}
