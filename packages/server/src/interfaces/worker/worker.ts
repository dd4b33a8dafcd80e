import { Counter, Gauge, type Registry } from "prom-client";
import type { Clock } from "../../foundation/clock/clock.ts";
import type { Database } from "../../foundation/database/database.ts";
import type { Job } from "../../foundation/job/job.ts";
import type { Log } from "../../foundation/log/log.ts";
import { type KeyCache, writeLastUses } from "../../records/access/actions.ts";
import { drainEvents, sequenceEvents } from "../../records/events/actions.ts";
import { PRUNE_LIMIT, pruneAnswers } from "../../records/idempotency/actions.ts";
import { drainRecords, sequenceRecords } from "../../records/sequencer/actions.ts";
import type { RecordSource } from "../../records/sequencer/model.ts";
import { type InWork, type JobContext, worksOf } from "./group.ts";
import { type Loop, type LoopOptions, startLoop } from "./loop.ts";
import { startScheduler } from "./scheduler.ts";

/** One pass again and again, with a pause between two. */
export type Chore = {
  readonly name: string;
  readonly everyMs: number;
  /** @param inWork does something in a transaction of an organization, as a job of this name does. */
  run(inWork: InWork): Promise<unknown>;
};

/** What runs beside the requests: sequences, and tidying up. */
export type WorkerOptions = {
  readonly database: Database;
  /** The kinds of records that are linked. */
  readonly sources: readonly RecordSource[];
  readonly keyCache: KeyCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly register: Registry;
  /** Days that answers to Idempotency-Keys are kept. */
  readonly idempotencyDays: number;
  readonly jobs: readonly Job[];
  /** What jobs stand on; their connections are theirs, so that the sequencers never wait for one. */
  readonly jobContext: Omit<JobContext, "committed">;
  /** What this process does now and then, beside the jobs: it belongs to no organization. */
  readonly chores?: readonly Chore[];
};

export type Worker = {
  /** Something was committed. */
  wake(): void;
  /** How long the older of the two sequencers has been behind, ms. */
  lagMs(): number;
  /** The jobs that are far behind, in words. */
  lateJobs(): readonly string[];
  /** Does what is left, as far as the database answers, and ends. */
  stop(): Promise<void>;
};

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/**
 * Commits that come within this time of a pass are sequenced together, ms: each pass waits for the disk,
 * as the requests do. Events are to be seen within 50 ms.
 */
const SEQUENCE_REST_MS = 20;
/** Time until what another process left behind is found, ms; longer when it is quiet. */
const SEQUENCE_IDLE_MS = [25, 500] as const;
const LAST_USE_MS = 5_000;

/** Starts the worker of this process. Several processes may run one each: they take turns. */
export function startWorker(options: WorkerOptions): Worker {
  const { database, sources, keyCache } = options;
  const meters = metersOf(options.register);
  const start = (job: Omit<LoopOptions, "onError">): Loop =>
    startLoop({ ...job, onError: (error, times) => tell(options, meters, job.name, error, times) });

  const sequencer = (name: string, pass: () => Promise<number>): Loop => {
    const step = async () => {
      const done = await pass();
      meters.rows.inc({ stream: name }, done);
      return done;
    };
    const loop = start({ name, step, restMs: SEQUENCE_REST_MS, idleMs: SEQUENCE_IDLE_MS });
    meters.lag.set({ stream: name }, 0);
    lags.set(name, loop);
    return loop;
  };
  const lags = new Map<string, Loop>();
  meters.readLag = () => {
    for (const [stream, loop] of lags) meters.lag.set({ stream }, loop.behindMs() / 1_000);
  };

  const sequencers = [
    sequencer("records", () => sequenceRecords(database, sources)),
    sequencer("events", () => sequenceEvents(database)),
  ];
  const others = [
    start({ name: "prune", step: () => prune(options), restMs: 0, idleMs: [HOUR_MS, HOUR_MS] }),
    start({
      name: "last use",
      step: async () => {
        await writeLastUses(database, keyCache);
        return 0;
      },
      restMs: 0,
      idleMs: [LAST_USE_MS, LAST_USE_MS],
    }),
  ];
  const wake = () => {
    for (const loop of sequencers) loop.wake();
  };
  for (const { name, run, everyMs } of options.chores ?? []) {
    const inWork = worksOf({ ...options.jobContext, committed: wake }, name);
    const step = async () => {
      await run(inWork);
      return 0;
    };
    others.push(start({ name, step, restMs: 0, idleMs: [everyMs, everyMs] }));
  }
  const scheduler = startJobs(options, wake);
  return {
    wake,
    lagMs: () => Math.max(...sequencers.map((loop) => loop.behindMs())),
    lateJobs: scheduler.late,
    stop: async () => {
      // First: what they commit is still sequenced.
      await scheduler.stop();
      await Promise.all([...sequencers, ...others].map((loop) => loop.stop()));
      await finish(options);
    },
  };
}

function startJobs({ jobs, jobContext, log, register }: WorkerOptions, committed: () => void) {
  return startScheduler({ ...jobContext, jobs, log, register, committed });
}

/** Removes answers that are older than they are kept. */
function prune({ database, clock, idempotencyDays }: WorkerOptions): Promise<number> {
  const oldest = new Date(clock.now().getTime() - idempotencyDays * DAY_MS);
  return pruneAnswers(database, oldest).then((removed) => (removed < PRUNE_LIMIT ? 0 : removed));
}

/** The last passes before the end. What they cannot do, the next start does. */
async function finish({ database, sources, keyCache, log }: WorkerOptions): Promise<void> {
  try {
    await drainRecords(database, sources);
    await drainEvents(database);
    await writeLastUses(database, keyCache);
  } catch (error) {
    log.warn({ err: error }, "the worker ended with work left; the next start does it");
  }
}

type Meters = ReturnType<typeof metersOf>;

function metersOf(register: Registry) {
  const registers = [register];
  const meters = {
    readLag: () => undefined as unknown,
    rows: new Counter({
      name: "cardwright_sequenced_rows_total",
      help: "Rows given their sequence by this process.",
      labelNames: ["stream"],
      registers,
    }),
    failures: new Counter({
      name: "cardwright_worker_failures_total",
      help: "Passes of the worker that failed.",
      labelNames: ["job"],
      registers,
    }),
    lag: new Gauge({
      name: "cardwright_sequencer_lag_seconds",
      help: "How long there has been something without sequence that this process knows of.",
      labelNames: ["stream"],
      registers,
      collect: () => void meters.readLag(),
    }),
  };
  return meters;
}

/** The first failure of a row and each tenth are written; the rest are counted. */
function tell(
  { log }: WorkerOptions,
  meters: Meters,
  job: string,
  error: unknown,
  times: number,
): void {
  meters.failures.inc({ job });
  if (times % 10 === 1) log.warn({ job, times, err: error }, "the worker tries again");
}
