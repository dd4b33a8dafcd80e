import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { archiveBudget, changeBudget } from "../../budgets/actions/change.ts";
import type { BudgetInFull } from "../../budgets/actions/read.ts";
import { budgetForest, budgetTree, type Forest } from "../../budgets/actions/tree.ts";
import type { CountLiveCards, TreeNode } from "../../budgets/model.ts";
import type { BudgetChanges } from "../../budgets/schema.ts";
import { countLiveOfBudgets } from "../store/budgets.ts";
import type { PageWanted } from "./read.ts";

/** What of budgets depends on their cards: budgets ask, this module answers. */
const liveCardsIn =
  (sql: Sql): CountLiveCards =>
  (organizationId, budgetIds) =>
    countLiveOfBudgets(sql, organizationId, budgetIds);

/**
 * Archives a budget all of whose cards are deleted.
 *
 * @throws Refusal `not_found`, `budget_archived`, `budget_not_empty`, `receivable_outstanding`.
 */
export const archiveBudgetOfCards = (
  work: Work,
  id: string,
  reason: string | null,
): Promise<BudgetInFull> => archiveBudget(work, id, reason, liveCardsIn(work.sql));

/** Changes a budget; a program leaves it only when no card of the program is left on it. */
export const changeBudgetOfCards = (
  work: Work,
  id: string,
  changes: BudgetChanges,
): Promise<BudgetInFull> => changeBudget(work, id, changes, liveCardsIn(work.sql));

/** A budget and all below it with totals, cards among them. */
export const budgetTreeWithCards = (reading: Reading, id: string): Promise<TreeNode[]> =>
  budgetTree(reading, id, liveCardsIn(reading.sql));

/** One page of whole trees with totals, cards among them. */
export const budgetForestWithCards = (reading: Reading, page: PageWanted): Promise<Forest> =>
  budgetForest(reading, page, liveCardsIn(reading.sql));
