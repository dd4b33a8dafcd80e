import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { Fault, Outage } from "../errors/errors.ts";
import { openDatabase } from "./database.ts";
import { isContention } from "./errors.ts";
import type { Sql } from "./sql.ts";

const { app, url } = await testDatabase(1);
await asOwner(url, "create table notes (note text); grant all on notes to cardwright_app");

const note = (text: string) => ({
  name: undefined,
  text: `insert into notes values ('${text}')`,
});
const write = async (sql: Sql, text: string) => void (await sql.query(note(text)));
const notes = async () =>
  (await asOwner<{ note: string }>(url, "select note from notes order by note")).map(
    (row) => row.note,
  );

test("a branch of failed work that goes on after the rollback writes nothing", async () => {
  let late: Promise<unknown> = Promise.resolve();
  const failing = app.transaction(async (sql) => {
    await sql.query(note("early"));
    late = sleep(50).then(() => sql.query(note("late")));
    late.catch(() => undefined);
    throw new Error("The work failed.");
  });
  await assert.rejects(failing, /The work failed/);
  await assert.rejects(late, Fault);
  assert.deepEqual(await notes(), []);
});

test("what is registered before COMMIT runs once, and is forgotten when asked", async () => {
  const [first, second] = [Symbol("first"), Symbol("second")];
  const registered: boolean[] = [];
  await app.transaction(async (sql) => {
    registered.push(sql.beforeCommit(first, async () => assert.fail("It was forgotten.")));
    sql.forgetBeforeCommit();
    registered.push(sql.beforeCommit(first, (flushed) => write(flushed, "first")));
    registered.push(sql.beforeCommit(first, async () => assert.fail("It is registered already.")));
    registered.push(sql.beforeCommit(second, (flushed) => write(flushed, "second")));
  });
  assert.deepEqual(registered, [true, true, false, true]);
  assert.deepEqual(await notes(), ["first", "second"]);
});

test("writes that nobody awaited are done before COMMIT; one that fails undoes everything", async () => {
  await asOwner(url, "truncate notes");
  await app.transaction(async (sql) => sql.awaitBeforeCommit(write(sql, "sent")));
  assert.deepEqual(await notes(), ["sent"]);
  const failing = app.transaction(async (sql) => {
    await write(sql, "awaited");
    sql.awaitBeforeCommit(
      sql.query({ name: undefined, text: "insert into no_such_table select 1" }),
    );
    sql.beforeCommit(Symbol("step"), (flushed) => write(flushed, "flushed"));
  });
  await assert.rejects(
    failing,
    /no_such_table/,
    "the reason is told, not that what followed failed",
  );
  assert.deepEqual(await notes(), ["sent"]);
});

test("writes that were sent are forgotten with the work that is rolled back to its savepoint", async () => {
  await asOwner(url, "truncate notes");
  await app.transaction(async (sql) => {
    await sql.savepoint();
    sql.awaitBeforeCommit(
      sql.query({ name: undefined, text: "insert into no_such_table select 1" }),
    );
    sql.forgetBeforeCommit();
    await sql.rollbackToSavepoint();
    await write(sql, "instead");
  });
  assert.deepEqual(await notes(), ["instead"]);
});

test("what is registered for after COMMIT runs once, after it, and not without it", async () => {
  await asOwner(url, "truncate notes");
  const [key, other] = [Symbol("key"), Symbol("other")];
  const seen: string[] = [];
  const tell = (name: string) => () => void seen.push(name);
  const failing = app.transaction(async (sql) => {
    sql.afterCommit(key, tell("rolled back"));
    throw new Error("The work failed.");
  });
  await assert.rejects(failing, /The work failed/);
  await app.transaction(async (sql) => {
    sql.afterCommit(other, tell("forgotten"));
    sql.forgetBeforeCommit();
    sql.afterCommit(key, tell("once"));
    sql.afterCommit(key, tell("once"));
    await write(sql, "note");
    assert.deepEqual(seen, []);
  });
  assert.deepEqual(seen, ["once"]);
  assert.deepEqual(await notes(), ["note"]);
});

test("a lock that somebody holds is contention; a database that is away is not", async () => {
  const locked = await testDatabase(2);
  await asOwner(locked.url, "create table notes (note text); grant all on notes to cardwright_app");
  const impatient = { name: undefined, text: "set local lock_timeout = '20ms'" };
  const lock = { name: undefined, text: "lock table notes" };
  const waiting = locked.app.transaction(async (holder) => {
    await holder.query(lock);
    await locked.app.transaction(async (sql) => {
      await sql.query(impatient);
      await sql.query(lock);
    });
  });
  await assert.rejects(waiting, (error) => error instanceof Outage && isContention(error));
  const away = openDatabase({ url: "postgres://127.0.0.1:1/none", role: null, maxConnections: 1 });
  await assert.rejects(
    away.query(note("nowhere")),
    (error) => error instanceof Outage && !isContention(error),
  );
});
