import { steadyMs } from "../../foundation/clock/clock.ts";
import type { Database } from "../../foundation/database/database.ts";
import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { assert, generalErrors, type Refusal } from "../../foundation/errors/errors.ts";
import { type ApiKeyId, type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Caller, Mode } from "../../foundation/route/route.ts";
import { announce } from "../events/actions.ts";
import { previousOf } from "../events/rules.ts";
import { accessErrors } from "./errors.ts";
import type { accessEvents } from "./events.ts";
import {
  type ApiKey,
  type KeyStatus,
  keyStatus,
  MANAGES_KEYS,
  MAX_ACTIVE_KEYS,
  MAX_LIFE_MS,
} from "./model.ts";
import {
  allowing,
  hashSecret,
  hintOf,
  looksLikeSecret,
  mayHold,
  readRange,
  SECRET_BYTES,
  writeSecret,
} from "./rules.ts";
import { showKey } from "./schema.ts";
import * as store from "./store.ts";

/**
 * Age up to which a process trusts what it read of a key, ms: revocation reaches it in that time.
 */
const CACHE_MS = 500;

/** Most keys that a process remembers. */
const CACHE_SIZE = 10_000;

/** How long a changed key is read anew at each request, ms: longer than any transaction lives. */
const CHANGING_MS = 60_000;

/** What a new key is to be. */
export type NewKey = {
  readonly name: string;
  readonly mode: Mode;
  readonly scopes: readonly string[];
  readonly expiresAt?: Date | null;
  readonly ipAllowList?: readonly string[];
  /** 32 bytes to make the secret of, where it must be the same again; drawn at random otherwise. */
  readonly secretBits?: Uint8Array;
};

/** A new key with the secret that is shown now and never again. */
export type IssuedKey = { readonly key: ApiKey; readonly secret: string };

/**
 * Creates a key of the work's organization: a platform key where that is the platform. What the one
 * who asks may give is checked by `giveKey`.
 *
 * @throws Refusal `expiry_in_the_past`, `expiry_too_far`, `ip_range_invalid`,
 *   `api_key_limit_reached`; Fault when a scope is not for keys of this organization.
 */
export async function createKey(work: Work, wanted: NewKey): Promise<IssuedKey> {
  const [now, active] = await Promise.all([
    store.readRealNow(work.sql),
    store.countActiveKeys(work.sql, work.organizationId),
  ]);
  // Counted without a lock: requests at the same instant may go past it by as many as they are.
  if (active >= BigInt(MAX_ACTIVE_KEYS)) throw accessErrors.refusal("api_key_limit_reached");
  if (wanted.expiresAt) refuseBadExpiry(wanted.expiresAt, now);
  refuseBadRanges(wanted.ipAllowList ?? []);
  return makeKey(work, wanted, now, null);
}

/**
 * Creates a key on request of a key.
 *
 * @throws Refusal `scope_not_held`, and those of `createKey`.
 */
export function giveKey(
  work: Work,
  caller: Caller,
  wanted: Omit<NewKey, "mode" | "secretBits">,
): Promise<IssuedKey> {
  refuseScopesNotHeld(caller, wanted.scopes);
  return createKey(work, { ...wanted, mode: caller.mode });
}

async function makeKey(
  work: Work,
  wanted: NewKey,
  now: Date,
  rotatedFrom: ApiKeyId | null,
): Promise<IssuedKey> {
  const { organizationId, keys } = work;
  const foreign = wanted.scopes.filter((name) => !mayHold(organizationId, name));
  assert(foreign.length === 0, `Keys of ${organizationId} may not have ${foreign.join(", ")}.`);
  const bits = wanted.secretBits ?? keys.random(SECRET_BYTES);
  const secret = writeSecret(organizationId, wanted.mode, bits);
  const key: ApiKey = {
    id: work.newId("apiKey"),
    organizationId,
    name: wanted.name,
    mode: wanted.mode,
    hint: hintOf(secret),
    scopes: [...new Set(wanted.scopes)].sort(),
    ipAllowList: wanted.ipAllowList ?? [],
    rotatedFrom,
    expiresAt: wanted.expiresAt ?? null,
    lastUsedAt: null,
    revokedAt: null,
    version: 1n,
    createdAt: now,
  };
  await store.insertKey(work.sql, key, hashSecret(secret));
  announceKey(work, "api_key.created", key, now);
  return { key, secret };
}

/**
 * Replaces a key: a new one that is like it, and lives as long as it was meant to live, while the
 * old one goes on working for the overlap.
 *
 * @throws Refusal `not_found`, `api_key_revoked`, `api_key_expired`, `api_key_already_rotated`,
 *   `api_key_limit_reached` (for the overlap both count), `scope_not_held` (a key with more scopes
 *   would be the caller's for the asking).
 */
