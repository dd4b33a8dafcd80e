import { sqlState } from "../../foundation/database/errors.ts";
import { Outage, Refusal } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Due, Job } from "../../foundation/job/job.ts";

const SECOND_MS = 1_000;

/** First wait until what failed is tried again, ms; doubled by each further failure. */
const FIRST_RETRY_MS = 1_000;
/** The longest such wait, ms. */
const LAST_RETRY_MS = 600_000;

/** How long to leave alone what has failed so many times in a row, ms. */
export function retryAfterMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
}

/** Beyond the time between two looks, a job may be behind by this much before it is told, seconds. */
const GRACE_S = 60;

/** Whether an operator should know how far a job is behind. */
export const isFarBehind = ({ everyS }: Pick<Job, "everyS">, lagS: number): boolean =>
  lagS > everyS + GRACE_S;

/** What is known of how far a job is behind. */
export type LagFacts = {
  /** The first of what is due, in the order of organization and id. */
  readonly due: readonly Due[];
  /** Whether that is all of it. */
  readonly isAll: boolean;
  /** What time it is in their organizations. */
  readonly nows: ReadonlyMap<OrganizationId, Date>;
  /** Real time, and when a pass that left nothing due began. */
  readonly now: Date;
  readonly clearAt: Date | null;
};

/**
 * How long the oldest of what is due has been so, in seconds of real time. A clock that is moved forward
 * makes old what was not due before: nothing is older than the last look that found all done. Of more
 * than was read the oldest is not known, so that look alone tells.
 */
export function lagOf({ due, isAll, nows, now, clearAt }: LagFacts): number {
  if (due.length === 0) return 0;
  const ages = due.map(({ organizationId, dueAt }) => {
    return (nows.get(organizationId) ?? now).getTime() - dueAt.getTime();
  });
  const oldestMs = ages.reduce((oldest, age) => Math.max(oldest, age), 0);
  if (clearAt === null) return oldestMs / SECOND_MS;
  const unclearMs = Math.max(now.getTime() - clearAt.getTime(), 0);
  return (isAll ? Math.min(oldestMs, unclearMs) : unclearMs) / SECOND_MS;
}

/** Longest name of an error that is kept. */
const MAX_NAME = 100;

/**
 * What an error is, without what it says: a refusal's code, the database's SQLSTATE, else the name of
 * its kind. Messages may quote data.
 */
export function nameOfError(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  const cause = error instanceof Outage ? error.cause : error;
  const state = sqlState(cause);
  if (state !== null) return `sql ${state}`;
  const { code, name } = (cause ?? error ?? {}) as { code?: unknown; name?: unknown };
  const known = typeof code === "string" && /^[A-Z_0-9]+$/.test(code) ? code : name;
  return (typeof known === "string" && known !== "" ? known : "unknown").slice(0, MAX_NAME);
}
