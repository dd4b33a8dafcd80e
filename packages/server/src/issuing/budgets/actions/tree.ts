import type { RowPage } from "../../../foundation/database/list.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import type { BudgetId } from "../../../foundation/ids/ids.ts";
import type { Balances } from "../../../records/ledger/model.ts";
import { budgetErrors } from "../errors.ts";
import { type CountLiveCards, MAX_TREE, type TreeNode } from "../model.ts";
import { treeOf } from "../rules/tree.ts";
import { listRoots, readDescendants } from "../store/tree.ts";
import { balancesOf, findNamed } from "./read.ts";

/** Trees of one page, flat, and the last of their roots. */
export type Forest = {
  readonly nodes: readonly TreeNode[];
  readonly roots: RowPage<{ id: string }>;
};

/**
 * A budget and all below it that is not archived, with totals.
 *
 * @throws Refusal `not_found`, `budget_tree_too_large`.
 */
export async function budgetTree(
  reading: Reading,
  id: string,
  countLiveCards: CountLiveCards,
): Promise<TreeNode[]> {
  const { id: rootId } = await findNamed(reading, id);
  return growTrees(reading, [rootId], countLiveCards);
}

/**
 * One page of whole trees of an organization, the newest root first, with totals.
 *
 * @throws Refusal `budget_tree_too_large`.
 */
export async function budgetForest(
  reading: Reading,
  page: { readonly after: string | undefined; readonly limit: number },
  countLiveCards: CountLiveCards,
): Promise<Forest> {
  const roots = await listRoots(reading.sql, reading.organizationId, page);
  const rootIds = roots.rows.map(({ id }) => id);
  return { nodes: await growTrees(reading, rootIds, countLiveCards), roots };
}

/** Balances are read in one statement, so money that moves within a tree is counted once. */
async function growTrees(
  { sql, organizationId }: Reading,
  rootIds: readonly BudgetId[],
  countLiveCards: CountLiveCards,
): Promise<TreeNode[]> {
  const found = await readDescendants(sql, organizationId, rootIds, MAX_TREE + 1);
  if (found.length > MAX_TREE) throw budgetErrors.refusal("budget_tree_too_large");
  const place = (id: BudgetId) => {
    const index = rootIds.indexOf(id);
    return index === -1 ? rootIds.length : index;
  };
  const budgets = found.sort((one, other) => place(one.id) - place(other.id));
  const [balances, cards] = await Promise.all([
    balancesOf(sql, budgets),
    countLiveCards(
      organizationId,
      budgets.map(({ id }) => id),
    ),
  ]);
  const leaves = budgets.map((budget, index) => ({
    budget,
    balances: balances[index] as Balances,
  }));
  return treeOf(leaves, cards);
}
