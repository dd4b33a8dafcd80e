import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { ensureRoles, rolesSql } from "./roles.ts";

/** Where the numbered files lie. */
const folder = new URL("../../../migrations/", import.meta.url);

/** Advisory lock that one migration run holds; any constant that nothing else uses. */
const MIGRATION_LOCK = 7_227_000_001n;

export type MigrationFile = {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
};

export type MigrationReport = {
  readonly applied: readonly string[];
  /** False where the login may not create roles: everything then runs as the login. */
  readonly rolesReady: boolean;
  /** What an administrator may run to get the roles. */
  readonly rolesRemedy: string | null;
};

/** The numbered migrations, in order. */
export async function migrationFiles(): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), "utf8");
      return { name, text, checksum: createHash("sha256").update(text).digest("hex") };
    }),
  );
}

/**
 * Brings a database to this release: forward only, each file in a transaction of its own together
 * with its line in `migrations`, all under an advisory lock. A killed run goes on at the next start.
 *
 * @param onApplied is told each file after its COMMIT, for progress.
 * @throws Error when the database is newer than this release, or an applied file was edited.
 */
export async function migrate(
  url: string,
  onApplied: (name: string) => void = () => undefined,
): Promise<MigrationReport> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "cardwright migrations",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [String(MIGRATION_LOCK)]);
    const rolesReady = await ensureRoles(client);
    const applied = await applyMissing(client, onApplied);
    if (rolesReady) await client.query(await readFile(new URL("grants.sql", folder), "utf8"));
    const { rows } = await client.query<{ login: string }>("select current_user as login");
    return { applied, rolesReady, rolesRemedy: rolesReady ? null : rolesSql(rows[0]?.login ?? "") };
  } finally {
    await client.end();
  }
}

async function applyMissing(
  client: pg.Client,
  onApplied: (name: string) => void,
): Promise<string[]> {
  await client.query(`create table if not exists migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "select name, checksum from migrations order by name",
  );
  const files = await migrationFiles();
  refuseUnknown(rows, files);
  const missing = files.filter((file) => !rows.some((row) => row.name === file.name));
  for (const file of missing) {
    await applyOne(client, file);
    onApplied(file.name);
  }
  return missing.map((file) => file.name);
}

function refuseUnknown(
  rows: readonly { name: string; checksum: string }[],
  files: readonly MigrationFile[],
): void {
  for (const row of rows) {
    const file = files.find((candidate) => candidate.name === row.name);
    if (file === undefined) {
      throw new Error(
        `The database has migration ${row.name}, which this release does not know: it was used by a newer Cardwright. Start that release, or restore a back-up.`,
      );
    }
    if (file.checksum !== row.checksum) {
      throw new Error(
        `Migration ${row.name} differs from the one this database was made with. Restore the file; changes go into a new migration.`,
      );
    }
  }
}

async function applyOne(client: pg.Client, file: MigrationFile): Promise<void> {
  await client.query("begin");
  try {
    await client.query(file.text);
    await client.query("insert into migrations (name, checksum) values ($1, $2)", [
      file.name,
      file.checksum,
    ]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
