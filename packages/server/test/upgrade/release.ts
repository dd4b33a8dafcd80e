import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import pg from "pg";
import { migrationFiles } from "../../src/foundation/database/migrate.ts";
import { ensureRoles } from "../../src/foundation/database/roles.ts";
import { emptyDatabase } from "./chaos.ts";
import { tablesInOrder } from "./dump.ts";

/** The grants and the rows of a release, named after its last migration, as SQL. */
export async function fixtureText(name: string): Promise<string> {
  const file = new URL(`${name}.sql.gz`, import.meta.url);
  return gunzipSync(await readFile(file)).toString("utf8");
}

/** A database as the release left it, dropped with the test file. */
export async function releasedDatabase(name: string): Promise<string> {
  const url = await emptyDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await ensureRoles(client);
    await client.query(`create table migrations (name text primary key, checksum text not null,
      applied_at timestamptz not null default now())`);
    const files = (await migrationFiles()).filter((file) => file.name.slice(0, 4) <= name);
    for (const file of files) {
      await client.query(file.text);
      await client.query("insert into migrations (name, checksum) values ($1, $2)", [
        file.name,
        file.checksum,
      ]);
    }
    await client.query(await fixtureText(name));
    // Answers are kept for days of real time, and it is longer than that since these were given.
    await client.query("update idempotency_keys set created_at = now()");
  } finally {
    await client.end();
  }
  return url;
}

/** What a table holds: its columns, and a digest of their values in all rows. */
export type Contents = {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly digest: string;
};

/**
 * What lies in each table of a database.
 *
 * @param before where it is given, only its tables and columns are read: what was there before.
 */
export async function contentsOf(
  url: string,
  before?: ReadonlyMap<string, Contents>,
): Promise<Map<string, Contents>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables =
      before === undefined
        ? await tablesInOrder(client)
        : [...before].map(([name, { columns }]) => ({ name, columns }));
    const found = new Map<string, Contents>();
    for (const { name, columns } of tables) {
      const line = columns.map((column) => `quote_nullable(${column}::text)`).join(" || ',' || ");
      const { rows } = await client.query<{ rows: string; digest: string }>(
        `select count(*) as rows, md5(coalesce(string_agg(l, E'\\n' order by l collate "C"), ''))
           as digest from (select ${line} as l from ${name}) lines`,
      );
      found.set(name, { columns, rows: Number(rows[0]?.rows), digest: rows[0]?.digest ?? "" });
    }
    return found;
  } finally {
    await client.end();
  }
}
