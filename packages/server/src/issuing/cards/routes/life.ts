import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import type { CardInFull } from "../actions/read.ts";
import { renewCard } from "../actions/renew.ts";
import { replaceCard } from "../actions/replace.ts";
import { cardSchema, renewSchema, replaceSchema, showCard } from "../schema.ts";

const tag = "Cards";

const show = ({ card, money, now }: CardInFull) => showCard(card, money, now);

const replace = writeRoute({
  id: "replaceCard",
  method: "POST",
  path: "/cards/{id}/replace",
  summary: "Replace a card by a new one",
  description:
    "The new card has a number and expiry of its own and takes over the account, label, metadata and externalId; no money moves. The old one is deleted at once; what was authorized with it is settled as ever. Freezes are not carried over. The program's replacement fee is charged.",
  tag,
  audience: "organization",
  scope: "cards:write",
  params: idParams,
  body: replaceSchema,
  reply: cardSchema,
  status: 201,
  errors: [
    "not_found",
    "card_blocked",
    "card_deleted",
    "card_not_expired",
    "card_not_replaceable",
    "number_range_exhausted",
  ],
  handle: async ({ params, body: { reason, note = null }, work }) =>
    show(await replaceCard(work, params.id, { reason, note })),
});

const renew = writeRoute({
  id: "renewCard",
  method: "POST",
  path: "/cards/{id}/renew",
  summary: "Renew a card",
  description:
    "Same card, number and PIN; the next PAN sequence number and a new expiry. What was printed before stays good to its last day.",
  tag,
  audience: "organization",
  scope: "cards:write",
  params: idParams,
  body: renewSchema,
  reply: cardSchema,
  status: 200,
  errors: [
    "not_found",
    "card_blocked",
    "card_deleted",
    "renewal_too_early",
    "pan_sequence_exhausted",
    "card_not_renewable",
  ],
  handle: async ({ params, body: { reason = null, note = null }, work }) =>
    show(await renewCard(work, params.id, { reason, note })),
});

/** Replacing and renewing. */
export const lifeRoutes: readonly Route[] = [replace, renew];
