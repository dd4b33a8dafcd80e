import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after } from "node:test";
import pg from "pg";
import { migrate, migrationFiles } from "../../src/foundation/database/migrate.ts";
import { describeSchema } from "../../src/foundation/database/schema.ts";
import { ADMIN_URL, asOwner, dropDatabase, withDatabase } from "../harness/database.ts";

/** Ends the migrating connection at the nth statement of a run, as a crash would. */
const killer = `
  create schema chaos;
  create sequence chaos.statements;
  create table chaos.plan (kill_at bigint not null);
  insert into chaos.plan values (1);
  create function chaos.count() returns void language plpgsql as $$
  begin
    if nextval('chaos.statements') = (select kill_at from chaos.plan) then
      perform pg_terminate_backend(pg_backend_pid());
      perform pg_sleep(1);
    end if;
  end $$;
  create function chaos.strike() returns event_trigger language plpgsql as $$
  begin
    perform chaos.count();
  end $$;
  create function chaos.strike_rows() returns trigger language plpgsql as $$
  begin
    perform chaos.count();
    return null;
  end $$;
  create event trigger strike on ddl_command_end execute function chaos.strike();`;

/** What changes rows is struck too: after its statement, in each table that there is. */
const killerOfRows = `
  do $$
  declare
    name text;
  begin
    for name in select format('%I.%I', schemaname, tablename) from pg_tables
      where schemaname in ('public', 'vault') and tablename <> 'migrations'
    loop
      execute format('create trigger chaos after insert or update or delete on %s
        for each statement execute function chaos.strike_rows()', name);
    end loop;
  end $$;`;

const end = `
  drop event trigger strike;
  drop schema chaos cascade;`;

/**
 * Migrates to the newest, killed at each statement of each file and run again.
 *
 * @returns how often it was killed.
 */
export async function migrateUnderFire(url: string): Promise<number> {
  await asOwner(url, killer);
  // Their own making would be struck too.
  await asOwner(
    url,
    `alter event trigger strike disable; ${killerOfRows}
    alter event trigger strike enable`,
  );
  const files = await migrationFiles();
  let killAt = 1;
  let kills = 0;
  for (let applied = await countApplied(url); applied < files.length; ) {
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
  await asOwner(url, end);
  await migrate(url);
  return kills;
}

/** A database with nothing in it, dropped with the test file. */
export async function emptyDatabase(): Promise<string> {
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

export async function schemaOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await describeSchema(client);
  } finally {
    await client.end();
  }
}

/** The committed file without its heading. */
export async function committedSchema(): Promise<string> {
  const text = await readFile(new URL("../../schema.sql", import.meta.url), "utf8");
  return text.replace(/^-- Generated[^\n]*\n\n/, "");
}
