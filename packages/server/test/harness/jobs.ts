import assert from "node:assert/strict";
import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import type { Due, Job } from "../../src/foundation/job/job.ts";
import { organizationNow } from "../../src/records/sequencer/actions.ts";
import type { TestServer } from "./server.ts";
import { workOf } from "./work.ts";

/**
 * Does some of a job, as the scheduler does: in a transaction, by the organization's now.
 *
 * @param meanwhile runs in that transaction when the job has done its part.
 */
export function runJob(
  { database, context }: TestServer,
  job: Job,
  organizationId: string,
  ids: readonly string[],
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<number> {
  const owner = organizationId as OrganizationId;
  return database.app.transaction(async (sql) => {
    const now = await organizationNow(sql, owner);
    const actor = { kind: "system", id: job.name, organizationId: owner } as const;
    const done = await job.run({ ...workOf(sql, owner, context.keys), now, actor }, ids);
    await meanwhile();
    return done;
  });
}

/** Does what is due of a job once, in pages as small as can be. @returns how much it did */
export async function runDue(server: TestServer, job: Job): Promise<number> {
  let done = 0;
  let after: Due | null = null;
  for (;;) {
    const [due]: readonly Due[] = await job.findDue(server.database.app, { after, limit: 1 });
    if (due === undefined) return done;
    done += await runJob(server, job, due.organizationId, [due.id]);
    after = due;
  }
}

/** What a job finds now, page by page, of one organization. */
export async function dueIn(
  { database }: TestServer,
  job: Job,
  organizationId: string,
  limit = 100,
): Promise<Due[]> {
  const found: Due[] = [];
  for (let after: Due | null = null; ; after = found.at(-1) ?? null) {
    const page = await job.findDue(database.app, { after, limit });
    found.push(...page);
    if (page.length < limit) break;
  }
  return found.filter((due) => due.organizationId === organizationId);
}

/** Does all that is due in an organization until nothing is. @returns how much it did */
export async function runAll(
  server: TestServer,
  job: Job,
  organizationId: string,
): Promise<number> {
  let total = 0;
  for (let rounds = 0; ; rounds += 1) {
    const due = await dueIn(server, job, organizationId);
    if (due.length === 0) return total;
    assert.ok(rounds < 1_000, `${job.name} finds what it has done`);
    for (let at = 0; at < due.length; at += job.together) {
      const ids = due.slice(at, at + job.together).map(({ id }) => id);
      total += await runJob(server, job, organizationId, ids);
    }
  }
}
