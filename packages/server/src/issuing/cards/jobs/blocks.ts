import type { Job } from "../../../foundation/job/job.ts";
import {
  blockOrdered,
  findCarriedOutOrders,
  findToBlock,
  finishBlockOrders,
} from "../actions/blocks.ts";
import { BLOCK_JOB } from "../model/blocks.ts";

const block: Job = {
  name: BLOCK_JOB,
  summary: "Block the cards that an order is about",
  everyS: 1,
  together: 200,
  findDue: findToBlock,
  run: blockOrdered,
};

const finish: Job = {
  name: "cards.finishBlockOrders",
  summary: "End orders that leave no card to block",
  everyS: 1,
  together: 1,
  findDue: findCarriedOutOrders,
  run: finishBlockOrders,
};

/** How orders to block the cards of a program are carried out. */
export const blockJobs: readonly Job[] = [block, finish];
