import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { retainUntil } from "../../customers/rules/retention.ts";
import { findProgram } from "../../programs/actions.ts";
import { forgetHits, hitsStanding } from "../../screening/actions/hits.ts";
import { cardErrors } from "../errors.ts";
import type { Card } from "../model.ts";
import { erasedCard } from "../rules/erasure.ts";
import { eraseRows } from "../store/erase.ts";
import { markErased, writeRetention } from "../store/retention.ts";
import { lockRows, updateCards } from "../store.ts";
import { allInFull, announceCard, type CardInFull, inFull, lockNamed } from "./read.ts";

/**
 * Says until when what a deleted card tells of its holder is kept, where it has no customer; otherwise it is
 * the customer's. The caller has it locked, or has just deleted it.
 */
export async function retain(work: Work, card: Card): Promise<void> {
  const { sql, organizationId } = work;
  const { id, programId, customerId, deletedAt } = card;
  if (customerId !== null) return;
  const [program, { suspected: sanctionsDecided }] = await Promise.all([
    findProgram(sql, programId),
    hitsStanding(sql, organizationId, id),
  ]);
  assert(program !== null && deletedAt !== null, "It is deleted, and its program stays.");
  const { retentionYears } = program;
  const cards = [{ deletedAt, retentionYears }];
  await writeRetention(sql, card, retainUntil({ deletedAt, cards, sanctionsDecided }));
}

/**
 * Puts a card without a customer under a legal hold, or lifts it (`reason` null): while it lasts nothing that is
 * kept of its holder is erased. What is so already changes nothing.
 *
 * @param work of the card's organization: see `workForCard`.
 * @throws Refusal `not_found`, `card_of_customer`.
 */
export async function setCardLegalHold(
  work: Work,
  id: string,
  reason: string | null,
): Promise<CardInFull> {
  const before = await lockNamed(work, id, "change");
  if (before.customerId !== null) {
    const detail = `Put the legal hold on the card's customer, ${before.customerId}.`;
    throw cardErrors.refusal("card_of_customer", detail);
  }
  if ((before.legalHold?.reason ?? null) === reason) return inFull(work, before);
  const card: Card = {
    ...before,
    legalHold: reason === null ? null : { reason, since: before.legalHold?.since ?? work.now },
    version: before.version + 1n,
  };
  await updateCards(work.sql, [card]);
  const full = await inFull(work, card);
  const event = reason === null ? "card.legal_hold_lifted" : "card.legal_hold_set";
  announceCard(work, event, full, { card: before, money: full.money });
  if (reason === null) wakeJobs(work, "cards.eraseRetained");
  return full;
}

/**
 * Takes what is personal out of deleted cards without a customer whose retention is over, and destroys the keys
 * of what was sealed.
 *
 * @param work of their organization.
 * @returns of how many; not those that are under a legal hold by now, or erased already.
 */
export async function eraseRetainedCards(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId, now } = work;
  const refs = ids.map((id) => ({ organizationId, id: id as CardId }));
  const locked = await lockRows(sql, refs, "change");
  const due = await markErased(sql, [...locked.values()], now);
  const before = [...locked.values()].filter(({ id }) => due.has(id));
  const after = before.map(erasedCard);
  await eraseRows(sql, after);
  const told = await allInFull(work, after);
  for (const [index, card] of before.entries()) {
    await forgetHits(work, card.id);
    await destroySubjectKey(work, card.id, "other");
    await destroySubjectKey(work, card.id, "retained");
    const full = told[index];
    if (full !== undefined) announceCard(work, "card.updated", full, { card, money: full.money });
  }
  return before.length;
}
