import type { Registry } from "prom-client";
import { onBell } from "../../foundation/job/bell.ts";
import type { Job } from "../../foundation/job/job.ts";
import type { Log } from "../../foundation/log/log.ts";
import { isFarBehind, readJobs, registerJobs } from "../../records/jobs/actions.ts";
import { type JobState, LEASE_MS } from "../../records/jobs/model.ts";
import type { JobContext } from "./group.ts";
import { startLoop } from "./loop.ts";
import { createJobMeters, type JobMeters } from "./meters.ts";
import { startRunner } from "./runner.ts";

export type SchedulerOptions = JobContext & {
  readonly jobs: readonly Job[];
  readonly log: Log;
  readonly register: Registry;
  /** How long a job stays with a process that gives no sign of life, ms. */
  readonly leaseMs?: number;
};

export type Scheduler = {
  /** Has the job of this name look at once; null: every one. */
  wake(name: string | null): void;
  /** The jobs that are far behind, in words; as of some seconds ago. */
  late(): readonly string[];
  /** Ends after the groups that run now. */
  stop(): Promise<void>;
};

/** Longest time between two looks at the state of all jobs, ms; at the start it looks sooner. */
const WATCH_IDLE_MS = [100, 15_000] as const;

/**
 * Starts the jobs of this process. Several processes may run the same ones: they take turns, job by
 * job, and nothing but speed depends on that.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { database, jobs, log, newId, leaseMs = LEASE_MS } = options;
  const meters = createJobMeters(options.register);
  const holder = newId("process");
  const registered = registration(options);
  const runners = jobs.map((job) => {
    const lease = { name: job.name, holder, leaseMs };
    return { job, runner: startRunner({ ...options, job, meters, registered, lease }) };
  });
  let states: readonly JobState[] = [];
  const watch = startLoop({
    name: "watch",
    step: async () => {
      await registered();
      states = await readJobs(database, jobs);
      tell(meters, states);
      return 0;
    },
    restMs: 0,
    idleMs: WATCH_IDLE_MS,
    onError: (error, times) => {
      if (times === 1) log.warn({ err: error }, "the state of the jobs cannot be read");
    },
  });
  const wake = (name: string | null) => {
    for (const { job, runner } of runners) if (name === null || name === job.name) runner.wake();
  };
  const deaf = onBell(wake);
  return {
    wake,
    late: () => states.filter(({ job, lagS }) => isFarBehind(job, lagS)).map(inWords),
    stop: async () => {
      deaf();
      await Promise.all([watch.stop(), ...runners.map(({ runner }) => runner.stop())]);
    },
  };
}

/** Makes the jobs known once; tried again where the database was away. */
function registration({ database, jobs }: SchedulerOptions): () => Promise<void> {
  let registered: Promise<void> | null = null;
  return () => {
    registered ??= registerJobs(database, jobs).catch((error: unknown) => {
      registered = null;
      throw error;
    });
    return registered;
  };
}

function tell(meters: JobMeters, states: readonly JobState[]): void {
  for (const { job, run, lagS } of states) {
    meters.lag.set({ job: job.name }, lagS);
    if (run.lastSucceededAt === null) continue;
    meters.lastSuccess.set({ job: job.name }, run.lastSucceededAt.getTime() / 1_000);
  }
}

const inWords = ({ job, lagS }: JobState): string =>
  `The job ${job.name} is ${Math.round(lagS)} s behind.`;
