import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { Fault } from "../errors/errors.ts";
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
