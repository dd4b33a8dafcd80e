import type { Job } from "../../foundation/job/job.ts";
import { endRestrictions, expireCards } from "./actions/due.ts";
import { renewDue } from "./actions/renew.ts";
import { accessJobs } from "./jobs/access.ts";
import { batchJobs } from "./jobs/batches.ts";
import { blockJobs } from "./jobs/blocks.ts";
import { feeJobs } from "./jobs/fees.ts";
import { rangeJobs } from "./jobs/ranges.ts";
import { retentionJobs } from "./jobs/retention.ts";
import { screeningJobs } from "./jobs/screening.ts";
import { topUpJobs } from "./jobs/topups.ts";
import { windDownJobs } from "./jobs/winddowns.ts";
import { findEnding, findExpiring, findRenewing } from "./store/due.ts";

const expire: Job = {
  name: "cards.expire",
  summary: "Record that cards have expired",
  everyS: 10,
  together: 200,
  findDue: findExpiring,
  run: expireCards,
};

const endOfRestrictions: Job = {
  name: "cards.endRestrictions",
  summary: "Lift restrictions that have come to their end",
  everyS: 1,
  together: 200,
  findDue: findEnding,
  run: endRestrictions,
};

const renew: Job = {
  name: "cards.renew",
  summary: "Renew cards that near their expiry, where the program says so",
  everyS: 60,
  together: 100,
  findDue: findRenewing,
  run: renewDue,
};

/** What happens to cards when the time has come. */
export const cardJobs: readonly Job[] = [
  expire,
  endOfRestrictions,
  renew,
  ...topUpJobs,
  ...feeJobs,
  ...batchJobs,
  ...blockJobs,
  ...rangeJobs,
  ...accessJobs,
  ...windDownJobs,
  ...screeningJobs,
  ...retentionJobs,
];
