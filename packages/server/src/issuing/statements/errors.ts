import { errorTable } from "../../foundation/errors/errors.ts";

/** The ways statements refuse. */
export const statementErrors = errorTable({
  budget_card_without_account: {
    status: 409,
    title: "A budget card has no account of its own",
    remedy:
      "Read the statement of its budget, or its movements: GET /v1/ledger/entries?cardId={id}.",
  },
  statement_too_long: {
    status: 422,
    title: "The statement has too many lines for a PDF",
    remedy: "Ask for a shorter period, or for format=csv, which has no limit.",
  },
});
