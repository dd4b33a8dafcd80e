import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { inWork, newId, readingOf, testKeys } from "../../../test/harness/work.ts";
import { systemClock } from "../../foundation/clock/clock.ts";
import type { Work } from "../../foundation/database/work.ts";
import { Fault, Refusal } from "../../foundation/errors/errors.ts";
import { type OrganizationId, PLATFORM } from "../../foundation/ids/ids.ts";
import type { Caller } from "../../foundation/route/route.ts";
import {
  authenticate,
  createKey,
  getKey,
  giveKey,
  type IssuedKey,
  type KeyCache,
  listKeys,
  type NewKey,
  openKeyCache,
  revokeKey,
  rotateKey,
  writeLastUses,
} from "./actions.ts";
import { MAX_ACTIVE_KEYS, scopeNames, scopes } from "./model.ts";
import { writeSecret } from "./rules.ts";

const { url, app } = await testDatabase();
const keys = testKeys();
const cache = openKeyCache();
const IP = "203.0.113.7";

const organizationScopes = scopeNames.filter((name) => scopes[name].audience !== "platform");

const act = <T>(organizationId: OrganizationId, action: (work: Work) => Promise<T>) =>
  inWork(app, organizationId, keys, action);

/** A key of a new organization, or of the one given. */
const newKey = (
  wanted: Partial<NewKey> = {},
  organizationId: OrganizationId = newId("organization"),
): Promise<IssuedKey> =>
  act(organizationId, (work) =>
    createKey(work, { name: "Test", mode: "sandbox", scopes: organizationScopes, ...wanted }),
  );

const enter = (secret: string, options: { ip?: string; at?: Date; with?: KeyCache } = {}) =>
  authenticate(
    app,
    options.with ?? cache,
    secret,
    options.ip ?? IP,
    options.at ?? systemClock.now(),
  );

const refusal =
  (code: string, words = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.code, code);
    assert.match(error.detail, words);
    return true;
  };

const callerOf = (scopesHeld: readonly string[], organizationId: OrganizationId): Caller => ({
  keyId: "key_caller",
  organizationId,
  mode: "sandbox",
  scopes: new Set(scopesHeld),
  platform: organizationId === PLATFORM,
  ip: IP,
});

test("a new key opens the door as itself, with its scopes, and its secret is nowhere in the database", async () => {
  const { key, secret } = await newKey({ scopes: ["cards:read", "cards:read", "budgets:read"] });
  const caller = await enter(secret);
  assert.deepEqual(caller, {
    keyId: key.id,
    organizationId: key.organizationId,
    mode: "sandbox",
    scopes: new Set(["budgets:read", "cards:read"]),
    platform: false,
    ip: IP,
  });
  const [row] = await asOwner<{ all: string }>(
    url,
    `select string_agg(t, ' ') as all from (select k::text as t from api_keys k
     union all select h::text from api_key_hash h union all select e::text from event_queue e) x`,
  );
  assert.ok(row?.all.includes(key.id));
  assert.ok(!row?.all.includes(secret.slice(16, 40)));
  assert.ok(secret.startsWith(key.hint));
});

test("a platform key is the platform's, whatever the mode", async () => {
  const { secret } = await newKey({ mode: "live", scopes: ["organizations:write"] }, PLATFORM);
  assert.match(secret, /^cw_platform_/);
  const caller = await enter(secret);
  assert.equal(caller.platform, true);
  assert.equal(caller.mode, "live");
});

test("401: no such key, garbage, a secret with one character changed", async () => {
  const { secret } = await newKey();
  const unknown = writeSecret("org_a", "sandbox", keys.random(32));
  for (const wrong of [unknown, "", "cw_sandbox_", "null", `${secret}x`, secret.toLowerCase()]) {
    await assert.rejects(enter(wrong), refusal("unauthenticated"), wrong);
  }
});

