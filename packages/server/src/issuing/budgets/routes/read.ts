import type { Reading } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Caller, type Route, readRoute } from "../../../foundation/route/route.ts";
import { idParams, pageOf } from "../../../foundation/route/schemas.ts";
import { organizationNow } from "../../../records/sequencer/actions.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import {
  type BudgetInFull,
  getBudget,
  listBudgets,
  organizationOfBudget,
} from "../actions/read.ts";
import { listBudgetTransactions } from "../actions/transactions.ts";
import {
  budgetListSchema,
  budgetSchema,
  budgetTransactionListSchema,
  budgetTransactionSchema,
  showBudget,
  showBudgetTransaction,
} from "../schema.ts";

const tag = "Budgets";

const show = ({ budget, standing }: BudgetInFull) => showBudget(budget, standing);

/** Where to read: the caller's own organization, or for the platform that of the budget. */
export async function readingOf(caller: Caller, reading: Reading, id: string): Promise<Reading> {
  if (!caller.platform) return reading;
  const organizationId = await organizationOfBudget(reading.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  return { ...reading, organizationId, now: await organizationNow(reading.sql, organizationId) };
}

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
    show(await getBudget(await readingOf(caller, reading, params.id), params.id)),
});

const transactions = readRoute({
  id: "listBudgetTransactions",
  path: "/budgets/{id}/transactions",
  summary: "List what moved on a budget",
  description:
    "Every transfer that came to the budget or left it, newest first: top-ups, refills (their actor is of kind system), withdrawals, what went to sub-budgets, clearings and refunds of its cards.",
  tag,
  audience: "any",
  scope: "funds:read",
  params: idParams,
  query: budgetTransactionListSchema,
  reply: pageOf(budgetTransactionSchema),
  errors: ["not_found"],
  handle: async ({ params, query: { limit, cursor, ...filter }, caller, reading }) => {
    const own = await readingOf(caller, reading, params.id);
    const page = { after: decodeCursor(cursor), limit: limit ?? DEFAULT_LIMIT };
    const { budget, transfers } = await listBudgetTransactions(own, params.id, filter, page);
    return pageFrom(
      transfers,
      ({ id }) => id,
      (transfer) => showBudgetTransaction(budget, transfer),
    );
  },
});

export const readRoutes: readonly Route[] = [list, get, transactions];
