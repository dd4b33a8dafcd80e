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
    title: "The budget, or one above it, is frozen",
    remedy: "Unfreeze the budget that is named, or use another one.",
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
  budget_type_not_in_parent: {
    status: 422,
    title: "A card program in typeIds is not one of the parent budget's",
    remedy: "Give programs of the parent's typeIds, or add the program to the parent first.",
  },
  budget_type_in_use: {
    status: 409,
    title: "A card program cannot be taken from the budget while it is in use",
    remedy: "Delete the program's cards on the budget, and take it from the sub-budgets, first.",
  },
  budget_too_deep: {
    status: 422,
    title: "Budgets have at most 5 levels",
    remedy: "Give a parent on level 4 or above; parentId cannot be changed later.",
  },
  budget_not_empty: {
    status: 409,
    title: "The budget still has money, held money, cards or sub-budgets",
    remedy:
      "Archive its sub-budgets, delete its cards, wait for open holds, remove its refill rule and withdraw what is left; then archive it.",
  },
  budget_limit_invalid: {
    status: 422,
    title: "A spending limit contradicts itself",
    remedy: "Correct the fields named in errors[].",
  },
  budget_refill_invalid: {
    status: 422,
    title: "The refill rule contradicts itself",
    remedy: "Correct the fields named in errors[].",
  },
  budget_tree_too_large: {
    status: 422,
    title: "The tree has more than 1000 budgets",
    remedy: "Ask for fewer roots with limit, or for the tree of one budget further down.",
  },
});
