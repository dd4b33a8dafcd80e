import type { Work } from "../../../foundation/database/work.ts";
import { currencyRefusal, type Problem, type Refusal } from "../../../foundation/errors/errors.ts";
import { isRefused, type LedgerRefusal } from "../../../records/ledger/errors.ts";
import { type AccountRef, postedOf } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { type Customer, type CustomerStatus, customerLifecycle } from "../../customers/model.ts";
import { organizationErrors } from "../../organizations/errors.ts";
import { availableOf, type Organization } from "../../organizations/model.ts";
import type { Program } from "../../programs/model.ts";
import { transferErrors } from "../../transfers/errors.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import { cardErrors } from "../errors.ts";
import { type Card, cardAccount } from "../model.ts";
import { statusRefusal } from "./status.ts";
import { customerStatusProblem } from "./unmet.ts";

/** Money to move between the organization and a card. */
export type FundsRequest = {
  readonly verb: "topUp" | "withdraw";
  /** Minor units. */
  readonly amount: bigint;
  /** What the caller takes the card's currency to be. */
  readonly currency: string | undefined;
  readonly note: string | null;
};

/** What decides about it, apart from the book. */
export type FundsFacts = {
  readonly organization: Pick<Organization, "status">;
  readonly card: Card;
  readonly program: Pick<
    Program,
    "minimumTransfer" | "maximumBalance" | "fees" | "informationDays"
  >;
  readonly customer: Pick<Customer, "status" | "statusReason" | "statusAt"> | null;
};

/**
 * Decides one top-up or withdrawal on the book. The top-up fee is charged beside it as a transfer
 * of its own; both happen or none.
 *
 * @returns the transfer first, then what came with it; or why not, with the book untouched.
 */
export function decideFunds(
  book: Book,
  work: Work,
  facts: FundsFacts,
  request: FundsRequest,
): readonly [Transfer, ...Transfer[]] | Refusal {
  const refusal =
    cardRefusal(facts, request, work.now) ??
    (request.verb === "topUp"
      ? topUpRefusal(book, facts, request, work.now)
      : withdrawalRefusal(book, facts, request));
  if (refusal !== null) return refusal;
  const planned = book.attempt(() => plan(book, work, facts, request));
  return isRefused(planned) ? refusalOf(planned, "amount") : planned;
}

function cardRefusal(
  { card }: FundsFacts,
  { verb, currency }: FundsRequest,
  now: Date,
): Refusal | null {
  if (card.model === "budgetCard") return cardErrors.refusal("budget_card_not_fundable");
  return statusRefusal(verb, card, now) ?? currencyRefusal(currency, card.currency);
}

function topUpRefusal(
  book: Book,
  { organization, card, program, customer }: FundsFacts,
  { amount }: FundsRequest,
  now: Date,
): Refusal | null {
  if (organization.status !== "active") return organizationErrors.refusal("organization_suspended");
  const refusal = customerRefusal(customer, program.informationDays, now);
  if (refusal !== null) return refusal;
  if (amount < program.minimumTransfer) return tooLow(program.minimumTransfer);
  const tooMuch = balanceRefusal(book, card, program, amount);
  if (tooMuch !== null) return tooMuch;
  const needed = amount + program.fees.topUp;
  const available = book.available(card.organizationId, availableOf(card));
  if (needed <= available) return null;
  const detail = `It takes ${needed} minor units; ${available} are available.`;
  return transferErrors.refusal("insufficient_organization_balance", detail, { field: "amount" });
}

/** Why a card may not have that much more by the program's terms; null where it may. */
export function balanceRefusal(
  book: Book,
  card: Card,
  { maximumBalance }: Pick<Program, "maximumBalance">,
  amount: bigint,
): Refusal | null {
  if (maximumBalance === null) return null;
  const { organizationId } = card;
  const ref = cardAccount(card);
  // What is owed is paid from it first, and never stays on the card.
  const stays = amount - book.owed(organizationId, ref);
  if (postedOf(book.account(organizationId, ref)) + stays <= maximumBalance) return null;
  const detail = `The program allows a balance of ${maximumBalance} minor units.`;
  return cardErrors.refusal("balance_too_high", detail, { field: "amount" });
}

