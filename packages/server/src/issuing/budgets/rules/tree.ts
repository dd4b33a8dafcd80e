import type { BudgetId } from "../../../foundation/ids/ids.ts";
import { total } from "../../../foundation/money/money.ts";
import type { Leaf, LiveCards, Totals, TreeNode } from "../model.ts";

/**
 * Trees with totals: each budget right before those below it, siblings in the order of their names.
 *
 * @param leaves whole trees in any order; the roots keep theirs.
 */
export function treeOf(leaves: readonly Leaf[], cards: readonly LiveCards[]): TreeNode[] {
  const known = new Set<BudgetId>(leaves.map(({ budget }) => budget.id));
  const children = new Map<BudgetId | null, Leaf[]>();
  for (const leaf of leaves) {
    const { parentId } = leaf.budget;
    const above = parentId !== null && known.has(parentId) ? parentId : null;
    children.set(above, [...(children.get(above) ?? []), leaf]);
  }
  const counts = new Map<BudgetId, number>();
  for (const { budgetId, count } of cards) {
    counts.set(budgetId, (counts.get(budgetId) ?? 0) + count);
  }
  const grow = (leaf: Leaf): TreeNode[] => {
    const below = [...(children.get(leaf.budget.id) ?? [])].sort(byName).map(grow);
    const liveCards = counts.get(leaf.budget.id) ?? 0;
    const heads = below.flatMap(([head]) => (head === undefined ? [] : [head.totals]));
    return [{ ...leaf, liveCards, totals: totalsOf(leaf, liveCards, heads) }, ...below.flat()];
  };
  return (children.get(null) ?? []).flatMap(grow);
}

function totalsOf({ balances }: Leaf, liveCards: number, below: readonly Totals[]): Totals {
  const sum = (part: "posted" | "held" | "available" | "owed") =>
    total([balances[part], ...below.map((one) => one[part])]);
  return {
    currency: balances.currency,
    posted: sum("posted"),
    held: sum("held"),
    available: sum("available"),
    owed: sum("owed"),
    budgets: below.reduce((count, one) => count + one.budgets, 1),
    liveCards: below.reduce((count, one) => count + one.liveCards, liveCards),
  };
}

const byName = (one: Leaf, other: Leaf) => (one.budget.name < other.budget.name ? -1 : 1);
