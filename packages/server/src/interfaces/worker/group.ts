import type { Database, Transaction } from "../../foundation/database/database.ts";
import type { Work } from "../../foundation/database/work.ts";
import type { Ids, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Due, Job } from "../../foundation/job/job.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import type { AuditEntry } from "../../records/audit/model.ts";
import { changesOf } from "../../records/events/actions.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";

/** What the work of jobs stands on. */
export type JobContext = {
  readonly database: Database;
  readonly keys: Keys;
  readonly newId: Ids;
  /** Tells the sequencers that something was committed. */
  committed(): void;
};

/**
 * Does some of what is due in one organization, in a transaction with its events and audit rows, as the
 * action of a request is done: after COMMIT all of it is there, before it nothing.
 *
 * @param dues all of one organization.
 * @returns how many it did.
 */
export function runGroup(
  context: JobContext,
  job: Job,
  organizationId: OrganizationId,
  dues: readonly Due[],
): Promise<number> {
  const ids = dues.map(({ id }) => id);
  return worksOf(context, job.name)(organizationId, (work) => job.run(work, ids));
}

/** Does something in a transaction of an organization, with its events and audit rows. */
export type InWork = <T>(
  organizationId: OrganizationId,
  act: (work: Work) => Promise<T>,
) => Promise<T>;

/** What acts under a name, as a job does. */
export function worksOf(context: JobContext, name: string): InWork {
  return async (organizationId, act) => {
    const done = await context.database.transaction(async (sql) => {
      const work = await workOf(context, name, organizationId, sql);
      const result = await act(work);
      await recordAudit(sql, auditEntries(work, name));
      return result;
    });
    context.committed();
    return done;
  };
}

async function workOf(
  { keys, newId }: JobContext,
  name: string,
  organizationId: OrganizationId,
  sql: Transaction,
): Promise<Work> {
  const now = await organizationNow(sql, organizationId);
  const actor = { kind: "system", id: name, organizationId } as const;
  return { sql, organizationId, now, keys, actor, requestId: newId("request"), newId };
}

/** One entry for each object that was changed, so that the log of an object is whole. */
function auditEntries(work: Work, name: string): AuditEntry[] {
  const byObject = Map.groupBy(changesOf(work), ({ objectId }) => objectId);
  return [...byObject].map(([objectId, changes]) => ({
    id: work.newId("audit"),
    organizationId: work.organizationId,
    at: work.now,
    actor: work.actor,
    action: name,
    objectOrganizationId: work.organizationId,
    objectId,
    result: "done",
    status: 200,
    code: null,
    changes,
    requestId: work.requestId,
    ip: null,
  }));
}
