import type { Sql } from "../database/sql.ts";
import type { Work } from "../database/work.ts";
import type { OrganizationId } from "../ids/ids.ts";

/**
 * Jobs are data, as routes are: the scheduler, the metrics and GET /v1/jobs read the same objects. A job
 * keeps no list of its own: what is due is told by the rows that it is about, by the now of the
 * organization that they belong to. So nothing can be lost or done twice by a crash between two tables,
 * and a sandbox whose clock is moved forward has its due work done at once.
 */

/** One thing that is due. */
export type Due = {
  readonly organizationId: OrganizationId;
  /** Of the row that is due, unique within its organization. */
  readonly id: string;
  /** Since when, in the organization's time. */
  readonly dueAt: Date;
};

/** Which part of what is due: in the order of organization and id, behind the one given. */
export type DuePage = { readonly after: Due | null; readonly limit: number };

/** What is done by itself when its time has come. */
export type Job = {
  /** Module and verb: `cards.expire`. */
  readonly name: string;
  /** One short line, imperative, without a full stop. */
  readonly summary: string;
  /**
   * Longest time between two looks, seconds; up to two seconds more. What makes something due at once rings
   * the bell instead (`wakeJobs`).
   */
  readonly everyS: number;
  /** How much of one organization is done in one transaction. */
  readonly together: number;
  /**
   * What is due now, in the order of organization and id; takes no lock. It finds only what `run` would do:
   * what is found and not done is found again, and holds the job's lag up.
   */
  findDue(sql: Sql, page: DuePage): Promise<readonly Due[]>;
  /**
   * Does it, in a transaction of its own. Under its locks it looks again whether each is still due: two
   * processes may have found the same. What it throws undoes all of it; the members are then tried one by
   * one, and the one that fails by itself is left alone for a while.
   *
   * @returns how many it did.
   */
  run(work: Work, ids: readonly string[]): Promise<number>;
};
