import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { CustomerId } from "../../../foundation/ids/ids.ts";
import type { deleteCustomer } from "../../customers/actions.ts";
import { findProgram } from "../../programs/actions.ts";
import { erasedCard, retainedCardOf } from "../rules/erasure.ts";
import { eraseRows, listOfCustomer } from "../store/erase.ts";
import { lockRows } from "../store.ts";
import { allInFull, announceCard } from "./read.ts";

type ErasedCard = Parameters<typeof deleteCustomer>[2][number];

/**
 * Takes what is personal out of a customer's cards, all of which are deleted. The caller has locked the
 * customer, and destroys its `other` key in the same transaction.
 *
 * @returns what of them the law keeps, and what says for how long.
 */
export async function eraseCardsOf(work: Work, customerId: CustomerId): Promise<ErasedCard[]> {
  const { sql, organizationId } = work;
  const all = await listOfCustomer(sql, organizationId, customerId);
  const before = [...(await lockRows(sql, all, "change")).values()];
  const after = before.map(erasedCard);
  await eraseRows(sql, after);
  const told = await allInFull(work, after);
  for (const [index, card] of before.entries()) {
    const full = told[index];
    if (full !== undefined) announceCard(work, "card.updated", full, { card, money: full.money });
  }
  const ids = [...new Set(before.map(({ programId }) => programId))];
  const programs = await Promise.all(ids.map((id) => findProgram(sql, id)));
  const years = new Map(programs.map((program) => [program?.id, program?.retentionYears]));
  return before.map((card) => {
    const { programId, deletedAt } = card;
    const retentionYears = years.get(programId);
    assert(deletedAt !== null && retentionYears !== undefined, "Each card is deleted.");
    return { ...retainedCardOf(card), deletedAt, retentionYears };
  });
}
