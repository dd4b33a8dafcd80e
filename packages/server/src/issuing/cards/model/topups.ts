import { lifecycle } from "../../../foundation/lifecycle/lifecycle.ts";
import type { RefillState } from "../../budgets/model.ts";

/**
 * A rule that tops a card up by itself works until there is no money; then it stops, and works again when
 * money has come, or when it is set again.
 */
export const autoTopUpLifecycle = lifecycle(["active", "stopped"], {
  stop: { from: ["active"], to: "stopped" },
  resume: { from: ["stopped"], to: "active" },
  set: { from: ["stopped"], to: "active" },
});

/** The job that tops cards up, by the name that wakes it. */
export const TOP_UP_JOB = "cards.topUp";

/** What it tops up when less than its threshold is available; as a budget's refill, minor units. */
export type AutoTopUp = RefillState;

/** The only reason that ends by itself: money comes. */
export const NO_MONEY_LEFT = "insufficient_organization_balance";
