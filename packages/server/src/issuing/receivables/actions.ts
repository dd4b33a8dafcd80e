import type { RowPage } from "../../foundation/database/list.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { BudgetId, CardId } from "../../foundation/ids/ids.ts";
import { least, MAX_MOVEMENT } from "../../foundation/money/money.ts";
import {
  type AsOf,
  listReceivables,
  openBook,
  type ReceivableFilter,
  readClosedBeside,
  writeBook,
} from "../../records/ledger/actions.ts";
import { isRefused } from "../../records/ledger/errors.ts";
import { type AccountRef, receivableOf } from "../../records/ledger/model.ts";
import type { Book } from "../../records/ledger/rules.ts";
import { findCard } from "../cards/actions/read.ts";
import { cardAccount } from "../cards/model.ts";
import { availableOf } from "../organizations/model.ts";
import { readTransfers, writeTransfers } from "../transfers/actions.ts";
import type { Transfer } from "../transfers/model.ts";
import { planTransfer } from "../transfers/rules.ts";
import type { Debt } from "./model.ts";

export type DebtFilter = Omit<ReceivableFilter, "ownerId"> & {
  readonly cardId?: string | undefined;
  readonly budgetId?: string | undefined;
};

/**
 * One page of what cards and budgets owe or owed, with how it was settled.
 *
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`; `invalid_request` when both are given.
 */
export async function listDebts(
  reading: Reading,
  { cardId, budgetId, ...filter }: DebtFilter,
  asOf: AsOf,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Debt>> {
  const ownerId = cardId === undefined ? budgetId : await accountOwner(reading, cardId);
  const found = await listReceivables(reading, { ...filter, ownerId }, asOf, page);
  const paid = found.rows.flatMap(({ recoveries }) => recoveries);
  const ids = paid.map(({ transferId }) => transferId).filter((id) => id !== null);
  const transfers = await readTransfers(reading.sql, reading.organizationId, ids);
  const causes = new Map(transfers.map((each) => [each.id, each.relatedTransferId]));
  const rows = found.rows.map((row) => ({
    ...row,
    recoveries: row.recoveries.map((recovery) => ({
      ...recovery,
      settledBy: recovery.transferId === null ? null : (causes.get(recovery.transferId) ?? null),
    })),
  }));
  return { rows, more: found.more };
}

/** Whose account a card spends from: a card that was replaced shares that of its replacement. */
async function accountOwner(reading: Reading, cardId: string): Promise<string> {
  const card = await findCard(reading, cardId);
  return card?.model === "card" ? cardAccount(card).ownerId : cardId;
}

/**
 * Pays from the organization's balance, as far as it goes, what cards and budgets owe that nobody can
 * bring money to any more: the cards are deleted, the budgets archived. What others owe is paid by what
 * comes to them.
 *
 * @param ids of their receivables, of the work's organization.
 * @returns how many were paid, whole or in part.
 */
export async function collectDebts(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const closed = await readClosedBeside(sql, organizationId, ids);
  const own = closed.map(({ currency }) => availableOf({ organizationId, currency }));
  const book = await openBook(
    sql,
    [...closed, ...own].map((ref) => ({ organizationId, ref })),
  );
  const transfers = closed.flatMap((account) => collect(book, work, account) ?? []);
  await Promise.all([writeBook(sql, book), writeTransfers(sql, [{ work, transfers }])]);
  return transfers.length;
}

/** @returns null where nothing is owed any more, or the organization has nothing */
function collect(book: Book, work: Work, account: AccountRef): Transfer | null {
  const { organizationId } = work;
  const { type, ownerId, currency } = account;
  const from = availableOf({ organizationId, currency });
  const to = receivableOf(account);
  assert(to !== null, "What is owed stands on a receivable.");
  const owed = least(book.owed(organizationId, account), book.available(organizationId, from));
  if (owed === 0n) return null;
  const planned = planTransfer(book, work, {
    kind: "receivable_recovery",
    from,
    to,
    amount: least(owed, MAX_MOVEMENT),
    cardId: type === "card" ? (ownerId as CardId) : null,
    budgetId: type === "budget" ? (ownerId as BudgetId) : null,
  });
  assert(!isRefused(planned), "What is available pays what is owed.");
  return planned.transfer;
}
