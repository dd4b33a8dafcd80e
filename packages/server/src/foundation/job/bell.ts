import type { Transaction } from "../database/database.ts";

/**
 * A bell for the jobs of this process. What makes something due at once (a clock that is moved, a batch
 * that is ordered) rings it; what becomes due by the hour is found without. It is a hint and may be
 * lost: every job looks by itself every now and then.
 */
const listeners = new Set<Listener>();

/** Hears the name of the job that should look; null: every one. */
type Listener = (name: string | null) => void;

/**
 * Has jobs look at once when this transaction is committed.
 *
 * @param name of the one job that has something to do; without it all look.
 */
export function wakeJobs({ sql }: { readonly sql: Transaction }, name: string | null = null): void {
  sql.afterCommit(Symbol.for(`jobs/${name ?? ""}`), () => ring(name));
}

function ring(name: string | null): void {
  for (const listener of listeners) listener(name);
}

/** Hears the bell. @returns what ends it */
export function onBell(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
