import { errorTable, type Refusal } from "../../foundation/errors/errors.ts";
import type { AccountRef } from "./model.ts";

/** The ways the ledger refuses. Callers that know a better name for one (a card's, a budget's) use it. */
export const ledgerErrors = errorTable({
  insufficient_funds: {
    status: 422,
    title: "The account does not have this much available",
    remedy: "Send a smaller amount, or bring money to the account first.",
  },
  account_unknown: {
    status: 422,
    title: "There is no such ledger account",
    remedy: "Check the owner and the currency.",
  },
  account_closed: {
    status: 409,
    title: "The ledger account is closed",
    remedy: "Use the account of a card or budget that is not deleted or archived.",
  },
  amount_invalid: {
    status: 422,
    title: "The amount is not a positive number of minor units",
    remedy: "Send a whole number of minor units, 1 or more.",
  },
  amount_too_large: {
    status: 422,
    title: "The amount is above the largest single movement",
    remedy: "Send at most 1000000000000 minor units at a time.",
  },
  overflow: {
    status: 422,
    title: "The account cannot hold a sum this large",
    remedy: "Use another account; sums end at 2^63-1 and balances at 2^53-1 minor units.",
  },
  receivable_outstanding: {
    status: 409,
    title: "Something is still owed for this account",
    remedy:
      "Bring money to the card or budget, or to the organization where that is deleted or archived: what is owed is paid first.",
  },
  receivable_overpaid: {
    status: 422,
    title: "More would be paid than is owed",
    remedy: "Pay at most the amount shown as owed.",
  },
  hold_already_resolved: {
    status: 409,
    title: "The hold is closed",
    remedy: "Nothing is held any more; read the authorization for how it ended.",
  },
  hold_exceeded: {
    status: 422,
    title: "More would be released than the hold still has",
    remedy: "Release at most what remains.",
  },
  as_of_in_future: {
    status: 422,
    title: "The instant is later than now",
    remedy: "Ask for an instant that has passed in the organization's time.",
  },
  as_of_not_reached: {
    status: 422,
    title: "The sequence is beyond the last record",
    remedy: "Ask for a sequence up to the head shown at GET ledger/invariants.",
  },
});

/** Codes of refusals that the rules of the ledger give. */
export type LedgerRefusalCode = Exclude<
  keyof typeof ledgerErrors.entries,
  "as_of_in_future" | "as_of_not_reached"
>;

/** A movement that was not posted, and why. Nothing of what it belonged to is in the book. */
export type LedgerRefusal = {
  readonly refused: LedgerRefusalCode;
  /** The account that stood in the way. */
  readonly account: AccountRef;
  /** Its room before the movement: what was available, or owed. Minor units. */
  readonly room: bigint;
};

/** Whether an answer of the book is a refusal. */
export function isRefused<T extends object>(answer: T | LedgerRefusal): answer is LedgerRefusal {
  return "refused" in answer;
}

/** The refusal to throw where the caller has no name of its own for it. */
export function refusalOf({ refused }: LedgerRefusal): Refusal {
  return ledgerErrors.refusal(refused);
}
