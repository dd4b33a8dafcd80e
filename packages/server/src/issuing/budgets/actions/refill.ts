import type { Work } from "../../../foundation/database/work.ts";
import { watchAccount, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer } from "../../transfers/rules.ts";
import {
  type Budget,
  budgetAccount,
  fundingAccount,
  type PlacedBudget,
  type Refill,
  type RefillTerms,
} from "../model.ts";
import {
  afterRefill,
  refilledInMonth,
  refillRefusal,
  refillStep,
  setRefill,
  stoppedRefill,
} from "../rules/refill.ts";
import { showRefill } from "../schema/refill.ts";
import { readRefills, removeRefill, writeRefills } from "../store/refills.ts";
import { lockRows, updateRow } from "../store.ts";
import { fundsRefusal, openBookFor } from "./funds.ts";
import { announced, type BudgetInFull, lockNamed, placedIn, unchanged } from "./read.ts";

/** What a refill says of itself. */
const NOTE = "Automatic refill";

const ALONE = { extent: "alone", strength: "change" } as const;

/**
 * Gives a budget a refill rule, or another one; a rule that had stopped starts again. Setting what it
 * has already changes nothing.
 *
 * @throws Refusal `not_found`, `budget_archived`, `budget_refill_invalid`, `organization_closed`.
 */
export async function setBudgetRefill(
  work: Work,
  id: string,
  terms: RefillTerms,
): Promise<BudgetInFull> {
  const refusal = refillRefusal(terms);
  const { sql, organizationId, now } = work;
  requireOpen(await lockOrganization(sql, organizationId, "share"));
  const { budget } = await lockNamed(work, id, "change", ALONE);
  if (refusal !== null) throw refusal;
  const before = (await readRefills(sql, [budget])).get(budget.id) ?? null;
  const after = setRefill(budget, before, terms, now);
  if (after === before) return unchanged(work, budget);
  await Promise.all([
    writeRefills(sql, [after]),
    updateRow(sql, next(budget)),
    watchAccount(work, budgetAccount(budget), after.threshold),
  ]);
  return announced(work, "budget.updated", budget, { refill: shown(before, now) });
}

/**
 * Takes a budget's refill rule away, and with it what it had refilled this month; without one nothing
 * changes.
 *
 * @throws Refusal `not_found`, `budget_archived`.
 */
export async function removeBudgetRefill(work: Work, id: string): Promise<BudgetInFull> {
  const { sql, now } = work;
  const { budget } = await lockNamed(work, id, "change", ALONE);
  const before = (await readRefills(sql, [budget])).get(budget.id);
  if (before === undefined) return unchanged(work, budget);
  await Promise.all([
    removeRefill(sql, budget),
    updateRow(sql, next(budget)),
    watchAccount(work, budgetAccount(budget), null),
  ]);
  return announced(work, "budget.updated", budget, { refill: shown(before, now) });
}

const next = (budget: Budget): Budget => ({ ...budget, version: budget.version + 1n });

const shown = (refill: Refill | null, now: Date) =>
  refill === null ? null : showRefill(refill, refilledInMonth(refill, now));

/** What came of one rule. */
type Outcome = {
  readonly budget: PlacedBudget;
  readonly before: Refill;
  readonly after: Refill;
  readonly transfers: readonly Transfer[];
};

/**
 * Refills budgets that are below their thresholds, once each, from their parents or the organization.
 * Where there is not enough the rule stops, and says so. Under the locks each is looked at again.
 *
 * @param work of the organization whose budgets they are.
 * @returns how many were refilled, stopped, or rest until their cap begins anew.
 */
export async function refillBudgets(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  if (organization.status !== "active") return 0;
  const named = ids.map((value) => ({ organizationId, reference: { by: "id", value } as const }));
  const locked = await lockRows(sql, named, { extent: "path", strength: "change" });
  // Parents first: what they get, those below them can take.
  const budgets = [...locked.named.values()]
    .map((budget) => placedIn(locked, budget))
    .sort((one, other) => one.depth - other.depth);
  const [refills, book] = await Promise.all([readRefills(sql, budgets), openBookFor(sql, budgets)]);
  const outcomes = budgets.flatMap((budget): Outcome[] => {
    const before = refills.get(budget.id);
    const outcome = before === undefined ? null : refillOne(book, work, budget, before);
    return outcome === null ? [] : [outcome];
  });
  await writeOutcomes(work, book, outcomes);
  return outcomes.length;
}

function refillOne(book: Book, work: Work, budget: PlacedBudget, before: Refill): Outcome | null {
  const { now } = work;
  const [from, to] = [fundingAccount(budget), budgetAccount(budget)];
  const step = refillStep(before, budget, book.available(work.organizationId, to), now);
  if (step.do === "nothing") return null;
  const outcome = { budget, before, transfers: [] };
  if (step.do === "rest") return { ...outcome, after: { ...before, restsUntil: step.until } };
  const { amount } = step;
  const plan = { kind: "budget_top_up", from, to, amount, budgetId: budget.id } as const;
  const planned = planTransfer(book, work, { ...plan, note: NOTE });
  if (isRefused(planned)) {
    const { code } = fundsRefusal(budget, planned);
    return { ...outcome, after: stoppedRefill(before, code, now) };
  }
  const transfers = [planned.transfer, ...planned.more];
  return { ...outcome, after: afterRefill(before, amount, now), transfers };
}

async function writeOutcomes(work: Work, book: Book, outcomes: readonly Outcome[]): Promise<void> {
  const { sql, now } = work;
  const stopped = outcomes.filter(({ after }) => after.status === "stopped");
  const transfers = outcomes.flatMap((outcome) => outcome.transfers);
  await Promise.all([
    writeRefills(
      sql,
      outcomes.map(({ after }) => after),
    ),
    ...stopped.map(({ budget }) => updateRow(sql, next(budget))),
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers }]),
  ]);
  for (const { budget, before } of stopped) {
    await announced(work, "budget.refill_stopped", budget, { refill: shown(before, now) });
  }
}
