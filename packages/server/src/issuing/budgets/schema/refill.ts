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
import {
  MAX_LIMIT_AMOUNT,
  type Refill,
  type RefillState,
  type RefillTerms,
  refillLifecycle,
} from "../model.ts";

/** What the API shows of every rule that refills by itself, a card's too. */
export const ruleShown = {
  threshold: amountShown,
  amount: amountShown,
  monthlyCap: nullable(amountShown),
  timeZone: Type.String({ description: "Whose calendar months count." }),
  status: oneOf(refillLifecycle.states),
  stoppedReason: nullable(Type.String({ description: "Code of the refusal that stopped it." })),
  stoppedAt: nullable(timestamp),
};

/** A budget's refill rule as the API shows it. */
export const refillSchema = object({
  ...ruleShown,
  refilledThisMonth: Type.Integer({ description: "Minor units, in the month of its time zone." }),
});
export type RefillShown = StaticOf<typeof refillSchema>;

/**
 * What is asked of every such rule.
 *
 * @param verb what it does, imperative.
 */
export const ruleTerms = (verb: string) => ({
  threshold: Type.Integer({
    ...positiveAmount,
    description: `${verb} when less than this is available, minor units.`,
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
});

export const refillTermsSchema = object({
  ...ruleTerms("Refill"),
  timeZone: Type.Optional(
    text(64, { description: "IANA zone of the calendar; UTC where not given." }),
  ),
});

type AskedAmounts = Omit<StaticOf<typeof refillTermsSchema>, "timeZone">;

/** Request → the amounts of a rule. */
export const readAmounts = ({ threshold, amount, monthlyCap = null }: AskedAmounts) => ({
  threshold: fromJsonAmount(threshold),
  amount: fromJsonAmount(amount),
  monthlyCap: monthlyCap === null ? null : fromJsonAmount(monthlyCap),
});

/** Request → terms. */
export const refillTermsOf = ({
  timeZone = "UTC",
  ...amounts
}: StaticOf<typeof refillTermsSchema>): RefillTerms => ({ ...readAmounts(amounts), timeZone });

/** Model → what is shown of every such rule. */
export const showRule = (rule: RefillState) => ({
  threshold: toJsonAmount(rule.threshold),
  amount: toJsonAmount(rule.amount),
  monthlyCap: rule.monthlyCap === null ? null : toJsonAmount(rule.monthlyCap),
  timeZone: rule.timeZone,
  status: rule.status,
  stoppedReason: rule.stoppedReason,
  stoppedAt: rule.stoppedAt?.toISOString() ?? null,
});

/**
 * Model → reply.
 *
 * @param refilled in the calendar month of now, minor units.
 */
export const showRefill = (refill: Refill, refilled: bigint): RefillShown => ({
  ...showRule(refill),
  refilledThisMonth: toJsonAmount(refilled),
});
