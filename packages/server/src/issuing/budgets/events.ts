import { budgetSchema } from "./schema.ts";

/** What budgets announce. */
export const budgetEvents = {
  "budget.created": budgetSchema,
  "budget.updated": budgetSchema,
  "budget.frozen": budgetSchema,
  "budget.unfrozen": budgetSchema,
  "budget.archived": budgetSchema,
  "budget.refill_stopped": budgetSchema,
} as const;
