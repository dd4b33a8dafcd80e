import { FEES, type LifeState, OUTSIDE, OWN } from "./state.ts";
import { type Of, type Outcome, programs, statusRefusal, type VerbsOf } from "./terms.ts";

/** A deposit pays at most so many fees that wait; the rest is paid by and by. */
const PAID_BY_A_DEPOSIT = 200;

/** Money that people move between the outside, the organization and its cards. */
export const fundsVerbs = (
  life: LifeState,
): VerbsOf<"deposit" | "payout" | "topUp" | "withdraw" | "reverse" | "reverseFee" | "waive"> => ({
  deposit: (operation) => deposit(life, operation),
  payout: (operation) => payOut(life, operation),
  topUp: (operation) => topUp(life, operation),
  withdraw: (operation) => withdraw(life, operation),
  reverse: (operation) => reverse(life, operation),
  reverseFee: ({ amount, isReversed }) =>
    isReversed ? "transfer_already_reversed" : life.move(FEES, OWN, amount),
  waive: ({ at }) => {
    life.dues.splice(at, 1);
    return "done";
  },
});

function deposit(life: LifeState, { amount, transfer }: Of<"deposit">): Outcome {
  life.move(OUTSIDE, OWN, amount);
  life.record({ name: transfer, kind: "deposit", from: OUTSIDE, to: OWN, amount });
  life.payDues(PAID_BY_A_DEPOSIT);
  return "done";
}

function payOut(life: LifeState, { amount, transfer }: Of<"payout">): Outcome {
  if (life.totalOwed() > 0n) return "receivable_outstanding";
  if (life.keepsForDues(amount)) return "fees_due";
  const outcome = life.move(OWN, OUTSIDE, amount);
  if (outcome !== "done") return outcome;
  return life.record({ name: transfer, kind: "payout", from: OWN, to: OUTSIDE, amount });
}

function topUp(life: LifeState, { card: name, amount, transfer }: Of<"topUp">): Outcome {
  const card = life.card(name);
  if (card.account === null) return "budget_card_not_fundable";
  const terms = programs[card.program];
  const refusal = statusRefusal("topUp", card, life.now());
  if (refusal !== null) return refusal;
  if (life.isSuspended) return "organization_suspended";
  if (amount < terms.minimumTransfer) return "amount_too_low";
  if (life.isTooMuch(card, amount)) return "balance_too_high";
  const fits = amount + terms.topUp <= life.money.available(OWN);
  if (!fits) return "insufficient_organization_balance";
  life.move(OWN, card.account, amount);
  if (terms.topUp > 0n) life.move(OWN, FEES, terms.topUp);
  const sides = { from: OWN, to: card.account, amount };
  return life.record({ name: transfer, kind: "topUp", ...sides, card: name });
}

function withdraw(life: LifeState, { card: name, amount, transfer }: Of<"withdraw">): Outcome {
  const card = life.card(name);
  if (card.account === null) return "budget_card_not_fundable";
  const refusal = statusRefusal("withdraw", card, life.now());
  if (refusal !== null) return refusal;
  const isAll = amount === life.money.available(card.account);
  if (amount < programs[card.program].minimumTransfer && !isAll) return "amount_too_low";
  const outcome = life.move(card.account, OWN, amount, false);
  if (outcome !== "done") return outcome;
  const sides = { from: card.account, to: OWN, amount };
  return life.record({ name: transfer, kind: "withdrawal", ...sides, card: name });
}

function reverse(life: LifeState, { transfer: name, byPlatform }: Of<"reverse">): Outcome {
  const transfer = life.transfers.get(name);
  if (transfer === undefined) throw new Error(`There is no transfer ${name}.`);
  const { kind, from, to, amount } = transfer;
  const card =
    transfer.card === undefined || byPlatform ? null : life.holderOf(life.card(transfer.card));
  const verb = kind === "topUp" ? "withdraw" : "topUp";
  const refusal = card === null ? null : statusRefusal(verb, card, life.now());
  if (refusal !== null) return refusal;
  if (kind === "payout" && !byPlatform) return "transfer_not_reversible";
  if (transfer.isReversed) return "transfer_already_reversed";
  const puts = kind === "withdrawal" || kind === "budgetWithdrawal";
  if (puts && life.isSuspended) return "organization_suspended";
  if (kind === "deposit") {
    if (life.totalOwed() > 0n) return "receivable_outstanding";
    if (life.keepsForDues(amount)) return "fees_due";
  }
  if (card !== null && puts && life.isTooMuch(card, amount)) return "balance_too_high";
  if (life.isClosed(from) || life.isClosed(to)) return "account_closed";
  const outcome = life.move(to, from, amount);
  if (outcome === "done") transfer.isReversed = true;
  return outcome;
}
