import type { Job } from "../../../foundation/job/job.ts";
import { topUpDue } from "../actions/topups.ts";
import { findDueTopUps } from "../store/topups.ts";

const topUp: Job = {
  name: "cards.topUp",
  summary: "Top up cards that are below the thresholds of their rules",
  everyS: 15,
  together: 50,
  findDue: findDueTopUps,
  run: topUpDue,
};

/** What tops cards up by itself. */
export const topUpJobs: readonly Job[] = [topUp];
