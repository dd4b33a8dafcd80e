import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { inWork, newId, readingOf, testKeys } from "../../../test/harness/work.ts";
import { Fault } from "../../foundation/errors/errors.ts";
import { bind, NONCE_BYTES, seal as sealBytes } from "../../foundation/keys/cipher.ts";
import { KeysError } from "../../foundation/keys/keys.ts";
import { bindKeys, destroySubjectKey, openPersonal, sealPersonal } from "./actions.ts";
import { type KeyPurpose, keyPurposes } from "./model.ts";

const { url, app } = await testDatabase();
const keys = testKeys();
const organization = newId("organization");
const other = newId("organization");

/** Seals one text for one person, in a transaction of its own. */
async function seal(subjectId: string, json: string): Promise<Uint8Array> {
  const [sealed] = await inWork(app, organization, keys, (work) =>
    sealPersonal(work, [{ organizationId: organization, subjectId, json, now: work.now }]),
  );
  assert.ok(sealed);
  return sealed;
}

test("personal data is sealed under one key a person, and opens for that person", async () => {
  const [ada, bob] = [newId("customer"), newId("customer")];
  const sealed = await inWork(app, organization, keys, (work) =>
    sealPersonal(
      work,
      [
        { subjectId: ada, json: '{"n":1}', recordId: "evt_1" },
        { subjectId: ada, json: '{"n":2}', recordId: "evt_2" },
        { subjectId: bob, json: '{"n":3}' },
      ].map((each) => ({ ...each, organizationId: organization, now: work.now })),
    ),
  );
  const [one, two, three] = sealed as [Uint8Array, Uint8Array, Uint8Array];
  const items = [
    { subjectId: bob, sealed: three },
    { subjectId: ada, sealed: one, recordId: "evt_1" },
    { subjectId: ada, sealed: two, recordId: "evt_2" },
  ];
  const reading = readingOf(app, organization, keys);
  assert.deepEqual(await openPersonal(reading, items), ['{"n":3}', '{"n":1}', '{"n":2}']);
  assert.deepEqual(await openPersonal(reading, []), []);
  const swapped = [{ subjectId: ada, sealed: one, recordId: "evt_2" }];
  await assert.rejects(openPersonal(reading, swapped), Fault);
  await assert.rejects(openPersonal(reading, [{ subjectId: bob, sealed: one }]), Fault);
  await assert.rejects(openPersonal(readingOf(app, other, keys), items), Fault);
});

test("what a transaction seals in one moment shares two statements, and later calls have their own", async () => {
  const people = [newId("customer"), newId("customer"), newId("customer")];
  const item = (index: number) => ({
    organizationId: organization,
    subjectId: people[index] ?? "",
    json: String(index),
    now: new Date(),
  });
  let statements = 0;
  const sealed = await inWork(app, organization, keys, async ({ sql: whole }) => {
    const sql = {
      ...whole,
      query: (...asked: Parameters<typeof whole.query>) => {
        statements += 1;
        return whole.query(...asked);
      },
    } as typeof whole;
    const seals = [[item(0), item(1)], [], [item(2)], [item(1)]];
    const [first, none, ...others] = await Promise.all(
      seals.map((i) => sealPersonal({ sql, keys }, i)),
    );
    assert.equal(statements, 2);
    assert.deepEqual(none, []);
    const later = await sealPersonal({ sql, keys }, [item(0)]);
    assert.equal(statements, 4);
    return [...(first ?? []), ...others.flat(), ...later];
  });
  const order = [0, 1, 2, 1, 0];
  const items = sealed.map((bytes, at) => ({
    subjectId: people[order[at] ?? 0] ?? "",
    sealed: bytes,
  }));
  assert.deepEqual(
    await openPersonal(readingOf(app, organization, keys), items),
    order.map(String),
  );
});

test("50 transactions that seal for a new person at once share one key", async () => {
  const subjectId = newId("customer");
  const sealed = await Promise.all(
    Array.from({ length: 50 }, (_, index) => seal(subjectId, String(index))),
  );
  const items = sealed.map((bytes) => ({ subjectId, sealed: bytes }));
  const opened = await openPersonal(readingOf(app, organization, keys), items);
  assert.deepEqual(
    opened,
    Array.from({ length: 50 }, (_, index) => String(index)),
  );
});

test("transactions that seal for the same new people, in any order, wait for each other and never deadlock", async () => {
  const people = Array.from({ length: 1_000 }, () => newId("customer"));
  const sealed = await Promise.all(
    Array.from({ length: 20 }, (_, turn) =>
      inWork(app, organization, keys, (work) =>
        sealPersonal(
          work,
          [...people.slice(turn * 50), ...people.slice(0, turn * 50)].map((subjectId) => ({
            organizationId: organization,
            subjectId,
            json: subjectId,
            now: work.now,
          })),
        ),
      ),
    ),
  );
  const items = sealed.flatMap((texts, turn) =>
    texts.map((bytes, at) => ({
      subjectId: people[(turn * 50 + at) % 1_000] ?? "",
      sealed: bytes,
    })),
  );
  const opened = await openPersonal(readingOf(app, organization, keys), items);
  assert.deepEqual(
    opened,
    items.map(({ subjectId }) => subjectId),
  );
});

