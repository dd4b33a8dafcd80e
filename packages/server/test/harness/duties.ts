import type { Work } from "../../src/foundation/database/work.ts";
import type { Due, Job } from "../../src/foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../src/records/jobs/clauses.ts";
import { asOwner, type TestDatabase } from "./database.ts";

/** A table of duties, each to be done once when its time has come, and the job that does them. */
export type Duties = {
  readonly job: Job;
  /** Adds duties of organizations, whose clocks are opened; `agoMs` since they are due. */
  add(organizations: readonly string[], each: number, agoMs?: number): Promise<void>;
  /** How often duties were done: those done once, more than once, never. */
  count(): Promise<{ once: number; more: number; never: number }>;
};

/** What a test does in the middle of a group, after its writes. */
export type Meanwhile = (work: Work, ids: readonly string[]) => Promise<void>;

const find = {
  name: undefined,
  text: dueInOrder(`select d.id, d.due_at from duties d
    where d.organization_id = o.organization_id and d.done = 0 and d.due_at <= o.now`),
};

const perform = {
  name: undefined,
  text: `with due as (
      select organization_id, id from duties where organization_id = $1 and id = any($2)
        and done = 0 and due_at <= $3 order by id for no key update)
    update duties set done = done + 1 from due
    where duties.organization_id = due.organization_id and duties.id = due.id returning duties.id`,
};

const nothing: Meanwhile = async () => undefined;

/** The job that does duties. It looks every second unless `over` says otherwise. */
export function dutyJob(meanwhile: Meanwhile = nothing, over: Partial<Job> = {}): Job {
  return {
    name: "duties.perform",
    summary: "Do what the test asks for",
    everyS: 1,
    together: 10,
    findDue: (sql, page) => sql.query<Due>(find, dueValues(page)),
    run: async (work, ids) => {
      const values = [work.organizationId, ids, work.now];
      const done = await work.sql.query(perform, values);
      await meanwhile(work, ids);
      return done.length;
    },
    ...over,
  };
}

/** Makes the table in a test's database, and the job. */
export async function makeDuties(
  { url }: Pick<TestDatabase, "url">,
  meanwhile: Meanwhile = nothing,
  over: Partial<Job> = {},
): Promise<Duties> {
  await asOwner(
    url,
    `create table if not exists duties (organization_id id, id id, due_at timestamptz(3) not null,
       done integer not null default 0, primary key (organization_id, id));
     grant all on duties to cardwright_app`,
  );
  return {
    job: dutyJob(meanwhile, over),
    add: (organizations, each, agoMs = 0) => addDuties(url, organizations, each, agoMs),
    count: async () => {
      const [row] = await asOwner<{ once: string; more: string; never: string }>(
        url,
        `select count(*) filter (where done = 1) as once, count(*) filter (where done > 1) as more,
           count(*) filter (where done = 0) as never from duties`,
      );
      return { once: Number(row?.once), more: Number(row?.more), never: Number(row?.never) };
    },
  };
}

async function addDuties(
  url: string,
  organizations: readonly string[],
  each: number,
  agoMs: number,
): Promise<void> {
  await asOwner(
    url,
    `insert into organization_clocks select unnest($1::text[]), 0 on conflict do nothing`,
    [organizations],
  );
  await asOwner(
    url,
    `insert into duties select o, 'duty_' || lpad(n::text, 6, '0'),
       now() - $3 * interval '1 millisecond'
     from unnest($1::text[]) o, generate_series(1, $2) n`,
    [organizations, each, agoMs],
  );
}

/** Names of organizations of a test, in order. */
export const organizationsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, number) => `org_duties_${String(number).padStart(3, "0")}`);
