import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import { moveBudget } from "../actions/change.ts";
import { createBudget } from "../actions/create.ts";
import type { BudgetInFull } from "../actions/read.ts";
import { removeBudgetRefill, setBudgetRefill } from "../actions/refill.ts";
import { refillTermsOf, refillTermsSchema } from "../schema/refill.ts";
import { budgetReasonSchema, budgetSchema, newBudgetSchema, showBudget } from "../schema.ts";

const tag = "Budgets";

const show = ({ budget, standing }: BudgetInFull) => showBudget(budget, standing);

const create = writeRoute({
  id: "createBudget",
  method: "POST",
  path: "/budgets",
  summary: "Create a budget",
  description:
    "A root budget is funded from the organization's balance; with parentId it is a sub-budget, funded from its parent, in the same currency, with programs of the parent's, on at most 5 levels.",
  tag,
  audience: "organization",
  scope: "budgets:write",
  body: newBudgetSchema,
  reply: budgetSchema,
  status: 201,
  errors: [
    "program_not_found",
    "program_not_available",
    "budget_type_invalid",
    "budget_not_found",
    "budget_archived",
    "budget_too_deep",
    "currency_mismatch",
    "budget_type_not_in_parent",
    "budget_limit_invalid",
    "budget_name_taken",
    "external_id_taken",
    "organization_closed",
  ],
  handle: async ({ body, work }) => show(await createBudget(work, body)),
});

const moves = {
  freeze: {
    summary: "Freeze a budget",
    description:
      "Its cards and those of all budgets below it stop; money can still be moved. Repeating it changes nothing.",
  },
  unfreeze: {
    summary: "Unfreeze a budget",
    description:
      "Its cards work again, unless a budget above it is frozen (frozenBy). Repeating it changes nothing.",
  },
} as const;

const move = (verb: keyof typeof moves) =>
  writeRoute({
    id: `${verb}Budget`,
    method: "POST",
    path: `/budgets/{id}/${verb}`,
    ...moves[verb],
    tag,
    audience: "organization",
    scope: "budgets:write",
    params: idParams,
    body: budgetReasonSchema,
    reply: budgetSchema,
    status: 200,
    errors: ["not_found", "budget_archived"],
    handle: async ({ params, body, work }) =>
      show(await moveBudget(work, params.id, verb, body.reason ?? null)),
  });

const setRefill = writeRoute({
  id: "setBudgetRefill",
  method: "PUT",
  path: "/budgets/{id}/refill",
  summary: "Set the rule that refills a budget by itself",
  description:
    "When less than threshold is available, amount comes from the parent, or from the organization, up to monthlyCap in a calendar month. Where there is not enough, the rule stops and announces budget.refill_stopped; setting it again starts it again.",
  tag,
  audience: "organization",
  scope: "budgets:write",
  params: idParams,
  body: refillTermsSchema,
  reply: budgetSchema,
  status: 200,
  errors: ["not_found", "budget_archived", "budget_refill_invalid", "organization_closed"],
  handle: async ({ params, body, work }) =>
    show(await setBudgetRefill(work, params.id, refillTermsOf(body))),
});

const removeRefill = writeRoute({
  id: "removeBudgetRefill",
  method: "DELETE",
  path: "/budgets/{id}/refill",
  summary: "Remove the rule that refills a budget",
  description: "Without a rule nothing changes.",
  tag,
  audience: "organization",
  scope: "budgets:write",
  params: idParams,
  reply: budgetSchema,
  status: 200,
  errors: ["not_found", "budget_archived"],
  handle: async ({ params, work }) => show(await removeBudgetRefill(work, params.id)),
});

export const writeRoutes: readonly Route[] = [
  create,
  move("freeze"),
  move("unfreeze"),
  setRefill,
  removeRefill,
];
