import type { RowPage } from "../../foundation/database/list.ts";
import type { Reading } from "../../foundation/database/work.ts";
import { type AsOf, listReceivables, type ReceivableFilter } from "../../records/ledger/actions.ts";
import { findCard } from "../cards/actions/read.ts";
import { cardAccount } from "../cards/model.ts";
import { readTransfers } from "../transfers/actions.ts";
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
