import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { inWork, newId, testKeys, workOf } from "../../../test/harness/work.ts";
import type { Transaction } from "../../foundation/database/database.ts";
import { Fault, Refusal } from "../../foundation/errors/errors.ts";
import type { CardId } from "../../foundation/ids/ids.ts";
import { createLog } from "../../foundation/log/log.ts";
import { revealCardNumber, storeCardNumber } from "./actions.ts";
import type { NumberRange } from "./model.ts";
import { numberAt } from "./rules.ts";

const { url, app, vault } = await testDatabase();
const keys = testKeys();
const organization = newId("organization");
const other = newId("organization");

let bins = 0;
/** A range that no other test draws from, in a prefix that no network routes (STANDARDS 2.1). */
function newRange(size: bigint): NumberRange {
  bins += 1;
  const bin = `9999${String(bins).padStart(4, "0")}`;
  return { bin, panLength: 19, from: 7n, to: 6n + size };
}

const issue = (range: NumberRange, cardId: CardId = newId("card"), organizationId = organization) =>
  inWork(app, organizationId, keys, (work) => storeCardNumber(work, { cardId, range }));

const isExhausted = (error: unknown) =>
  error instanceof Refusal && error.code === "number_range_exhausted" && error.status === 503;

const reveal = (cardId: CardId, organizationId = organization) =>
  revealCardNumber(vault, keys, organizationId, cardId);

/** The outcomes of promises: what they gave, or the refusal. Anything else fails the test. */
async function outcomes<T>(promises: Promise<T>[]): Promise<{ given: T[]; exhausted: number }> {
  const settled = await Promise.allSettled(promises);
  const given = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refusals = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  for (const reason of refusals) assert.ok(isExhausted(reason), String(reason));
  return { given, exhausted: refusals.length };
}

test("a stored number is read back by the vault's role, and its mask is what was answered", async () => {
  const cardId = newId("card");
  const range = newRange(1_000_000n);
  const masked = await issue(range, cardId);
  const number = await reveal(cardId);
  assert.equal(number.length, 19);
  assert.ok(number.startsWith(range.bin));
  assert.deepEqual(masked, { firstSix: number.slice(0, 6), lastFour: number.slice(-4) });
  await assert.rejects(reveal(cardId, other), Fault);
});

test("a range of 3 numbers gives 3 cards, one after another, then none", async () => {
  const range = newRange(3n);
  const ids = [newId("card"), newId("card"), newId("card")];
  for (const id of ids) await issue(range, id);
  await assert.rejects(issue(range), isExhausted);
  await assert.rejects(issue(range, newId("card"), other), isExhausted);
  const numbers = await Promise.all(ids.map((id) => reveal(id)));
  assert.deepEqual([...numbers].sort(), [0n, 1n, 2n].map((place) => numberAt(range, place)).sort());
});

test("a range found full is refused again without a question to the database", async () => {
  const range = newRange(1n);
  await issue(range);
  await assert.rejects(issue(range), isExhausted);
  await app.transaction(async (sql: Transaction) => {
    const query = () => assert.fail("asked the database");
    const work = { ...workOf(sql, organization, keys), sql: { ...sql, query } };
    await assert.rejects(storeCardNumber(work, { cardId: newId("card"), range }), isExhausted);
  });
});

test("12 parallel transactions on a range of 3 numbers: exactly 3 get one, all different", async () => {
  for (let round = 0; round < 5; round += 1) {
    const range = newRange(3n);
    const ids = Array.from({ length: 12 }, () => newId("card"));
    const done = await outcomes(ids.map(async (id) => ({ id, ...(await issue(range, id)) })));
    const numbers = await Promise.all(done.given.map(({ id }) => reveal(id)));
    assert.equal(done.exhausted, 9);
    assert.equal(new Set(numbers).size, 3);
  }
});

test("a number whose transaction rolls back is free again, also for one that waits for it", async () => {
  const range = newRange(1n);
  let giveUp: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const abandoned = inWork(app, organization, keys, async (work) => {
    await storeCardNumber(work, { cardId: newId("card"), range });
    await assert.rejects(storeCardNumber(work, { cardId: newId("card"), range }), isExhausted);
    await waiting;
    throw new Error("abandoned");
  });
  const cardId = newId("card");
  const second = new Promise((resolve) => setTimeout(resolve, 100)).then(() =>
    issue(range, cardId),
  );
  setTimeout(giveUp, 300);
  await assert.rejects(abandoned, /abandoned/);
  await second;
  assert.equal(await reveal(cardId), numberAt(range, 0n));
  await assert.rejects(issue(range), isExhausted);
});

/** Keys whose single random bytes, which draw places, are these; longer ones stay random. */
const dealt = (...bytes: number[]) => ({
  ...keys,
  random: (count: number) =>
    count === 1 ? Uint8Array.of(bytes.shift() as number) : keys.random(count),
});

