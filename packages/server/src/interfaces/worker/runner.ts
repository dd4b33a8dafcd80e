import { steadyMs } from "../../foundation/clock/clock.ts";
import type { Due, Job } from "../../foundation/job/job.ts";
import type { Log } from "../../foundation/log/log.ts";
import { nameOfError, releaseLease, renewLease, takeLease } from "../../records/jobs/actions.ts";
import type { Lease, PassResult } from "../../records/jobs/model.ts";
import type { JobContext } from "./group.ts";
import { type Loop, startLoop } from "./loop.ts";
import type { JobMeters } from "./meters.ts";
import { newReport, type PassReport, runPass } from "./pass.ts";
import { openSetbacks, type Setbacks } from "./setbacks.ts";

export type RunnerOptions = JobContext & {
  readonly job: Job;
  readonly lease: Lease;
  readonly log: Log;
  readonly meters: JobMeters;
  /** Resolves when the job has its row. */
  registered(): Promise<void>;
};

/** One job of this process. */
export type Runner = Pick<Loop, "wake" | "stop">;

/** Longest time until a job whose process was killed is missed, beyond its lease, ms. */
const MISSED_MS = 2_000;
/** Signs of life in the time of a lease. */
const SIGNS = 4;
/** Failures of single things that one pass writes into the log; all are counted. */
const MANY_LOGGED = 5;

/** Looks at a job again and again: at once while there is work, and when it is woken. */
export function startRunner(options: RunnerOptions): Runner {
  const { job, lease, database, registered } = options;
  const setbacks = openSetbacks(steadyMs);
  let wanted = false;
  let stopped = false;

  const step = async (): Promise<number> => {
    const isWanted = wanted || setbacks.isAnyDue();
    wanted = false;
    try {
      await registered();
      if (stopped || !(await takeLease(database, lease, job.everyS, isWanted))) return 0;
      const again = await look(options, setbacks, () => stopped);
      wanted ||= again;
      return again ? 1 : 0;
    } catch (error) {
      wanted ||= isWanted;
      throw error;
    }
  };

  const idleMs = Math.min(job.everyS * 1_000, MISSED_MS);
  const loop = startLoop({
    name: job.name,
    step,
    restMs: 0,
    idleMs: [idleMs, idleMs],
    onError: (error, times) => tellBroken(options, error, times),
  });
  return {
    wake: () => {
      wanted = true;
      loop.wake();
    },
    stop: () => {
      stopped = true;
      return loop.stop();
    },
  };
}

/**
 * One look, with the lease in hand: a pass, what is kept and told of it, and the lease given back.
 *
 * @returns whether another should follow at once.
 */
async function look(
  options: RunnerOptions,
  setbacks: Setbacks,
  isStopped: () => boolean,
): Promise<boolean> {
  const { job, lease, database, meters } = options;
  const begunMs = steadyMs();
  const elapsed = meters.duration.startTimer({ job: job.name });
  const report = newReport();
  const pass = {
    context: options,
    job,
    setbacks,
    mayGoOn: signsOfLife(options, begunMs, isStopped),
    onFailure: failureLog(options),
  };
  try {
    await runPass(pass, report);
  } catch (error) {
    report.cutOff = true;
    report.error = nameOfError(error);
    // Where the database is away the lease runs out by itself.
    await releaseLease(database, lease, resultOf(report)).catch(() => null);
    throw error;
  } finally {
    elapsed();
    tellPass(options, report, steadyMs() - begunMs);
  }
  const asked = await releaseLease(database, lease, resultOf(report));
  return asked === true || ((report.done > 0 || report.left) && !report.cutOff);
}

/** Gives a sign of life when it is time for one, before each group; false: this look is over. */
function signsOfLife(
  { database, lease }: RunnerOptions,
  begunMs: number,
  isStopped: () => boolean,
) {
  let lastMs = begunMs;
  return async (): Promise<boolean> => {
    if (isStopped()) return false;
    const nowMs = steadyMs();
    if (nowMs - lastMs < lease.leaseMs / SIGNS) return true;
    lastMs = nowMs;
    return renewLease(database, lease);
  };
}

function resultOf({ found, done, failed, putOff, left, cutOff, error }: PassReport): PassResult {
  const isClean = failed + putOff === 0 && !cutOff;
  return { done, error, isClean, leftNothing: isClean && !left && done >= found };
}

/** One line for a pass that did something or in which something failed. */
function tellPass({ job, log, meters }: RunnerOptions, report: PassReport, ms: number): void {
  const { done, failed, putOff, cutOff, error } = report;
  const result = error !== null ? "failed" : cutOff ? "cut_off" : done > 0 ? "done" : "idle";
  meters.runs.inc({ job: job.name, result });
  meters.done.inc({ job: job.name }, done);
  meters.failures.inc({ job: job.name }, failed);
  if (done + failed === 0) return;
  const facts = { job: job.name, done, failed, putOff, cutOff, error, ms: Math.round(ms) };
  log[failed > 0 ? "warn" : "info"](facts, failed > 0 ? "a job met failures" : "a job was done");
}

function failureLog({ job, log }: RunnerOptions) {
  let logged = 0;
  return ({ organizationId, id }: Due, error: unknown, inARow: number): void => {
    logged += 1;
    if (logged > MANY_LOGGED) return;
    const facts = { job: job.name, organizationId, id, times: inARow, err: error };
    log.warn(facts, "a job failed on one thing; it is tried again later");
  };
}

/** A look was broken off. The first of a row and each tenth are written; all are counted. */
function tellBroken({ job, log, meters }: RunnerOptions, error: unknown, times: number): void {
  meters.failures.inc({ job: job.name });
  if (times % 10 !== 1) return;
  log.warn({ job: job.name, times, err: error }, "a look at a job was broken off");
}
