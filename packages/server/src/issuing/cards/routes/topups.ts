import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import { readingOf } from "../../organizations/actions.ts";
import { organizationOfCard } from "../actions/read.ts";
import {
  getAutoTopUp,
  removeAutoTopUp,
  setAutoTopUp,
  type TopUpOfCard,
} from "../actions/topups.ts";
import {
  autoTopUpSchema,
  autoTopUpTermsSchema,
  showAutoTopUp,
  topUpTermsOf,
} from "../schema/topups.ts";
import { cardSchema, showCard } from "../schema.ts";

const shared = {
  path: "/cards/{id}/auto-top-up",
  tag: "Cards",
  params: idParams,
} as const;

const show = ({ rule, card, now }: TopUpOfCard) => showAutoTopUp(rule, card.currency, now);

const get = readRoute({
  ...shared,
  id: "getCardAutoTopUp",
  summary: "Read the rule that tops a card up by itself",
  description: "404 where the card has none.",
  audience: "any",
  scope: "cards:read",
  reply: autoTopUpSchema,
  errors: ["not_found"],
  handle: async ({ params, caller, reading }) =>
    show(
      await getAutoTopUp(
        await readingOf(caller, reading, organizationOfCard, params.id),
        params.id,
      ),
    ),
});

const set = writeRoute({
  ...shared,
  id: "setCardAutoTopUp",
  method: "PUT",
  summary: "Set the rule that tops a card up by itself",
  description:
    "When less than threshold is available, amount comes from the organization's balance with the program's top-up fee beside it, up to monthlyCap in a calendar month and to the program's maximum balance. Where there is no money, the rule stops and announces card.auto_top_up_stopped; it goes on when there is enough again, or when it is set again. It passes to the card's replacement.",
  audience: "organization",
  scope: "funds:write",
  body: autoTopUpTermsSchema,
  reply: autoTopUpSchema,
  status: 200,
  errors: [
    "not_found",
    "budget_card_not_fundable",
    "card_deleted",
    "currency_mismatch",
    "amount_too_low",
    "auto_top_up_invalid",
  ],
  handle: async ({ params, body, work }) =>
    show(await setAutoTopUp(work, params.id, topUpTermsOf(body))),
});

const remove = writeRoute({
  ...shared,
  id: "removeCardAutoTopUp",
  method: "DELETE",
  summary: "Remove the rule that tops a card up by itself",
  description: "Without a rule nothing changes.",
  audience: "organization",
  scope: "funds:write",
  reply: cardSchema,
  status: 200,
  errors: ["not_found", "card_deleted"],
  handle: async ({ params, work }) => {
    const { card, money, now } = await removeAutoTopUp(work, params.id);
    return showCard(card, money, now);
  },
});

/** How a card is topped up by itself. */
export const topUpRoutes: readonly Route[] = [get, set, remove];
