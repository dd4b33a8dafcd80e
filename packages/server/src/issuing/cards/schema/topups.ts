import { Type } from "typebox";
import { fromJsonAmount, toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  nullable,
  object,
  oneOf,
  positiveAmount,
  type StaticOf,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { MAX_LIMIT_AMOUNT, type RefillTerms } from "../../budgets/model.ts";
import { refilledInMonth } from "../../budgets/rules/refill.ts";
import { type AutoTopUp, autoTopUpLifecycle } from "../model/topups.ts";

/** A card's rule of automatic top-up as the API shows it. */
export const autoTopUpSchema = object({
  threshold: amountShown,
  amount: amountShown,
  monthlyCap: nullable(amountShown),
  currency: currencyCode,
  timeZone: Type.String({ description: "Whose calendar months count: the program's." }),
  status: oneOf(autoTopUpLifecycle.states),
  stoppedReason: nullable(Type.String({ description: "Code of the refusal that stopped it." })),
  stoppedAt: nullable(timestamp),
  toppedUpThisMonth: amountShown,
});
export type AutoTopUpShown = StaticOf<typeof autoTopUpSchema>;

export const autoTopUpTermsSchema = object({
  threshold: Type.Integer({
    ...positiveAmount,
    description: "Top up when less than this is available, minor units.",
  }),
  amount: positiveAmount,
  monthlyCap: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: Number(MAX_LIMIT_AMOUNT),
        description: "Most in one calendar month, minor units; without it there is no cap.",
      }),
    ),
  ),
  currency: Type.Optional(currencyCode),
});

/** Request → terms; the zone is the program's. */
export function topUpTermsOf(body: StaticOf<typeof autoTopUpTermsSchema>): AskedTerms {
  const { threshold, amount, monthlyCap = null, currency } = body;
  return {
    threshold: fromJsonAmount(threshold),
    amount: fromJsonAmount(amount),
    monthlyCap: monthlyCap === null ? null : fromJsonAmount(monthlyCap),
    currency,
  };
}
export type AskedTerms = Omit<RefillTerms, "timeZone"> & { readonly currency: string | undefined };

/** Model → reply. */
export function showAutoTopUp(rule: AutoTopUp, currency: string, now: Date): AutoTopUpShown {
  return {
    threshold: toJsonAmount(rule.threshold),
    amount: toJsonAmount(rule.amount),
    monthlyCap: rule.monthlyCap === null ? null : toJsonAmount(rule.monthlyCap),
    currency,
    timeZone: rule.timeZone,
    status: rule.status,
    stoppedReason: rule.stoppedReason,
    stoppedAt: rule.stoppedAt?.toISOString() ?? null,
    toppedUpThisMonth: toJsonAmount(refilledInMonth(rule, now)),
  };
}
