import assert from "node:assert/strict";
import test from "node:test";
import type { BudgetId } from "../../../foundation/ids/ids.ts";
import type { Leaf, PlacedBudget } from "../model.ts";
import { treeOf } from "./tree.ts";

const leaf = (id: string, parent: string | null, posted: bigint, held = 0n, owed = 0n): Leaf => ({
  budget: {
    id: `bud_${id}`,
    name: id,
    parentId: parent === null ? null : `bud_${parent}`,
  } as PlacedBudget,
  balances: { currency: "EUR", posted, held, available: posted - held, owed },
});
const cards = (id: string, programId: "prog_1" | "prog_2", count: number) => ({
  budgetId: `bud_${id}` as BudgetId,
  programId,
  count,
});

test("each budget comes right before those below it, siblings by name, roots as they were given", () => {
  const leaves = [
    leaf("z", null, 0n),
    leaf("b2", "a", 0n),
    leaf("a", null, 0n),
    leaf("c", "b1", 0n),
    leaf("b1", "a", 0n),
  ];
  const names = treeOf(leaves, []).map(({ budget }) => budget.name);
  assert.deepEqual(names, ["z", "a", "b1", "c", "b2"]);
});

test("totals are the sums over a budget and all below it, of money and of cards", () => {
  const leaves = [
    leaf("a", null, 100n, 30n),
    leaf("b", "a", 20n, 5n),
    leaf("c", "b", 7n),
    leaf("d", "a", 1n, 0n, 9n),
  ];
  const live = [cards("b", "prog_1", 2), cards("b", "prog_2", 1), cards("c", "prog_1", 4)];
  const found = treeOf(leaves, live).map(({ budget, liveCards, totals }) => [
    budget.name,
    liveCards,
    Object.values(totals),
  ]);
  assert.deepEqual(found, [
    ["a", 0, ["EUR", 128n, 35n, 93n, 9n, 4, 7]],
    ["b", 3, ["EUR", 27n, 5n, 22n, 0n, 2, 7]],
    ["c", 4, ["EUR", 7n, 0n, 7n, 0n, 1, 4]],
    ["d", 0, ["EUR", 1n, 0n, 1n, 9n, 1, 0]],
  ]);
});

test("a budget whose parent is not there is the root of what is shown", () => {
  const shown = treeOf([leaf("c", "b", 7n), leaf("d", "c", 1n)], []);
  assert.deepEqual(
    shown.map(({ budget, totals }) => [budget.name, totals.posted]),
    [
      ["c", 8n],
      ["d", 1n],
    ],
  );
});
