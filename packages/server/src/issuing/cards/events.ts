import { batchSchema } from "./schema/batches.ts";
import { blockOrderSchema } from "./schema/blocks.ts";
import { windDownSchema } from "./schema/winddowns.ts";
import { cardSchema } from "./schema.ts";

/**
 * What cards announce: the card as the API shows it; of a person only what is theirs to decrypt.
 */
export const cardEvents = {
  "card.issued": cardSchema,
  "card.updated": cardSchema,
  "card.frozen": cardSchema,
  "card.unfrozen": cardSchema,
  "card.blocked": cardSchema,
  "card.unblocked": cardSchema,
  "card.expired": cardSchema,
  "card.renewed": cardSchema,
  "card.replaced": cardSchema,
  "card.auto_top_up_stopped": cardSchema,
  "card.auto_top_up_resumed": cardSchema,
  "card.deleted": cardSchema,
  "card.legal_hold_set": cardSchema,
  "card.legal_hold_lifted": cardSchema,
} as const;
export type CardEvent = keyof typeof cardEvents;

/** What orders to block a program's cards announce, to the platform's own stream. */
export const blockOrderEvents = {
  "block_order.started": blockOrderSchema,
  "block_order.done": blockOrderSchema,
} as const;

/** What the announced end of a card announces; its block and unblock are the card's own events. */
export const windDownEvents = {
  "wind_down.announced": windDownSchema,
  "wind_down.blocked": windDownSchema,
  "wind_down.lifted": windDownSchema,
} as const;

/** What batches of cards announce; each card has its own `card.issued`. */
export const batchEvents = {
  "card_batch.created": batchSchema,
  "card_batch.started": batchSchema,
  "card_batch.completed": batchSchema,
  "card_batch.cancelled": batchSchema,
} as const;
