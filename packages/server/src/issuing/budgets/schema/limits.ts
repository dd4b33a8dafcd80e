import { Type } from "typebox";
import { toJsonAmount } from "../../../foundation/money/money.ts";
import {
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import {
  type LimitFacts,
  limitKinds,
  MAX_LIMIT_AMOUNT,
  MAX_LIMIT_COUNT,
  MAX_LIMITS,
  MAX_SLIDING_DAYS,
  remaining,
  type SpendingLimit,
  windowNames,
} from "../model.ts";

const slidingSchema = object({
  days: Type.Integer({
    minimum: 1,
    maximum: MAX_SLIDING_DAYS,
    description: "The last so many times 24 hours, rounded out to quarters of an hour.",
  }),
});

/** A limit as a request gives it; which fields go together is told by `limitsRefusal`. */
export const newLimitSchema = object({
  id: Type.Optional(idText("Of a limit that stays; without it one that is equal keeps its id.")),
  kind: oneOf(limitKinds, {
    description: "On each authorization by itself, or on all within a window.",
  }),
  amount: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number(MAX_LIMIT_AMOUNT),
      description: "Most that may be spent, minor units.",
    }),
  ),
  count: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number(MAX_LIMIT_COUNT),
      description: "Most authorizations; with kind window.",
    }),
  ),
  window: Type.Optional(
    oneOf(windowNames, { description: "A calendar window, or for ever. A week begins on Monday." }),
  ),
  timeZone: Type.Optional(
    text(64, { description: "IANA zone of the calendar; UTC where not given." }),
  ),
  sliding: Type.Optional(slidingSchema),
});
export type NewLimit = StaticOf<typeof newLimitSchema>;

export const newLimitsSchema = Type.Array(newLimitSchema, {
  maxItems: MAX_LIMITS,
  description: "Spending limits; they also count what descendants spend.",
});

/** What a limit says, without what was spent. */
const termsSchema = {
  id: idText("Id of the limit."),
  kind: oneOf(limitKinds),
  amount: nullable(Type.Integer({ description: "Most that may be spent, minor units." })),
  count: nullable(Type.Integer({ description: "Most authorizations." })),
  window: nullable(oneOf(windowNames)),
  timeZone: nullable(Type.String()),
  sliding: nullable(slidingSchema),
};

const currentSchema = object({
  startsAt: nullable(timestamp),
  endsAt: nullable(timestamp),
  used: object({ amount: Type.Integer(), count: Type.Integer() }),
  remaining: object({
    amount: nullable(Type.Integer({ description: "null: the limit is not on the amount." })),
    count: nullable(Type.Integer({ description: "null: the limit is not on the number." })),
  }),
});

/** A limit as the API shows it, with its window of now. */
export const limitSchema = object({
  ...termsSchema,
  current: nullable(
    Type.Unsafe<StaticOf<typeof currentSchema>>({
      ...currentSchema,
      description: "The window of now and what is spent in it; null of kind perAuthorization.",
    }),
  ),
});
export type LimitShown = StaticOf<typeof limitSchema>;
export type LimitTerms = Omit<LimitShown, "current">;

const none = {
  amount: null,
  count: null,
  window: null,
  timeZone: null,
  sliding: null,
} satisfies Omit<LimitTerms, "id" | "kind">;

/** What a limit says. */
export function showTerms(limit: SpendingLimit): LimitTerms {
  const { id, kind } = limit;
  if (limit.kind === "perAuthorization") {
    return { ...none, id, kind, amount: toJsonAmount(limit.amount) };
  }
  const { span } = limit;
  return {
    ...none,
    id,
    kind,
    amount: limit.amount === null ? null : toJsonAmount(limit.amount),
    count: limit.count === null ? null : Number(limit.count),
    window: span.every === "sliding" ? null : span.every,
    timeZone: "timeZone" in span ? span.timeZone : null,
    sliding: span.every === "sliding" ? { days: span.days } : null,
  };
}

/** A limit with what is spent in its window. */
export const showLimit = (facts: LimitFacts): LimitShown => ({
  ...showTerms(facts.limit),
  current: showCurrent(facts),
});

function showCurrent({ limit, current }: LimitFacts): LimitShown["current"] {
  if (limit.kind === "perAuthorization" || current === null) return null;
  const { window, used } = current;
  const left = remaining(limit, used);
  return {
    startsAt: window.startsAt?.toISOString() ?? null,
    endsAt: window.endsAt?.toISOString() ?? null,
    used: { amount: toJsonAmount(used.amount), count: Number(used.count) },
    remaining: {
      amount: left.amount === null ? null : toJsonAmount(left.amount),
      count: left.count === null ? null : Number(left.count),
    },
  };
}
