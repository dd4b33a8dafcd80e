import type { Job } from "../../foundation/job/job.ts";
import { findCollectable } from "../../records/ledger/actions.ts";
import { collectDebts } from "./actions.ts";

/** What is done by itself about debts. */
export const receivableJobs: readonly Job[] = [
  {
    name: "receivables.collect",
    summary: "Pay what deleted cards and archived budgets owe from the organization's balance",
    everyS: 2,
    together: 50,
    findDue: findCollectable,
    run: collectDebts,
  },
];
