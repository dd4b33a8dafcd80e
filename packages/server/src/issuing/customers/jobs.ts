import type { Job } from "../../foundation/job/job.ts";
import { eraseRetained } from "./actions/retention.ts";
import { rescreenCustomers } from "./actions/screening.ts";
import { eraseAbandoned } from "./actions/sessions.ts";
import { findRetentionOver } from "./store/retention.ts";
import { findToScreen } from "./store/screening.ts";
import { findAbandoned } from "./store/sessions.ts";

const erase: Job = {
  name: "customers.eraseRetained",
  summary: "Destroy what is kept of deleted customers once their retention is over",
  everyS: 60,
  together: 100,
  findDue: findRetentionOver,
  run: eraseRetained,
};

const rescreen: Job = {
  name: "customers.rescreen",
  summary: "Screen customers against newer lists than those they were held against",
  everyS: 30,
  together: 50,
  findDue: findToScreen,
  run: rescreenCustomers,
};

const abandon: Job = {
  name: "customers.eraseAbandoned",
  summary: "Erase what was given in verification sessions that ran out unsubmitted",
  everyS: 600,
  together: 50,
  findDue: findAbandoned,
  run: eraseAbandoned,
};

/** What becomes of customers when the time has come. */
export const customerJobs: readonly Job[] = [erase, abandon, rescreen];
