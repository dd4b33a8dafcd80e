import type { RefillState } from "./model.ts";

/** Columns of a rule that refills by itself, and the property that each fills; a card's rule has them too. */
export const ruleColumns = {
  threshold: "threshold",
  amount: "amount",
  monthly_cap: "monthlyCap",
  time_zone: "timeZone",
  status: "status",
  stopped_reason: "stoppedReason",
  stopped_at: "stoppedAt",
  month_starts_at: "monthStartsAt",
  month_amount: "monthAmount",
  rests_until: "restsUntil",
} as const satisfies Record<string, keyof RefillState>;

/** Types of these columns as arrays, where they are not text. */
export const ruleArrayTypes: Readonly<Partial<Record<keyof typeof ruleColumns, string>>> = {
  threshold: "bigint[]",
  amount: "bigint[]",
  monthly_cap: "bigint[]",
  stopped_at: "timestamptz[]",
  month_starts_at: "timestamptz[]",
  month_amount: "bigint[]",
  rests_until: "timestamptz[]",
};
