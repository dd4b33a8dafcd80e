import type { Job } from "../../../foundation/job/job.ts";
import { chargeMonthlyFees, findFeesDue } from "../actions/fees.ts";

const monthlyFees: Job = {
  name: "cards.chargeMonthlyFees",
  summary: "Charge cards' monthly fees on their anniversaries",
  everyS: 60,
  together: 500,
  findDue: findFeesDue,
  run: chargeMonthlyFees,
};

/** What becomes of cards' fees by itself. */
export const feeJobs: readonly Job[] = [monthlyFees];
