import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import test, { after } from "node:test";
import pg from "pg";
import { migrate, migrationFiles } from "../src/foundation/database/migrate.ts";
import { describeSchema } from "../src/foundation/database/schema.ts";
import { ADMIN_URL, asOwner, dropDatabase, withDatabase } from "./harness/database.ts";

/** Ends the migrating connection at the nth statement of a run, as a crash would. */
const killer = `
  create schema chaos;
  create sequence chaos.statements;
  create table chaos.plan (kill_at bigint not null);
  insert into chaos.plan values (1);
  create function chaos.strike() returns event_trigger language plpgsql as $$
  begin
    if nextval('chaos.statements') = (select kill_at from chaos.plan) then
      perform pg_terminate_backend(pg_backend_pid());
      perform pg_sleep(1);
    end if;
  end $$;
  create event trigger strike on ddl_command_end execute function chaos.strike();`;

test("C12: a migration killed at each statement ends at the same schema when run again", async () => {
  const url = await emptyDatabase();
  await asOwner(url, killer);
  const files = await migrationFiles();
  let killAt = 1;
  let kills = 0;
  for (let applied = 0; applied < files.length; ) {
    await asOwner(url, `update chaos.plan set kill_at = ${killAt}`);
    await asOwner(url, "select setval('chaos.statements', 1, false)");
    const died = await migrate(url).then(
      () => false,
      () => true,
    );
    if (died) kills += 1;
    const now = await countApplied(url);
    killAt = now > applied ? 1 : killAt + 1;
    applied = now;
  }
  assert.ok(kills > files.length, `the killer struck only ${kills} times`);
  await asOwner(url, "drop event trigger strike");
  await migrate(url);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("two servers that migrate one database at once apply each file once", async () => {
  const url = await emptyDatabase();
  const [left, right] = await Promise.all([migrate(url), migrate(url)]);
  const files = await migrationFiles();
  assert.equal(left.applied.length + right.applied.length, files.length);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("schema.sql is what the migrations make, on this version of PostgreSQL", async () => {
  const url = await emptyDatabase();
  await migrate(url);
  assert.equal(await schemaOf(url), await committedSchema());
});

test("a database of a newer release and an edited migration are refused by name", async () => {
  const url = await emptyDatabase();
  await migrate(url);
  await asOwner(url, "insert into migrations (name, checksum) values ('9999_future.sql', 'x')");
  await assert.rejects(migrate(url), /9999_future\.sql.*newer Cardwright/);
  await asOwner(url, "delete from migrations where name = '9999_future.sql'");
  await asOwner(url, "update migrations set checksum = 'x' where name = '0003_ledger.sql'");
  await assert.rejects(migrate(url), /0003_ledger\.sql differs/);
});

async function emptyDatabase(): Promise<string> {
  const admin = process.env[ADMIN_URL] ?? "";
  const name = `cw_upgrade_${randomBytes(6).toString("hex")}`;
  await asOwner(admin, `create database ${name} template template0`);
  const url = withDatabase(admin, name);
  after(() => dropDatabase(url));
  return url;
}

async function countApplied(url: string): Promise<number> {
  const [there] = await asOwner<{ found: boolean }>(
    url,
    "select to_regclass('migrations') is not null as found",
  );
  if (!there?.found) return 0;
  const [row] = await asOwner<{ count: string }>(url, "select count(*) from migrations");
  return Number(row?.count);
}

async function schemaOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await describeSchema(client);
  } finally {
    await client.end();
  }
}

/** The committed file without its heading. */
async function committedSchema(): Promise<string> {
  const text = await readFile(new URL("../schema.sql", import.meta.url), "utf8");
  return text.replace(/^-- Generated[^\n]*\n\n/, "");
}
