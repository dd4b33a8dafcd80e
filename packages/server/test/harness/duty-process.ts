/**
 * A process that does duties and nothing else: `node duty-process.ts <database> <lease ms> <pause ms>`.
 * It pauses in the middle of each group, says "working" at the first, and ends at SIGTERM.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { openDatabase } from "../../src/foundation/database/database.ts";
import { createLog } from "../../src/foundation/log/log.ts";
import { startScheduler } from "../../src/interfaces/worker/scheduler.ts";
import { dutyJob } from "./duties.ts";
import { newId, testKeys } from "./work.ts";

const [url = "", leaseMs, pauseMs] = process.argv.slice(2);
const database = openDatabase({
  url,
  role: "cardwright_app",
  maxConnections: 4,
  lockTimeoutMs: 1_000,
});
let works = false;
const job = dutyJob(async () => {
  if (!works) process.stdout.write("working\n");
  works = true;
  await delay(Number(pauseMs));
});
const scheduler = startScheduler({
  jobs: [job],
  database,
  keys: testKeys(),
  newId,
  committed: () => undefined,
  log: createLog("silent"),
  register: new Registry(),
  leaseMs: Number(leaseMs),
});
process.on("SIGTERM", async () => {
  await scheduler.stop();
  await database.close();
});
