import { type LifeState, OWN } from "./state.ts";
import type { BudgetModel, Of, Outcome, VerbsOf } from "./terms.ts";

/** Most levels of budgets. */
const LEVELS = 5;

/** What people do with budgets. */
export const budgetVerbs = (
  life: LifeState,
): VerbsOf<
  | "createBudget"
  | "fundBudget"
  | "drainBudget"
  | "freezeBudget"
  | "unfreezeBudget"
  | "archiveBudget"
> => ({
  createBudget: (operation) => createBudget(life, operation),
  fundBudget: (operation) => fundBudget(life, operation),
  drainBudget: (operation) => drainBudget(life, operation),
  freezeBudget: ({ budget }) => moveBudget(life, budget, "frozen"),
  unfreezeBudget: ({ budget }) => moveBudget(life, budget, "active"),
  archiveBudget: ({ budget }) => archive(life, life.budget(budget)),
});

function createBudget(life: LifeState, { budget: name, parent }: Of<"createBudget">): Outcome {
  const above = parent === null ? null : life.budget(parent);
  if (above?.status === "archived") return "budget_archived";
  if (above?.depth === LEVELS) return "budget_too_deep";
  const depth = (above?.depth ?? 0) + 1;
  life.budgets.set(name, { name, parent, depth, status: "active" });
  life.money.open(name);
  return "done";
}

function fundBudget(
  life: LifeState,
  { budget: name, amount, transfer }: Of<"fundBudget">,
): Outcome {
  const { parent, status } = life.budget(name);
  if (life.isSuspended) return "organization_suspended";
  if (status === "archived") return "budget_archived";
  const from = parent ?? OWN;
  const outcome = life.move(from, name, amount);
  if (outcome !== "done") return outcome;
  return life.record({ name: transfer, kind: "budgetTopUp", from, to: name, amount });
}

function drainBudget(
  life: LifeState,
  { budget: name, amount, transfer }: Of<"drainBudget">,
): Outcome {
  const { parent, status } = life.budget(name);
  if (status === "archived") return "budget_archived";
  const to = parent ?? OWN;
  const outcome = life.move(name, to, amount, false);
  if (outcome !== "done") return outcome;
  return life.record({ name: transfer, kind: "budgetWithdrawal", from: name, to, amount });
}

function moveBudget(life: LifeState, name: string, status: "active" | "frozen"): Outcome {
  const budget = life.budget(name);
  if (budget.status === "archived") return "budget_archived";
  budget.status = status;
  return "done";
}

function archive(life: LifeState, budget: BudgetModel): Outcome {
  if (budget.status === "archived") return "budget_archived";
  if (life.money.owes(budget.name) > 0n) return "receivable_outstanding";
  if (!life.isEmpty(budget)) return "budget_not_empty";
  budget.status = "archived";
  life.budgetRules.delete(budget.name);
  return "done";
}