test("once a person's key is destroyed nothing of theirs opens, and no new key is made", async () => {
  const [gone, never, stays] = [newId("customer"), newId("customer"), newId("customer")];
  const [before, kept] = [await seal(gone, "text"), await seal(stays, "text")];
  await inWork(app, organization, keys, async (work) => {
    await destroySubjectKey(work, gone, "other");
    await destroySubjectKey(work, gone, "other");
    await destroySubjectKey(work, never, "other");
  });
  const after = await seal(gone, "text");
  assert.equal(after.length, 0);
  assert.equal((await seal(never, "text")).length, 0);
  const opened = await openPersonal(readingOf(app, organization, keys), [
    { subjectId: gone, sealed: before },
    { subjectId: gone, sealed: after },
    { subjectId: stays, sealed: kept },
  ]);
  assert.deepEqual(opened, [null, null, "text"]);
  const [row] = await asOwner<{ wrapped_key: null }>(
    url,
    "select wrapped_key, key_id from subject_keys where subject_id = $1",
    [gone],
  );
  assert.deepEqual(row, { wrapped_key: null, key_id: null });
});

test("a person has two keys: what is under one stays when the other is destroyed", async () => {
  const subjectId = newId("customer");
  const both = async () =>
    inWork(app, organization, keys, (work) =>
      sealPersonal(
        work,
        keyPurposes.map((purpose) => ({
          organizationId: organization,
          subjectId,
          purpose,
          json: purpose,
          now: work.now,
        })),
      ),
    );
  const sealed = await both();
  const open = () => {
    const reading = readingOf(app, organization, keys);
    return openPersonal(
      reading,
      sealed.map((bytes) => ({ subjectId, sealed: bytes })),
    );
  };
  const destroy = (purpose: KeyPurpose) =>
    inWork(app, organization, keys, (work) => destroySubjectKey(work, subjectId, purpose));
  assert.deepEqual(await open(), ["retained", "other"]);
  await destroy("other");
  assert.deepEqual(await open(), ["retained", null]);
  assert.deepEqual(
    (await both()).map(({ length }) => length > 0),
    [true, false],
  );
  await destroy("retained");
  assert.deepEqual(await open(), [null, null]);
});

test("a copy that the first release sealed opens until the person's other key is destroyed", async () => {
  const subjectId = newId("customer");
  const person = { organizationId: organization, subjectId };
  await inWork(app, organization, keys, (work) =>
    sealPersonal(work, [{ ...person, purpose: "retained", json: "new", now: work.now }]),
  );
  const [row] = await asOwner<{ key_id: string; wrapped_key: Uint8Array }>(
    url,
    "select key_id, wrapped_key from subject_keys where subject_id = $1",
    [subjectId],
  );
  assert.ok(row);
  const context = bind("subject key", organization, subjectId);
  const key = await keys.unwrap(row.key_id, row.wrapped_key, context);
  const nonce = keys.random(NONCE_BYTES);
  const bound = bind("personal", organization, subjectId, "evt_1", "1");
  const old = Buffer.concat([
    Uint8Array.of(1),
    nonce,
    sealBytes(key, nonce, Buffer.from("old"), bound),
  ]);
  const items = [{ subjectId, sealed: old, recordId: "evt_1" }];
  const open = () => openPersonal(readingOf(app, organization, keys), items);
  assert.deepEqual(await open(), ["old"]);
  await inWork(app, organization, keys, (work) => destroySubjectKey(work, subjectId, "other"));
  assert.deepEqual(await open(), [null]);
  // Relabelled as what the law keeps, it is not taken for that.
  const relabelled = [
    { subjectId, sealed: Buffer.from([3, ...old.subarray(1)]), recordId: "evt_1" },
  ];
  await assert.rejects(openPersonal(readingOf(app, organization, keys), relabelled), Fault);
});

test("G2: a person's key moved to another person or organization opens nothing", async () => {
  const [mine, theirs] = [newId("customer"), newId("customer")];
  const sealed = await seal(mine, "text");
  await seal(theirs, "text");
  await asOwner(
    url,
    `update subject_keys a set wrapped_key = b.wrapped_key from subject_keys b
     where a.subject_id = $1 and b.subject_id = $2`,
    [theirs, mine],
  );
  const reading = readingOf(app, organization, keys);
  await assert.rejects(openPersonal(reading, [{ subjectId: theirs, sealed }]), Fault);
});

test("a database remembers its keys: others are refused, and none are made where one is missing", async () => {
  let asked: boolean | undefined;
  const opening = (given: typeof keys) => async (mayCreate: boolean) => {
    asked = mayCreate;
    return given;
  };
  assert.equal(await bindKeys(app, opening(keys)), keys);
  assert.equal(asked, true);
  await bindKeys(app, opening(keys));
  assert.equal(asked, false);
  const mistaken = (words: RegExp) => (error: unknown) =>
    error instanceof KeysError && words.test(error.message);
  await assert.rejects(
    bindKeys(app, opening(testKeys())),
    mistaken(/not those.*"hash" is another/),
  );
  const [hash, wrapping] = keys.checks;
  assert.ok(hash && wrapping);
  const more = {
    ...keys,
    checks: [hash, wrapping, { keyId: "kek_2", value: Buffer.alloc(16, 7) }],
  };
  await bindKeys(app, opening(more));
  await assert.rejects(bindKeys(app, opening(keys)), mistaken(/"kek_2" is missing/));
});
