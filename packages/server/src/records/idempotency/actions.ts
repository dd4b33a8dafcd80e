import type { Sql } from "../../foundation/database/sql.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import { openPersonal, sealPersonal } from "../vault/actions.ts";
import type { Answer, KeyRef, StoredAnswer } from "./model.ts";
import {
  answerRecord,
  bodyToStore,
  joinAnswer,
  lockNumber,
  type PersonalPart,
  splitAnswer,
} from "./rules.ts";
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
 * of secrets the stored body has null, and `secretOmitted: true`; what is personal is sealed under the
 * person's key.
 */
export async function storeAnswers(where: Where, answers: readonly Answer[]): Promise<void> {
  if (answers.length === 0) return;
  const rows = answers.map((answer) => {
    const { body, part } = splitAnswer(bodyToStore(answer), answer.personalPlaces ?? null);
    return { answer, body, part };
  });
  const sealed = await sealParts(where, rows);
  await store.insertAnswers(
    where.sql,
    rows.map(({ answer, body, part }) => ({
      ...answer,
      body,
      subjectOrganizationId: part?.subjectOrganizationId ?? null,
      subjectId: part?.subjectId ?? null,
      personal: (part && sealed.get(part)) ?? null,
    })),
  );
}

/** Where statements go, and the keys that seal and open. */
type Where = { readonly sql: Sql; readonly keys: Keys };

async function sealParts(
  where: Where,
  rows: readonly { readonly answer: Answer; readonly part: PersonalPart | null }[],
): Promise<Map<PersonalPart, Uint8Array>> {
  const parts = rows.flatMap(({ answer, part }) => (part === null ? [] : [{ answer, part }]));
  const items = parts.map(({ answer, part }) => ({
    organizationId: part.subjectOrganizationId,
    subjectId: part.subjectId,
    recordId: answerRecord(answer),
    json: part.json,
    now: answer.now,
  }));
  const sealed = await sealPersonal(where, items);
  return new Map(parts.map(({ part }, index) => [part, sealed[index] as Uint8Array]));
}

/**
 * The body of a stored answer, with what is personal in its places; null there, and `personalErased: true`,
 * once the person's key is destroyed. One without personal data costs nothing.
 *
 * @throws Fault when something was changed, or moved to another answer.
 */
export async function openBody({ sql, keys }: Where, answer: StoredAnswer): Promise<string> {
  const { body, subjectOrganizationId: organizationId, subjectId, personal } = answer;
  if (organizationId === null || subjectId === null || personal === null) return body;
  const sealed = { subjectId, sealed: personal, recordId: answerRecord(answer) };
  const [json = null] = await openPersonal({ sql, keys, organizationId }, [sealed]);
  return joinAnswer(body, json);
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
