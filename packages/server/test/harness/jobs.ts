import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import type { Due, Job } from "../../src/foundation/job/job.ts";
import { organizationNow } from "../../src/records/sequencer/actions.ts";
import type { TestServer } from "./server.ts";
import { workOf } from "./work.ts";

/** Does some of a job, as the scheduler does: in a transaction, by the organization's now. */
export function runJob(
  { database, context }: TestServer,
  job: Job,
  organizationId: string,
  ids: readonly string[],
): Promise<number> {
  const owner = organizationId as OrganizationId;
  return database.app.transaction(async (sql) => {
    const now = await organizationNow(sql, owner);
    const actor = { kind: "system", id: job.name, organizationId: owner } as const;
    return job.run({ ...workOf(sql, owner, context.keys), now, actor }, ids);
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
