import type { Sql } from "../../../foundation/database/sql.ts";
import { assert, generalErrors, Refusal } from "../../../foundation/errors/errors.ts";
import type { LaneCommand } from "../../../foundation/route/route.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused, type LedgerRefusal } from "../../../records/ledger/errors.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { shareOrganizations } from "../../organizations/actions.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import { type MadeTransfers, writeTransfers } from "../../transfers/actions.ts";
import { transferErrors } from "../../transfers/errors.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import { type Budget, budgetAccount, fundingAccount } from "../model.ts";
import { budgetRefusal, currencyRefusal } from "../rules.ts";
import { keyOf, lockRows, type Named } from "../store.ts";

/** Money to move between a budget and what it is funded from. */
export type BudgetFundsCommand = LaneCommand & {
  readonly verb: "topUp" | "withdraw";
  /** The budget by id or `external:<externalId>`. */
  readonly budget: string;
  readonly amount: bigint;
  readonly currency: string | undefined;
  readonly note: string | null;
};

/**
 * Decides top-ups and withdrawals of budgets in order of arrival on one book, and writes them as sets.
 *
 * @returns for each command its transfer, or why it is refused: `not_found`, `budget_archived`,
 *   `currency_mismatch`, `organization_suspended`, `insufficient_organization_balance`,
 *   `insufficient_budget_balance`, `receivable_outstanding`, `overflow`.
 */
export async function decideBudgetFunds(
  commands: readonly BudgetFundsCommand[],
): Promise<(Transfer | Refusal)[]> {
  const [first] = commands;
  if (first === undefined) return [];
  const { sql } = first.work;
  const named = commands.map(({ work, budget }) => ({
    organizationId: work.organizationId,
    reference: reference(budget),
  }));
  const owners = [...new Set(named.map(({ organizationId }) => organizationId))];
  const organizations = await shareOrganizations(sql, owners);
  // A parent cannot be archived while it has a live sub-budget, and being frozen stops no money: so
  // what is above a budget need not be locked.
  const locked = await lockRows(sql, named, { extent: "alone", strength: "share" });
  const book = await openBookFor(sql, [...locked.named.values()]);
  const made: MadeTransfers[] = [];
  const results = commands.map((command, index) => {
    const budget = locked.named.get(keyOf(named[index] as Named));
    if (budget === undefined) return generalErrors.refusal("not_found");
    const organization = organizations.get(command.work.organizationId);
    if (command.verb === "topUp" && organization?.status !== "active") {
      return organizationErrors.refusal("organization_suspended");
    }
    const decided = decideOne(book, command, budget);
    if (decided instanceof Refusal) return decided;
    made.push({ work: command.work, transfers: decided });
    const [transfer] = decided;
    assert(transfer !== undefined, "What was posted has a transfer.");
    return transfer;
  });
  sql.awaitBeforeCommit(Promise.all([writeBook(sql, book), writeTransfers(sql, made)]));
  return results;
}

/** Opens a book on budgets and on what they are funded from. */
export function openBookFor(sql: Sql, budgets: readonly Budget[]): Promise<Book> {
  return openBook(
    sql,
    budgets.flatMap((budget) =>
      [budgetAccount(budget), fundingAccount(budget)].map((ref) => ({
        organizationId: budget.organizationId,
        ref,
      })),
    ),
  );
}

function decideOne(
  book: Book,
  { work, verb, amount, currency, note }: BudgetFundsCommand,
  budget: Budget,
): Transfer[] | Refusal {
  const refusal = budgetRefusal(verb, budget) ?? currencyRefusal(currency, budget.currency);
  if (refusal !== null) return refusal;
  const [funding, fund] = [fundingAccount(budget), budgetAccount(budget)];
  const [from, to] = verb === "topUp" ? [funding, fund] : [fund, funding];
  const kind = verb === "topUp" ? "budget_top_up" : "budget_withdrawal";
  const planned = planTransfer(book, work, { kind, from, to, amount, budgetId: budget.id, note });
  if (isRefused(planned)) return fundsRefusal(budget, planned);
  return [planned.transfer, ...planned.more];
}

/** Says a refusal of the books to a person; of two budgets it names the one that has too little. */
export function fundsRefusal({ parentId }: Budget, refused: LedgerRefusal): Refusal {
  const { account, room } = refused;
  if (refused.refused !== "insufficient_funds" || account.ownerId !== parentId) {
    return refusalOf(refused, "amount");
  }
  const detail = `Available on the parent budget ${parentId}: ${room} minor units of ${account.currency}.`;
  return transferErrors.refusal("insufficient_budget_balance", detail, { field: "amount" });
}
