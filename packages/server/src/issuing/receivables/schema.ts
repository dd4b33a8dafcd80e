import { type Static, Type } from "typebox";
import { isIdOf } from "../../foundation/ids/ids.ts";
import { toJsonAmount } from "../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  pageQuery,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { asOfQuery } from "../../records/ledger/schema.ts";
import type { Debt } from "./model.ts";

const sum = (description: string) => Type.String({ pattern: "^\\d{1,38}$", description });

/** A receivable as the API shows it. */
export const receivableSchema = object(
  {
    id: Type.String({ description: "Its account in the ledger." }),
    cardId: nullable(Type.String({ description: "The card it stands beside." })),
    budgetId: nullable(Type.String({ description: "The budget it stands beside." })),
    currency: currencyCode,
    owed: { ...amountShown, description: "What is still owed. Minor units." },
    since: nullable({ ...timestamp, description: "Since when something is owed without a break." }),
    incurred: sum("All that was ever owed on it. Minor units, as a text of digits."),
    settled: sum("What of it was paid."),
    recoveries: Type.Array(
      object({
        transferId: nullable(Type.String({ description: "The transfer that paid." })),
        settledBy: nullable(
          Type.String({ description: "The transfer that brought the money for it." }),
        ),
        journalId: Type.String(),
        amount: amountShown,
        recordedAt: timestamp,
      }),
      { description: "The last ten payments, last first." },
    ),
    moreRecoveries: Type.Boolean({
      description: "Whether there are older ones: read the statement of the card or budget.",
    }),
  },
  { title: "Receivable" },
);

export const receivablesQuery = object({
  ...pageQuery,
  ...asOfQuery,
  cardId: Type.Optional(idText("Only that of this card.")),
  budgetId: Type.Optional(idText("Only that of this budget.")),
  currency: Type.Optional(currencyCode),
  outstanding: Type.Optional(
    Type.Boolean({ description: "true: only where something is owed; false: only what is paid." }),
  ),
  organizationId: Type.Optional(idText("For platform keys: whose receivables.")),
});

/** Model → reply. */
export function showReceivable(debt: Debt): Static<typeof receivableSchema> {
  const { id, ownerId, currency, owed, since, incurred, settled, recoveries } = debt;
  return {
    id,
    cardId: isIdOf("card", ownerId) ? ownerId : null,
    budgetId: isIdOf("budget", ownerId) ? ownerId : null,
    currency,
    owed: toJsonAmount(owed),
    since: since?.toISOString() ?? null,
    incurred: String(incurred),
    settled: String(settled),
    recoveries: recoveries.map(({ transferId, settledBy, journalId, amount, recordedAt }) => ({
      transferId,
      settledBy,
      journalId,
      amount: toJsonAmount(amount),
      recordedAt: recordedAt.toISOString(),
    })),
    moreRecoveries: debt.moreRecoveries,
  };
}
