import type { Work } from "../../../foundation/database/work.ts";
import { changed } from "../rules/change.ts";
import { statusRefusal } from "../rules/status.ts";
import type { CardChanges } from "../schema/change.ts";
import { updateCards } from "../store.ts";
import { announceCard, type CardInFull, inFull, lockNamed } from "./read.ts";

/**
 * Changes label, metadata, contact and billing address; what is equal to what it was changes nothing.
 *
 * @throws Refusal `not_found`, `card_deleted`, `invalid_request` for too much metadata.
 */
export async function changeCard(
  work: Work,
  id: string,
  changes: CardChanges,
): Promise<CardInFull> {
  const before = await lockNamed(work, id, "change");
  const refusal = statusRefusal("change", before, work.now);
  if (refusal !== null) throw refusal;
  const after = changed(before, changes);
  if (after === before) return inFull(work, before);
  await updateCards(work.sql, [after]);
  const full = await inFull(work, after);
  announceCard(work, "card.updated", full, { card: before, money: full.money });
  return full;
}
