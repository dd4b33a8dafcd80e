import type { Job } from "../../foundation/job/job.ts";
import { findPayable, payDueFees } from "./actions.ts";

const payFees: Job = {
  name: "transfers.payDueFees",
  summary: "Pay fees that waited from balances that allow it",
  everyS: 30,
  together: 10,
  findDue: findPayable,
  run: payDueFees,
};

/** What transfers do by themselves. */
export const transferJobs: readonly Job[] = [payFees];