test("G11: a revoked key is refused at once in this process, however often it was used before", async () => {
  for (let round = 0; round < 20; round += 1) {
    const organizationId = newId("organization");
    await newKey({}, organizationId);
    const { key, secret } = await newKey({}, organizationId);
    await enter(secret);
    let committed = false;
    const revoking = act(organizationId, async (work) => {
      await revokeKey(work, key.id);
      // Still used while the revocation is written and not committed: read again, and remembered.
      await Promise.all(Array.from({ length: 5 }, () => enter(secret)));
    }).then(() => {
      committed = true;
    });
    while (!committed) {
      await enter(secret).catch(refusal("unauthenticated"));
      await pause(1);
    }
    await revoking;
    const after = await Promise.allSettled(Array.from({ length: 10 }, () => enter(secret)));
    for (const one of after) {
      assert.equal(one.status, "rejected");
      assert.ok(refusal("unauthenticated", /revoked/)((one as PromiseRejectedResult).reason));
    }
  }
});

test("G11: a key revoked by another process is refused within a second", async () => {
  const { key, secret } = await newKey();
  await enter(secret);
  await asOwner(url, "update api_keys set revoked_at = now() where id = $1", [key.id]);
  const since = performance.now();
  for (;;) {
    const outcome = await enter(secret).catch((error: unknown) => error);
    if (outcome instanceof Refusal) break;
    assert.ok(performance.now() - since < 1_000, "still accepted after a second");
    await pause(5);
  }
});

test("G11: a key works until the instant it expires, by real time, remembered or not", async () => {
  const expiresAt = new Date(systemClock.now().getTime() + 60_000);
  const { secret } = await newKey({ expiresAt });
  await enter(secret, { at: new Date(expiresAt.getTime() - 1) });
  await assert.rejects(enter(secret, { at: expiresAt }), refusal("unauthenticated", /expired/));
  const fresh = { at: expiresAt, with: openKeyCache() };
  await assert.rejects(enter(secret, fresh), refusal("unauthenticated", /expired/));
});

test("403: a key with an allow-list works from its addresses only", async () => {
  const { secret } = await newKey({ ipAllowList: ["203.0.113.0/25", "2001:db8::/32"] });
  await enter(secret, { ip: "203.0.113.127" });
  await enter(secret, { ip: "::ffff:203.0.113.1" });
  await enter(secret, { ip: "2001:db8::7" });
  await assert.rejects(enter(secret, { ip: "203.0.113.128" }), refusal("ip_not_allowed"));
  await assert.rejects(enter(secret, { ip: "2001:db9::7" }), refusal("ip_not_allowed"));
});

test("G11: rotation gives a second key like the first, and both work until the overlap ends", async () => {
  const lifeMs = 3_600_000;
  const organizationId = newId("organization");
  const expiresAt = new Date(systemClock.now().getTime() + lifeMs);
  const old = await newKey({ expiresAt, ipAllowList: ["203.0.113.0/24"] }, organizationId);
  const caller = await enter(old.secret);
  const next = await act(organizationId, (work) => rotateKey(work, caller, old.key.id, 600));
  const ending = await getKey(readingOf(app, organizationId, keys), old.key.id);
  assert.deepEqual(
    { ...next.key, id: 0, hint: 0, createdAt: 0, expiresAt: 0, rotatedFrom: 0 },
    { ...old.key, id: 0, hint: 0, createdAt: 0, expiresAt: 0, rotatedFrom: 0 },
  );
  assert.equal(next.key.rotatedFrom, old.key.id);
  const life = (key: typeof next.key) => (key.expiresAt?.getTime() ?? 0) - key.createdAt.getTime();
  assert.ok(Math.abs(life(next.key) - lifeMs) < 5_000);
  assert.equal(ending.expiresAt?.getTime(), next.key.createdAt.getTime() + 600_000);
  assert.equal(ending.version, 2n);
  const end = ending.expiresAt as Date;
  await enter(old.secret, { at: new Date(end.getTime() - 1) });
  await enter(next.secret, { at: end });
  await assert.rejects(enter(old.secret, { at: end }), refusal("unauthenticated", /expired/));
  const again = act(organizationId, (work) => rotateKey(work, caller, old.key.id, 600));
  await assert.rejects(again, refusal("api_key_already_rotated", new RegExp(next.key.id)));
});

