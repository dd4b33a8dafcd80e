import { isContention } from "../../foundation/database/errors.ts";
import { Outage } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Due, Job } from "../../foundation/job/job.ts";
import { nameOfError } from "../../records/jobs/actions.ts";
import { type JobContext, runGroup } from "./group.ts";
import type { Setbacks } from "./setbacks.ts";

/** One look at a job: everything that is due, once. */
export type Pass = {
  readonly context: JobContext;
  readonly job: Job;
  readonly setbacks: Setbacks;
  /** Asked before each group: whether the job is still this process's, and nobody stops it. */
  mayGoOn(): Promise<boolean>;
  /** Told each thing that failed by itself, and how often it did in a row. */
  onFailure(due: Due, error: unknown, inARow: number): void;
};

/** What a pass did. */
export type PassReport = {
  /** What was due. */
  found: number;
  done: number;
  /** Things that failed by themselves. */
  failed: number;
  /** Things that have failed before and are left alone for a while. */
  putOff: number;
  /** Left for the next pass, which follows at once: an organization's turn was over, or a row in use. */
  left: boolean;
  /** Ended by `mayGoOn`. */
  cutOff: boolean;
  /** Name of the last error; null: none. */
  error: string | null;
};

/** Read at once. */
const PAGE = 1_000;

/**
 * How much of one organization is tried in one pass, about: then the others have their turn, and another
 * pass follows.
 */
const TURN = 1_000;

/** Behind every id: ids are ordered byte by byte. */
const LAST_ID = "\u{10ffff}";

/**
 * Runs a pass.
 *
 * @param report is kept up to date, so that it is true also of a pass that breaks off.
 * @throws Outage when the database is away. What was committed before stays done.
 */
export async function runPass(pass: Pass, report: PassReport): Promise<void> {
  const { context, job, setbacks } = pass;
  const tried = new Map<OrganizationId, number>();
  let after: Due | null = null;
  for (;;) {
    const page: readonly Due[] = await job.findDue(context.database, { after, limit: PAGE });
    report.found += page.length;
    const ready = page.filter((due) => !setbacks.isPutOff(due));
    report.putOff += page.length - ready.length;
    for (const group of groupsOf(pass, ready)) {
      if (!(await mayGoOn(pass, report))) return;
      const [{ organizationId }] = group;
      tried.set(organizationId, (tried.get(organizationId) ?? 0) + group.length);
      await tryGroup(pass, report, group);
      if (report.cutOff) return;
    }
    after = page.at(-1) ?? null;
    if (after === null || page.length < PAGE) break;
    if ((tried.get(after.organizationId) ?? 0) >= TURN) {
      report.left = true;
      after = { ...after, id: LAST_ID };
    }
  }
  if (!report.left) setbacks.forgetUnseen();
}

/** A report of nothing yet. */
export const newReport = (): PassReport => ({
  found: 0,
  done: 0,
  failed: 0,
  putOff: 0,
  left: false,
  cutOff: false,
  error: null,
});

async function mayGoOn(pass: Pass, report: PassReport): Promise<boolean> {
  report.cutOff = !(await pass.mayGoOn());
  return !report.cutOff;
}

type Group = readonly [Due, ...Due[]];

/** What is done together: of one organization, no more than the job says; what has failed, alone. */
function groupsOf({ job, setbacks }: Pass, dues: readonly Due[]): Group[] {
  const groups: [Due, ...Due[]][] = [];
  const open = new Map<OrganizationId, [Due, ...Due[]]>();
  for (const due of dues) {
    const { organizationId } = due;
    const group = open.get(organizationId);
    if (setbacks.hasFailed(due)) groups.push([due]);
    else if (group !== undefined && group.length < job.together) group.push(due);
    else {
      const begun: [Due, ...Due[]] = [due];
      open.set(organizationId, begun);
      groups.push(begun);
    }
  }
  return groups;
}

/** Does a group; where it fails, its members one by one, so that what is poisoned fails alone. */
async function tryGroup(pass: Pass, report: PassReport, group: Group): Promise<void> {
  const error = await failureOf(pass, report, group);
  if (error === null) return;
  if (group.length === 1) return setBack(pass, report, group[0], error);
  for (const due of group) {
    if (!(await mayGoOn(pass, report))) return;
    const own = await failureOf(pass, report, [due]);
    if (own === null) continue;
    setBack(pass, report, due, own);
    // Each wait for a row in use takes seconds. The rest has its turn without it, in the next pass.
    if (isContention(own)) {
      report.left = true;
      return;
    }
  }
}

/** @returns why it failed; null when it is done. @throws Outage when the database is away */
async function failureOf(pass: Pass, report: PassReport, group: Group): Promise<unknown> {
  const { context, job, setbacks } = pass;
  try {
    report.done += await runGroup(context, job, group[0].organizationId, group);
    setbacks.succeed(group);
    return null;
  } catch (error) {
    if (error instanceof Outage && !isContention(error)) throw error;
    return error ?? new Error("Something was thrown that is nothing.");
  }
}

function setBack(pass: Pass, report: PassReport, due: Due, error: unknown): void {
  report.failed += 1;
  report.error = nameOfError(error);
  pass.onFailure(due, error, pass.setbacks.fail(due));
}
