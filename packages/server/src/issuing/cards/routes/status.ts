import { type Route, writeRoute } from "../../../foundation/route/route.ts";
import { idParams, reference } from "../../../foundation/route/schemas.ts";
import { customerSchema, showCustomer } from "../../customers/schema.ts";
import { deleteCard, deleteCustomerOfCards } from "../actions/delete.ts";
import { type CardInFull, workForCard } from "../actions/read.ts";
import { blockCard, freezeCard, unblockCard, unfreezeCard } from "../actions/restrict.ts";
import { deletedCardSchema, showDeleted } from "../schema/deleted.ts";
import {
  blockSchema,
  cardSchema,
  freezeSchema,
  readEnd,
  showCard,
  unblockSchema,
  unfreezeSchema,
} from "../schema.ts";

const tag = "Cards";

const show = ({ card, money, now }: CardInFull) => showCard(card, money, now);

const whyOf = (body: { readonly reason?: string; readonly note?: string }) => ({
  reason: body.reason ?? null,
  note: body.note ?? null,
});

const freezes = {
  freeze: {
    summary: "Freeze a card",
    description:
      "Organization and cardholder each have a freeze of their own. Repeating it changes nothing but its end, where another is given.",
    act: freezeCard,
    body: freezeSchema,
    errors: ["ends_at_in_past"],
  },
  unfreeze: {
    summary: "Unfreeze a card",
    description: "Lifts the freeze of the one named. Repeating it changes nothing.",
    act: unfreezeCard,
    body: unfreezeSchema,
    errors: [],
  },
} as const;

const freeze = (verb: keyof typeof freezes) => {
  const { summary, description, act, body, errors } = freezes[verb];
  return writeRoute({
    id: `${verb}Card`,
    method: "POST",
    path: `/cards/{id}/${verb}`,
    summary,
    description,
    tag,
    audience: "organization",
    scope: "cards:write",
    params: idParams,
    body,
    reply: cardSchema,
    status: 200,
    errors: ["not_found", "card_expired", "card_deleted", ...errors],
    handle: async ({ params, body: given, work }) => {
      const { requestedBy = "organization" } = given;
      const endsAt = "endsAt" in given ? readEnd(given.endsAt) : undefined;
      return show(await act(work, params.id, requestedBy, { ...whyOf(given), endsAt }));
    },
  });
};

const block = writeRoute({
  id: "blockCard",
  method: "POST",
  path: "/cards/{id}/block",
  summary: "Block a card",
  description:
    "In the name of compliance the money on the card stays where it is, too. Repeating it changes nothing.",
  tag,
  audience: "platform",
  scope: "cards:block",
  params: idParams,
  body: blockSchema,
  reply: cardSchema,
  status: 200,
  errors: ["not_found", "card_deleted", "ends_at_in_past"],
  handle: async ({ params, body, work }) => {
    const { reason, note = null, owner = "platform" } = body;
    const why = { reason, note, endsAt: readEnd(body.endsAt) };
    return show(await blockCard(await workForCard(work, params.id), params.id, owner, why));
  },
});

const unblock = writeRoute({
  id: "unblockCard",
  method: "POST",
  path: "/cards/{id}/unblock",
  summary: "Unblock a card",
  description:
    "Lifts the platform's block, or that of compliance. A rule of the platform lifts its own, and what screening has put on a card goes with its hit. Repeating it changes nothing.",
  tag,
  audience: "platform",
  scope: "cards:block",
  params: idParams,
  body: unblockSchema,
  reply: cardSchema,
  status: 200,
  errors: ["not_found", "card_deleted", "screening_hits_waiting", "sanctions_match_confirmed"],
  handle: async ({ params, body, work }) => {
    const own = await workForCard(work, params.id);
    return show(await unblockCard(own, params.id, body.owner ?? "platform", whyOf(body)));
  },
});

const remove = writeRoute({
  id: "deleteCard",
  method: "DELETE",
  path: "/cards/{id}",
  summary: "Delete a card for ever",
  description:
    "What is not held goes to the organization's balance at once; what is held follows when it is released. The externalId is never free again.",
  tag,
  audience: "organization",
  scope: "cards:write",
  params: idParams,
  reply: deletedCardSchema,
  status: 200,
  errors: ["not_found", "card_deleted", "compliance_restriction", "receivable_outstanding"],
  handle: async ({ params, work }) => {
    const { deleted, sweep, holds } = await deleteCard(work, params.id);
    return showDeleted({ card: show(deleted), sweep, holds });
  },
});

const deleteCustomer = writeRoute({
  id: "deleteCustomer",
  method: "DELETE",
  path: "/customers/{id}",
  summary: "Delete a customer",
  description:
    "Only when all its cards are deleted. The customer stays readable as deleted, without its personal data, and so do its cards. Access that it asked for or was granted ends. What the law keeps is sealed, and read by the platform only; all else is erased at once, in events and stored answers too.",
  tag: "Customers",
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  reply: customerSchema,
  status: 200,
  errors: ["not_found", "customer_deleted", "customer_has_cards"],
  handle: async ({ params, work }) =>
    showCustomer(await deleteCustomerOfCards(work, reference(params.id))),
});

export const statusRoutes: readonly Route[] = [
  freeze("freeze"),
  freeze("unfreeze"),
  block,
  unblock,
  remove,
  deleteCustomer,
];
