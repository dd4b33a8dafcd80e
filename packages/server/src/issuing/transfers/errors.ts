import { errorTable } from "../../foundation/errors/errors.ts";

/** How moving funds refuses, for every module that moves them; the ledger has further codes. */
export const transferErrors = errorTable({
  insufficient_organization_balance: {
    status: 422,
    title: "The organization's available balance is too low",
    remedy: "Deposit the missing amount, or ask for less.",
  },
  insufficient_card_balance: {
    status: 422,
    title: "The card's available balance is too low",
    remedy: "Ask for at most what is available: what is held is not.",
  },
  insufficient_budget_balance: {
    status: 422,
    title: "The budget's available balance is too low",
    remedy: "Ask for at most what is available, or top the budget up.",
  },
  transfer_not_reversible: {
    status: 409,
    title: "A transfer of this kind is not reversed by hand, or not with this key",
    remedy:
      "Deposits, payouts, fees and adjustments are reversed by the platform, top-ups and withdrawals by the organization.",
  },
  transfer_already_reversed: {
    status: 409,
    title: "The transfer was reversed before",
    remedy: "Read the transfer: reversedBy names its reversal.",
  },
  fees_due: {
    status: 409,
    title: "Less would be left than the fees that are due",
    remedy: "Deposit what is due, pay out less, or ask the platform to waive the fees.",
  },
  fee_already_paid: {
    status: 409,
    title: "The fee has been paid",
    remedy: "Reverse the fee's transfer: transferId names it.",
  },
});