test("one that loses a number to a transaction in flight goes on to the next free one", async () => {
  const range = newRange(3n);
  const holding = (given: typeof keys) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cardId = newId("card");
    const done = inWork(app, organization, given, async (work) => {
      await storeCardNumber(work, { cardId, range });
      await promise;
    });
    return { done, release: resolve };
  };
  const first = holding(dealt(0b00 << 6));
  const second = holding(dealt(0b01 << 6));
  await pause(100);
  const cardId = newId("card");
  // Draws the first one's number and waits; then of the two that show as free takes the second's.
  const third = inWork(app, organization, dealt(0b00 << 6, 0b00 << 6, 0b1 << 7), (work) =>
    storeCardNumber(work, { cardId, range }),
  );
  await pause(100);
  first.release();
  await pause(100);
  second.release();
  await Promise.all([first.done, second.done, third]);
  assert.equal(await reveal(cardId), numberAt(range, 2n));
});

test("work that is rolled back to its savepoint leaves no number behind", async () => {
  const range = newRange(1n);
  await app.transaction(async (sql: Transaction) => {
    await sql.savepoint();
    await storeCardNumber(workOf(sql, organization, keys), { cardId: newId("card"), range });
    await sql.rollbackToSavepoint();
  });
  await issue(range);
});

test("a range that is nearly full gives its last numbers, found by search", async () => {
  const range = newRange(9_000n);
  const taken = Array.from({ length: 8_995 }, (_, place) =>
    keys.mac("pan", numberAt(range, BigInt(place < 4_000 ? place : place + 5))),
  );
  await asOwner(
    url,
    `insert into vault.pan_hash (hash, organization_id, card_id)
     select hash, 'org_other', 'card_other' from unnest($1::bytea[]) as hash`,
    [taken],
  );
  const ids = Array.from({ length: 7 }, () => newId("card"));
  const done = await outcomes(ids.map(async (id) => ({ id, ...(await issue(range, id)) })));
  const numbers = await Promise.all(done.given.map(({ id }) => reveal(id)));
  const left = Array.from({ length: 5 }, (_, place) => numberAt(range, BigInt(4_000 + place)));
  assert.deepEqual(numbers.sort(), left.sort());
  assert.equal(done.exhausted, 2);
});

test("overlapping ranges and other organizations never get the same number", async () => {
  const range = newRange(20n);
  const narrower = { ...range, from: range.from + 5n };
  const ids = Array.from({ length: 30 }, () => newId("card"));
  const done = await outcomes(
    ids.map(async (id, index) => {
      const organizationId = index % 2 === 0 ? organization : other;
      await issue(index % 3 === 0 ? narrower : range, id, organizationId);
      return reveal(id, organizationId);
    }),
  );
  assert.equal(done.given.length, 20);
  assert.equal(new Set(done.given).size, 20);
});

test("500 numbers of a range of 10 million are not in order and not near each other", async () => {
  const range = newRange(10_000_000n);
  const ids = Array.from({ length: 500 }, () => newId("card"));
  await inWork(app, organization, keys, async (work) => {
    for (const cardId of ids) await storeCardNumber(work, { cardId, range });
  });
  const numbers = await Promise.all(ids.map((id) => reveal(id)));
  const accounts = numbers.map((number) => Number(number.slice(8, -1)));
  const rising = accounts.filter((value, index) => value > (accounts[index - 1] ?? 0)).length;
  const low = accounts.filter((value) => value < 5_000_000).length;
  assert.ok(rising > 180 && rising < 320, `${rising} of 500 are above the one before`);
  assert.ok(low > 180 && low < 320, `${low} of 500 are in the lower half`);
});

