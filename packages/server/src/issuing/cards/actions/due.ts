import type { Work } from "../../../foundation/database/work.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import { hasEnded, liveRestrictions, type Restriction, restrictedStatus } from "../model.ts";
import { lockRows } from "../store.ts";
import { recordChanges } from "./record.ts";
import { releaseAll } from "./restrict.ts";

/** Cards that a job found, locked for a change; deleted ones are nothing to it any more. */
async function lockLiving({ sql, organizationId }: Work, ids: readonly string[]) {
  const wanted = ids.map((id) => ({ organizationId, id: id as CardId }));
  const locked = await lockRows(sql, wanted, "change");
  return [...locked.values()].filter(({ deletedAt }) => deletedAt === null);
}

/** Records of cards that they have expired. @returns how many had and were not recorded yet. */
export async function expireCards(work: Work, ids: readonly string[]): Promise<number> {
  const { now } = work;
  const cards = (await lockLiving(work, ids)).filter(
    ({ expiredAt, expiresAt }) => expiredAt === null && expiresAt <= now,
  );
  const steps = cards.map((before) => ({
    before,
    after: { ...before, expiredAt: now, version: before.version + 1n },
    from: restrictedStatus(liveRestrictions(before, now)),
  }));
  const what = { action: "expire", event: "card.expired", reason: null, note: null } as const;
  return (await recordChanges(work, steps, what)).length;
}

/** Why a restriction is lifted that has come to its end. */
const ENDED = { reason: "ended", note: null };

/** Lifts the restrictions of cards that have come to their end. @returns how many cards had such. */
export async function endRestrictions(work: Work, ids: readonly string[]): Promise<number> {
  const isOver = (restriction: Restriction) => hasEnded(restriction, work.now);
  const cards = await lockLiving(work, ids);
  const unblocked = await releaseAll(work, cards, "unblock", isOver, ENDED);
  const after = new Map(unblocked.map(({ card }) => [card.id, card]));
  const rest = cards.map((card) => after.get(card.id) ?? card);
  const unfrozen = await releaseAll(work, rest, "unfreeze", isOver, ENDED);
  return new Set([...unblocked, ...unfrozen].map(({ card }) => card.id)).size;
}
