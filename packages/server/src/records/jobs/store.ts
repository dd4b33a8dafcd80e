import { type Sql, statement } from "../../foundation/database/sql.ts";
import { INTERRUPTED, type JobRun, type Lease, type PassResult } from "./model.ts";

/**
 * Part of a statement that need not wait for the disk: what a crash takes from `job_runs` is found out
 * again by the next pass. To be read from, so that it is evaluated.
 */
const quickly = `quickly as (select set_config('synchronous_commit', 'off', true))`;

const register = statement(
  "jobs.register",
  "insert into job_runs (name) select unnest($1::text[]) on conflict (name) do nothing",
);

/** Makes the rows of jobs that have none. */
export async function insertRuns(sql: Sql, names: readonly string[]): Promise<void> {
  await sql.query(register, [names]);
}

const until = "now() + $3 * interval '1 millisecond'";

const take = statement(
  "jobs.take",
  `with ${quickly}
   update job_runs set holder = $2, leased_until = ${until}, is_wanted = false,
     last_started_at = now(),
     failures_in_a_row = failures_in_a_row + (holder <> $2 is true)::integer,
     last_error = case when holder <> $2 then '${INTERRUPTED}' else last_error end
   from quickly
   where name = $1
     and (holder is null or holder = $2 or leased_until <= now())
     and ($5 or holder is not null or is_wanted or last_started_at is null
       or last_started_at <= now() - $4 * interval '1 second')
   returning name`,
);

/**
 * Takes a job that nobody runs, when a look at it is wanted or `everyS` have passed since the last, or
 * whose holder has given no sign of life.
 *
 * @param isWanted the caller wants a look, whenever the last one was.
 */
export async function takeLease(
  sql: Sql,
  { name, holder, leaseMs }: Lease,
  everyS: number,
  isWanted: boolean,
): Promise<boolean> {
  return (await sql.query(take, [name, holder, leaseMs, everyS, isWanted])).length === 1;
}

const want = statement(
  "jobs.want",
  `with ${quickly}
   update job_runs set is_wanted = true from quickly
   where name = $1 and holder is not null returning name`,
);

/** Asks who runs a job for another look afterwards. @returns false where nobody runs it */
export async function wantLook(sql: Sql, name: string): Promise<boolean> {
  return (await sql.query(want, [name])).length === 1;
}

const renew = statement(
  "jobs.renew",
  `with ${quickly}
   update job_runs set leased_until = ${until} from quickly
   where name = $1 and holder = $2 returning name`,
);

/** Gives a sign of life. @returns false where the job is another's by now */
export async function renewLease(sql: Sql, { name, holder, leaseMs }: Lease): Promise<boolean> {
  return (await sql.query(renew, [name, holder, leaseMs])).length === 1;
}

const release = statement(
  "jobs.release",
  `with ${quickly}
   update job_runs set holder = null, leased_until = null, last_finished_at = now(),
     last_done = case when $3::bigint > 0 then $3 else last_done end,
     last_done_at = case when $3 > 0 then now() else last_done_at end,
     failures_in_a_row = case when $5 then 0
       else failures_in_a_row + ($4::text is not null)::integer end,
     last_error = case when $5 then null else coalesce($4, last_error) end,
     last_succeeded_at = case when $5 then now() else last_succeeded_at end,
     clear_at = case when $6 then last_started_at else clear_at end
   from quickly
   where name = $1 and holder = $2 returning is_wanted as "isWanted"`,
);

/**
 * Gives a job back and records the pass.
 *
 * @returns whether somebody asked for another look; null where the job is another's by now, and nothing
 *   is recorded.
 */
export async function releaseLease(
  sql: Sql,
  { name, holder }: Lease,
  { done, error, isClean, leftNothing }: PassResult,
): Promise<boolean | null> {
  const values = [name, holder, done, error, isClean, leftNothing];
  const [row] = await sql.query<{ isWanted: boolean }>(release, values);
  return row?.isWanted ?? null;
}

const read = statement(
  "jobs.read",
  `select j.name, r.leased_until > now() is true as "isRunning",
     r.last_started_at as "lastStartedAt", r.last_finished_at as "lastFinishedAt",
     r.last_succeeded_at as "lastSucceededAt", r.clear_at as "clearAt",
     coalesce(r.last_done, 0) as "lastDone", r.last_done_at as "lastDoneAt",
     coalesce(r.failures_in_a_row, 0) as "failuresInARow", r.last_error as "lastError",
     now() as "readAt"
   from unnest($1::text[]) with ordinality as j(name, ordinal) left join job_runs r using (name)
   order by j.ordinal`,
);

/** How jobs run, in the order given. */
export function readRuns(sql: Sql, names: readonly string[]): Promise<JobRun[]> {
  return sql.query<JobRun>(read, [names]);
}
