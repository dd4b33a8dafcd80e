import type { Job } from "../../../foundation/job/job.ts";
import { findLowRanges, warnOfLowRanges } from "../actions/ranges.ts";

const warn: Job = {
  name: "cards.warnOfNumberRanges",
  summary: "Tell when the numbers of a program become few",
  everyS: 300,
  together: 20,
  findDue: findLowRanges,
  run: warnOfLowRanges,
};

/** How the use of number ranges is watched. */
export const rangeJobs: readonly Job[] = [warn];
