import { Type } from "typebox";
import type { Work } from "../../foundation/database/work.ts";
import { fromJsonAmount } from "../../foundation/money/money.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../foundation/route/cursor.ts";
import {
  batchRoute,
  type Lane,
  type Route,
  readRoute,
  writeRoute,
} from "../../foundation/route/route.ts";
import {
  currencyCode,
  idParams,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { workIn } from "../organizations/actions.ts";
import {
  decideFunds,
  type FundsCommand,
  getTransfer,
  listTransfers,
  type ReversalJudge,
  reverseTransfer,
} from "./actions.ts";
import { type Transfer, transferKindNames, transferLifecycle } from "./model.ts";
import { dueFeeRoutes } from "./routes/dues.ts";
import { fundsSchema, reversalRequestSchema, showTransfer, transferSchema } from "./schema.ts";

const tag = "Transfers";

const list = readRoute({
  id: "listTransfers",
  path: "/transfers",
  summary: "List transfers",
  description: "A platform key sees those of every organization, or of the one named.",
  tag,
  audience: "any",
  scope: "funds:read",
  query: object({
    ...pageQuery,
    kind: Type.Optional(oneOf(transferKindNames)),
    status: Type.Optional(oneOf(transferLifecycle.states)),
    currency: Type.Optional(currencyCode),
    cardId: Type.Optional(idText("Only those about this card.")),
    budgetId: Type.Optional(idText("Only those about this budget.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
    from: Type.Optional(timestamp),
    to: Type.Optional(timestamp),
  }),
  reply: pageOf(transferSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...filter }, caller, reading }) =>
    pageFrom(
      await listTransfers(reading.sql, caller, filter, decodeCursor(cursor), limit),
      ({ id }) => id,
      showTransfer,
    ),
});

const get = readRoute({
  id: "getTransfer",
  path: "/transfers/{id}",
  summary: "Read a transfer",
  tag,
  audience: "any",
  scope: "funds:read",
  params: idParams,
  reply: transferSchema,
  errors: ["not_found"],
  handle: async ({ params, caller, reading }) =>
    showTransfer(await getTransfer(reading.sql, caller, params.id)),
});

/**
 * What stands in the way of an organization's reversal on the side of what the transfer is about. Throws
 * the refusal, and locks what it went by; its answer judges the accounts once they are locked.
 */
export type ReversalGuard = (work: Work, transfer: Transfer) => Promise<ReversalJudge>;

/** The route of reversals; with the cards, whose restrictions hold money too. */
export const reverseRoute = (guard: ReversalGuard): Route =>
  writeRoute({
    id: "reverseTransfer",
    method: "POST",
    path: "/transfers/{id}/reverse",
    summary: "Undo a transfer by its mirror",
    description:
      "Answers with the reversal. Organizations reverse top-ups and withdrawals, and in a sandbox their deposits; the platform also deposits, payouts, fees and adjustments. Once only.",
    tag,
    audience: "any",
    scope: "funds:write",
    params: idParams,
    body: reversalRequestSchema,
    reply: transferSchema,
    status: 201,
    errors: [
      "not_found",
      "transfer_not_reversible",
      "transfer_already_reversed",
      "insufficient_organization_balance",
      "insufficient_card_balance",
      "insufficient_budget_balance",
      "receivable_outstanding",
      "fees_due",
      "account_closed",
      "organization_suspended",
      "organization_closed",
      "compliance_restriction",
      "balance_too_high",
      "card_blocked",
      "card_expired",
      "card_deleted",
      "card_not_fundable",
    ],
    handle: async ({ params, body, caller, work }) => {
      const transfer = await getTransfer(work.sql, caller, params.id);
      const own = await workIn(work, transfer.organizationId);
      const judge = caller.platform ? null : await guard(own, transfer);
      const reversal = await reverseTransfer(own, params.id, {
        note: body.note ?? null,
        reason: body.reason ?? null,
        platform: caller.platform,
        judge,
      });
      return showTransfer(reversal);
    },
  });

/** Everything that brings money into or takes it out of an organization is decided here, in order. */
const fundsLane: Lane = {
  name: "funds",
  decide: (commands) => decideFunds(commands as readonly FundsCommand[]),
};

const show = (result: unknown) => showTransfer(result as Transfer);

const simulateDeposit = batchRoute({
  id: "simulateDeposit",
  method: "POST",
  path: "/simulations/deposits",
  summary: "Put play money on your balance",
  tag: "Simulations",
  audience: "organization",
  scope: "simulate",
  sandboxOnly: true,
  body: fundsSchema,
  reply: transferSchema,
  status: 201,
  lane: fundsLane,
  errors: ["organization_closed", "overflow"],
  command: ({ body, caller, work }): FundsCommand => ({
    work,
    kind: "organization_deposit",
    organization: caller.organizationId,
    amount: fromJsonAmount(body.amount),
    currency: body.currency,
    note: body.note ?? null,
  }),
  result: show,
});

const byPlatform = (
  kind: FundsCommand["kind"],
  path: string,
  about: { id: string; summary: string; description: string; errors: readonly string[] },
) =>
  batchRoute({
    ...about,
    method: "POST",
    path,
    tag,
    audience: "platform",
    scope: "funds:platform",
    params: idParams,
    body: fundsSchema,
    reply: transferSchema,
    status: 201,
    lane: fundsLane,
    command: ({ params, body, work }): FundsCommand => ({
      work,
      kind,
      organization: params.id,
      amount: fromJsonAmount(body.amount),
      currency: body.currency,
      note: body.note ?? null,
    }),
    result: show,
  });

const deposit = byPlatform("organization_deposit", "/organizations/{id}/deposits", {
  id: "deposit",
  summary: "Record money that came in for an organization",
  description: "Fees that wait are paid from it at once, oldest first, each as a transfer.",
  errors: ["not_found", "organization_closed", "overflow"],
});

const payout = byPlatform("organization_payout", "/organizations/{id}/payouts", {
  id: "payOut",
  summary: "Record money that was paid out to an organization",
  description: "Refused while anything is owed, and where less would be left than the fees due.",
  errors: [
    "not_found",
    "organization_closed",
    "insufficient_organization_balance",
    "receivable_outstanding",
    "fees_due",
  ],
});

export const transferRoutes: readonly Route[] = [
  list,
  get,
  simulateDeposit,
  deposit,
  payout,
  ...dueFeeRoutes,
];
