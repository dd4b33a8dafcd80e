import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, object, pageOf, pageQuery } from "../../../foundation/route/schemas.ts";
import { readingOf } from "../../budgets/routes/read.ts";
import { showNode, treeNodeSchema, treeSchema } from "../../budgets/schema/tree.ts";
import {
  budgetChangesSchema,
  budgetReasonSchema,
  budgetSchema,
  showBudget,
} from "../../budgets/schema.ts";
import {
  archiveBudgetOfCards,
  budgetForestWithCards,
  budgetTreeWithCards,
  changeBudgetOfCards,
} from "../actions/budgets.ts";

const tag = "Budgets";

const change = writeRoute({
  id: "changeBudget",
  method: "PATCH",
  path: "/budgets/{id}",
  summary: "Change a budget's name, label, programs or limits",
  description:
    "A list replaces the one there is. A program may be added within the parent's, and removed when no live card of it is on the budget and no sub-budget has it.",
  tag,
  audience: "organization",
  scope: "budgets:write",
  params: idParams,
  body: budgetChangesSchema,
  reply: budgetSchema,
  status: 200,
  errors: [
    "not_found",
    "budget_archived",
    "budget_name_taken",
    "budget_limit_invalid",
    "program_not_found",
    "program_not_available",
    "budget_type_invalid",
    "budget_type_not_in_parent",
    "budget_type_in_use",
    "organization_closed",
  ],
  handle: async ({ params, body, work }) => {
    const { budget, standing } = await changeBudgetOfCards(work, params.id, body);
    return showBudget(budget, standing);
  },
});

const archive = writeRoute({
  id: "archiveBudget",
  method: "POST",
  path: "/budgets/{id}/archive",
  summary: "Archive a budget for ever",
  description:
    "Only without cards that are not deleted, live sub-budgets, open holds, money or debts. Its refill rule goes with it; later refunds go to the organization.",
  tag,
  audience: "organization",
  scope: "budgets:write",
  params: idParams,
  body: budgetReasonSchema,
  reply: budgetSchema,
  status: 200,
  errors: ["not_found", "budget_archived", "budget_not_empty", "receivable_outstanding"],
  handle: async ({ params, body, work }) => {
    const archived = await archiveBudgetOfCards(work, params.id, body.reason ?? null);
    return showBudget(archived.budget, archived.standing);
  },
});

const tree = readRoute({
  id: "getBudgetTree",
  path: "/budgets/{id}/tree",
  summary: "Read a budget and all below it, with totals",
  description:
    "Each budget comes right before those below it. Archived sub-budgets are left out: nothing is on them. At most 1000 budgets.",
  tag,
  audience: "any",
  scope: "budgets:read",
  params: idParams,
  reply: treeSchema,
  errors: ["not_found", "budget_tree_too_large"],
  handle: async ({ params, caller, reading }) => {
    const own = await readingOf(caller, reading, params.id);
    return { data: (await budgetTreeWithCards(own, params.id)).map(showNode) };
  },
});

const forest = readRoute({
  id: "listBudgetTrees",
  path: "/budgets/tree",
  summary: "Read whole trees of budgets, with totals",
  description:
    "Pages are counted in roots, the newest first; each budget comes right before those below it. Archived budgets are left out. At most 1000 budgets a page.",
  tag,
  audience: "organization",
  scope: "budgets:read",
  query: object(pageQuery),
  reply: pageOf(treeNodeSchema),
  errors: ["budget_tree_too_large"],
  handle: async ({ query: { limit, cursor }, reading }) => {
    const page = { after: decodeCursor(cursor), limit: limit ?? DEFAULT_LIMIT };
    const { nodes, roots } = await budgetForestWithCards(reading, page);
    const { nextCursor } = pageFrom(roots, ({ id }) => id, String);
    return { data: nodes.map(showNode), nextCursor };
  },
});

/** Of budgets what depends on their cards. */
export const cardsBudgetRoutes: readonly Route[] = [change, archive, tree, forest];
