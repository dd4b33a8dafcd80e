import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { KeyRef, StoredAnswer } from "./model.ts";

const tryLocks = statement(
  "idempotency.tryLocks",
  `select k.ordinal, pg_try_advisory_xact_lock(k.number) as taken
   from unnest($1::bigint[]) with ordinality as k(number, ordinal)`,
);

/** Tries to lock numbers until the transaction ends; never waits. Answers in the order given. */
export async function tryLockNumbers(sql: Sql, numbers: readonly bigint[]): Promise<boolean[]> {
  const rows = await sql.query<{ ordinal: bigint; taken: boolean }>(tryLocks, [numbers]);
  const taken = numbers.map(() => false);
  for (const row of rows) taken[Number(row.ordinal) - 1] = row.taken;
  return taken;
}

const select = statement(
  "idempotency.lookUp",
  `select k.ordinal, a.organization_id as "organizationId", a.key, a.route, a.fingerprint, a.status,
     a.body, a.subject_organization_id as "subjectOrganizationId", a.subject_id as "subjectId",
     a.personal
   from unnest($1::text[], $2::text[]) with ordinality as k(organization_id, key, ordinal)
   join idempotency_keys a on a.organization_id = k.organization_id and a.key = k.key`,
);

/** The stored answers of keys, in the order given; null where there is none. */
export async function findAnswers(
  sql: Sql,
  refs: readonly KeyRef[],
): Promise<(StoredAnswer | null)[]> {
  const rows = await sql.query<StoredAnswer & { ordinal: bigint }>(select, [
    refs.map((ref) => ref.organizationId),
    refs.map((ref) => ref.key),
  ]);
  const found = refs.map((): StoredAnswer | null => null);
  for (const { ordinal, ...answer } of rows) found[Number(ordinal) - 1] = answer;
  return found;
}

const insert = statement(
  "idempotency.store",
  `insert into idempotency_keys (organization_id, key, route, fingerprint, status, body,
     subject_organization_id, subject_id, personal, created_at)
   select *, now() from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::integer[],
     $6::text[], $7::text[], $8::text[], $9::bytea[])`,
);

/** Stores answers as a set. */
export async function insertAnswers(sql: Sql, answers: readonly StoredAnswer[]): Promise<void> {
  await sql.query(insert, [
    answers.map((answer) => answer.organizationId),
    answers.map((answer) => answer.key),
    answers.map((answer) => answer.route),
    answers.map((answer) => answer.fingerprint),
    answers.map((answer) => answer.status),
    answers.map((answer) => answer.body),
    answers.map((answer) => answer.subjectOrganizationId),
    answers.map((answer) => answer.subjectId),
    answers.map((answer) => answer.personal),
  ]);
}

const prune = statement(
  "idempotency.prune",
  `with old as (
     delete from idempotency_keys where ctid = any(array(
       select ctid from idempotency_keys where created_at < $1 order by created_at limit $2))
     returning 1)
   select count(*) as removed from old`,
);

/** Removes up to `limit` answers that were stored before a moment. */
export async function deleteAnswers(sql: Sql, before: Date, limit: number): Promise<number> {
  const [row] = await sql.query<{ removed: bigint }>(prune, [before, limit]);
  return Number(row?.removed ?? 0n);
}
