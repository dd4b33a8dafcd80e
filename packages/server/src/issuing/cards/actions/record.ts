import type { Work } from "../../../foundation/database/work.ts";
import type { CardEvent } from "../events.ts";
import { type Card, type CardStatus, type StatusChange, statusOf } from "../model.ts";
import { insertStatusChanges } from "../store/status.ts";
import { updateCards } from "../store.ts";
import { allInFull, announceCard, type CardInFull } from "./read.ts";

/** A card before and after a change; the version has grown by one. */
export type Step = {
  readonly before: Card;
  readonly after: Card;
  /** The status before, where the hour alone has changed it. */
  readonly from?: CardStatus;
};

/** What was done to each of several cards, and why. */
export type Recorded = Pick<StatusChange, "reason" | "note"> & {
  readonly action: StatusChange["action"];
  readonly event: CardEvent;
};

/**
 * Writes changed cards, a line of their histories each, and announces them.
 *
 * @returns the cards after the change, in their order.
 */
export async function recordChanges(
  work: Work,
  steps: readonly Step[],
  { action, event, reason, note }: Recorded,
): Promise<CardInFull[]> {
  if (steps.length === 0) return [];
  const { sql, now: at, actor } = work;
  const changes = steps.map(({ before, after, from = statusOf(before, at) }) => {
    const to = statusOf(after, at);
    const { version } = after;
    const change: StatusChange = { version, action, from, to, reason, note, actor, at };
    return { card: after, change };
  });
  const cards = steps.map(({ after }) => after);
  const [changed] = await Promise.all([
    allInFull(work, cards),
    updateCards(sql, cards),
    insertStatusChanges(sql, changes),
  ]);
  for (const [place, full] of changed.entries()) {
    const card = steps[place]?.before ?? full.card;
    announceCard(work, event, full, { card, money: full.money });
  }
  return changed;
}
