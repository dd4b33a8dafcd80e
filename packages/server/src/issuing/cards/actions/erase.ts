import type { Work } from "../../../foundation/database/work.ts";
import type { CustomerId } from "../../../foundation/ids/ids.ts";
import type { RetainedCard } from "../../customers/model.ts";
import { erasedCard, retainedCardOf } from "../rules/erasure.ts";
import { eraseRows, listOfCustomer } from "../store/erase.ts";
import { lockRows } from "../store.ts";
import { allInFull, announceCard } from "./read.ts";

/**
 * Takes what is personal out of a customer's cards, all of which are deleted. The caller has locked the
 * customer, and destroys its `other` key in the same transaction.
 *
 * @returns what of them the law keeps.
 */
export async function eraseCardsOf(work: Work, customerId: CustomerId): Promise<RetainedCard[]> {
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
  return before.map(retainedCardOf);
}
