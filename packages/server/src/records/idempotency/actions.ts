import type { Sql } from "../../foundation/database/sql.ts";
import type { Answer, KeyRef, StoredAnswer } from "./model.ts";
import { bodyToStore, lockNumber } from "./rules.ts";
import * as store from "./store.ts";

export { checkKey, checkSameRequest, fingerprint, isStored } from "./rules.ts";

/** Most answers that one call of `pruneAnswers` removes, so that it holds no lock for long. */
export const PRUNE_LIMIT = 5_000;

/**
 * Tries to take keys until the transaction ends; never waits.
 *
 * @returns in the order given, whether this request has the key. Where it has not, the first request with
 *   it is still running: answer 409 `idempotency_in_progress`. The same key twice in one call: the
 *   second has not got it.
 */
export async function lockKeys(sql: Sql, refs: readonly KeyRef[]): Promise<boolean[]> {
  if (refs.length === 0) return [];
  const numbers = refs.map(lockNumber);
  const taken = await store.tryLockNumbers(sql, numbers);
  // A session may take its own lock again; here that is somebody else's request.
  return taken.map((got, index) => got && numbers.indexOf(numbers[index] ?? 0n) === index);
}

/**
 * Looks answers up, in the order given; null where nothing was done under the key. To be sent after
 * `lockKeys`, as a statement of its own: only then it sees what the former holder of the lock stored.
 * The two may travel in one round trip.
 */
export function lookUp(sql: Sql, refs: readonly KeyRef[]): Promise<(StoredAnswer | null)[]> {
  return refs.length === 0 ? Promise.resolve([]) : store.findAnswers(sql, refs);
}

/**
 * Stores answers, in the transaction of their work, for keys that are locked and have none yet. In place
 * of secrets the stored body has null, and `secretOmitted: true`.
 */
export async function storeAnswers(sql: Sql, answers: readonly Answer[]): Promise<void> {
  if (answers.length === 0) return;
  await store.insertAnswers(
    sql,
    answers.map((answer) => ({ ...answer, body: bodyToStore(answer) })),
  );
}

/**
 * Removes answers stored before a moment of real time; at most `PRUNE_LIMIT`, so call it again while
 * it removes that many.
 *
 * @returns how many it removed.
 */
export function pruneAnswers(sql: Sql, olderThan: Date): Promise<number> {
  return store.deleteAnswers(sql, olderThan, PRUNE_LIMIT);
}
