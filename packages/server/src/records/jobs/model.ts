import type { Job } from "../../foundation/job/job.ts";

/** How a job runs, over all processes. Real time, by the database's clock. */
export type JobRun = {
  readonly name: string;
  /** Whether some process runs it now. */
  readonly isRunning: boolean;
  readonly lastStartedAt: Date | null;
  readonly lastFinishedAt: Date | null;
  /** The end of the last pass in which nothing failed. */
  readonly lastSucceededAt: Date | null;
  /** The beginning of the last pass that left nothing due. */
  readonly clearAt: Date | null;
  /** What the last pass did that did something, and when; 0 and null: none yet. */
  readonly lastDone: bigint;
  readonly lastDoneAt: Date | null;
  /** Passes since the last one without a failure. */
  readonly failuresInARow: number;
  /** A code or a name, without data. */
  readonly lastError: string | null;
  /** When this was read. */
  readonly readAt: Date;
};

/** A job with how it runs, and how long the oldest of what is due has been so, seconds. */
export type JobState = {
  readonly job: Pick<Job, "name" | "summary" | "everyS">;
  readonly run: JobRun;
  readonly lagS: number;
};

/** The turn of a process at a job. */
export type Lease = {
  readonly name: string;
  /** One process; another name after each start. */
  readonly holder: string;
  /** Without a sign of life for so long, the job is another's to take, ms. */
  readonly leaseMs: number;
};

/** What a pass did, as it is kept. */
export type PassResult = {
  readonly done: number;
  /** A code or a name where something failed. */
  readonly error: string | null;
  /** Whether it was not cut off, and neither failed nor put anything off. */
  readonly isClean: boolean;
  /** Whether, beyond that, it has seen all that was due and done it. */
  readonly leftNothing: boolean;
};

/** How long a process that was killed keeps a job from the others, ms. */
export const LEASE_MS = 10_000;

/** Recorded as the error of a pass that was cut off: its process was killed, or hung. */
export const INTERRUPTED = "interrupted";
