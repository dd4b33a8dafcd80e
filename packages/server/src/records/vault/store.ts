import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { KeyCheck } from "../../foundation/keys/keys.ts";
import type { KeyPurpose, SealedNumber } from "./model.ts";

const freeHashes = statement(
  "vault.freeHashes",
  "select hash from vault.free_hashes($1::bytea[]) as hash",
);

/** Which of these hashes no number has. Numbers of transactions in flight do not show. */
export async function findFreeHashes(
  sql: Sql,
  hashes: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const rows = await sql.query<{ hash: Uint8Array }>(freeHashes, [hashes]);
  return rows.map((row) => row.hash);
}

const storeNumber = statement(
  "vault.storeNumber",
  "select vault.store_card_number($1, $2, $3, $4, $5, $6, $7, $8, $9) as stored",
);

/**
 * Stores a number where its hash is free. Waits for a transaction in flight that stores the same
 * one.
 *
 * @returns false when the number was issued before.
 */
export async function insertNumber(
  sql: Sql,
  row: SealedNumber & {
    readonly hash: Uint8Array;
    readonly organizationId: string;
    readonly cardId: string;
    readonly createdAt: Date;
  },
): Promise<boolean> {
  const [found] = await sql.query<{ stored: boolean }>(storeNumber, [
    row.hash,
    row.organizationId,
    row.cardId,
    row.version,
    row.keyId,
    row.wrappedKey,
    row.nonce,
    row.ciphertext,
    row.createdAt,
  ]);
  return found?.stored === true;
}

const selectNumber = statement(
  "vault.findNumber",
  `select version, key_id as "keyId", wrapped_key as "wrappedKey", nonce, ciphertext
   from vault.card_numbers where organization_id = $1 and card_id = $2
   order by version desc limit 1`,
);

/** The newest version of a card's number. Only the vault's role may read it. */
export async function findNumber(
  sql: Sql,
  organizationId: string,
  cardId: string,
): Promise<SealedNumber | null> {
  const [row] = await sql.query<SealedNumber>(selectNumber, [organizationId, cardId]);
  return row ?? null;
}

/** A person, in an organization. */
export type SubjectRef = { readonly organizationId: OrganizationId; readonly subjectId: string };

/** One of a person's keys. */
export type SubjectKeyRef = SubjectRef & { readonly purpose: KeyPurpose };

/** A person's key as its row keeps it; both null once it is destroyed. */
export type SubjectKeyRow = SubjectKeyRef & {
  readonly keyId: string | null;
  readonly wrappedKey: Uint8Array | null;
};

/** A key for a person who may have none. */
export type OfferedKey = SubjectKeyRef & {
  readonly keyId: string;
  readonly wrappedKey: Uint8Array;
  readonly createdAt: Date;
};

// In one order: two transactions may make the same people's keys.
const insertSubjectKeys = statement(
  "vault.insertSubjectKeys",
  `insert into subject_keys
     (organization_id, subject_id, purpose, key_id, wrapped_key, created_at)
   select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[],
       $6::timestamptz[])
     as offered (organization_id, subject_id, purpose, key_id, wrapped_key, created_at)
   order by organization_id, subject_id, purpose
   on conflict (organization_id, subject_id, purpose) do nothing`,
);

/** Gives each person a key, unless it has one or had one that is destroyed. */
export async function offerSubjectKeys(sql: Sql, rows: readonly OfferedKey[]): Promise<void> {
  await sql.query(insertSubjectKeys, [
    rows.map((row) => row.organizationId),
    rows.map((row) => row.subjectId),
    rows.map((row) => row.purpose),
    rows.map((row) => row.keyId),
    rows.map((row) => row.wrappedKey),
    rows.map((row) => row.createdAt),
  ]);
}

const selectSubjectKeys = statement(
  "vault.findSubjectKeys",
  `select k.organization_id as "organizationId", k.subject_id as "subjectId", k.purpose,
     k.key_id as "keyId", k.wrapped_key as "wrappedKey"
   from unnest($1::text[], $2::text[]) as asked (organization_id, subject_id)
   join subject_keys k using (organization_id, subject_id)`,
);

/** All keys of some people. */
export function findSubjectKeys(sql: Sql, people: readonly SubjectRef[]): Promise<SubjectKeyRow[]> {
  return sql.query<SubjectKeyRow>(selectSubjectKeys, [
    people.map(({ organizationId }) => organizationId),
    people.map(({ subjectId }) => subjectId),
  ]);
}

const dropSubjectKey = statement(
  "vault.destroySubjectKey",
  `insert into subject_keys (organization_id, subject_id, purpose, created_at, destroyed_at)
   values ($1, $2, $3, $4, $4)
   on conflict (organization_id, subject_id, purpose)
   do update set key_id = null, wrapped_key = null, destroyed_at = excluded.destroyed_at
   where subject_keys.destroyed_at is null`,
);

/** Removes one of a person's keys and leaves a mark, so that no later write makes a new one. */
export async function eraseSubjectKey(
  sql: Sql,
  { organizationId, subjectId, purpose }: SubjectKeyRef,
  at: Date,
): Promise<void> {
  await sql.query(dropSubjectKey, [organizationId, subjectId, purpose, at]);
}

const selectChecks = statement(
  "vault.keyChecks",
  `select key_id as "keyId", check_value as value from installation order by key_id`,
);

/** Check values of the keys that this database was used with. */
export function readKeyChecks(sql: Sql): Promise<KeyCheck[]> {
  return sql.query<KeyCheck>(selectChecks);
}

const insertChecks = statement(
  "vault.addKeyChecks",
  `insert into installation (key_id, check_value)
   select * from unnest($1::text[], $2::bytea[]) on conflict (key_id) do nothing`,
);

/** Remembers keys; those already known stay as they are. */
export async function addKeyChecks(sql: Sql, checks: readonly KeyCheck[]): Promise<void> {
  await sql.query(insertChecks, [
    checks.map((check) => check.keyId),
    checks.map((check) => check.value),
  ]);
}
