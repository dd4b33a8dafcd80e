import type { Job } from "../../foundation/job/job.ts";
import { IN_REVIEW } from "../customers/model.ts";
import { cancelVerifications, forgetVerifications, openVerifications } from "./actions.ts";
import { findToCancel, findToForget, findToOpen } from "./store.ts";

const open: Job = {
  // Customers ring for it.
  name: IN_REVIEW,
  summary: "Open a verification for each customer in review",
  everyS: 10,
  together: 50,
  findDue: findToOpen,
  run: openVerifications,
};

const cancel: Job = {
  name: "verifications.cancel",
  summary: "Cancel verifications of customers that left the review",
  everyS: 30,
  together: 50,
  findDue: findToCancel,
  run: cancelVerifications,
};

const forget: Job = {
  name: "verifications.forget",
  summary: "Forget what verified customers whose retention is over",
  everyS: 3_600,
  together: 100,
  findDue: findToForget,
  run: forgetVerifications,
};

/** What becomes of verifications by itself. */
export const verificationJobs: readonly Job[] = [open, cancel, forget];
