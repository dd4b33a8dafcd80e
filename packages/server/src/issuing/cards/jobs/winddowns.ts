import type { Job } from "../../../foundation/job/job.ts";
import {
  announceWindDowns,
  blockWoundDown,
  findToAnnounce,
  findToBlock,
  findToLift,
  liftWindDowns,
} from "../actions/winddowns.ts";

const tell: Job = {
  name: "cards.announceWindDowns",
  summary: "Announce the end of cards whose customers' countries are restricted",
  everyS: 60,
  together: 200,
  findDue: findToAnnounce,
  run: announceWindDowns,
};

const block: Job = {
  name: "cards.blockWindDowns",
  summary: "Block cards whose announced end has come",
  everyS: 5,
  together: 200,
  findDue: findToBlock,
  run: blockWoundDown,
};

const lift: Job = {
  name: "cards.liftWindDowns",
  summary: "Lift wind-downs whose cause is gone",
  everyS: 60,
  together: 200,
  findDue: findToLift,
  run: liftWindDowns,
};

/** How cards come to their end because of a country, and come back. */
export const windDownJobs: readonly Job[] = [tell, block, lift];
