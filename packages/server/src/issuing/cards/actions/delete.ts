import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Reference } from "../../../foundation/route/schemas.ts";
import { type OpenHoldRow, readOpenHolds } from "../../../records/ledger/actions/holds.ts";
import { closeAccount, openBook, writeBook } from "../../../records/ledger/actions.ts";
import { deleteCustomer, findCustomer, lockCustomer } from "../../customers/actions.ts";
import { customerErrors } from "../../customers/errors.ts";
import type { Customer } from "../../customers/model.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { availableOf } from "../../organizations/model.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { type Card, cardAccount, type StatusChange, statusOf } from "../model.ts";
import { statusRefusal } from "../rules/status.ts";
import { collectOwed, takeRest } from "../rules/sweep.ts";
import { countLive } from "../store/facts.ts";
import { insertStatusChanges } from "../store/status.ts";
import { removeTopUp } from "../store/topups.ts";
import { updateCards } from "../store.ts";
import { eraseCardsOf } from "./erase.ts";
import { announceCard, type CardInFull, inFull, lockNamed } from "./read.ts";
import { retain } from "./retention.ts";

/** Why a card is deleted, where nothing else is said. */
const BY_ORGANIZATION = "deleted_by_organization";

/** A deleted card, the transfer of what was left on it, and what is still held. */
export type Deleted = {
  readonly deleted: CardInFull;
  readonly sweep: Transfer | null;
  readonly holds: readonly OpenHoldRow[];
};

/**
 * Deletes a card for ever. What is not held goes to the organization in the same transaction; what
 * is held stays on the card's account. What the card owes is collected from the organization first.
 *
 * @throws Refusal `not_found`, `card_deleted`, `compliance_restriction`, `receivable_outstanding`.
 */
export async function deleteCard(work: Work, id: string): Promise<Deleted> {
  const { sql, now } = work;
  const before = await lockNamed(work, id, "change");
  const refusal = statusRefusal("delete", before, now);
  if (refusal !== null) throw refusal;
  const full = await inFull(work, before);
  const swept = before.model === "card" ? await sweep(work, before) : [];
  const after: Card = {
    ...before,
    autoTopUp: null,
    storedStatus: "deleted",
    deletedAt: now,
    deletedReason: BY_ORGANIZATION,
    version: before.version + 1n,
  };
  const change: StatusChange = {
    version: after.version,
    action: "delete",
    from: statusOf(before, now),
    to: "deleted",
    reason: after.deletedReason,
    note: null,
    actor: work.actor,
    at: now,
  };
  const [holds] = await Promise.all([
    readOpenHolds(sql, work.organizationId, before.id),
    updateCards(sql, [after]),
    before.autoTopUp === null ? null : removeTopUp(sql, before),
    insertStatusChanges(sql, [{ card: after, change }]),
  ]);
  await retain(work, after);
  const deleted = await inFull(work, after);
  announceCard(work, "card.deleted", deleted, full);
  return { deleted, sweep: swept.find(({ kind }) => kind === "card_sweep") ?? null, holds };
}

/** Pays what the card owes, takes what is left, and closes its account to movements by hand. */
async function sweep(work: Work, card: Card): Promise<Transfer[]> {
  const { sql, organizationId } = work;
  const refs = [availableOf(card), cardAccount(card)];
  const book = await openBook(
    sql,
    refs.map((ref) => ({ organizationId, ref })),
  );
  const transfers = [...collectOwed(book, work, card), ...takeRest(book, work, card)];
  await Promise.all([
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers }]),
    closeAccount(work, cardAccount(card)),
  ]);
  return transfers;
}

/**
 * Deletes a customer all of whose cards are deleted, and erases what is personal of it and of them.
 *
 * @throws Refusal `not_found`, `customer_deleted`, `customer_has_cards`.
 */
export async function deleteCustomerOfCards(work: Work, named: Reference): Promise<Customer> {
  const { sql, organizationId } = work;
  await lockOrganization(sql, organizationId, "share");
  const found = await findCustomer(sql, organizationId, named);
  if (found === null) throw generalErrors.refusal("not_found");
  // Issuing shares this lock, so no card comes in between.
  await lockCustomer(sql, organizationId, found.id, "change");
  const every = { organizationId, customerId: found.id, programId: null };
  const [live = 0] = await countLive(sql, [every]);
  if (live > 0) {
    throw customerErrors.refusal("customer_has_cards", `${live} cards are not deleted.`);
  }
  return deleteCustomer(work, found.id, await eraseCardsOf(work, found.id));
}
