/** What the passes over a queue have in common, the records' and the events'. */
import type { Database } from "../../../foundation/database/database.ts";

/** Most rows that one pass gives their sequence. */
export const PASS_LIMIT = 2_000;

/**
 * Rows taken from a queue after which it is vacuumed. Each pass walks over the remains of the rows taken
 * since: without this, under load, for longer than all its work takes.
 */
const TIDY_AFTER = 20_000;

/**
 * Keeps a queue free of remains.
 *
 * @param tidy vacuums the queue.
 * @returns to be told after each pass how many rows it took.
 */
export function tidier(
  tidy: (database: Database) => Promise<void>,
): (database: Database, taken: number) => Promise<void> {
  /** Rows that this process has taken since it last tidied, by database. */
  const remains = new WeakMap<Database, number>();
  return async (database, taken) => {
    const total = (remains.get(database) ?? 0) + taken;
    remains.set(database, total < TIDY_AFTER ? total : 0);
    if (total >= TIDY_AFTER) await tidy(database);
  };
}

/** Passes until nothing is queued. @returns how many rows they took. */
export async function drain(pass: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const taken = await pass();
    if (taken === 0) return total;
    total += taken;
  }
}
