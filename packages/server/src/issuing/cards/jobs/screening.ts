import type { Job } from "../../../foundation/job/job.ts";
import { rescreenCards } from "../actions/screening.ts";
import { findToScreen } from "../store/screening.ts";

const rescreen: Job = {
  name: "cards.rescreen",
  summary: "Screen the names on cards without a customer against newer lists",
  everyS: 30,
  together: 50,
  findDue: findToScreen,
  run: rescreenCards,
};

/** What newer lists do to cards. */
export const screeningJobs: readonly Job[] = [rescreen];
