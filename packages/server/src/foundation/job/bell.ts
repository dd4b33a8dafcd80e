import type { Transaction } from "../database/database.ts";

/**
 * A bell for the jobs of this process. What makes something due at once (a clock that is moved, a batch
 * that is ordered) rings it; what becomes due by the hour is found without. It is a hint and may be
 * lost: every job looks by itself every now and then.
 */
const listeners = new Set<() => void>();
const bell = Symbol("jobs");

/** Has the jobs look at once when this transaction is committed. */
export function wakeJobs({ sql }: { readonly sql: Transaction }): void {
  sql.afterCommit(bell, ring);
}

function ring(): void {
  for (const listener of listeners) listener();
}

/** Hears the bell. @returns what ends it */
export function onBell(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
