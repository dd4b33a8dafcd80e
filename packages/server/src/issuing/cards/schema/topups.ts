import { Type } from "typebox";
import { toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  object,
  type StaticOf,
} from "../../../foundation/route/schemas.ts";
import type { RefillTerms } from "../../budgets/model.ts";
import { refilledInMonth } from "../../budgets/rules/refill.ts";
import { readAmounts, ruleShown, ruleTerms, showRule } from "../../budgets/schema/refill.ts";
import type { AutoTopUp } from "../model/topups.ts";

/** A card's rule of automatic top-up as the API shows it; the months are the program's. */
export const autoTopUpSchema = object({
  ...ruleShown,
  currency: currencyCode,
  toppedUpThisMonth: amountShown,
});
export type AutoTopUpShown = StaticOf<typeof autoTopUpSchema>;

export const autoTopUpTermsSchema = object({
  ...ruleTerms("Top up"),
  currency: Type.Optional(currencyCode),
});

export type AskedTerms = Omit<RefillTerms, "timeZone"> & { readonly currency: string | undefined };

/** Request → terms; the zone is the program's. */
export const topUpTermsOf = ({
  currency,
  ...amounts
}: StaticOf<typeof autoTopUpTermsSchema>): AskedTerms => ({ ...readAmounts(amounts), currency });

/** Model → reply. */
export const showAutoTopUp = (rule: AutoTopUp, currency: string, now: Date): AutoTopUpShown => ({
  ...showRule(rule),
  currency,
  toppedUpThisMonth: toJsonAmount(refilledInMonth(rule, now)),
});
