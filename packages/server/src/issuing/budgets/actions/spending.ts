import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { BudgetId } from "../../../foundation/ids/ids.ts";
import type { LimitFacts, PlacedBudget, Usage } from "../model.ts";
import { writeSpending } from "../store/spending.ts";
import { keyOf, type Locked, lockRows, ownKey } from "../store.ts";
import { limitFacts, placedIn } from "./read.ts";

/** A budget that something is to be spent from, and every limit that it has to keep to. */
export type SpendingFacts = {
  readonly budget: PlacedBudget;
  /** Its own, then its parent's, and so on up to the root's. */
  readonly limits: readonly LimitFacts[];
};

/**
 * Locks a budget and all above it, and reads the usage of their limits in the windows of an instant. It
 * stays true until COMMIT: whoever counts spending takes these locks.
 */
export async function lockSpending(
  work: Work,
  budgetId: BudgetId,
  at: Date,
): Promise<SpendingFacts> {
  const { budget, locked } = await lockPath(work, budgetId);
  const path = [budget.id, ...budget.ancestorIds.toReversed()].map((id) => {
    const found = locked.all.get(ownKey({ ...budget, id }));
    assert(found !== undefined, "A budget is locked with its ancestors.");
    return found;
  });
  const limits = await limitFacts(work.sql, path, () => at);
  return { budget: placedIn(locked, budget), limits: limits.flat() };
}

/**
 * Counts spending on a budget and on all above it, in the windows of its instant: what it adds, or gives
 * back where negative. It is counted also beyond a limit: whether something may be spent is decided
 * before (`limitRefusal`).
 *
 * @param spending minor units, and how many authorizations; `at` is the instant of the authorization,
 *   also of what is given back later.
 */
export async function countSpending(
  work: Work,
  budgetId: BudgetId,
  spending: Usage & { readonly at: Date },
): Promise<void> {
  const { budget } = await lockPath(work, budgetId);
  const { organizationId, ancestorIds, id } = budget;
  await writeSpending(work.sql, organizationId, [...ancestorIds, id], spending);
}

async function lockPath(
  { sql, organizationId }: Work,
  budgetId: BudgetId,
): Promise<{ readonly budget: PlacedBudget; readonly locked: Locked }> {
  const named = { organizationId, reference: { by: "id", value: budgetId } as const };
  const locked = await lockRows(sql, [named], { extent: "path", strength: "change" });
  const budget = locked.named.get(keyOf(named));
  assert(budget !== undefined, "Spending is from a budget that exists.");
  return { budget: placedIn(locked, budget), locked };
}
