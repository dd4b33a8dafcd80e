import { listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { ApiKeyId, OrganizationId } from "../../foundation/ids/ids.ts";
import { type ApiKey, type KeyStatus, MANAGES_KEYS } from "./model.ts";

const columns = `k.id, k.organization_id as "organizationId", k.name, k.mode, k.hint, k.scopes,
  k.ip_allow_list as "ipAllowList", k.rotated_from as "rotatedFrom", k.expires_at as "expiresAt",
  k.last_used_at as "lastUsedAt", k.revoked_at as "revokedAt", k.version,
  k.created_at as "createdAt"`;

const selectNow = statement("access.now", "select now()::timestamptz(3) as now");

/** Real time: keys never follow a sandbox's clock. Steady within a transaction. */
export async function readRealNow(sql: Sql): Promise<Date> {
  const [row] = await sql.query<{ now: Date }>(selectNow);
  return (row as { now: Date }).now;
}

const insert = statement(
  "access.insert",
  `insert into api_keys (organization_id, id, name, mode, hint, scopes, ip_allow_list, rotated_from,
     expires_at, version, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
);
const insertHash = statement(
  "access.insertHash",
  "insert into api_key_hash (hash, organization_id, key_id) values ($1, $2, $3)",
);

/** Writes a new key and the hash of its secret. */
export async function insertKey(sql: Sql, key: ApiKey, hash: Uint8Array): Promise<void> {
  await Promise.all([
    sql.query(insert, [
      key.organizationId,
      key.id,
      key.name,
      key.mode,
      key.hint,
      key.scopes,
      key.ipAllowList,
      key.rotatedFrom,
      key.expiresAt,
      key.version,
      key.createdAt,
    ]),
    sql.query(insertHash, [hash, key.organizationId, key.id]),
  ]);
}

const byHash = statement(
  "access.byHash",
  `select ${columns} from api_key_hash h
   join api_keys k on k.organization_id = h.organization_id and k.id = h.key_id
   where h.hash = $1`,
);

/** The key of a secret's hash, in whatever state. */
export async function findByHash(sql: Sql, hash: Uint8Array): Promise<ApiKey | null> {
  const [row] = await sql.query<ApiKey>(byHash, [hash]);
  return row ?? null;
}

const byId = statement(
  "access.byId",
  `select ${columns} from api_keys k where k.organization_id = $1 and k.id = $2`,
);

/** One key of an organization. */
export async function findKey(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<ApiKey | null> {
  const [row] = await sql.query<ApiKey>(byId, [organizationId, id]);
  return row ?? null;
}

const lockForChange = statement(
  "access.lock",
  `select ${columns} from api_keys k
   where k.organization_id = $1
     and (k.id = $2 or (k.revoked_at is null and '${MANAGES_KEYS}' = any(k.scopes)))
   order by k.id for no key update`,
);

/**
 * Locks a key together with all keys that can manage keys, in id order: so two keys that revoke
 * each other at once do so one after the other.
 */
export async function lockKey(
  sql: Sql,
  organizationId: OrganizationId,
  id: string,
): Promise<{ key: ApiKey | null; managing: ApiKey[] }> {
  const rows = await sql.query<ApiKey>(lockForChange, [organizationId, id]);
  return {
    key: rows.find((row) => row.id === id) ?? null,
    managing: rows.filter((row) => row.id !== id),
  };
}

const change = statement(
  "access.change",
  `update api_keys set expires_at = $3, revoked_at = $4, version = $5
   where organization_id = $1 and id = $2`,
);

/** Writes what may change of a locked key. */
export async function updateKey(sql: Sql, key: ApiKey): Promise<void> {
  const { organizationId, id, expiresAt, revokedAt, version } = key;
  await sql.query(change, [organizationId, id, expiresAt, revokedAt, version]);
}

const successor = statement(
  "access.successor",
  "select id from api_keys where organization_id = $1 and rotated_from = $2",
);

/** The key that replaced this one. */
export async function findSuccessor(sql: Sql, key: ApiKey): Promise<ApiKeyId | null> {
  const [row] = await sql.query<{ id: ApiKeyId }>(successor, [key.organizationId, key.id]);
  return row?.id ?? null;
}

const countActive = statement(
  "access.countActive",
  `select count(*) as count from api_keys
   where organization_id = $1 and revoked_at is null
     and (expires_at is null or expires_at > now())`,
);

/** How many keys of an organization work. */
export async function countActiveKeys(sql: Sql, organizationId: OrganizationId): Promise<bigint> {
  const [row] = await sql.query<{ count: bigint }>(countActive, [organizationId]);
  return row?.count ?? 0n;
}

const statusColumn = `case when k.revoked_at is not null then 'revoked'
  when k.expires_at <= now() then 'expired' else 'active' end`;

/** One page of an organization's keys, newest first. */
export function listKeys(
  sql: Sql,
  organizationId: OrganizationId,
  page: { status: KeyStatus | undefined; after: string | undefined; limit: number },
): Promise<RowPage<ApiKey>> {
  return listRows<ApiKey>(sql, {
    select: `select ${columns} from api_keys k`,
    conditions: [
      ["k.organization_id", "=", organizationId],
      [`(${statusColumn})`, "=", page.status],
    ],
    key: "k.id",
    after: page.after,
    limit: page.limit,
  });
}

const touch = statement(
  "access.lastUse",
  `with used as (
     select u.organization_id, u.id, u.at
     from unnest($1::text[], $2::text[], $3::timestamptz[]) as u(organization_id, id, at)
   ), free as (
     select k.organization_id, k.id from api_keys k join used using (organization_id, id)
     order by k.organization_id, k.id for no key update of k skip locked
   )
   update api_keys k set last_used_at = greatest(k.last_used_at, used.at)
   from used join free using (organization_id, id)
   where k.organization_id = used.organization_id and k.id = used.id
   returning k.id`,
);

/** When a key was used. */
export type KeyUse = { readonly organizationId: OrganizationId; readonly at: Date };

/**
 * Writes last uses as a set. Rows that another transaction has locked are left for the next time:
 * this waits for nobody.
 *
 * @returns the keys that were written.
 */
export async function writeUses(
  sql: Sql,
  uses: ReadonlyMap<ApiKeyId, KeyUse>,
): Promise<ApiKeyId[]> {
  const entries = [...uses];
  const rows = await sql.query<{ id: ApiKeyId }>(touch, [
    entries.map(([, use]) => use.organizationId),
    entries.map(([id]) => id),
    entries.map(([, use]) => use.at),
  ]);
  return rows.map((row) => row.id);
}

const sameKey = statement(
  "access.sameKey",
  `with recursive line as (
     select id, rotated_from from api_keys where organization_id = $1 and id in ($2, $3)
     union all
     select k.id, k.rotated_from from api_keys k join line l on k.id = l.rotated_from
     where k.organization_id = $1)
   select count(distinct id) = 1 as same from line where rotated_from is null`,
);

/** Whether two keys are one, rotated or not: they go back to the same first key. */
export async function isOneLine(
  sql: Sql,
  organizationId: OrganizationId,
  a: string,
  b: string,
): Promise<boolean> {
  const [row] = await sql.query<{ same: boolean }>(sameKey, [organizationId, a, b]);
  return a === b || row?.same === true;
}
