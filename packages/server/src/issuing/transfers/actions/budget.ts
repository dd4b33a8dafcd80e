import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { BudgetId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Transfer } from "../model.ts";
import { type BudgetTransferFilter, listOfBudget } from "../store/budget.ts";

/** One page of what came to a budget's account or left it, newest first. */
export const listBudgetTransfers = (
  sql: Sql,
  organizationId: OrganizationId,
  budgetId: BudgetId,
  filter: BudgetTransferFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Transfer>> => listOfBudget(sql, organizationId, budgetId, filter, page);