export async function rotateKey(
  work: Work,
  caller: Caller,
  id: string,
  overlapSeconds: number,
): Promise<IssuedKey> {
  const { old, now } = await lockWorkingKey(work, id);
  refuseScopesNotHeld(caller, old.scopes);
  const successor = await store.findSuccessor(work.sql, old);
  if (successor !== null) {
    throw accessErrors.refusal("api_key_already_rotated", `${successor} replaced this key.`);
  }
  const active = await store.countActiveKeys(work.sql, work.organizationId);
  // The old one still counts while both work.
  const ending = overlapSeconds === 0 ? 1n : 0n;
  if (active - ending >= BigInt(MAX_ACTIVE_KEYS))
    throw accessErrors.refusal("api_key_limit_reached");
  const lifeMs = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
  const expiresAt = lifeMs === null ? null : new Date(now.getTime() + lifeMs);
  const issued = await makeKey(work, { ...old, expiresAt }, now, old.id);
  const overlapEnd = new Date(now.getTime() + overlapSeconds * 1_000);
  const rotated: ApiKey = {
    ...old,
    expiresAt: old.expiresAt !== null && old.expiresAt < overlapEnd ? old.expiresAt : overlapEnd,
    version: old.version + 1n,
  };
  await changeKey(work, "api_key.rotated", old, rotated, now);
  return issued;
}

async function lockWorkingKey(work: Work, id: string): Promise<{ old: ApiKey; now: Date }> {
  const [{ key: old }, now] = await Promise.all([
    store.lockKey(work.sql, work.organizationId, id),
    store.readRealNow(work.sql),
  ]);
  if (old === null) throw generalErrors.refusal("not_found");
  const status = keyStatus(old, now);
  if (status === "revoked") throw accessErrors.refusal("api_key_revoked");
  if (status === "expired") throw accessErrors.refusal("api_key_expired");
  return { old, now };
}

/**
 * Ends a key for ever, at once in this process and within a second in others. Repeating it changes
 * nothing. A leaked key that is the last to manage keys is rotated without overlap instead.
 *
 * @throws Refusal `not_found`, `api_key_is_last` when no active key with `keys:write` would be
 *   left.
 */
export async function revokeKey(work: Work, id: string): Promise<ApiKey> {
  const [{ key, managing }, now] = await Promise.all([
    store.lockKey(work.sql, work.organizationId, id),
    store.readRealNow(work.sql),
  ]);
  if (key === null) throw generalErrors.refusal("not_found");
  if (key.revokedAt !== null) return key;
  const isManaging = keyStatus(key, now) === "active" && key.scopes.includes(MANAGES_KEYS);
  if (isManaging && !managing.some((other) => keyStatus(other, now) === "active")) {
    throw accessErrors.refusal("api_key_is_last");
  }
  const revoked: ApiKey = { ...key, revokedAt: now, version: key.version + 1n };
  await changeKey(work, "api_key.revoked", key, revoked, now);
  return revoked;
}

async function changeKey(
  work: Work,
  type: keyof typeof accessEvents,
  before: ApiKey,
  after: ApiKey,
  now: Date,
): Promise<void> {
  await store.updateKey(work.sql, after);
  noteChange(after.id);
  announceKey(work, type, after, now, before);
}

function announceKey(
  work: Work,
  type: keyof typeof accessEvents,
  key: ApiKey,
  now: Date,
  before?: ApiKey,
): void {
  const object = showKey(key, now);
  announce(work, {
    type,
    objectId: key.id,
    objectVersion: key.version,
    object,
    ...(before && { previous: previousOf(showKey(before, now), object) }),
  });
}

function refuseScopesNotHeld(caller: Caller, wanted: readonly string[]): void {
  const problems = wanted
    .filter((name) => !caller.scopes.has(name))
    .map((name) =>
      accessErrors.problem("scope_not_held", "scopes", `The key that asks has no ${name}.`),
    );
  if (problems.length > 0) throw accessErrors.refusal("scope_not_held", undefined, { problems });
}

function refuseBadExpiry(expiresAt: Date, now: Date): void {
  const lifeMs = expiresAt.getTime() - now.getTime();
  const field = "expiresAt";
  if (lifeMs <= 0) throw accessErrors.refusal("expiry_in_the_past", undefined, { field });
  if (lifeMs > MAX_LIFE_MS) throw accessErrors.refusal("expiry_too_far", undefined, { field });
}

function refuseBadRanges(list: readonly string[]): void {
  const problems = list.flatMap((text, index) =>
    readRange(text) === null
      ? [accessErrors.problem("ip_range_invalid", `ipAllowList.${index}`)]
      : [],
  );
  if (problems.length > 0) throw accessErrors.refusal("ip_range_invalid", undefined, { problems });
}

