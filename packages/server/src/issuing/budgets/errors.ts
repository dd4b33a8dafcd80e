import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways a budget says no; some also appear among the unmet conditions of issuing a budget card. */
export const budgetErrors = errorTable({
  budget_not_found: {
    status: 422,
    title: "There is no such budget",
    remedy: "Give the id of one of your budgets; GET /v1/budgets lists them.",
  },
  budget_name_taken: {
    status: 409,
    title: "Another budget has this name",
    remedy: "Choose a name that none of your budgets has or had.",
  },
  budget_frozen: {
    status: 409,
    title: "The budget is frozen",
    remedy: "Unfreeze the budget, or use another one.",
  },
  budget_archived: {
    status: 409,
    title: "The budget is archived",
    remedy: "Use a budget that is not archived; archiving is final.",
  },
  budget_type_invalid: {
    status: 422,
    title: "A card program in typeIds cannot be used by this budget",
    remedy: "Give programs of the model budgetCard, available to you, in the budget's currency.",
  },
  budget_not_empty: {
    status: 409,
    title: "The budget still has money, held money or cards",
    remedy: "Delete its cards, wait for open holds, withdraw what is left, then archive it.",
  },
});
