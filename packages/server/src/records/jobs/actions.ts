import type { Sql } from "../../foundation/database/sql.ts";
import { assert, generalErrors } from "../../foundation/errors/errors.ts";
import type { Job } from "../../foundation/job/job.ts";
import { organizationNows } from "../sequencer/actions.ts";
import type { JobRun, JobState, Lease } from "./model.ts";
import { lagOf } from "./rules.ts";
import * as store from "./store.ts";

export { isFarBehind, nameOfError, retryAfterMs } from "./rules.ts";
export { releaseLease, renewLease } from "./store.ts";

/** Makes known which jobs there are; to be called once at start, before the first lease. */
export const registerJobs = (sql: Sql, jobs: readonly Job[]): Promise<void> =>
  store.insertRuns(
    sql,
    jobs.map(({ name }) => name),
  );

/**
 * Takes the turn at a job for one pass: when nobody has it and `everyS` have passed since the last look.
 * Where the caller wants a look at once and another has the turn, that one is asked to look again.
 */
export async function takeLease(
  sql: Sql,
  lease: Lease,
  everyS: number,
  isWanted: boolean,
): Promise<boolean> {
  if (await store.takeLease(sql, lease, everyS, isWanted)) return true;
  if (!isWanted || (await store.wantLook(sql, lease.name))) return false;
  // It was given back between the two statements.
  return store.takeLease(sql, lease, everyS, true);
}

/** The state of every job, in the order of their names. */
export async function readJobs(sql: Sql, jobs: readonly Job[]): Promise<JobState[]> {
  const ordered = jobs.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const runs = await store.readRuns(
    sql,
    ordered.map(({ name }) => name),
  );
  return Promise.all(
    ordered.map(async (job, place) => {
      const run = runs[place];
      assert(run !== undefined, "Each job that is asked for is answered.");
      return { job, run, lagS: await readLag(sql, job, run) };
    }),
  );
}

/**
 * The state of one job.
 *
 * @throws Refusal `not_found`.
 */
export async function getJob(sql: Sql, jobs: readonly Job[], name: string): Promise<JobState> {
  const [state] = await readJobs(
    sql,
    jobs.filter((job) => job.name === name),
  );
  if (state === undefined) throw generalErrors.refusal("not_found");
  return state;
}

/** Of what is due, how much is read to find the oldest. */
const LAG_LIMIT = 1_000;

async function readLag(sql: Sql, job: Job, { clearAt, readAt }: JobRun): Promise<number> {
  const due = await job.findDue(sql, { after: null, limit: LAG_LIMIT });
  if (due.length === 0) return 0;
  const owners = new Set(due.map(({ organizationId }) => organizationId));
  const nows = await organizationNows(sql, [...owners]);
  return lagOf({ due, isAll: due.length < LAG_LIMIT, nows, now: readAt, clearAt });
}
