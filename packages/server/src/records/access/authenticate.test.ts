import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { asOwner } from "../../../test/harness/database.ts";
import { newId } from "../../../test/harness/work.ts";
import { systemClock } from "../../foundation/clock/clock.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { authenticate, openKeyCache, revokeKey, writeLastUses } from "./actions.ts";
import { accessFixture, IP, refusal } from "./fixture.ts";
import { writeSecret } from "./rules.ts";

const { url, app, keys, act, newKey, enter } = await accessFixture();

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
