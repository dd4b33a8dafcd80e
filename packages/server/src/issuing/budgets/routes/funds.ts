import { fromJsonAmount } from "../../../foundation/money/money.ts";
import { batchRoute, type Lane, type Route } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import type { Transfer } from "../../transfers/model.ts";
import { showTransfer, transferSchema } from "../../transfers/schema.ts";
import { type BudgetFundsCommand, decideBudgetFunds } from "../actions/funds.ts";
import { budgetFundsSchema } from "../schema.ts";

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
    description:
      "Money goes to the budget at once: to a root budget from the organization's balance, to a sub-budget from its parent.",
    errors: [
      "organization_suspended",
      "insufficient_organization_balance",
      "insufficient_budget_balance",
    ],
  },
  withdraw: {
    id: "withdrawFromBudget",
    path: "/budgets/{id}/withdraw",
    summary: "Withdraw from a budget",
    description:
      "What is available goes back at once: from a root budget to the organization's balance, from a sub-budget to its parent.",
    errors: ["insufficient_budget_balance", "receivable_outstanding"],
  },
} as const;

const moveFunds = (verb: keyof typeof funds) =>
  batchRoute({
    ...funds[verb],
    method: "POST",
    tag: "Budgets",
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

export const fundsRoutes: readonly Route[] = [moveFunds("topUp"), moveFunds("withdraw")];
