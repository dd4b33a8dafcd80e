import type { Job } from "../../../foundation/job/job.ts";
import { topUpDue } from "../actions/topups.ts";
import { TOP_UP_JOB } from "../model/topups.ts";
import { findDueTopUps } from "../store/topups.ts";

const topUp: Job = {
  name: TOP_UP_JOB,
  summary: "Top up cards that are below the thresholds of their rules",
  everyS: 15,
  together: 50,
  findDue: findDueTopUps,
  run: topUpDue,
};

/** What tops cards up by itself. */
export const topUpJobs: readonly Job[] = [topUp];
