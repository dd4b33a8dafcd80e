import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { newId, readingOf } from "../../../test/harness/work.ts";
import { systemClock } from "../../foundation/clock/clock.ts";
import { Fault } from "../../foundation/errors/errors.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { getKey, giveKey, listKeys, revokeKey, rotateKey } from "./actions.ts";
import { accessFixture, callerOf, organizationScopes, refusal } from "./fixture.ts";
import { MAX_ACTIVE_KEYS } from "./model.ts";

const { url, app, keys, act, newKey, enter } = await accessFixture();

const page = (status?: "active" | "expired" | "revoked", after?: string, limit = 25) => ({
  status,
  after,
  limit,
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

test("409: at the limit a key is rotated without overlap only, so that the count stays", async () => {
  const organizationId = newId("organization");
  const caller = callerOf(organizationScopes, organizationId);
  const made: string[] = [];
  while (made.length < MAX_ACTIVE_KEYS) made.push((await newKey({}, organizationId)).key.id);
  const rotate = (overlap: number) =>
    act(organizationId, (work) => rotateKey(work, caller, made[0] ?? "", overlap));
  await assert.rejects(rotate(60), refusal("api_key_limit_reached"));
  await rotate(0);
  await assert.rejects(newKey({}, organizationId), refusal("api_key_limit_reached"));
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
