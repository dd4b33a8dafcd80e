import { toJsonAmount } from "../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  object,
  type StaticOf,
} from "../../foundation/route/schemas.ts";
import type { Balances } from "./model.ts";

/** Balances as every resource with money shows them. Minor units; available = posted − held. */
export const balancesSchema = object({
  currency: currencyCode,
  posted: amountShown,
  held: amountShown,
  available: amountShown,
  owed: amountShown,
});

/** Balances for an answer. */
export function showBalances(balances: Balances): StaticOf<typeof balancesSchema> {
  return {
    currency: balances.currency,
    posted: toJsonAmount(balances.posted),
    held: toJsonAmount(balances.held),
    available: toJsonAmount(balances.available),
    owed: toJsonAmount(balances.owed),
  };
}
