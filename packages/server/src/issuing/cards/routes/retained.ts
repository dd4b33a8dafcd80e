import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import { legalHoldSchema } from "../../customers/schema.ts";
import { type CardInFull, workForCard } from "../actions/read.ts";
import { setCardLegalHold } from "../actions/retention.ts";
import { cardSchema, showCard } from "../schema.ts";

const show = ({ card, money, now }: CardInFull) => showCard(card, money, now);

const holding = {
  path: "/cards/{id}/legal-hold",
  tag: "Cards",
  audience: "platform",
  scope: "customers:review",
  params: idParams,
  reply: cardSchema,
  status: 200,
  errors: ["not_found", "card_of_customer"],
} as const;

const hold = writeRoute({
  ...holding,
  id: "setCardLegalHold",
  method: "POST",
  summary: "Put a card without a customer under a legal hold",
  description:
    "While it lasts nothing that is kept of its holder is erased, however long its deletion is past. The card's status is not touched. Given again, the new reason replaces the old one. A card that replaces it is under the hold, too.",
  body: legalHoldSchema,
  handle: async ({ params: { id }, body: { reason }, work }) =>
    show(await setCardLegalHold(await workForCard(work, id), id, reason)),
});

const lift = writeRoute({
  ...holding,
  id: "liftCardLegalHold",
  method: "DELETE",
  summary: "Lift the legal hold of a card without a customer",
  description:
    "Of this card alone, not of those that it replaced. What is kept is erased once its retention is over, at once where it is.",
  handle: async ({ params: { id }, work }) =>
    show(await setCardLegalHold(await workForCard(work, id), id, null)),
});

/** What keeps longer what is kept of the holder of a card that has no customer. */
export const retainedCardRoutes: readonly Route[] = [hold, lift];
