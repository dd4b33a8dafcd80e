import { Type } from "typebox";
import { fromJsonAmount, toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  nullable,
  object,
  oneOf,
  positiveAmount,
  type StaticOf,
  text,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { MAX_LIMIT_AMOUNT, type Refill, type RefillTerms, refillLifecycle } from "../model.ts";

/** A budget's refill rule as the API shows it. */
export const refillSchema = object({
  threshold: amountShown,
  amount: amountShown,
  monthlyCap: nullable(amountShown),
  timeZone: Type.String(),
  status: oneOf(refillLifecycle.states),
  stoppedReason: nullable(Type.String({ description: "Code of the refusal that stopped it." })),
  stoppedAt: nullable(timestamp),
  refilledThisMonth: Type.Integer({ description: "Minor units, in the month of its time zone." }),
});
export type RefillShown = StaticOf<typeof refillSchema>;

export const refillTermsSchema = object({
  threshold: Type.Integer({
    ...positiveAmount,
    description: "Refill when less than this is available, minor units.",
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
  timeZone: Type.Optional(
    text(64, { description: "IANA zone of the calendar; UTC where not given." }),
  ),
});

/** Request → terms. */
export function refillTermsOf({
  threshold,
  amount,
  monthlyCap = null,
  timeZone = "UTC",
}: StaticOf<typeof refillTermsSchema>): RefillTerms {
  return {
    threshold: fromJsonAmount(threshold),
    amount: fromJsonAmount(amount),
    monthlyCap: monthlyCap === null ? null : fromJsonAmount(monthlyCap),
    timeZone,
  };
}

/**
 * Model → reply.
 *
 * @param refilled in the calendar month of now, minor units.
 */
export function showRefill(refill: Refill, refilled: bigint): RefillShown {
  return {
    threshold: toJsonAmount(refill.threshold),
    amount: toJsonAmount(refill.amount),
    monthlyCap: refill.monthlyCap === null ? null : toJsonAmount(refill.monthlyCap),
    timeZone: refill.timeZone,
    status: refill.status,
    stoppedReason: refill.stoppedReason,
    stoppedAt: refill.stoppedAt?.toISOString() ?? null,
    refilledThisMonth: toJsonAmount(refilled),
  };
}
