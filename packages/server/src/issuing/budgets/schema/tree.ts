import { Type } from "typebox";
import { toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
} from "../../../foundation/route/schemas.ts";
import { balancesSchema, showBalances } from "../../../records/ledger/schema.ts";
import { budgetLifecycle, type TreeNode } from "../model.ts";

/** A budget in its tree, with sums over itself and all below it. */
export const treeNodeSchema = object({
  id: idText("Id of the budget."),
  externalId: nullable(Type.String()),
  name: Type.String(),
  currency: currencyCode,
  parentId: nullable(Type.String()),
  depth: Type.Integer({ description: "1 for a root budget." }),
  status: oneOf(budgetLifecycle.states),
  frozenBy: nullable(idText("The nearest budget above it that is frozen.")),
  balances: balancesSchema,
  liveCards: Type.Integer({ description: "Its cards that are not deleted." }),
  totals: object(
    {
      posted: amountShown,
      held: amountShown,
      available: amountShown,
      owed: amountShown,
      liveCards: Type.Integer(),
      budgets: Type.Integer({ description: "How many budgets are summed up, itself included." }),
    },
    { description: "Sums over the budget and all below it." },
  ),
});

/** One tree: each budget right before those below it. */
export const treeSchema = object({ data: Type.Array(treeNodeSchema) });

/** Model → reply. */
export function showNode({
  budget,
  balances,
  liveCards,
  totals,
}: TreeNode): StaticOf<typeof treeNodeSchema> {
  return {
    id: budget.id,
    externalId: budget.externalId,
    name: budget.name,
    currency: budget.currency,
    parentId: budget.parentId,
    depth: budget.depth,
    status: budget.status,
    frozenBy: budget.frozenBy,
    balances: showBalances(balances),
    liveCards,
    totals: {
      posted: toJsonAmount(totals.posted),
      held: toJsonAmount(totals.held),
      available: toJsonAmount(totals.available),
      owed: toJsonAmount(totals.owed),
      liveCards: totals.liveCards,
      budgets: totals.budgets,
    },
  };
}
