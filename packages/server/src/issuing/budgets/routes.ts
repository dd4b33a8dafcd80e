import { fromJsonAmount } from "../../foundation/money/money.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import {
  batchRoute,
  type Lane,
  type Route,
  readRoute,
  writeRoute,
} from "../../foundation/route/route.ts";
import { idParams, pageOf } from "../../foundation/route/schemas.ts";
import { readingOf } from "../organizations/actions.ts";
import { listedOrganization } from "../organizations/rules.ts";
import type { Transfer } from "../transfers/model.ts";
import { showTransfer, transferSchema } from "../transfers/schema.ts";
import {
  type BudgetFundsCommand,
  type BudgetWithBalances,
  changeBudget,
  createBudget,
  decideBudgetFunds,
  getBudget,
  listBudgets,
  moveBudget,
  organizationOfBudget,
} from "./actions.ts";
import {
  budgetChangesSchema,
  budgetFundsSchema,
  budgetListSchema,
  budgetReasonSchema,
  budgetSchema,
  newBudgetSchema,
  showBudget,
} from "./schema.ts";

const tag = "Budgets";

const show = ({ budget, balances }: BudgetWithBalances) => showBudget(budget, balances);

const create = writeRoute({
  id: "createBudget",
  method: "POST",
  path: "/budgets",
  summary: "Create a budget",
  description: "A root budget: it is funded from the organization's balance by top-up.",
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
    "budget_name_taken",
    "external_id_taken",
    "organization_closed",
  ],
  handle: async ({ body, work }) => show(await createBudget(work, body)),
});

const list = readRoute({
  id: "listBudgets",
  path: "/budgets",
  summary: "List budgets",
  description: "A platform key sees those of every organization, or of the one named.",
  tag,
  audience: "any",
  scope: "budgets:read",
  query: budgetListSchema,
  reply: pageOf(budgetSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit, cursor, ...filter }, caller, reading }) => {
    const organizationId = listedOrganization(caller, filter.organizationId) ?? null;
    const page = { after: decodeCursor(cursor), limit: limit ?? DEFAULT_LIMIT };
    const rows = await listBudgets(reading.sql, organizationId, filter, page);
    return pageFrom(rows, ({ budget }) => budget.id, show);
  },
});

const get = readRoute({
  id: "getBudget",
  path: "/budgets/{id}",
  summary: "Read a budget",
  tag,
  audience: "any",
  scope: "budgets:read",
  params: idParams,
  reply: budgetSchema,
  errors: ["not_found"],
  handle: async ({ params, caller, reading }) =>
    show(
      await getBudget(await readingOf(caller, reading, organizationOfBudget, params.id), params.id),
    ),
});

const change = writeRoute({
  id: "changeBudget",
  method: "PATCH",
  path: "/budgets/{id}",
  summary: "Change a budget's name or label",
  tag,
  audience: "organization",
  scope: "budgets:write",
  params: idParams,
  body: budgetChangesSchema,
  reply: budgetSchema,
  status: 200,
  errors: ["not_found", "budget_archived", "budget_name_taken"],
  handle: async ({ params, body, work }) => show(await changeBudget(work, params.id, body)),
});

const moves = {
  freeze: {
    summary: "Freeze a budget",
    description: "Its cards stop; its money can still be moved. Repeating it changes nothing.",
  },
  unfreeze: {
    summary: "Unfreeze a budget",
    description: "Its cards work again. Repeating it changes nothing.",
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

/** Top-ups and withdrawals of budgets, decided together on one book. */
const lane: Lane = {
  name: "budgets.funds",
  decide: (commands) => decideBudgetFunds(commands as readonly BudgetFundsCommand[]),
};

const funds = {
  topUp: {
    id: "topUpBudget",
    path: "/budgets/{id}/top-up",
    summary: "Top up a budget",
    description: "Money goes from the organization's balance to the budget, at once.",
    errors: ["organization_suspended", "insufficient_organization_balance"],
  },
  withdraw: {
    id: "withdrawFromBudget",
    path: "/budgets/{id}/withdraw",
    summary: "Withdraw from a budget",
    description: "What is available goes back to the organization's balance, at once.",
    errors: ["insufficient_budget_balance", "receivable_outstanding"],
  },
} as const;

const moveFunds = (verb: keyof typeof funds) =>
  batchRoute({
    ...funds[verb],
    method: "POST",
    tag,
    audience: "organization",
    scope: "funds:write",
    params: idParams,
    body: budgetFundsSchema,
    reply: transferSchema,
    status: 201,
    errors: [
      "not_found",
      "budget_archived",
      "currency_mismatch",
      "overflow",
      ...funds[verb].errors,
    ],
    lane,
    command: ({ params, body, work }): BudgetFundsCommand => ({
      work,
      verb,
      budget: params.id,
      amount: fromJsonAmount(body.amount),
      currency: body.currency,
      note: body.note ?? null,
    }),
    result: (transfer) => showTransfer(transfer as Transfer),
  });

/** Archiving asks for a budget's cards, so its route is with the cards. */
export const budgetRoutes: readonly Route[] = [
  create,
  list,
  get,
  change,
  move("freeze"),
  move("unfreeze"),
  moveFunds("topUp"),
  moveFunds("withdraw"),
];
