import type { Work } from "../../../foundation/database/work.ts";
import type { ProgramId } from "../../../foundation/ids/ids.ts";
import { closeAccount, openBook } from "../../../records/ledger/actions.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { previousOf } from "../../programs/rules.ts";
import { type Budget, budgetAccount, type CountLiveCards } from "../model.ts";
import { limitsOf, limitsRefusal } from "../rules/limits.ts";
import {
  archiveRefusal,
  moved,
  outsideRefusal,
  programsRefusal,
  removalRefusal,
} from "../rules.ts";
import { showTerms } from "../schema/limits.ts";
import type { BudgetChanges } from "../schema.ts";
import { removeRefill } from "../store/refills.ts";
import { readSubBudgets } from "../store/tree.ts";
import { ownKey, updateRow } from "../store.ts";
import { lockPrograms, refuseTaken } from "./create.ts";
import { announced, type BudgetInFull, lockNamed, unchanged } from "./read.ts";

const ALONE = { extent: "alone", strength: "change" } as const;

/**
 * Changes name, label, programs and limits; null clears the label; what is equal to what it was changes
 * nothing.
 *
 * @param countLiveCards asked after the budget is locked.
 * @throws Refusal `not_found`, `budget_archived`, `budget_name_taken`, `budget_limit_invalid`; with
 *   `typeIds` also `program_not_found`, `program_not_available`, `budget_type_invalid`,
 *   `budget_type_not_in_parent`, `budget_type_in_use`, `organization_closed`.
 */
export async function changeBudget(
  work: Work,
  id: string,
  changes: BudgetChanges,
  countLiveCards: CountLiveCards,
): Promise<BudgetInFull> {
  const { name, label, typeIds, limits } = changes;
  const { budget: before, programIds } =
    typeIds === undefined
      ? { ...(await lockNamed(work, id, "change", ALONE)), programIds: undefined }
      : await lockForPrograms(work, id, typeIds, countLiveCards);
  const refusal = limitsRefusal(limits ?? [], before.limits);
  if (refusal !== null) throw refusal;
  const after: Budget = {
    ...before,
    name: name ?? before.name,
    label: label === undefined ? before.label : label,
    programIds: programIds ?? before.programIds,
    limits:
      limits === undefined
        ? before.limits
        : limitsOf(limits, before.limits, () => work.newId("limit")),
  };
  const previous = previousOf(ownFields(before), ownFields(after));
  if (Object.keys(previous).length === 0) return unchanged(work, before);
  await refuseTaken(updateRow(work.sql, { ...after, version: before.version + 1n }));
  return announced(work, "budget.updated", after, previous);
}

/** What a change can change, as it is shown. */
const ownFields = ({ name, label, programIds, limits }: Budget) => ({
  name,
  label,
  typeIds: [...programIds],
  limits: limits.map(showTerms),
});

/**
 * Locks a budget whose programs change with all above it: its parent must keep the programs that it
 * gets, and those below it wait. Programs that it has already are not asked for again.
 */
async function lockForPrograms(
  work: Work,
  id: string,
  typeIds: readonly string[],
  countLiveCards: CountLiveCards,
): Promise<{ readonly budget: Budget; readonly programIds: readonly ProgramId[] }> {
  const { sql, organizationId } = work;
  requireOpen(await lockOrganization(sql, organizationId, "share"));
  const named = await lockPrograms(sql, typeIds);
  const { budget, locked } = await lockNamed(work, id, "change", { ...ALONE, extent: "path" });
  const has = (programId: string) => budget.programIds.some((one) => one === programId);
  const judged = named.map((one) => ({ ...one, kept: has(one.id) }));
  const parent = budget.parentId && locked.all.get(ownKey({ ...budget, id: budget.parentId }));
  const removed = budget.programIds.filter((one) => !typeIds.includes(one));
  const refusal =
    programsRefusal(judged, organizationId, budget.currency) ??
    (parent ? outsideRefusal(parent, typeIds) : null) ??
    (removed.length === 0
      ? null
      : removalRefusal(removed, {
          cards: await countLiveCards(organizationId, [budget.id]),
          subBudgets: await readSubBudgets(sql, organizationId, budget.id),
        }));
  if (refusal !== null) throw refusal;
  const programIds = named.flatMap(({ program }) => (program === null ? [] : [program.id]));
  return { budget, programIds };
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
): Promise<BudgetInFull> {
  const { budget: before } = await lockNamed(work, id, move, ALONE);
  const after = moved(before, move, reason);
  if (after === before) return unchanged(work, before);
  await updateRow(work.sql, after);
  return announced(work, eventOfMove[move], after, previousStatus(before));
}

/**
 * Archives a budget for ever, with its refill rule, and closes its account to movements by hand.
 *
 * @param countLiveCards asked after the budget is locked.
 * @throws Refusal `not_found`, `budget_archived`, `budget_not_empty`, `receivable_outstanding`.
 */
export async function archiveBudget(
  work: Work,
  id: string,
  reason: string | null,
  countLiveCards: CountLiveCards,
): Promise<BudgetInFull> {
  const { sql, organizationId } = work;
  const { budget: before } = await lockNamed(work, id, "archive", ALONE);
  const ref = budgetAccount(before);
  const [cards, subBudgets, book] = await Promise.all([
    countLiveCards(organizationId, [before.id]),
    readSubBudgets(sql, organizationId, before.id),
    openBook(sql, [{ organizationId, ref }]),
  ]);
  const refusal = archiveRefusal({
    liveCards: cards.reduce((sum, { count }) => sum + count, 0),
    subBudgets: subBudgets.length,
    account: book.account(organizationId, ref),
    owed: book.owed(organizationId, ref),
  });
  if (refusal !== null) throw refusal;
  const after = moved(before, "archive", reason);
  await Promise.all([updateRow(sql, after), removeRefill(sql, after), closeAccount(work, ref)]);
  return announced(work, "budget.archived", after, previousStatus(before));
}

const eventOfMove = { freeze: "budget.frozen", unfreeze: "budget.unfrozen" } as const;

const previousStatus = ({ status, statusReason }: Budget) => ({ status, statusReason });
