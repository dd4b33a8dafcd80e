import type { Problem, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import { ledgerErrors } from "../../records/ledger/errors.ts";
import { type Account, roomOf } from "../../records/ledger/model.ts";
import { programErrors } from "../programs/errors.ts";
import type { Program } from "../programs/model.ts";
import { isAvailableTo } from "../programs/rules.ts";
import { budgetErrors } from "./errors.ts";
import { type Budget, type BudgetMove, type BudgetStatus, budgetLifecycle } from "./model.ts";

/** In which statuses each verb works. A frozen budget stops its cards, not its owner. */
export const budgetVerbs = {
  topUp: ["active", "frozen"],
  withdraw: ["active", "frozen"],
  change: ["active", "frozen"],
  freeze: ["active", "frozen"],
  unfreeze: ["active", "frozen"],
  archive: ["active", "frozen"],
} as const satisfies Record<string, readonly BudgetStatus[]>;
export type BudgetVerb = keyof typeof budgetVerbs;

/** Why the budget's status forbids a verb; null where it does not. */
export function budgetRefusal(verb: BudgetVerb, budget: Pick<Budget, "status">): Refusal | null {
  const allowed: readonly BudgetStatus[] = budgetVerbs[verb];
  return allowed.includes(budget.status) ? null : budgetErrors.refusal("budget_archived");
}

/** The status a move leads to, and the reason shown where the caller gives none. */
const outcomes = {
  freeze: { status: "frozen", reason: "requested_by_organization" },
  unfreeze: { status: "active", reason: null },
  archive: { status: "archived", reason: "requested_by_organization" },
} as const satisfies Record<BudgetMove, { status: BudgetStatus; reason: string | null }>;

/** The budget after a move; the same one where it is already there. */
export function moved(budget: Budget, move: BudgetMove, reason: string | null): Budget {
  if (!canMove(budgetLifecycle, move, budget.status)) return budget;
  const { status, reason: usual } = outcomes[move];
  const statusReason = usual === null ? null : (reason ?? usual);
  return { ...budget, status, statusReason, version: budget.version + 1n };
}

/** A program as it was named for a budget, and what was found under that id. */
export type NamedProgram = { readonly id: string; readonly program: Program | null };

/**
 * Whether programs can be a budget's: known, available, of the model budgetCard, in its currency.
 *
 * @returns the refusal with one line for each that cannot, or null.
 */
export function programsRefusal(
  named: readonly NamedProgram[],
  organizationId: OrganizationId,
  currency: string,
): Refusal | null {
  const problems = named.map(({ program }, index): Problem | null => {
    const field = `typeIds.${index}`;
    if (program === null) return programErrors.problem("program_not_found", field);
    if (!isAvailableTo(program, organizationId)) {
      return programErrors.problem("program_not_available", field);
    }
    const fits = program.model === "budgetCard" && program.currency === currency;
    return fits ? null : budgetErrors.problem("budget_type_invalid", field);
  });
  const found = problems.filter((problem) => problem !== null);
  const codes = new Set(found.map(({ code }) => code));
  if (found.length === 0) return null;
  const particulars = { problems: found };
  if (codes.has("program_not_found")) {
    return programErrors.refusal("program_not_found", undefined, particulars);
  }
  return codes.has("program_not_available")
    ? programErrors.refusal("program_not_available", undefined, particulars)
    : budgetErrors.refusal("budget_type_invalid", undefined, particulars);
}

/** What is on a budget's account and on the receivable beside it. */
export type BudgetAccounts = { readonly account: Account; readonly owed: bigint };

/** Why a budget that has no live cards cannot be archived; null where it can. */
export function archiveRefusal({ account, owed }: BudgetAccounts): Refusal | null {
  if (owed > 0n) return ledgerErrors.refusal("receivable_outstanding");
  const { debitsPending } = account;
  if (debitsPending > 0n) {
    return budgetErrors.refusal("budget_not_empty", `${debitsPending} minor units are held.`);
  }
  const left = roomOf(account);
  return left > 0n
    ? budgetErrors.refusal("budget_not_empty", `${left} minor units are on the budget.`)
    : null;
}
