import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import type { TestDatabase } from "../../../test/harness/database.ts";
import { newId, testKeys } from "../../../test/harness/work.ts";
import { openDatabase } from "../../foundation/database/database.ts";
import { createLog } from "../../foundation/log/log.ts";
import { type Scheduler, type SchedulerOptions, startScheduler } from "./scheduler.ts";

/** A lease short enough for a test to wait for its end, ms. */
export const SHORT_LEASE_MS = 400;

export type TestScheduler = {
  readonly scheduler: Scheduler;
  /** What /metrics shows. */
  metrics(): Promise<string>;
  /** What it wrote into the log. */
  readonly lines: readonly Record<string, unknown>[];
};

/** A scheduler as of one process, stopped with the test. */
export function schedulerFor(
  t: TestContext,
  { url }: Pick<TestDatabase, "url">,
  { jobs, ...over }: Partial<SchedulerOptions> & Pick<SchedulerOptions, "jobs">,
): TestScheduler {
  const database = openDatabase({
    url,
    role: "cardwright_app",
    maxConnections: 4,
    lockTimeoutMs: 100,
  });
  const register = new Registry();
  const lines: Record<string, unknown>[] = [];
  const scheduler = startScheduler({
    jobs,
    database,
    keys: testKeys(),
    newId,
    committed: () => undefined,
    log: createLog("info", { write: (line) => void lines.push(JSON.parse(line)) }),
    register,
    leaseMs: SHORT_LEASE_MS,
    ...over,
  });
  t.after(async () => {
    await scheduler.stop();
    await database.close();
  });
  return { scheduler, metrics: () => register.metrics(), lines };
}

/** Waits until something is so. @returns how long it took, ms */
export async function until(
  condition: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > withinMs) throw new Error(`It was not so in ${withinMs} ms.`);
    await delay(10);
  }
  return performance.now() - begun;
}