test("G2: a row moved to another card, organization or version, or changed: nothing is read", async () => {
  const [mine, theirs] = [newId("card"), newId("card")];
  const range = newRange(1_000n);
  await issue(range, mine);
  await issue(range, theirs);
  const swaps = [
    // The whole sealed row of another card, another organization's, another version's.
    "wrapped_key = b.wrapped_key, nonce = b.nonce, ciphertext = b.ciphertext",
    "wrapped_key = b.wrapped_key",
    "nonce = b.nonce",
    "ciphertext = b.ciphertext",
    "ciphertext = substr(a.ciphertext, 1, length(a.ciphertext) - 1)",
    "ciphertext = set_byte(a.ciphertext, 0, get_byte(a.ciphertext, 0) # 1)",
    "wrapped_key = set_byte(a.wrapped_key, 20, get_byte(a.wrapped_key, 20) # 1)",
    "wrapped_key = a.ciphertext",
    "key_id = 'kek_other'",
    "version = 2",
    "organization_id = 'org_thief'",
  ];
  const columns = "organization_id, card_id, version, key_id, wrapped_key, nonce, ciphertext";
  for (const swap of swaps) {
    const owner = swap.startsWith("organization_id") ? "org_thief" : organization;
    const [before] = await asOwner<object>(
      url,
      `select ${columns}, created_at from vault.card_numbers where card_id = $1`,
      [mine],
    );
    await asOwner(
      url,
      `update vault.card_numbers a set ${swap} from vault.card_numbers b
       where a.card_id = $1 and b.card_id = $2`,
      [mine, theirs],
    );
    await assert.rejects(
      revealCardNumber(vault, keys, owner as typeof organization, mine),
      Fault,
      swap,
    );
    await asOwner(url, "delete from vault.card_numbers where card_id = $1", [mine]);
    await asOwner(
      url,
      `insert into vault.card_numbers (${columns}, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      Object.values(before ?? {}),
    );
    assert.equal((await reveal(mine)).length, 19);
  }
});

test("G2: no nonce and no data key is used twice", async () => {
  const rows = await asOwner<{ total: bigint; nonces: bigint; keys: bigint }>(
    url,
    `select count(*) as total, count(distinct nonce) as nonces,
       count(distinct substr(wrapped_key, 1, 12)) as keys from vault.card_numbers`,
  );
  assert.ok(Number(rows[0]?.total) > 500);
  assert.equal(rows[0]?.nonces, rows[0]?.total);
  assert.equal(rows[0]?.keys, rows[0]?.total);
});

test("the application's role can neither read nor change the vault, and the vault's role no hash", async () => {
  const denied = (sql: typeof app, text: string) =>
    assert.rejects(sql.query({ name: undefined, text }), { code: "42501" }, text);
  for (const table of ["vault.card_numbers", "vault.pan_hash"]) {
    await denied(app, `select * from ${table}`);
    await denied(app, `select count(*) from ${table}`);
    await denied(app, `delete from ${table}`);
    await denied(app, `insert into ${table} select * from ${table}`);
    await denied(app, `copy ${table} to stdout`);
    await denied(vault, `update ${table} set card_id = card_id`);
    await denied(vault, `truncate ${table}`);
  }
  await denied(vault, "delete from vault.pan_hash");
  await denied(vault, "select * from subject_keys");
  await denied(app, "create table vault.copy (number text)");
});

test("G4: the database alone does not tell whether a guessed number exists", async () => {
  const cardId = newId("card");
  const range = newRange(2n);
  await issue(range, cardId);
  const number = await reveal(cardId);
  const [row] = await asOwner<{ hash: Buffer }>(
    url,
    "select hash from vault.pan_hash where card_id = $1",
    [cardId],
  );
  assert.deepEqual(row?.hash, Buffer.from(keys.mac("pan", number)));
  assert.notDeepEqual(row?.hash, Buffer.from(testKeys().mac("pan", number)));
  const dump = await dumpOf(["public", "vault"]);
  const secrets = keys.checks.map(({ value }) => Buffer.from(value).toString("hex"));
  assert.ok(dump.includes(organization), "the dump holds the rows at all");
  assert.deepEqual(
    secrets.filter((secret) => dump.includes(secret)),
    [],
    "no key of these keys is known to a database that was not bound to them",
  );
});

/** Every row of every table, as text. */
async function dumpOf(schemas: string[]): Promise<string> {
  const tables = await asOwner<{ name: string }>(
    url,
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname = any($1)`,
    [schemas],
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await asOwner<{ row: string }>(url, `select t::text as row from ${name} t`);
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join("\n");
}

test("G1: a number is in no table, log line, error or answer in clear", async () => {
  const cardId = newId("card");
  const range = newRange(1n);
  const answer = await issue(range, cardId);
  const number = await reveal(cardId);
  const refusal = await issue(range).catch((error: unknown) => error);
  const twice = await issue(newRange(5n), cardId).catch((error: unknown) => error);
  assert.equal((twice as { code?: string }).code, "23505");
  const lines: string[] = [];
  const log = createLog("trace", { write: (line) => void lines.push(line) });
  log.error({ err: twice, refusal, answer, number, pan: number }, `card ${number}`);
  log.info({ text: `4-4-4-7 ${number.replace(/(.{4})/g, "$1 ")}` }, "grouped");
  const seen = [
    await dumpOf(["public", "vault"]),
    ...lines,
    JSON.stringify([answer, refusal, twice]),
    String(twice),
    JSON.stringify(await asOwner(url, "select query from pg_stat_activity")),
  ].join("\n");
  const middle = number.slice(6, -4);
  const forms = [number, middle, Buffer.from(number).toString("hex"), btoa(number)];
  assert.ok(seen.includes(cardId), "the dump holds the card at all");
  assert.deepEqual(
    forms.filter((form) => seen.includes(form)),
    [],
  );
  assert.equal(lines.length, 2);
});
