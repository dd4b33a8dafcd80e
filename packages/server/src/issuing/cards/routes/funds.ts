import { fromJsonAmount } from "../../../foundation/money/money.ts";
import { batchRoute, type Lane, type Route } from "../../../foundation/route/route.ts";
import { idParams } from "../../../foundation/route/schemas.ts";
import type { Transfer } from "../../transfers/model.ts";
import { reverseRoute } from "../../transfers/routes.ts";
import { showTransfer, transferSchema } from "../../transfers/schema.ts";
import { type CardFundsCommand, decideCardFunds } from "../actions/funds.ts";
import { guardReversal } from "../actions/reverse.ts";
import { cardFundsSchema } from "../schema.ts";

/** Top-ups and withdrawals of cards, decided together on one book. */
const lane: Lane = {
  name: "cards.funds",
  decide: (commands) => decideCardFunds(commands as readonly CardFundsCommand[]),
};

const verbs = {
  topUp: {
    id: "topUpCard",
    path: "/cards/{id}/top-up",
    summary: "Top up a card",
    description:
      "Money goes from the organization's balance to the card, at once; the program's top-up fee is charged beside it. The answer is the transfer.",
    errors: [
      "card_blocked",
      "card_not_fundable",
      "organization_suspended",
      "balance_too_high",
      "insufficient_organization_balance",
    ],
  },
  withdraw: {
    id: "withdrawFromCard",
    path: "/cards/{id}/withdraw",
    summary: "Withdraw from a card",
    description:
      "What is available goes back to the organization's balance, at once. The answer is the transfer.",
    errors: ["compliance_restriction", "insufficient_card_balance", "receivable_outstanding"],
  },
} as const;

const moveFunds = (verb: keyof typeof verbs) =>
  batchRoute({
    ...verbs[verb],
    method: "POST",
    tag: "Cards",
    audience: "organization",
    scope: "funds:write",
    params: idParams,
    body: cardFundsSchema,
    reply: transferSchema,
    status: 201,
    errors: [
      "not_found",
      "budget_card_not_fundable",
      "card_expired",
      "card_deleted",
      "currency_mismatch",
      "amount_too_low",
      "overflow",
      ...verbs[verb].errors,
    ],
    lane,
    command: ({ params, body, work }): CardFundsCommand => ({
      work,
      verb,
      card: params.id,
      amount: fromJsonAmount(body.amount),
      currency: body.currency,
      note: body.note ?? null,
    }),
    result: (transfer) => showTransfer(transfer as Transfer),
  });

export const fundsRoutes: readonly Route[] = [
  moveFunds("topUp"),
  moveFunds("withdraw"),
  reverseRoute(guardReversal),
];