test("rotation never lengthens a key's life, and without overlap ends it at once", async () => {
  const organizationId = newId("organization");
  const expiresAt = new Date(systemClock.now().getTime() + 60_000);
  const short = await newKey({ expiresAt }, organizationId);
  const lasting = await newKey({}, organizationId);
  const caller = callerOf(organizationScopes, organizationId);
  await enter(lasting.secret);
  await act(organizationId, (work) => rotateKey(work, caller, short.key.id, 86_400));
  const next = await act(organizationId, (work) => rotateKey(work, caller, lasting.key.id, 0));
  const kept = await getKey(readingOf(app, organizationId, keys), short.key.id);
  assert.equal(kept.expiresAt?.getTime(), expiresAt.getTime());
  assert.equal(next.key.expiresAt, null);
  await assert.rejects(enter(lasting.secret), refusal("unauthenticated", /expired/));
  await enter(next.secret);
});

test("20 rotations of one key at once make one new key", async () => {
  const { key } = await newKey();
  const caller = callerOf(organizationScopes, key.organizationId);
  const rotations = await Promise.allSettled(
    Array.from({ length: 20 }, () =>
      act(key.organizationId, (work) => rotateKey(work, caller, key.id, 60)),
    ),
  );
  assert.equal(rotations.filter((one) => one.status === "fulfilled").length, 1);
  for (const one of rotations) {
    if (one.status === "rejected") assert.ok(refusal("api_key_already_rotated")(one.reason));
  }
});

test("409: a revoked or expired key is not rotated; 404: another organization's key is not there", async () => {
  const organizationId = newId("organization");
  const caller = callerOf(organizationScopes, organizationId);
  await newKey({}, organizationId);
  const revoked = await newKey({}, organizationId);
  const expired = await newKey({}, organizationId);
  const foreign = await newKey();
  await act(organizationId, (work) => revokeKey(work, revoked.key.id));
  await asOwner(url, "update api_keys set expires_at = now() where id = $1", [expired.key.id]);
  const rotate = (id: string) => act(organizationId, (work) => rotateKey(work, caller, id, 60));
  await assert.rejects(rotate(revoked.key.id), refusal("api_key_revoked"));
  await assert.rejects(rotate(expired.key.id), refusal("api_key_expired"));
  await assert.rejects(rotate(foreign.key.id), refusal("not_found"));
  await assert.rejects(rotate("key_none"), refusal("not_found"));
  const revoke = act(organizationId, (work) => revokeKey(work, foreign.key.id));
  await assert.rejects(revoke, refusal("not_found"));
  const read = getKey(readingOf(app, organizationId, keys), foreign.key.id);
  await assert.rejects(read, refusal("not_found"));
  await enter(foreign.secret);
});

test("422: a key gives only scopes that it has, and rotates only keys that can do no more than it", async () => {
  const organizationId = newId("organization");
  const caller = callerOf(["keys:write", "cards:read"], organizationId);
  const give = (wanted: string[]) =>
    act(organizationId, (work) => giveKey(work, caller, { name: "Given", scopes: wanted }));
  const given = await give(["cards:read"]);
  assert.deepEqual(given.key.scopes, ["cards:read"]);
  const tooMuch = await give(["cards:read", "cards:write", "funds:write"]).catch((error) => error);
  assert.ok(refusal("scope_not_held")(tooMuch));
  assert.deepEqual(
    tooMuch.problems.map((problem: { message: string }) => problem.message.match(/\w+:\w+/)?.[0]),
    ["cards:write", "funds:write"],
  );
  const strong = await newKey({}, organizationId);
  const rotate = act(organizationId, (work) => rotateKey(work, caller, strong.key.id, 60));
  await assert.rejects(rotate, refusal("scope_not_held"));
});

test("a scope of the platform on an organization's key is a fault, never written", async () => {
  await assert.rejects(newKey({ scopes: ["cards:read", "cards:block"] }), Fault);
  await assert.rejects(newKey({ scopes: ["cards:write"] }, PLATFORM), Fault);
  await assert.rejects(newKey({ scopes: ["all"] }), Fault);
});

