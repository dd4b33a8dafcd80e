import type { Job } from "../../foundation/job/job.ts";
import { budgetJobs } from "../../issuing/budgets/jobs.ts";
import { cardJobs } from "../../issuing/cards/jobs.ts";
import { customerJobs } from "../../issuing/customers/jobs.ts";
import { receivableJobs } from "../../issuing/receivables/jobs.ts";
import { transferJobs } from "../../issuing/transfers/jobs.ts";
import { verificationJobs } from "../../issuing/verifications/jobs.ts";

/** Everything that is done by itself. A module's line comes with the module. */
export const jobs: readonly Job[] = [
  ...transferJobs,
  ...customerJobs,
  ...verificationJobs,
  ...budgetJobs,
  ...cardJobs,
  ...receivableJobs,
];
