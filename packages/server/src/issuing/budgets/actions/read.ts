import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { announce } from "../../../records/events/actions.ts";
import { readBalances } from "../../../records/ledger/actions.ts";
import { accountId, type Balances } from "../../../records/ledger/model.ts";
import { organizationNows } from "../../../records/sequencer/actions.ts";
import type { budgetEvents } from "../events.ts";
import { type Budget, budgetAccount, type LimitFacts, type PlacedBudget } from "../model.ts";
import { refilledInMonth } from "../rules/refill.ts";
import { windowOf } from "../rules/windows.ts";
import { type BudgetVerb, budgetRefusal, placed } from "../rules.ts";
import { type BudgetFilter, type BudgetStanding, showBudget } from "../schema.ts";
import { readRefills } from "../store/refills.ts";
import { readUsages } from "../store/spending.ts";
import {
  findOrganizationOf,
  findRow,
  keyOf,
  type Lock,
  type Locked,
  type LockStrength,
  listPage,
  lockRows,
} from "../store.ts";

/** A budget with its money, limits and rule, as the API shows them together. */
export type BudgetInFull = { readonly budget: PlacedBudget; readonly standing: BudgetStanding };

/** Whose a budget is, for a platform key that names it by its id alone; null where there is none. */
export const organizationOfBudget = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  findOrganizationOf(sql, id);

/** One budget of an organization by id; null where there is none. Takes no lock. */
export const findBudget = (
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<PlacedBudget | null> => findRow(sql, organizationId, { by: "id", value: id });

/**
 * Locks budgets and all that are above them by their ids, in order: after the customers, before the
 * cards. So nothing that blocks one of them, on whatever level, changes until COMMIT.
 *
 * @returns those that exist, by `<organization id>/<budget id>`.
 */
export async function lockBudgets(
  sql: Sql,
  wanted: readonly { readonly organizationId: OrganizationId; readonly id: string }[],
  strength: LockStrength,
): Promise<Map<string, PlacedBudget>> {
  if (wanted.length === 0) return new Map();
  const named = wanted.map(({ organizationId, id }) => ({
    organizationId,
    reference: { by: "id", value: id } as const,
  }));
  const locked = await lockRows(sql, named, { extent: "path", strength });
  return new Map(
    [...locked.named.values()].map((budget) => [
      `${budget.organizationId}/${budget.id}`,
      placedIn(locked, budget),
    ]),
  );
}

/** A budget that was locked with its path, beside its nearest frozen ancestor. */
export function placedIn({ all }: Locked, budget: Budget): PlacedBudget {
  const own = [...all.values()].filter((one) => one.organizationId === budget.organizationId);
  return placed(budget, new Map(own.map((one) => [one.id, one])));
}

/**
 * Locks the budget that a path names, for something that its status must allow.
 *
 * @throws Refusal `not_found`, `budget_archived`.
 */
export async function lockNamed(
  { sql, organizationId }: Work,
  id: string,
  verb: BudgetVerb,
  lock: Lock,
): Promise<{ readonly budget: Budget; readonly locked: Locked }> {
  const named = { organizationId, reference: reference(id) };
  const locked = await lockRows(sql, [named], lock);
  const budget = locked.named.get(keyOf(named));
  if (budget === undefined) throw generalErrors.refusal("not_found");
  const refusal = budgetRefusal(verb, budget);
  if (refusal !== null) throw refusal;
  return { budget, locked };
}

/**
 * The budget that a path names. Takes no lock.
 *
 * @throws Refusal `not_found`.
 */
export async function findNamed(
  { sql, organizationId }: Pick<Reading, "sql" | "organizationId">,
  id: string,
): Promise<PlacedBudget> {
  const budget = await findRow(sql, organizationId, reference(id));
  if (budget === null) throw generalErrors.refusal("not_found");
  return budget;
}

/**
 * The budget that a path names, in full.
 *
 * @throws Refusal `not_found`.
 */
export async function getBudget(reading: Reading, id: string): Promise<BudgetInFull> {
  return inFull(reading.sql, await findNamed(reading, id));
}

/**
 * One page of budgets in full, newest first.
 *
 * @param organizationId null: of every organization, for the platform.
 */
export async function listBudgets(
  sql: Sql,
  organizationId: string | null,
  filter: BudgetFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<BudgetInFull>> {
  const { rows, more } = await listPage(sql, organizationId, filter, page);
  return { rows: await allInFull(sql, rows), more };
}

/** A budget in full as it is now, in this transaction or on this snapshot. */
export async function inFull(sql: Sql, budget: PlacedBudget): Promise<BudgetInFull> {
  const [full] = await allInFull(sql, [budget]);
  assert(full !== undefined, "One budget was asked for.");
  return full;
}

/** As `inFull`, for several, in their order. */
export async function allInFull(
  sql: Sql,
  budgets: readonly PlacedBudget[],
): Promise<BudgetInFull[]> {
  const owners = [...new Set(budgets.map(({ organizationId }) => organizationId))];
  const [nows, balances, refills] = await Promise.all([
    organizationNows(sql, owners),
    balancesOf(sql, budgets),
    readRefills(sql, budgets),
  ]);
  const nowAt = ({ organizationId }: Budget): Date => {
    const now = nows.get(organizationId);
    assert(now !== undefined, "Every organization has a now.");
    return now;
  };
  const limits = await limitFacts(sql, budgets, nowAt);
  return budgets.map((budget, place) => {
    const refill = refills.get(budget.id) ?? null;
    const refilled = refill === null ? 0n : refilledInMonth(refill, nowAt(budget));
    const standing = {
      balances: balances[place] as Balances,
      limits: limits[place] as LimitFacts[],
      refill,
      refilled,
    };
    return { budget, standing };
  });
}

/** What is on budgets, in their order. */
export async function balancesOf(sql: Sql, budgets: readonly Budget[]): Promise<Balances[]> {
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
    return own;
  });
}

