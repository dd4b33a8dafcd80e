import type { Condition, RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { generalErrors, type Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Caller } from "../../foundation/route/route.ts";
import { openBook, readDebtors, writeBook } from "../../records/ledger/actions.ts";
import { isRefused, ledgerErrors } from "../../records/ledger/errors.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import type { Book } from "../../records/ledger/rules.ts";
import { lockOrganization } from "../organizations/actions.ts";
import { listedOrganization, requireActive, requireOpen } from "../organizations/rules.ts";
import { readDues } from "./actions/dues.ts";
import { announceTransfer, writeTransfers } from "./actions/write.ts";
import { purseKey } from "./model/dues.ts";
import type { ReversalReason, Transfer, TransferKind, TransferStatus } from "./model.ts";
import { isTopUpWhenReversed, planTransfer, refusalOf, requireReversible } from "./rules.ts";
import { findRow, findRows, listPage, lockRow, writeReversed } from "./store.ts";

export { listBudgetTransfers } from "./actions/budget.ts";
export {
  type DueFeeFilter,
  describeDues,
  findPayable,
  getDueFee,
  listDueFees,
  payDueFees,
  readDues,
  type WrittenDues,
  waiveDueFee,
  writeDues,
} from "./actions/dues.ts";
export { decideFunds, type FundsCommand } from "./actions/funds.ts";
export { type MadeTransfers, writeTransfers } from "./actions/write.ts";

/**
 * One transfer that a path names: an organization sees its own, the platform all.
 *
 * @throws Refusal `not_found`.
 */
export async function getTransfer(sql: Sql, caller: Caller, id: string): Promise<Transfer> {
  const transfer = await findRow(sql, caller.platform ? null : caller.organizationId, id);
  if (transfer === null) throw generalErrors.refusal("not_found");
  return transfer;
}

/** Those of an organization's transfers that have one of these ids, in no order. */
export async function readTransfers(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<Transfer[]> {
  return ids.length === 0 ? [] : findRows(sql, organizationId, ids);
}

/** Which transfers a list shows; an id that is not the caller's finds nothing. */
export type TransferFilter = {
  readonly kind?: TransferKind | undefined;
  readonly status?: TransferStatus | undefined;
  readonly currency?: string | undefined;
  readonly cardId?: string | undefined;
  readonly budgetId?: string | undefined;
  /** Without it a platform key sees those of every organization. */
  readonly organizationId?: string | undefined;
  /** From this instant on, and before that one, in the organization's time. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

/** One page of transfers, newest first. */
export function listTransfers(
  sql: Sql,
  caller: Caller,
  filter: TransferFilter,
  after: string | undefined,
  limit: number,
): Promise<RowPage<Transfer>> {
  const conditions: Condition[] = [
    ["organization_id", "=", listedOrganization(caller, filter.organizationId)],
    ["kind", "=", filter.kind],
    ["status", "=", filter.status],
    ["currency", "=", filter.currency],
    ["card_id", "=", filter.cardId],
    ["budget_id", "=", filter.budgetId],
    ["created_at", ">=", filter.from],
    ["created_at", "<", filter.to],
  ];
  return listPage(sql, conditions, after, limit);
}

/** Says why the locked accounts do not allow a reversal on the side of what it is about. */
export type ReversalJudge = (book: Book) => Refusal | null;

export type Reversal = {
  readonly note: string | null;
  readonly reason: ReversalReason | null;
  /** Whether the platform asks; it may reverse more kinds. */
  readonly platform: boolean;
  /** Null where nothing more is in the way. */
  readonly judge: ReversalJudge | null;
};

/**
 * Undoes a transfer by its mirror: a transfer of kind reversal that names it; it becomes `reversed`.
 *
 * @param work of the organization whose transfer it is.
 * @returns the reversal.
 * @throws Refusal `not_found`, `transfer_not_reversible`, `transfer_already_reversed`,
 *   `insufficient_…_balance`, `receivable_outstanding`, `fees_due`, `account_closed`,
 *   `organization_suspended`, `organization_closed`, and what `judge` refuses.
 */
export async function reverseTransfer(
  work: Work,
  id: string,
  { note, reason, platform, judge }: Reversal,
): Promise<Transfer> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  const original = await lockRow(sql, organizationId, id);
  if (original === null) throw generalErrors.refusal("not_found");
  requireReversible(original, { platform, mode: organization.mode });
  requireOpen(organization);
  if (isTopUpWhenReversed(original)) requireActive(organization);
  await requireNoDebt(sql, original);
  const { currency } = original;
  const from: AccountRef = { type: original.to.type, ownerId: original.to.id, currency };
  const to: AccountRef = { type: original.from.type, ownerId: original.from.id, currency };
  const book = await openBook(
    sql,
    [from, to].map((ref) => ({ organizationId, ref })),
  );
  const refusal = judge?.(book) ?? (await refuseForDues(sql, book, original));
  if (refusal !== null) throw refusal;
  const planned = planTransfer(book, work, {
    kind: "reversal",
    from,
    to,
    amount: original.amount,
    cardId: original.cardId,
    budgetId: original.budgetId,
    note,
    reason,
    reverses: original,
  });
  if (isRefused(planned)) throw refusalOf(planned);
  const { transfer, more } = planned;
  await Promise.all([
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers: [transfer, ...more] }]),
  ]);
  await markReversed(work, original, transfer);
  return transfer;
}

/** Undoing a deposit pays out: refused while the organization owes anything. */
async function requireNoDebt(sql: Sql, { kind, organizationId }: Transfer): Promise<void> {
  if (kind !== "organization_deposit") return;
  const debtors = await readDebtors(sql, [organizationId]);
  if (debtors.has(organizationId)) throw ledgerErrors.refusal("receivable_outstanding");
}

/** It leaves what is due, as a payout does. */
async function refuseForDues(sql: Sql, book: Book, original: Transfer): Promise<Refusal | null> {
  if (original.kind !== "organization_deposit") return null;
  const dues = await readDues(sql, [original]);
  return dues.get(purseKey(original))?.refuses(book, original.amount) ?? null;
}

async function markReversed(work: Work, original: Transfer, reversal: Transfer): Promise<void> {
  const reversed: Transfer = {
    ...original,
    status: "reversed",
    reversedBy: reversal.id,
    version: original.version + 1n,
  };
  await writeReversed(work.sql, reversed);
  announceTransfer(work, "transfer.reversed", reversed, {
    status: original.status,
    reversedBy: original.reversedBy,
  });
}
