import type { Job } from "../../foundation/job/job.ts";
import { eraseRetained } from "./actions/retention.ts";
import { findRetentionOver } from "./store/retention.ts";

const erase: Job = {
  name: "customers.eraseRetained",
  summary: "Destroy what is kept of deleted customers once their retention is over",
  everyS: 60,
  together: 100,
  findDue: findRetentionOver,
  run: eraseRetained,
};

/** What becomes of customers when the time has come. */
export const customerJobs: readonly Job[] = [erase];
