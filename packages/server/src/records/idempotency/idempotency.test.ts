import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { inWork, newId, testKeys } from "../../../test/harness/work.ts";
import { Fault, Refusal } from "../../foundation/errors/errors.ts";
import { destroySubjectKey } from "../vault/actions.ts";
import {
  checkKey,
  checkSameRequest,
  fingerprint,
  isStored,
  lockKeys,
  lookUp,
  openBody,
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
  now: new Date(),
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
    await storeAnswers({ sql, keys }, [stored]);
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
      await storeAnswers({ sql, keys }, [stored]);
      return "done";
    });
  const results = await Promise.all(Array.from({ length: 100 }, once));
  assert.equal(results.filter((result) => result === "done").length, 1);
  assert.equal(await once(), "replayed");
});

test("a second answer under one key is a fault, never an overwrite", async () => {
  const stored = answer(newOrganization(), "twice");
  await storeAnswers({ sql: app, keys }, [stored]);
  await assert.rejects(
    storeAnswers({ sql: app, keys }, [{ ...stored, status: 201 }]),
    /duplicate key/,
  );
});

test("409: the same key with another body, route or parameter is refused, the same is replayed", async () => {
  const organizationId = newOrganization();
  await storeAnswers({ sql: app, keys }, [answer(organizationId, "same")]);
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
  await storeAnswers({ sql: app, keys }, [
    { ...answer(organizationId, "secret"), body, secretFields },
  ]);
  const [found] = await lookUp(app, [{ organizationId, key: "secret" }]);
  assert.deepEqual(JSON.parse(found?.body ?? ""), {
    id: "key_example",
    secret: null,
    link: { url: null, days: 7 },
    secretOmitted: true,
  });
  assert.equal(bodyToStore({ ...answer(organizationId, "x"), body }), body);
});

const personalPlaces = {
  organization: "card.organizationId",
  subject: ["card.customerId", "card.id"],
  fields: ["card.holder.name", "card.address"],
};
const told = (organizationId: string, customerId: string | null, name: string | null) => ({
  card: {
    organizationId,
    id: `card_${name}`,
    customerId,
    holder: { name, since: 2031 },
    address: null,
  },
  note: "kept",
});

/** An answer about somebody, stored under the key of the platform or of anybody else. */
const toldAnswer = (
  organizationId: ReturnType<typeof newOrganization>,
  key: string,
  of: object,
) => ({
  ...answer(organizationId, key),
  body: JSON.stringify(of),
  personalPlaces,
});

/** Stores answers in a transaction of their own. */
const store = (answers: readonly Parameters<typeof storeAnswers>[1][number][]) =>
  app.transaction((sql) => storeAnswers({ sql, keys }, answers));

const openAll = async (refs: readonly { organizationId: `org_${string}`; key: string }[]) => {
  const found = await lookUp(app, refs);
  return Promise.all(found.map((row) => row && openBody({ sql: app, keys }, row)));
};

test("what is personal in an answer is stored sealed, and opens into the very same bytes", async () => {
  const [caller, owner] = [newOrganization(), newOrganization()];
  const bodies = [
    told(owner, "cus_a", "Zyxwvu"),
    told(owner, null, "Tsrqpo"),
    told(owner, "cus_a", null),
    { note: "none" },
  ];
  const answers = bodies.map((body, index) => toldAnswer(caller, `told ${index}`, body));
  await store(answers);
  assert.deepEqual(
    await openAll(answers),
    answers.map(({ body }) => body),
  );
  const rows = await asOwner<{ text: string; subject: string | null; owner: string | null }>(
    url,
    `select a::text as text, subject_id as subject, subject_organization_id as owner
     from idempotency_keys a where organization_id = $1 order by key`,
    [caller],
  );
  assert.deepEqual(
    rows.map(({ subject, owner: whose }) => [subject, whose]),
    [
      ["cus_a", owner],
      ["card_Tsrqpo", owner],
      [null, null],
      [null, null],
    ],
  );
  assert.ok(!rows.some(({ text }) => text.includes('"Zyxwvu"') || text.includes('"Tsrqpo"')));
  assert.match(rows[0]?.text ?? "", /2031.*kept/, "what is not personal is in clear");
});

test("a person's destroyed key leaves null in stored answers, and personalErased", async () => {
  const owner = newOrganization();
  const answers = ["cus_gone", "cus_stays"].map((id) =>
    toldAnswer(owner, id, told(owner, id, "A")),
  );
  await store(answers);
  await inWork(app, owner, keys, (work) => destroySubjectKey(work, "cus_gone", "other"));
  const [gone, stays] = await openAll(answers);
  const { card, ...rest } = told(owner, "cus_gone", "A");
  assert.deepEqual(JSON.parse(gone ?? ""), {
    ...rest,
    card: { ...card, holder: { name: null, since: 2031 } },
    personalErased: true,
  });
  assert.equal(stays, answers[1]?.body);
  const later = toldAnswer(owner, "later", told(owner, "cus_gone", "B"));
  await store([later]);
  assert.match((await openAll([later]))[0] ?? "", /"name":null.*"personalErased":true/);
});

test("what is sealed in an answer opens in no other answer", async () => {
  const owner = newOrganization();
  const answers = ["one", "two"].map((key) => toldAnswer(owner, key, told(owner, "cus_a", key)));
  await store(answers);
  await asOwner(
    url,
    `update idempotency_keys a set personal = b.personal from idempotency_keys b
     where a.organization_id = $1 and b.organization_id = $1 and a.key = 'one' and b.key = 'two'`,
    [owner],
  );
  await assert.rejects(openAll(answers.slice(0, 1)), Fault);
  assert.deepEqual(await openAll(answers.slice(1)), [answers[1]?.body]);
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
  await storeAnswers({ sql: app, keys }, [answer(organizationId, "young")]);
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
