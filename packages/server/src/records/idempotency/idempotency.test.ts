import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { newId, testKeys } from "../../../test/harness/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import {
  checkKey,
  checkSameRequest,
  fingerprint,
  isStored,
  lockKeys,
  lookUp,
  PRUNE_LIMIT,
  pruneAnswers,
  storeAnswers,
} from "./actions.ts";
import { bodyToStore, canonicalJson, lockNumber } from "./rules.ts";

const { app, url } = await testDatabase();
const keys = testKeys();
const print = (body: unknown, route = "topUpCard") => fingerprint(keys, route, {}, {}, body);
const answer = (organizationId: ReturnType<typeof newOrganization>, key: string) => ({
  organizationId,
  key,
  route: "topUpCard",
  fingerprint: print({ amount: 5 }),
  status: 200,
  body: '{"id":"card_example"}',
});
const newOrganization = () => newId("organization");

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return "none";
};

test("an answer is found in a later transaction, and only under its organization", async () => {
  const [organizationId, other] = [newOrganization(), newOrganization()];
  const stored = answer(organizationId, "one");
  await app.transaction(async (sql) => {
    assert.deepEqual(await lockKeys(sql, [stored]), [true]);
    assert.deepEqual(await lookUp(sql, [stored]), [null]);
    await storeAnswers(sql, [stored]);
  });
  const refs = [
    { organizationId: other, key: "one" },
    { organizationId, key: "one" },
    { organizationId, key: "two" },
  ];
  const found = await lookUp(app, refs);
  assert.deepEqual(
    found.map((row) => row && [row.key, row.route, row.status, row.body]),
    [null, ["one", "topUpCard", 200, '{"id":"card_example"}'], null],
  );
});

test("a key that runs elsewhere is not got, and is free again after COMMIT and after ROLLBACK", async () => {
  const ref = { organizationId: newOrganization(), key: "busy" };
  const free = { ...ref, key: "free" };
  const elsewhere = () => app.transaction((sql) => lockKeys(sql, [free, ref]));
  await app.transaction(async (sql) => {
    await lockKeys(sql, [ref]);
    assert.deepEqual(await elsewhere(), [true, false]);
  });
  assert.deepEqual(await elsewhere(), [true, true]);
  const failed = app.transaction(async (sql) => {
    await lockKeys(sql, [ref]);
    throw new Error("The work failed.");
  });
  await assert.rejects(failed, /The work failed/);
  assert.deepEqual(await elsewhere(), [true, true]);
});

test("the same key twice in one batch: the second is in progress", async () => {
  const ref = { organizationId: newOrganization(), key: "twin" };
  const other = { organizationId: newOrganization(), key: "twin" };
  const got = await app.transaction((sql) => lockKeys(sql, [ref, other, ref]));
  assert.deepEqual(got, [true, true, false]);
});

test("B3: one of 100 parallel requests with one key does the work, the others replay or wait", async () => {
  const stored = answer(newOrganization(), "hundred");
  const once = () =>
    app.transaction(async (sql) => {
      const [[mine], [found]] = await Promise.all([lockKeys(sql, [stored]), lookUp(sql, [stored])]);
      if (!mine) return "in progress";
      if (found) return "replayed";
      await storeAnswers(sql, [stored]);
      return "done";
    });
  const results = await Promise.all(Array.from({ length: 100 }, once));
  assert.equal(results.filter((result) => result === "done").length, 1);
  assert.equal(await once(), "replayed");
});

test("a second answer under one key is a fault, never an overwrite", async () => {
  const stored = answer(newOrganization(), "twice");
  await storeAnswers(app, [stored]);
  await assert.rejects(storeAnswers(app, [{ ...stored, status: 201 }]), /duplicate key/);
});

test("409: the same key with another body, route or parameter is refused, the same is replayed", async () => {
  const organizationId = newOrganization();
  await storeAnswers(app, [answer(organizationId, "same")]);
  const [found] = await lookUp(app, [{ organizationId, key: "same" }]);
  assert.ok(found);
  const ask =
    (body: unknown, route = "topUpCard") =>
    () =>
      checkSameRequest(found, { route, fingerprint: print(body, route) });
  assert.equal(ask({ amount: 5 })(), found);
  assert.equal(codeOf(ask({ amount: 6 })), "idempotency_key_reused");
  assert.equal(codeOf(ask({ amount: 5 }, "withdrawCard")), "idempotency_key_reused");
});

