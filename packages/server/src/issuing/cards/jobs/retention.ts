import type { Job } from "../../../foundation/job/job.ts";
import { eraseRetainedCards } from "../actions/retention.ts";
import { findRetentionOver } from "../store/retention.ts";

const erase: Job = {
  name: "cards.eraseRetained",
  summary: "Erase holders of deleted cards without a customer after their retention",
  everyS: 60,
  together: 100,
  findDue: findRetentionOver,
  run: eraseRetainedCards,
};

/** What becomes of deleted cards when the time has come. */
export const retentionJobs: readonly Job[] = [erase];
