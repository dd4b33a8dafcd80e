import type { Job } from "../../../foundation/job/job.ts";
import { findGrantableAccess } from "../../customers/actions/access.ts";
import { grantDue } from "../actions/access.ts";

const grant: Job = {
  name: "cards.grantAccess",
  summary: "Grant product access where the rule of a program does",
  everyS: 5,
  // Of several the locks of programs and customers would come in no order.
  together: 1,
  findDue: findGrantableAccess,
  run: grantDue,
};

/** How access follows from the rules of programs; with the cards, which follow it. */
export const accessJobs: readonly Job[] = [grant];