/** One key of the organization. @throws Refusal `not_found`. */
export async function getKey({ sql, organizationId }: Reading, id: string): Promise<ApiKey> {
  const key = await store.findKey(sql, organizationId, id);
  if (key === null) throw generalErrors.refusal("not_found");
  return key;
}

/** One page of the organization's keys, newest first. */
export function listKeys(
  { sql, organizationId }: Reading,
  page: { status: KeyStatus | undefined; after: string | undefined; limit: number },
): Promise<RowPage<ApiKey>> {
  return store.listKeys(sql, organizationId, page);
}

/** Real time, by which the status of keys is told. */
export const realNow = (sql: Sql): Promise<Date> => store.readRealNow(sql);

/** A key as requests meet it: read, with its scopes and addresses ready to be asked. */
type KnownKey = {
  readonly key: ApiKey;
  readonly scopes: ReadonlySet<string>;
  readonly allows: (ip: string) => boolean;
};

/** What a process remembers of keys for half a second, and their uses until they are written. */
export type KeyCache = {
  readonly known: Map<
    string,
    { readonly readAtMs: number; readonly key: Promise<KnownKey | null> }
  >;
  readonly uses: Map<ApiKeyId, store.KeyUse>;
};

/** Makes the memory that a server process gives to `authenticate` and `writeLastUses`. */
export const openKeyCache = (): KeyCache => ({ known: new Map(), uses: new Map() });

/**
 * Keys that this process changes or has just changed, and until when they are read anew each time:
 * the change may not be committed yet, so what is remembered cannot simply be dropped.
 */
const changing = new Map<ApiKeyId, number>();

function noteChange(id: ApiKeyId): void {
  const nowMs = steadyMs();
  for (const [other, untilMs] of changing) if (untilMs < nowMs) changing.delete(other);
  changing.set(id, nowMs + CHANGING_MS);
}

/**
 * Finds out who asks.
 *
 * @param secret what stood behind `Bearer`.
 * @param ip address of the peer.
 * @param now real time.
 * @throws Refusal `unauthenticated`, `ip_not_allowed`.
 */
export async function authenticate(
  database: Database,
  cache: KeyCache,
  secret: string,
  ip: string,
  now: Date,
): Promise<Caller> {
  const known = looksLikeSecret(secret) ? await recall(database, cache, secret) : null;
  if (known === null) throw unauthenticated("The API key is not known.");
  const { key, scopes, allows } = known;
  const status = keyStatus(key, now);
  if (status !== "active") throw unauthenticated(`The API key is ${status}.`);
  if (!allows(ip)) throw accessErrors.refusal("ip_not_allowed");
  const { id: keyId, organizationId, mode } = key;
  cache.uses.set(keyId, { organizationId, at: now });
  return { keyId, organizationId, mode, scopes, platform: organizationId === PLATFORM, ip };
}

function unauthenticated(detail: string): Refusal {
  return generalErrors.refusal("unauthenticated", detail);
}

async function recall(sql: Sql, cache: KeyCache, secret: string): Promise<KnownKey | null> {
  const hash = hashSecret(secret);
  const name = Buffer.from(hash).toString("base64");
  const nowMs = steadyMs();
  const entry = cache.known.get(name);
  if (entry !== undefined && nowMs - entry.readAtMs < CACHE_MS) {
    const known = await entry.key;
    if (known === null || !changing.has(known.key.id)) return known;
  }
  const reading = store.findByHash(sql, hash).then(prepare);
  cache.known.delete(name);
  cache.known.set(name, { readAtMs: nowMs, key: reading });
  forgetOldest(cache);
  try {
    const known = await reading;
    if (known === null) cache.known.delete(name);
    return known;
  } catch (error) {
    cache.known.delete(name);
    throw error;
  }
}

function prepare(key: ApiKey | null): KnownKey | null {
  return key === null
    ? null
    : { key, scopes: new Set(key.scopes), allows: allowing(key.ipAllowList) };
}

function forgetOldest({ known }: KeyCache): void {
  if (known.size <= CACHE_SIZE) return;
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}

/**
 * Writes when keys were last used, as one set. Called every few seconds and before stopping. What
 * could not be written now is kept for the next time.
 */
export async function writeLastUses(database: Database, cache: KeyCache): Promise<void> {
  if (cache.uses.size === 0) return;
  const uses = new Map(cache.uses);
  for (const id of await store.writeUses(database, uses)) {
    if (cache.uses.get(id) === uses.get(id)) cache.uses.delete(id);
  }
}

/**
 * Whether two keys of an organization are one, rotated or not. Two that were made apart never are, whoever
 * holds them.
 */
export const isSameKey = (
  sql: Sql,
  organizationId: OrganizationId,
  a: string,
  b: string,
): Promise<boolean> => store.isOneLine(sql, organizationId, a, b);