function withdrawalRefusal(
  book: Book,
  { card, program }: FundsFacts,
  { amount }: FundsRequest,
): Refusal | null {
  // The rest of a card can always be taken, else it would be out of reach.
  const isAll = amount === book.available(card.organizationId, cardAccount(card));
  return amount < program.minimumTransfer && !isAll ? tooLow(program.minimumTransfer) : null;
}

function tooLow(minimum: bigint): Refusal {
  const detail = `The program's smallest transfer is ${minimum} minor units.`;
  return cardErrors.refusal("amount_too_low", detail, { field: "amount" });
}

const DAY_MS = 86_400_000;

type Served = "yes" | "no" | "untilDue";

/** Whether a customer's existing cards can be topped up in each status (PRODUCT §4). */
const served: Readonly<Record<CustomerStatus, Served>> = {
  active: "yes",
  update_requested: "yes",
  needs_information: "untilDue",
  // In review after a rejection, or for the first time: not before somebody has decided.
  pending: "no",
  rejected: "no",
  on_hold: "no",
  deleted: "no",
};

const statusesServed = (answer: Served): CustomerStatus[] =>
  customerLifecycle.states.filter((status) => served[status] === answer);

/** The same as lists, for statements that find cards of customers who are served. */
export const servedStandings = {
  always: statusesServed("yes"),
  forDays: statusesServed("untilDue"),
} as const;

/** Why the card's customer gets no money on it now; null where it does. */
function customerRefusal(
  customer: FundsFacts["customer"],
  informationDays: number,
  now: Date,
): Refusal | null {
  const problem = servedProblem(customer, informationDays, now);
  if (problem === null) return null;
  return cardErrors.refusal("card_not_fundable", problem.message, { problems: [problem] });
}

/** Why a card's customer is not served at present; null where it is, or there is none. */
export function servedProblem(
  customer: FundsFacts["customer"],
  informationDays: number,
  now: Date,
): Problem | null {
  if (customer === null || isServed(customer, informationDays, now)) return null;
  return customerStatusProblem(customer);
}

/**
 * Why money may not move this way by undoing an earlier transfer, as far as the card alone tells; null
 * where it may. What the card then has is judged by `balanceRefusal`.
 */
export function reversalRefusal(
  { card, customer, program }: FundsFacts,
  verb: FundsRequest["verb"],
  now: Date,
): Refusal | null {
  return (
    statusRefusal(verb, card, now) ??
    (verb === "topUp" ? customerRefusal(customer, program.informationDays, now) : null)
  );
}

function isServed(
  customer: Pick<Customer, "status" | "statusAt">,
  informationDays: number,
  now: Date,
): boolean {
  const answer: Served = served[customer.status];
  if (answer !== "untilDue") return answer === "yes";
  return now < informationDueAt(customer, informationDays);
}

/** Until when a customer who was asked for information has time to give it. */
export const informationDueAt = (
  { statusAt }: Pick<Customer, "statusAt">,
  informationDays: number,
): Date => new Date(statusAt.getTime() + informationDays * DAY_MS);

function plan(
  book: Book,
  work: Work,
  { card, program }: FundsFacts,
  { verb, amount, note }: FundsRequest,
): [Transfer, ...Transfer[]] | LedgerRefusal {
  const isTopUp = verb === "topUp";
  const [own, onCard] = [availableOf(card), cardAccount(card)];
  const moved = planTransfer(book, work, {
    kind: isTopUp ? "card_top_up" : "card_withdrawal",
    from: isTopUp ? own : onCard,
    to: isTopUp ? onCard : own,
    amount,
    cardId: card.id,
    note,
  });
  if (isRefused(moved)) return moved;
  const { transfer, more } = moved;
  if (!isTopUp || program.fees.topUp === 0n) return [transfer, ...more];
  const fee = planTransfer(book, work, {
    kind: "fee",
    feeKind: "top_up",
    from: own,
    to: feesOf(card),
    amount: program.fees.topUp,
    cardId: card.id,
    relatedTransferId: transfer.id,
  });
  return isRefused(fee) ? fee : [transfer, ...more, fee.transfer];
}

/** The platform's revenue, as it is kept beside each organization's accounts. */
export function feesOf(card: Pick<Card, "organizationId" | "currency">): AccountRef {
  const { organizationId, currency } = card;
  return { type: "fees", ownerId: organizationId, currency };
}
