import { violatedConstraint } from "../../foundation/database/errors.ts";
import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { assert, currencyRefusal, generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { LaneCommand } from "../../foundation/route/route.ts";
import { reference } from "../../foundation/route/schemas.ts";
import { announce } from "../../records/events/actions.ts";
import {
  closeAccount,
  openAccounts,
  openBook,
  readBalances,
  writeBook,
} from "../../records/ledger/actions.ts";
import { isRefused } from "../../records/ledger/errors.ts";
import { accountId, type Balances } from "../../records/ledger/model.ts";
import type { Book } from "../../records/ledger/rules.ts";
import { lockOrganization, shareOrganizations } from "../organizations/actions.ts";
import { organizationErrors } from "../organizations/errors.ts";
import { availableOf } from "../organizations/model.ts";
import { requireOpen } from "../organizations/rules.ts";
import { lockProgram } from "../programs/actions.ts";
import { type MadeTransfers, writeTransfers } from "../transfers/actions.ts";
import type { Transfer } from "../transfers/model.ts";
import { planTransfer, refusalOf } from "../transfers/rules.ts";
import { budgetErrors } from "./errors.ts";
import type { budgetEvents } from "./events.ts";
import { type Budget, budgetAccount } from "./model.ts";
import { archiveRefusal, budgetRefusal, moved, programsRefusal } from "./rules.ts";
import { type BudgetChanges, type BudgetFilter, type NewBudget, showBudget } from "./schema.ts";
import {
  findOrganizationOf,
  findRow,
  insertRow,
  keyOf,
  type LockStrength,
  listPage,
  lockRows,
  updateRow,
} from "./store.ts";

/** A budget with what is on it, as the API shows the two together. */
export type BudgetWithBalances = { readonly budget: Budget; readonly balances: Balances };

/** Whose a budget is, for a platform key that names it by its id alone; null where there is none. */
export const organizationOfBudget = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  findOrganizationOf(sql, id);

/** One budget of an organization by id; null where there is none. Takes no lock. */
export const findBudget = (
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<Budget | null> => findRow(sql, organizationId, { by: "id", value: id });

/**
 * Locks budgets by their ids, in order: after the customers, before the cards.
 *
 * @returns those that exist, by `<organization id>/<budget id>`.
 */
export async function lockBudgets(
  sql: Sql,
  wanted: readonly { readonly organizationId: OrganizationId; readonly id: string }[],
  strength: LockStrength,
): Promise<Map<string, Budget>> {
  if (wanted.length === 0) return new Map();
  const named = wanted.map(({ organizationId, id }) => ({
    organizationId,
    reference: { by: "id", value: id } as const,
  }));
  const found = await lockRows(sql, named, strength);
  return new Map([...found.values()].map((each) => [`${each.organizationId}/${each.id}`, each]));
}

/**
 * The budget that a path names, with its balances.
 *
 * @throws Refusal `not_found`.
 */
export async function getBudget(reading: Reading, id: string): Promise<BudgetWithBalances> {
  const { sql, organizationId } = reading;
  const budget = await findRow(sql, organizationId, reference(id));
  if (budget === null) throw generalErrors.refusal("not_found");
  return { budget, balances: await balancesOf(sql, budget) };
}

/**
 * One page of budgets with their balances, newest first.
 *
 * @param organizationId null: of every organization, for the platform.
 */
export async function listBudgets(
  sql: Sql,
  organizationId: string | null,
  filter: BudgetFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<BudgetWithBalances>> {
  const { rows, more } = await listPage(sql, organizationId, filter, page);
  return { rows: await withBalances(sql, rows), more };
}

async function withBalances(sql: Sql, budgets: readonly Budget[]): Promise<BudgetWithBalances[]> {
  const owners = [...new Set(budgets.map(({ organizationId }) => organizationId))];
  const found = await Promise.all(
    owners.map((organizationId) => {
      const own = budgets.filter((budget) => budget.organizationId === organizationId);
      return readBalances(sql, organizationId, own.map(budgetAccount));
    }),
  );
  const balances = new Map(found.flatMap((each) => [...each]));
  return budgets.map((budget) => {
    const own = balances.get(accountId(budgetAccount(budget)));
    assert(own !== undefined, "Every budget has an account.");
    return { budget, balances: own };
  });
}

async function balancesOf(sql: Sql, budget: Budget): Promise<Balances> {
  const [found] = await withBalances(sql, [budget]);
  assert(found !== undefined, "Every budget has an account.");
  return found.balances;
}

/**
 * Makes a root budget, active and empty.
 *
 * @throws Refusal `program_not_found`, `program_not_available`, `budget_type_invalid`,
 *   `budget_name_taken`, `external_id_taken`, `organization_closed`.
 */
export async function createBudget(work: Work, wanted: NewBudget): Promise<BudgetWithBalances> {
  const { sql, organizationId } = work;
  const { name, currency, typeIds, label = null, externalId = null } = wanted;
  requireOpen(await lockOrganization(sql, organizationId, "share"));
  const programs = await Promise.all(
    [...typeIds].sort().map(async (id) => ({ id, program: await lockProgram(sql, id, "share") })),
  );
  const named = typeIds.map(
    (id) => programs.find((each) => each.id === id) ?? { id, program: null },
  );
  const refusal = programsRefusal(named, organizationId, currency);
  if (refusal !== null) throw refusal;
  const budget: Budget = {
    organizationId,
    id: work.newId("budget"),
    externalId,
    name,
    label,
    currency,
    parentId: null,
    depth: 1,
    programIds: named.flatMap(({ program }) => (program === null ? [] : [program.id])),
    status: "active",
    statusReason: null,
    version: 1n,
    createdAt: work.now,
  };
  await openAccounts(work, [budgetAccount(budget), availableOf(budget)]);
  await refuseTaken(insertRow(sql, budget));
  return announced(work, "budget.created", budget);
}

/** The constraints that say that something is taken, and what is said of it. */
const taken: Readonly<Record<string, () => Refusal>> = {
  budgets_organization_id_name_key: () =>
    budgetErrors.refusal("budget_name_taken", undefined, { field: "name" }),
  budgets_organization_id_external_id_key: () =>
    generalErrors.refusal("external_id_taken", "Another budget has this externalId.", {
      field: "externalId",
    }),
};

async function refuseTaken(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    throw taken[violatedConstraint(error) ?? ""]?.() ?? error;
  }
}

/**
 * Changes name and label; null clears the label; what is equal to what it was changes nothing.
 *
 * @throws Refusal `not_found`, `budget_archived`, `budget_name_taken`.
 */
export async function changeBudget(
  work: Work,
  id: string,
  changes: BudgetChanges,
): Promise<BudgetWithBalances> {
  const before = await lockFor(work, id, "change");
  const after = { ...before, ...changes };
  if (after.name === before.name && after.label === before.label) return unchanged(work, before);
  const next = { ...after, version: before.version + 1n };
  await refuseTaken(updateRow(work.sql, next));
  return announced(work, "budget.updated", next, {
    ...(after.name === before.name ? {} : { name: before.name }),
    ...(after.label === before.label ? {} : { label: before.label }),
  });
}

/**
 * Freezes or unfreezes; repeating it changes nothing.
 *
 * @throws Refusal `not_found`, `budget_archived`.
 */
export async function moveBudget(
  work: Work,
  id: string,
  move: "freeze" | "unfreeze",
  reason: string | null,
): Promise<BudgetWithBalances> {
  const before = await lockFor(work, id, move);
  const after = moved(before, move, reason);
  if (after === before) return unchanged(work, before);
  await updateRow(work.sql, after);
  return announced(work, eventOfMove[move], after, previousStatus(before));
}

/**
 * Archives a budget for ever and closes its account to movements by hand.
 *
 * @param hasLiveCards asked after the budget is locked: cards belong to a module to the right.
 * @throws Refusal `not_found`, `budget_archived`, `budget_not_empty`, `receivable_outstanding`.
 */
export async function archiveBudget(
  work: Work,
  id: string,
  reason: string | null,
  hasLiveCards: (budget: Budget) => Promise<boolean>,
): Promise<BudgetWithBalances> {
  const { sql, organizationId } = work;
  const before = await lockFor(work, id, "archive");
  if (await hasLiveCards(before)) {
    throw budgetErrors.refusal("budget_not_empty", "Cards of the budget are not deleted.");
  }
  const ref = budgetAccount(before);
  const book = await openBook(sql, [{ organizationId, ref }]);
  const refusal = archiveRefusal({
    account: book.account(organizationId, ref),
    owed: book.owed(organizationId, ref),
  });
  if (refusal !== null) throw refusal;
  const after = moved(before, "archive", reason);
  await Promise.all([updateRow(sql, after), closeAccount(work, ref)]);
  return announced(work, "budget.archived", after, previousStatus(before));
}

const eventOfMove = { freeze: "budget.frozen", unfreeze: "budget.unfrozen" } as const;

const previousStatus = ({ status, statusReason }: Budget) => ({ status, statusReason });

async function lockFor(
  { sql, organizationId }: Work,
  id: string,
  verb: "change" | "freeze" | "unfreeze" | "archive",
): Promise<Budget> {
  const named = { organizationId, reference: reference(id) };
  const budget = (await lockRows(sql, [named], "change")).get(keyOf(named));
  if (budget === undefined) throw generalErrors.refusal("not_found");
  const refusal = budgetRefusal(verb, budget);
  if (refusal !== null) throw refusal;
  return budget;
}

async function unchanged({ sql }: Work, budget: Budget): Promise<BudgetWithBalances> {
  return { budget, balances: await balancesOf(sql, budget) };
}

async function announced(
  work: Work,
  type: keyof typeof budgetEvents,
  budget: Budget,
  previous?: Record<string, unknown>,
): Promise<BudgetWithBalances> {
  const balances = await balancesOf(work.sql, budget);
  announce(work, {
    type,
    objectId: budget.id,
    objectVersion: budget.version,
    object: showBudget(budget, balances),
    ...(previous === undefined ? {} : { previous }),
  });
  return { budget, balances };
}

/** Money to move between the organization and a root budget. */
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
  const budgets = await lockRows(sql, named, "share");
  const found = [...budgets.values()];
  const book = await openBook(
    sql,
    found.flatMap((budget) =>
      [budgetAccount(budget), availableOf(budget)].map((ref) => ({
        organizationId: budget.organizationId,
        ref,
      })),
    ),
  );
  const made: MadeTransfers[] = [];
  const results = commands.map((command, index) => {
    const budget = budgets.get(keyOf(named[index] as (typeof named)[number]));
    if (budget === undefined) return generalErrors.refusal("not_found");
    const organization = organizations.get(command.work.organizationId);
    if (command.verb === "topUp" && organization?.status !== "active") {
      return organizationErrors.refusal("organization_suspended");
    }
    const decided = decideOne(book, command, budget);
    if (decided instanceof Refusal) return decided;
    made.push({ work: command.work, transfers: decided });
    return decided[0] as Transfer;
  });
  sql.awaitBeforeCommit(Promise.all([writeBook(sql, book), writeTransfers(sql, made)]));
  return results;
}

function decideOne(
  book: Book,
  { work, verb, amount, currency, note }: BudgetFundsCommand,
  budget: Budget,
): Transfer[] | Refusal {
  const refusal = budgetRefusal(verb, budget) ?? currencyRefusal(currency, budget.currency);
  if (refusal !== null) return refusal;
  const [own, fund] = [availableOf(budget), budgetAccount(budget)];
  const [from, to] = verb === "topUp" ? [own, fund] : [fund, own];
  const kind = verb === "topUp" ? "budget_top_up" : "budget_withdrawal";
  const planned = planTransfer(book, work, { kind, from, to, amount, budgetId: budget.id, note });
  if (isRefused(planned)) return refusalOf(planned, "amount");
  return [planned.transfer, ...planned.more];
}