test("422: an expiry that is past, an address that is none, one key too many", async () => {
  const now = systemClock.now().getTime();
  const late = newKey({ expiresAt: new Date(now - 1_000) });
  await assert.rejects(late, refusal("expiry_in_the_past"));
  const tenYears = 10 * 365 * 86_400_000;
  await newKey({ expiresAt: new Date(now + tenYears - 1_000) });
  const far = newKey({ expiresAt: new Date(now + tenYears + 60_000) });
  await assert.rejects(far, refusal("expiry_too_far"));
  const places = await newKey({ ipAllowList: ["203.0.113.7", "office", "10.0.0.0/99"] }).catch(
    (error) => error,
  );
  assert.ok(refusal("ip_range_invalid")(places));
  assert.deepEqual(
    places.problems.map((problem: { field: string }) => problem.field),
    ["ipAllowList.1", "ipAllowList.2"],
  );
  const organizationId = newId("organization");
  for (let made = 0; made < MAX_ACTIVE_KEYS; made += 1) await newKey({}, organizationId);
  await assert.rejects(newKey({}, organizationId), refusal("api_key_limit_reached"));
  const { rows } = await listKeys(readingOf(app, organizationId, keys), page());
  await act(organizationId, (work) => revokeKey(work, rows[0]?.id ?? ""));
  await newKey({}, organizationId);
});

test("409: the last active key that manages keys cannot be revoked; rotated, it can", async () => {
  const organizationId = newId("organization");
  const caller = callerOf(organizationScopes, organizationId);
  const reader = await newKey({ scopes: ["cards:read"] }, organizationId);
  const manager = await newKey({}, organizationId);
  const revoke = (id: string) => act(organizationId, (work) => revokeKey(work, id));
  await assert.rejects(revoke(manager.key.id), refusal("api_key_is_last"));
  const next = await act(organizationId, (work) => rotateKey(work, caller, manager.key.id, 0));
  await revoke(manager.key.id);
  await assert.rejects(revoke(next.key.id), refusal("api_key_is_last"));
  await revoke(reader.key.id);
  const repeated = await revoke(reader.key.id);
  assert.equal(repeated.version, 2n);
});

test("two keys that revoke each other at once: one stays", async () => {
  for (let round = 0; round < 10; round += 1) {
    const organizationId = newId("organization");
    const both = [await newKey({}, organizationId), await newKey({}, organizationId)];
    const outcomes = await Promise.allSettled(
      both.map(({ key }) => act(organizationId, (work) => revokeKey(work, key.id))),
    );
    const done = outcomes.filter((one) => one.status === "fulfilled");
    const refused = outcomes.filter((one) => one.status === "rejected");
    assert.equal(done.length, 1);
    assert.ok(refusal("api_key_is_last")((refused[0] as PromiseRejectedResult).reason));
  }
});

test("each change of a key announces one event with its version, and no secret", async () => {
  const organizationId = newId("organization");
  const caller = callerOf(organizationScopes, organizationId);
  const first = await newKey({}, organizationId);
  const second = await act(organizationId, (work) => rotateKey(work, caller, first.key.id, 60));
  await act(organizationId, (work) => revokeKey(work, first.key.id));
  await act(organizationId, (work) => revokeKey(work, first.key.id));
  const events = await asOwner<{ type: string; object_id: string; object_version: string }>(
    url,
    `select type, object_id, object_version from event_queue where organization_id = $1
     order by position, ordinal`,
    [organizationId],
  );
  assert.deepEqual(
    events.map((event) => [event.type, event.object_id, Number(event.object_version)]),
    [
      ["api_key.created", first.key.id, 1],
      ["api_key.created", second.key.id, 1],
      ["api_key.rotated", first.key.id, 2],
      ["api_key.revoked", first.key.id, 3],
    ],
  );
  const [told] = await asOwner<{ data: { object: object; previous: object } }>(
    url,
    "select data from event_queue where organization_id = $1 and type = 'api_key.revoked'",
    [organizationId],
  );
  assert.deepEqual(Object.keys(told?.data.previous ?? {}).sort(), ["revokedAt", "status"]);
});

const page = (status?: "active" | "expired" | "revoked", after?: string, limit = 25) => ({
  status,
  after,
  limit,
});

