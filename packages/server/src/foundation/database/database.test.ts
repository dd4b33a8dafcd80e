import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { Fault, Outage } from "../errors/errors.ts";
import { openDatabase } from "./database.ts";
import { isContention } from "./errors.ts";
import { type Sql, statement } from "./sql.ts";

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

test("COMMIT is told when it is sent, after all writes and before it is answered", async () => {
  await asOwner(url, "truncate notes");
  const told: string[] = [];
  const committed = app.transaction(async (sql) => {
    sql.whenCommitting(() => told.push("committing"));
    sql.beforeCommit(Symbol("step"), async (flushed) => {
      await write(flushed, "flushed");
      told.push("written");
    });
  });
  await committed.then(() => told.push("committed"));
  assert.deepEqual(told, ["written", "committing", "committed"]);
  const failing = app.transaction(async (sql) => {
    sql.whenCommitting(() => told.push("a failed transaction never commits"));
    throw new Error("The work failed.");
  });
  await assert.rejects(failing);
  assert.equal(told.length, 3);
});

/** Notes by a set of them: with one row in it, PostgreSQL would plan anew each time. */
const findNotes = statement(
  "test.findNotes",
  "select n.note from unnest($1::text[]) as w(note) join kept_notes n on n.note = w.note",
);

/** A table that is planned for while it is empty, and how it is searched once it is not. */
async function planAfterGrowing(planLifeMs: number | undefined) {
  const table = "create table kept_notes (note text primary key)";
  await asOwner(url, `${table}; grant all on kept_notes to cardwright_app`);
  const settings = planLifeMs === undefined ? {} : { planLifeMs };
  const own = openDatabase({ url, role: "cardwright_app", maxConnections: 1, ...settings });
  const ask = (text: string) =>
    own.transaction(async (sql) => {
      await sql.query(findNotes, [["one"]]);
      return sql.query<Record<string, unknown>>({ name: undefined, text });
    });
  try {
    await ask("select 1");
    await own.transaction((sql) =>
      sql.query({
        name: undefined,
        text: "insert into kept_notes select n::text from generate_series(1, 20000) as n",
      }),
    );
    const lines = await ask(`explain execute "test.findNotes" ('{one}')`);
    const [counts] = await ask(
      `select generic_plans::int as generic, custom_plans::int as custom
       from pg_prepared_statements where name = 'test.findNotes'`,
    );
    const isByIndex = lines.some((line) => String(line["QUERY PLAN"]).includes("Index"));
    return { isByIndex, custom: counts?.custom, generic: counts?.generic };
  } finally {
    await own.close();
    await asOwner(url, "drop table kept_notes");
  }
}

test("a statement of transactions is planned once for any values, not again on each call", async () => {
  const { custom, generic } = await planAfterGrowing(undefined);
  assert.deepEqual({ custom, generic }, { custom: 0, generic: 4 });
});

test("a plan that was made for an empty table is not kept when the table has grown", async () => {
  const { isByIndex } = await planAfterGrowing(0);
  assert.equal(isByIndex, true);
});
