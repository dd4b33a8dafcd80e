import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { BudgetId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { LiveCards } from "../../budgets/model.ts";

const liveOfBudgets = statement(
  "cards.liveOfBudgets",
  `select c.budget_id as "budgetId", c.program_id as "programId", count(*)::integer as count
   from cards c where c.organization_id = $1 and c.budget_id = any($2::text[])
     and c.status <> 'deleted'
   group by c.budget_id, c.program_id order by c.budget_id, c.program_id`,
);

/** How many cards of each program are on budgets and not deleted; none has no row. */
export async function countLiveOfBudgets(
  sql: Sql,
  organizationId: OrganizationId,
  budgetIds: readonly BudgetId[],
): Promise<LiveCards[]> {
  if (budgetIds.length === 0) return [];
  return sql.query<LiveCards>(liveOfBudgets, [organizationId, budgetIds]);
}
