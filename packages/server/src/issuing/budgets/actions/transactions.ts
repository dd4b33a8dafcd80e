import type { RowPage } from "../../../foundation/database/list.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { listBudgetTransfers } from "../../transfers/actions.ts";
import type { Transfer, TransferKind } from "../../transfers/model.ts";
import type { PlacedBudget } from "../model.ts";
import { findNamed } from "./read.ts";

/** Which of a budget's transactions a list shows. */
export type TransactionFilter = {
  readonly kind?: TransferKind;
  readonly cardId?: string;
  /** `system`: refills, and what else the platform does by itself. */
  readonly actor?: Transfer["actor"]["kind"];
  readonly from?: string;
  readonly to?: string;
};

/**
 * One page of what moved on a budget, newest first.
 *
 * @throws Refusal `not_found`.
 */
export async function listBudgetTransactions(
  { sql, organizationId }: Reading,
  id: string,
  filter: TransactionFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly budget: PlacedBudget; readonly transfers: RowPage<Transfer> }> {
  const budget = await findNamed({ sql, organizationId }, id);
  const transfers = await listBudgetTransfers(sql, organizationId, budget.id, filter, page);
  return { budget, transfers };
}
