import { generalErrors, type Problem, type Refusal } from "../../foundation/errors/errors.ts";
import type { BudgetId, OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import { ledgerErrors } from "../../records/ledger/errors.ts";
import { type Account, roomOf } from "../../records/ledger/model.ts";
import { programErrors } from "../programs/errors.ts";
import type { Program } from "../programs/model.ts";
import { isAvailableTo } from "../programs/rules.ts";
import { budgetErrors } from "./errors.ts";
import {
  type Budget,
  type BudgetMove,
  type BudgetStatus,
  budgetLifecycle,
  type LiveCards,
  MAX_DEPTH,
  type PlacedBudget,
} from "./model.ts";

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

/** A budget beside the nearest of its ancestors that is frozen, if all of them are given. */
export function placed(
  budget: Budget,
  byId: ReadonlyMap<BudgetId, Pick<Budget, "status">>,
): PlacedBudget {
  const frozenBy = budget.ancestorIds.findLast((id) => byId.get(id)?.status === "frozen") ?? null;
  return { ...budget, frozenBy };
}

/** Why a budget's cards cannot be issued or spend, by levels, in words; null where nothing blocks them. */
export function frozenProblem(
  { status, frozenBy }: Pick<PlacedBudget, "status" | "frozenBy">,
  field: string,
): Problem | null {
  if (status === "frozen") return budgetErrors.problem("budget_frozen", field);
  if (frozenBy === null) return null;
  return budgetErrors.problem(
    "budget_frozen",
    field,
    `The budget ${frozenBy}, above this one, is frozen.`,
  );
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
export type NamedProgram = {
  readonly id: string;
  readonly program: Program | null;
  /** The budget has it already: it may stay, whatever became of it. */
  readonly kept?: boolean;
};

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
  const problems = named.map(({ program, kept = false }, index): Problem | null => {
    const field = `typeIds.${index}`;
    if (kept) return null;
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

/** What a new sub-budget wants of its parent. */
type Child = Pick<Budget, "currency"> & { readonly typeIds: readonly string[] };

/** Why a budget cannot have this sub-budget; null where it can. */
export function parentRefusal(
  parent: Pick<Budget, "status" | "currency" | "depth" | "programIds">,
  { currency, typeIds }: Child,
): Refusal | null {
  const field = "parentId";
  if (parent.status === "archived") {
    return budgetErrors.refusal("budget_archived", "The parent is archived.", { field });
  }
  if (parent.depth >= MAX_DEPTH) {
    const detail = `The parent is on level ${parent.depth}, the last one.`;
    return budgetErrors.refusal("budget_too_deep", detail, { field });
  }
  return currencyRefusal(currency, parent.currency) ?? outsideRefusal(parent, typeIds);
}

/** Whether programs are all within those of the parent budget. */
export function outsideRefusal(
  parent: Pick<Budget, "programIds">,
  typeIds: readonly string[],
): Refusal | null {
  const problems = typeIds.flatMap((id, index) =>
    parent.programIds.some((programId) => programId === id)
      ? []
      : [budgetErrors.problem("budget_type_not_in_parent", `typeIds.${index}`)],
  );
  if (problems.length === 0) return null;
  return budgetErrors.refusal("budget_type_not_in_parent", undefined, { problems });
}

/** Who still needs a program that a budget is to lose. */
export type ProgramUse = {
  /** Of the budget itself. */
  readonly cards: readonly LiveCards[];
  readonly subBudgets: readonly Pick<Budget, "id" | "programIds">[];
};

/** Why programs cannot be taken from a budget; null where they can. */
export function removalRefusal(
  removed: readonly string[],
  { cards, subBudgets }: ProgramUse,
): Refusal | null {
  const problems = removed.flatMap((id): Problem[] => {
    const live = cards.find(({ programId }) => programId === id)?.count ?? 0;
    const below = subBudgets.find(({ programIds }) => programIds.some((one) => one === id));
    const problem = (message: string) =>
      budgetErrors.problem("budget_type_in_use", "typeIds", message);
    return [
      ...(live === 0 ? [] : [problem(`${live} cards of ${id} are not deleted.`)]),
      ...(below === undefined ? [] : [problem(`The sub-budget ${below.id} has ${id}.`)]),
    ];
  });
  if (problems.length === 0) return null;
  return budgetErrors.refusal("budget_type_in_use", undefined, { problems });
}

/** What may keep a budget from being archived. */
export type BudgetContents = {
  readonly liveCards: number;
  /** Sub-budgets that are not archived. */
  readonly subBudgets: number;
  readonly account: Account;
  /** On the receivable beside the account, minor units. */
  readonly owed: bigint;
};

/** Why a budget cannot be archived, naming everything that is in the way; null where it can. */
export function archiveRefusal(contents: BudgetContents): Refusal | null {
  const { liveCards, subBudgets, account, owed } = contents;
  if (owed > 0n) return ledgerErrors.refusal("receivable_outstanding");
  const [held, left] = [account.debitsPending, roomOf(account)];
  const found = [
    subBudgets > 0 ? `${subBudgets} sub-budgets are not archived.` : null,
    liveCards > 0 ? `${liveCards} cards of the budget are not deleted.` : null,
    held > 0n ? `${held} minor units are held.` : null,
    left > 0n ? `${left} minor units are on the budget.` : null,
  ].filter((message) => message !== null);
  if (found.length === 0) return null;
  const problems = found.map((message) =>
    budgetErrors.problem("budget_not_empty", undefined, message),
  );
  return budgetErrors.refusal("budget_not_empty", found.join(" "), { problems });
}

/** Whether the currency that a caller gives beside an amount is the object's. */
export function currencyRefusal(given: string | undefined, currency: string): Refusal | null {
  if (given === undefined || given === currency) return null;
  const detail = `The currency is ${currency}.`;
  return generalErrors.refusal("currency_mismatch", detail, { field: "currency" });
}