/** The limits of budgets with the usage in their windows of an instant, a list for each budget. */
export async function limitFacts(
  sql: Sql,
  budgets: readonly Budget[],
  atOf: (budget: Budget) => Date,
): Promise<LimitFacts[][]> {
  const asked = budgets.flatMap((budget) =>
    budget.limits.flatMap((limit) => {
      if (limit.kind === "perAuthorization") return [];
      const { organizationId, id: budgetId } = budget;
      return [{ organizationId, budgetId, limit, window: windowOf(limit, atOf(budget)) }];
    }),
  );
  const usages = await readUsages(sql, asked);
  const current = new Map(
    asked.map(({ limit, window }, place) => {
      const used = usages[place];
      assert(used !== undefined, "Every window that was asked for has a usage.");
      return [limit.id, { window, used }] as const;
    }),
  );
  return budgets.map(({ id: budgetId, limits }) =>
    limits.map((limit) => ({ budgetId, limit, current: current.get(limit.id) ?? null })),
  );
}

/** Announces a new version of a budget as it now is. */
export async function announced(
  work: Work,
  type: keyof typeof budgetEvents,
  { organizationId, id }: Budget,
  previous?: Record<string, unknown>,
): Promise<BudgetInFull> {
  const after = await findBudget(work.sql, organizationId, id);
  assert(after !== null, "A budget's row is never removed.");
  const full = await inFull(work.sql, after);
  announce(work, {
    type,
    objectId: id,
    objectVersion: after.version,
    object: showBudget(full.budget, full.standing),
    ...(previous === undefined ? {} : { previous }),
  });
  return full;
}

/** A budget that something left as it was. */
export async function unchanged(work: Work, { id }: Budget): Promise<BudgetInFull> {
  return inFull(work.sql, await findNamed(work, id));
}
