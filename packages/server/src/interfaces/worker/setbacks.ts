import type { Due } from "../../foundation/job/job.ts";
import { retryAfterMs } from "../../records/jobs/actions.ts";

/**
 * What of a job has failed, and from when it is tried again: each time later, so that it neither stops
 * the others nor keeps the processor warm. Kept in memory: who takes the job over tries it once more.
 */
export type Setbacks = {
  /** Whether it failed and its time has not come; it counts as seen. */
  isPutOff(due: Due): boolean;
  /** Whether it has failed before: it is then tried alone. */
  hasFailed(due: Due): boolean;
  /** Records a failure. @returns how many there were in a row */
  fail(due: Due): number;
  /** Forgets failures of what has been done. */
  succeed(dues: readonly Due[]): void;
  /** Forgets what was not seen since the last call: it is not due any more. */
  forgetUnseen(): void;
  /** Whether something waits whose time has come. */
  isAnyDue(): boolean;
};

type Setback = { readonly failures: number; readonly againMs: number };

const keyOf = ({ organizationId, id }: Due): string => `${organizationId} ${id}`;

/** @param nowMs a steady counter */
export function openSetbacks(nowMs: () => number): Setbacks {
  const setbacks = new Map<string, Setback>();
  const seen = new Set<string>();
  return {
    isPutOff: (due) => {
      const setback = setbacks.get(keyOf(due));
      if (setback === undefined) return false;
      seen.add(keyOf(due));
      return setback.againMs > nowMs();
    },
    hasFailed: (due) => setbacks.has(keyOf(due)),
    fail: (due) => {
      const failures = (setbacks.get(keyOf(due))?.failures ?? 0) + 1;
      setbacks.set(keyOf(due), { failures, againMs: nowMs() + retryAfterMs(failures) });
      seen.add(keyOf(due));
      return failures;
    },
    succeed: (dues) => {
      if (setbacks.size === 0) return;
      for (const due of dues) setbacks.delete(keyOf(due));
    },
    forgetUnseen: () => {
      for (const key of setbacks.keys()) if (!seen.has(key)) setbacks.delete(key);
      seen.clear();
    },
    isAnyDue: () => [...setbacks.values()].some(({ againMs }) => againMs <= nowMs()),
  };
}
