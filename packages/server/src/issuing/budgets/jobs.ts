import type { Job } from "../../foundation/job/job.ts";
import { refillBudgets } from "./actions/refill.ts";
import { findDueRefills } from "./store/refills.ts";

/** What budgets do by themselves. */
export const budgetJobs: readonly Job[] = [
  {
    name: "budgets.refill",
    summary: "Refill budgets that are below their thresholds",
    everyS: 15,
    together: 50,
    findDue: findDueRefills,
    run: refillBudgets,
  },
];
