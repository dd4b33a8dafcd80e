import type { Work } from "../../../foundation/database/work.ts";
import { Refusal } from "../../../foundation/errors/errors.ts";
import { least } from "../../../foundation/money/money.ts";
import { postedOf } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import type { RefillTerms } from "../../budgets/model.ts";
import {
  afterRefill,
  type RefillStep,
  restOfMonth,
  ruleStep,
  stoppedRefill,
} from "../../budgets/rules/refill.ts";
import { availableOf } from "../../organizations/model.ts";
import type { Program } from "../../programs/model.ts";
import type { Transfer } from "../../transfers/model.ts";
import { cardErrors } from "../errors.ts";
import { type AutoTopUp, NO_MONEY_LEFT } from "../model/topups.ts";
import { type Card, cardAccount } from "../model.ts";
import { decideFunds, type FundsFacts, servedProblem } from "./funds.ts";
import { statusRefusal } from "./status.ts";

type Terms = Pick<Program, "minimumTransfer" | "maximumBalance" | "fees">;

/** Why a program's cards cannot have such a rule; null where they can. */
export function termsRefusal(
  { threshold, amount, monthlyCap }: RefillTerms,
  { minimumTransfer, maximumBalance }: Omit<Terms, "fees">,
): Refusal | null {
  const refuse = (field: string, message: string) =>
    cardErrors.refusal("auto_top_up_invalid", message, { field });
  if (amount < minimumTransfer) {
    const detail = `The program's smallest transfer is ${minimumTransfer} minor units.`;
    return cardErrors.refusal("amount_too_low", detail, { field: "amount" });
  }
  if (monthlyCap !== null && monthlyCap < amount) {
    return refuse("monthlyCap", "The cap is below the amount of a single top-up.");
  }
  if (maximumBalance === null) return null;
  const most = `The program allows a balance of ${maximumBalance} minor units.`;
  if (amount > maximumBalance) return refuse("amount", most);
  return threshold > maximumBalance ? refuse("threshold", most) : null;
}

/** What of a card's money decides, minor units. */
export type Standing = {
  readonly available: bigint;
  /** What may still come onto it by the program's maximum; null: any amount. */
  readonly room: bigint | null;
};

/**
 * What a rule that works does now: its amount, or what the month's cap and the program's maximum leave, but
 * never less than the program's smallest transfer.
 */
export function topUpStep(
  rule: AutoTopUp,
  { minimumTransfer }: Pick<Terms, "minimumTransfer">,
  { available, room }: Standing,
  now: Date,
): RefillStep {
  const step = ruleStep(rule, available, now);
  if (step.do !== "refill") return step;
  // The month's cap leaves less than can be moved. A rule that never could is judged where money moves.
  if (step.amount < minimumTransfer && step.amount < rule.amount) return restOfMonth(rule, now);
  if (room === null || room >= step.amount) return step;
  return room >= minimumTransfer ? { do: "refill", amount: room } : { do: "nothing" };
}

/** What became of a rule, and what was moved. */
export type ToppedUp = {
  readonly rule: AutoTopUp;
  readonly transfers: readonly Transfer[];
  /** A change of its status, which is told. */
  readonly told: "stopped" | "resumed" | null;
};

const NOTE = "Automatic top-up";

/**
 * Tops a card up by its rule on the book, once, fee included. A rule stops where a top-up is refused for
 * what time alone does not cure; one that had stopped for want of money goes on when there is enough.
 *
 * @returns null where nothing is to be done.
 */
export function decideTopUp(
  book: Book,
  work: Work,
  facts: FundsFacts,
  before: AutoTopUp,
): ToppedUp | null {
  const { organization, card, program, customer } = facts;
  const { now } = work;
  if (organization.status !== "active" || statusRefusal("topUp", card, now) !== null) return null;
  if (servedProblem(customer, program.informationDays, now) !== null) return null;
  const isResumed = before.status === "stopped" && hasMoneyFor(book, card, before, program);
  if (before.status === "stopped" && !isResumed) return null;
  const rule: AutoTopUp = isResumed
    ? { ...before, status: "active", stoppedReason: null, stoppedAt: null }
    : before;
  const told = isResumed ? "resumed" : null;
  const step = topUpStep(rule, program, standingOf(book, card, program), now);
  if (step.do === "nothing") return isResumed ? { rule, transfers: [], told } : null;
  if (step.do === "rest") {
    return { rule: { ...rule, restsUntil: step.until }, transfers: [], told };
  }
  const request = { verb: "topUp", amount: step.amount, currency: undefined, note: NOTE } as const;
  const decided = decideFunds(book, work, facts, request);
  if (decided instanceof Refusal) {
    return { rule: stoppedRefill(rule, decided.code, now), transfers: [], told: "stopped" };
  }
  return { rule: afterRefill(rule, step.amount, now), transfers: decided, told };
}

function hasMoneyFor(book: Book, card: Card, { stoppedReason, amount }: AutoTopUp, program: Terms) {
  const available = book.available(card.organizationId, availableOf(card));
  return stoppedReason === NO_MONEY_LEFT && available >= amount + program.fees.topUp;
}

function standingOf(book: Book, card: Card, { maximumBalance }: Terms): Standing {
  const { organizationId } = card;
  const ref = cardAccount(card);
  const available = book.available(organizationId, ref);
  if (maximumBalance === null) return { available, room: null };
  // What is owed is paid first, and never stays on the card.
  const posted = postedOf(book.account(organizationId, ref)) - book.owed(organizationId, ref);
  return { available, room: maximumBalance - least(maximumBalance, posted) };
}

/** Whether a debit has left a card with so little that its rule is to be looked at. */
export const isLow = (rule: AutoTopUp | null, available: bigint, now: Date): boolean =>
  rule !== null &&
  rule.status === "active" &&
  available < rule.threshold &&
  (rule.restsUntil === null || rule.restsUntil <= now);
