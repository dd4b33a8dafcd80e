import type { Job } from "../../../foundation/job/job.ts";
import { findDueRows, issueBatchRows } from "../actions/batches.ts";
import { ISSUE_BATCHES_JOB } from "../model/batches.ts";

const issue: Job = {
  name: ISSUE_BATCHES_JOB,
  summary: "Issue the cards of batches",
  everyS: 1,
  // As many as a lane decides together: the organization's balance is locked for so long.
  together: 64,
  findDue: findDueRows,
  run: issueBatchRows,
};

/** How batches of cards are worked off. */
export const batchJobs: readonly Job[] = [issue];