test("keys are listed newest first, by status, page by page, and only one's own", async () => {
  const organizationId = newId("organization");
  const made = [];
  for (let count = 0; count < 5; count += 1) made.push(await newKey({}, organizationId));
  const [expired, revoked] = [made[1]?.key.id ?? "", made[3]?.key.id ?? ""];
  await asOwner(url, "update api_keys set expires_at = now() where id = $1", [expired]);
  await act(organizationId, (work) => revokeKey(work, revoked));
  const reading = readingOf(app, organizationId, keys);
  const ids = async (...given: Parameters<typeof page>) => {
    const { rows, more } = await listKeys(reading, page(...given));
    return { ids: rows.map((row) => row.id as string), more };
  };
  const newest = made.map(({ key }) => key.id as string).reverse();
  assert.deepEqual(await ids(), { ids: newest, more: false });
  assert.deepEqual(await ids("expired"), { ids: [expired], more: false });
  assert.deepEqual(await ids("revoked"), { ids: [revoked], more: false });
  assert.equal((await ids("active")).ids.length, 3);
  assert.deepEqual(await ids(undefined, undefined, 2), { ids: newest.slice(0, 2), more: true });
  assert.deepEqual(await ids(undefined, newest[1], 5), { ids: newest.slice(2), more: false });
});

test("last uses are written as a set, never backwards, and wait for nobody", async () => {
  const own = openKeyCache();
  const many = [await newKey(), await newKey(), await newKey()];
  const at = new Date("2031-05-05T05:05:05.000Z");
  for (const { secret } of many) await enter(secret, { at, with: own });
  const lastUses = async () => {
    const rows = await asOwner<{ last_used_at: Date | null }>(
      url,
      "select last_used_at from api_keys where id = any($1) order by id",
      [many.map(({ key }) => key.id)],
    );
    return rows.map((row) => row.last_used_at?.toISOString() ?? null);
  };
  assert.deepEqual(await lastUses(), [null, null, null]);
  const [locked] = many;
  await app.transaction(async (sql) => {
    const text = "select 1 from api_keys where id = $1 for update";
    await sql.query({ name: undefined, text }, [locked?.key.id]);
    await writeLastUses(app, own);
  });
  assert.deepEqual(await lastUses(), [null, at.toISOString(), at.toISOString()]);
  assert.equal(own.uses.size, 1, "the locked one is kept for the next time");
  await writeLastUses(app, own);
  assert.deepEqual(
    await lastUses(),
    Array.from({ length: 3 }, () => at.toISOString()),
  );
  assert.equal(own.uses.size, 0);
  await enter(many[0]?.secret ?? "", { at: new Date(at.getTime() - 60_000), with: own });
  await writeLastUses(app, own);
  assert.deepEqual((await lastUses())[0], at.toISOString());
});

test("a burst of requests with one key asks the database once, and a later one again", async () => {
  const { secret } = await newKey();
  let asked = 0;
  const counting: typeof app = {
    ...app,
    query: (statement, values) => {
      asked += 1;
      return app.query(statement, values);
    },
  };
  const fresh = openKeyCache();
  const now = systemClock.now();
  await Promise.all(
    Array.from({ length: 200 }, () => authenticate(counting, fresh, secret, IP, now)),
  );
  assert.equal(asked, 1);
  await pause(600);
  await authenticate(counting, fresh, secret, IP, now);
  assert.equal(asked, 2);
});

test("503: where the database is away nobody is let in, and the next request asks again", async () => {
  const { secret } = await newKey();
  const fresh = openKeyCache();
  const away: typeof app = { ...app, query: () => Promise.reject(new Error("away")) };
  await assert.rejects(authenticate(away, fresh, secret, IP, systemClock.now()), /away/);
  await enter(secret, { with: fresh });
});

test("a secret made of given bits is the same at each start", async () => {
  const organizationId = newId("organization");
  const secretBits = keys.mac("sandbox_key", organizationId);
  const { secret } = await newKey({ secretBits }, organizationId);
  assert.equal(secret, writeSecret(organizationId, "sandbox", secretBits));
  assert.equal((await enter(secret)).organizationId, organizationId);
});
