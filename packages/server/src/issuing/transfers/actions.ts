import type { Condition, RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert, generalErrors, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Caller, LaneCommand } from "../../foundation/route/route.ts";
import { announce } from "../../records/events/actions.ts";
import { openAccounts, openBook, writeBook } from "../../records/ledger/actions.ts";
import { isRefused } from "../../records/ledger/errors.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import type { Book } from "../../records/ledger/rules.ts";
import { organizationNows } from "../../records/sequencer/actions.ts";
import { lockOrganization, shareOrganizations } from "../organizations/actions.ts";
import { organizationErrors } from "../organizations/errors.ts";
import type { Organization } from "../organizations/model.ts";
import { requireActive } from "../organizations/rules.ts";
import type { ReversalReason, Transfer, TransferKind, TransferStatus } from "./model.ts";
import { isTopUpWhenReversed, planTransfer, refusalOf, requireReversible } from "./rules.ts";
import { showTransfer } from "./schema.ts";
import { findRow, insertTransfers, listPage, lockRow, writeReversed } from "./store.ts";

/** Transfers that one work made. */
export type MadeTransfers = { readonly work: Work; readonly transfers: readonly Transfer[] };

/**
 * Writes transfers as one set, of one or several works in the same transaction, and announces
 * `transfer.completed` for each. Called after (or pipelined with) `writeBook`.
 */
export async function writeTransfers(sql: Sql, made: readonly MadeTransfers[]): Promise<void> {
  for (const { work, transfers } of made) {
    for (const transfer of transfers) announceTransfer(work, "transfer.completed", transfer);
  }
  await insertTransfers(
    sql,
    made.flatMap(({ transfers }) => transfers),
  );
}

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
    ["organization_id", "=", caller.platform ? undefined : caller.organizationId],
    ["organization_id", "=", filter.organizationId],
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

export type Reversal = {
  readonly note: string | null;
  readonly reason: ReversalReason | null;
  /** Whether the platform asks; it may reverse more kinds. */
  readonly platform: boolean;
};

/**
 * Undoes a transfer by its mirror: a transfer of kind reversal that names it; it becomes `reversed`.
 *
 * @param work of the organization whose transfer it is.
 * @returns the reversal.
 * @throws Refusal `not_found`, `transfer_not_reversible`, `transfer_already_reversed`,
 *   `insufficient_…_balance`, `receivable_outstanding`, `account_closed`, `organization_suspended`.
 */
export async function reverseTransfer(
  work: Work,
  id: string,
  { note, reason, platform }: Reversal,
): Promise<Transfer> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  const original = await lockRow(sql, organizationId, id);
  if (original === null) throw generalErrors.refusal("not_found");
  requireReversible(original, { platform, mode: organization.mode });
  if (isTopUpWhenReversed(original)) requireActive(organization);
  const { currency } = original;
  const from: AccountRef = { type: original.to.type, ownerId: original.to.id, currency };
  const to: AccountRef = { type: original.from.type, ownerId: original.from.id, currency };
  const book = await openBook(
    sql,
    [from, to].map((ref) => ({ organizationId, ref })),
  );
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

/** Money that comes into or leaves the installation, for the lane that decides it. */
export type FundsCommand = LaneCommand & {
  readonly kind: "organization_deposit" | "organization_payout";
  /** The organization by id or `external:<externalId>`. */
  readonly organization: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly note: string | null;
};

/** Where a command's money is, once its organization is known. */
type Placed = { readonly command: FundsCommand; readonly work: Work; readonly own: AccountRef };

/**
 * Decides deposits and payouts in order of arrival on one book, and writes them as sets.
 *
 * @returns for each command its transfer, or why it is refused: `not_found`, `organization_closed`,
 *   `insufficient_organization_balance`, `receivable_outstanding`, `balance_too_large`.
 */
export async function decideFunds(
  commands: readonly FundsCommand[],
): Promise<(Transfer | Refusal)[]> {
  const [first] = commands;
  if (first === undefined) return [];
  const { sql } = first.work;
  const organizations = await shareOrganizations(
    sql,
    commands.map(({ organization }) => organization),
  );
  const nows = await organizationNows(sql, [
    ...new Set([...organizations.values()].map(({ id }) => id)),
  ]);
  const placed = commands.map((command) => place(command, organizations, nows));
  const book = await openFundsBook(
    sql,
    placed.filter((each): each is Placed => !isRefusal(each)),
  );
  const made: MadeTransfers[] = [];
  const results = placed.map((each) => {
    if (isRefusal(each)) return each;
    const planned = decideOne(book, each);
    if (isRefused(planned)) return refusalOf(planned, "amount");
    made.push({ work: each.work, transfers: [planned.transfer, ...planned.more] });
    return planned.transfer;
  });
  await Promise.all([writeBook(sql, book), writeTransfers(sql, made)]);
  return results;
}

function place(
  command: FundsCommand,
  organizations: ReadonlyMap<string, Organization>,
  nows: ReadonlyMap<OrganizationId, Date>,
): Placed | Refusal {
  const organization = organizations.get(command.organization);
  if (organization === undefined) return generalErrors.refusal("not_found");
  if (organization.status === "closed") return organizationErrors.refusal("organization_closed");
  const now = nows.get(organization.id);
  assert(now !== undefined, "Every organization has a now.");
  return {
    command,
    work: { ...command.work, organizationId: organization.id, now },
    own: {
      type: "organization_available",
      ownerId: organization.id,
      currency: command.currency,
    },
  };
}

const isRefusal = (each: Placed | Refusal): each is Refusal => each instanceof Refusal;

/** Opens the balances that a deposit is the first of, then locks all of them. */
async function openFundsBook(sql: Sql, placed: readonly Placed[]): Promise<Book> {
  const deposits = Map.groupBy(
    placed.filter(({ command }) => command.kind === "organization_deposit"),
    ({ work }) => work.organizationId,
  );
  // In id order: two batches may open the same ones.
  const opened = [...deposits.keys()].sort().map((id) => {
    const [first, ...others] = deposits.get(id) ?? [];
    assert(first !== undefined, "A group has a first.");
    return openAccounts(
      first.work,
      [first, ...others].map(({ own }) => own),
    );
  });
  const refs = placed.map(({ work, own }) => ({ organizationId: work.organizationId, ref: own }));
  const [book] = await Promise.all([openBook(sql, refs), ...opened]);
  return book;
}

function decideOne(book: Book, { command, work, own }: Placed) {
  const outside: AccountRef = {
    type: "external_funding",
    ownerId: work.organizationId,
    currency: command.currency,
  };
  const { kind, amount, note } = command;
  const [from, to] = kind === "organization_deposit" ? [outside, own] : [own, outside];
  return planTransfer(book, work, { kind, from, to, amount, note });
}

function announceTransfer(
  work: Work,
  type: "transfer.completed" | "transfer.reversed",
  transfer: Transfer,
  previous?: Record<string, unknown>,
): void {
  announce(work, {
    type,
    objectId: transfer.id,
    objectVersion: transfer.version,
    object: showTransfer(transfer),
    ...(previous === undefined ? {} : { previous }),
  });
}