test("a fingerprint does not depend on the order of members, and is keyed", () => {
  assert.equal(
    canonicalJson({ b: [{ d: 1, c: null }], a: "x" }),
    '{"a":"x","b":[{"c":null,"d":1}]}',
  );
  assert.equal(canonicalJson(undefined), "null");
  assert.deepEqual(print({ a: 1, b: 2 }), print({ b: 2, a: 1 }));
  assert.notDeepEqual(print({ a: 1 }), print({ a: "1" }));
  assert.notDeepEqual(print({ a: [1, 2] }), print({ a: [2, 1] }));
  const elsewhere = fingerprint(testKeys(), "topUpCard", {}, {}, { a: 1 });
  assert.notDeepEqual(print({ a: 1 }), elsewhere);
  assert.equal(elsewhere.length, 32);
});

test("a secret is stored nowhere: null in its place, and secretOmitted", async () => {
  const organizationId = newOrganization();
  const body = JSON.stringify({
    id: "key_example",
    secret: "shown once",
    link: { url: "https://x", days: 7 },
  });
  const secretFields = ["secret", "link.url", "absent", "id.deeper"];
  await storeAnswers(app, [{ ...answer(organizationId, "secret"), body, secretFields }]);
  const [found] = await lookUp(app, [{ organizationId, key: "secret" }]);
  assert.deepEqual(JSON.parse(found?.body ?? ""), {
    id: "key_example",
    secret: null,
    link: { url: null, days: 7 },
    secretOmitted: true,
  });
  assert.equal(bodyToStore({ ...answer(organizationId, "x"), body }), body);
});

test("kept: 2xx and what business rules refuse; not kept: everything that may be otherwise next time", () => {
  const table: [number, string | null, boolean][] = [
    [200, null, true],
    [201, null, true],
    [409, "card_frozen", true],
    [422, "card_not_issuable", true],
    [409, "idempotency_in_progress", false],
    [409, "idempotency_key_reused", false],
    ...[400, 401, 403, 404, 413, 429, 500, 503].map((s): [number, string, boolean] => [
      s,
      "x",
      false,
    ]),
  ];
  for (const [status, code, kept] of table) assert.equal(isStored(status, code), kept, `${status}`);
});

test("400: a key is 1 to 255 visible characters", () => {
  for (const key of ["a", "x".repeat(255), "a b", "~!"]) assert.equal(checkKey(key), key);
  for (const key of ["", " ", "a ", "x".repeat(256), "é", "a\tb", "a\u0000"]) {
    assert.equal(
      codeOf(() => checkKey(key)),
      "idempotency_key_invalid",
      JSON.stringify(key),
    );
  }
});

test("organization and key are told apart in the number that is locked", () => {
  const number = (organizationId: string, key: string) =>
    lockNumber({ organizationId: organizationId as `org_${string}`, key });
  assert.notEqual(number("org_a", "b"), number("org_", "ab"));
  assert.equal(number("org_a", "b"), number("org_a", "b"));
  assert.equal(BigInt.asIntN(64, number("org_a", "b")), number("org_a", "b"));
});

test("answers older than a moment are pruned, bounded in number; younger ones stay", async () => {
  const organizationId = newOrganization();
  await storeAnswers(app, [answer(organizationId, "young")]);
  await asOwner(
    url,
    `insert into idempotency_keys
     select $1, 'old' || n, 'r', decode(repeat('00', 32), 'hex'), 200, '{}', now() - interval '8 days'
     from generate_series(1, $2) as n`,
    [organizationId, PRUNE_LIMIT + 10],
  );
  const weekAgo = new Date(Date.now() - 7 * 86_400_000);
  assert.equal(await pruneAnswers(app, weekAgo), PRUNE_LIMIT);
  assert.equal(await pruneAnswers(app, weekAgo), 10);
  assert.equal(await pruneAnswers(app, weekAgo), 0);
  const [young] = await lookUp(app, [{ organizationId, key: "young" }]);
  assert.ok(young);
});
