import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { Refusal } from "../errors/errors.ts";
import { openDatabase } from "./database.ts";
import { readLong } from "./long.ts";
import type { Sql } from "./sql.ts";

const { url } = await testDatabase();
const hasty = openDatabase({
  url,
  role: "cardwright_app",
  maxConnections: 3,
  statementTimeoutMs: 200,
});
test.after(() => hasty.close());

const sleep = (sql: Sql, seconds: number) =>
  sql.query({ name: undefined, text: "select pg_sleep($1)" }, [seconds]);

const refusedBy = (detail: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.code === "unavailable" && detail.test(error.message);

test("a long read has more time for a statement than requests have, and takes it to no other", async () => {
  await assert.rejects(sleep(hasty, 0.4), /does not answer/);
  assert.equal((await readLong(hasty, 2_000, (sql) => sleep(sql, 0.4))).length, 1);
  await assert.rejects(sleep(hasty, 0.4), /does not answer/);
});

test("503: a statement that takes longer than a long read has is ended, and the answer says so", async () => {
  const slow = readLong(hasty, 300, (sql) => sleep(sql, 2));
  await assert.rejects(slow, refusedBy(/longer than the 0.3 s/));
});

test("long reads run one at a time; one that waits holds no connection", async () => {
  let running = 0;
  let most = 0;
  const one = () =>
    readLong(hasty, 2_000, async (sql) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(sql, 0.2);
      running -= 1;
    });
  const all = Promise.all([one(), one(), one(), one(), one()]);
  let done = false;
  void all.then(() => {
    done = true;
  });
  // Of three connections one reads; were the others waiting on theirs, these would come last.
  for (const _ of [1, 2, 3]) await sleep(hasty, 0.01);
  assert.equal(done, false);
  await all;
  assert.equal(most, 1);
});

test("503: a long read whose turn does not come says that another one runs", async () => {
  const first = readLong(hasty, 20_000, (sql) => sleep(sql, 6));
  await sleep(hasty, 0.1);
  await assert.rejects(
    readLong(hasty, 1_000, (sql) => sleep(sql, 0)),
    refusedBy(/Another check of whole books is running/),
  );
  await first;
});
