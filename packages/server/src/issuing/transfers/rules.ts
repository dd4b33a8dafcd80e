import type { Work } from "../../foundation/database/work.ts";
import { assert, type Refusal } from "../../foundation/errors/errors.ts";
import type { BudgetId, CardId, TransferId } from "../../foundation/ids/ids.ts";
import type { Mode } from "../../foundation/route/route.ts";
import {
  isRefused,
  type LedgerRefusal,
  refusalOf as ledgerRefusalOf,
} from "../../records/ledger/errors.ts";
import type { AccountRef, AccountType, MovementKind, Posted } from "../../records/ledger/model.ts";
import type { Book } from "../../records/ledger/rules.ts";
import { transferErrors } from "./errors.ts";
import {
  type FeeKind,
  type ReversalReason,
  type Transfer,
  type TransferKind,
  type TransferSide,
  transferKind,
} from "./model.ts";

/** A transfer to make: everything about it that is not decided by the books. */
export type TransferPlan = {
  readonly kind: TransferKind;
  readonly from: AccountRef;
  readonly to: AccountRef;
  /** Minor units of the accounts' currency, more than zero. */
  readonly amount: bigint;
  readonly cardId?: CardId | null;
  readonly budgetId?: BudgetId | null;
  readonly feeKind?: FeeKind;
  readonly note?: string | null;
  readonly reason?: ReversalReason | null;
  readonly relatedTransferId?: TransferId;
  /** Of a reversal: the transfer that it undoes. */
  readonly reverses?: Transfer;
};

/** A transfer that the books took, and the recoveries of debts that it caused. */
export type PlannedTransfer = { readonly transfer: Transfer; readonly more: readonly Transfer[] };

/**
 * Posts a transfer into the book. Nothing is written yet: `writeBook` and `writeTransfers` follow.
 *
 * @param work of the organization whose money it is.
 * @returns the transfer and the receivable recoveries that it caused; or, with the book untouched, why
 *   the ledger refuses (`refusalOf` says it to a person).
 */
export function planTransfer(
  book: Book,
  work: Work,
  plan: TransferPlan,
): PlannedTransfer | LedgerRefusal {
  const id = work.newId("transfer");
  const posted = book.post(work, [
    {
      kind: movementOf(plan),
      debit: plan.from,
      credit: plan.to,
      amount: plan.amount,
      transferId: id,
      cardId: plan.cardId ?? undefined,
      budgetId: plan.budgetId ?? undefined,
      reverses: plan.reverses?.journalIds[0],
    },
  ]);
  if (isRefused(posted)) return posted;
  const [main, ...recoveries] = posted;
  assert(main !== undefined, "A posted movement has a journal row.");
  const transfer = made(work, id, plan, main);
  return { transfer, more: recoveries.map((recovery) => recovered(work, transfer, recovery)) };
}

/** What a recovery of a debt was caused by: a transfer, or (id null) a hold that was released. */
type Cause = Pick<Transfer, "cardId" | "budgetId"> & { readonly id: TransferId | null };

/** The recoveries of debts among rows that were posted by the hold or by force. */
export function recoveriesIn(
  work: Work,
  posted: readonly Posted[],
  cause: Omit<Cause, "id">,
): Transfer[] {
  return posted
    .filter(({ movement }) => movement.kind === "receivable_repaid")
    .map((recovery) => recovered(work, { ...cause, id: null }, recovery));
}

/** The ledger paid a debt from what came in, under a transfer id of its own. */
function recovered(work: Work, cause: Cause, posted: Posted): Transfer {
  const { debit, credit, amount, transferId } = posted.movement;
  assert(transferId !== undefined, "A recovery has a transfer id.");
  const plan: TransferPlan = {
    kind: "receivable_recovery",
    from: debit,
    to: credit,
    amount,
    cardId: cause.cardId,
    budgetId: cause.budgetId,
    ...(cause.id === null ? {} : { relatedTransferId: cause.id }),
  };
  return made(work, transferId, plan, posted);
}

function movementOf({ kind, from, to }: TransferPlan): MovementKind {
  const { movement, betweenBudgets } = transferKind(kind);
  return from.type === "budget" && to.type === "budget" ? (betweenBudgets ?? movement) : movement;
}

function made(work: Work, id: TransferId, plan: TransferPlan, posted: Posted): Transfer {
  return {
    id,
    organizationId: work.organizationId,
    kind: plan.kind,
    status: "completed",
    amount: plan.amount,
    currency: plan.from.currency,
    from: side(plan.from, posted.debit),
    to: side(plan.to, posted.credit),
    journalIds: [posted.journalId],
    cardId: plan.cardId ?? null,
    budgetId: plan.budgetId ?? null,
    feeKind: plan.feeKind ?? null,
    relatedTransferId: plan.relatedTransferId ?? null,
    reverses: plan.reverses?.id ?? null,
    reversedBy: null,
    actor: { kind: work.actor.kind, id: work.actor.id },
    note: plan.note ?? null,
    reason: plan.reason ?? null,
    version: 1n,
    createdAt: work.now,
  };
}

const side = (ref: AccountRef, after: Posted["debit"]): TransferSide => ({
  type: ref.type,
  id: ref.ownerId,
  before: after?.before ?? null,
  after: after?.after ?? null,
});

const insufficient: Partial<Record<AccountType, keyof typeof transferErrors.entries>> = {
  organization_available: "insufficient_organization_balance",
  card: "insufficient_card_balance",
  budget: "insufficient_budget_balance",
};

/**
 * Says a refusal of the ledger to a person, in the words of the object that stood in the way.
 *
 * @param field the field of the request that names the amount.
 */
export function refusalOf(refusal: LedgerRefusal, field?: string): Refusal {
  const short = refusal.refused === "insufficient_funds" || refusal.refused === "account_unknown";
  const code = short ? insufficient[refusal.account.type] : undefined;
  if (code === undefined) return ledgerRefusalOf(refusal);
  const detail = `Available: ${refusal.room} minor units of ${refusal.account.currency}.`;
  return transferErrors.refusal(code, detail, field === undefined ? {} : { field });
}

/** Who asks for a reversal, and in which mode the organization is. */
export type Reverser = { readonly platform: boolean; readonly mode: Mode };

/**
 * Whether a transfer may be reversed by hand.
 *
 * @throws Refusal `transfer_not_reversible`, `transfer_already_reversed`.
 */
export function requireReversible(transfer: Transfer, by: Reverser): void {
  const { reversibleBy } = transferKind(transfer.kind);
  if (reversibleBy === null) {
    throw transferErrors.refusal(
      "transfer_not_reversible",
      `A transfer of kind ${transfer.kind} is never reversed by hand.`,
    );
  }
  const allowed =
    by.platform ||
    reversibleBy === "organization" ||
    (reversibleBy === "sandbox" && by.mode === "sandbox");
  if (!allowed) {
    throw transferErrors.refusal(
      "transfer_not_reversible",
      `Only the platform reverses a transfer of kind ${transfer.kind}.`,
    );
  }
  if (transfer.status === "reversed") {
    throw transferErrors.refusal(
      "transfer_already_reversed",
      `It was reversed by ${transfer.reversedBy}.`,
    );
  }
}

/** Whether undoing it puts money on a card or into a budget: a suspended organization may not. */
export const isTopUpWhenReversed = ({ kind }: Transfer): boolean =>
  kind === "card_withdrawal" || kind === "budget_withdrawal";
