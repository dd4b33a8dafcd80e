import { randomBytes } from "node:crypto";
import { after } from "node:test";
import pg from "pg";
import { type Database, openDatabase } from "../../src/foundation/database/database.ts";

/** Environment variables by which test/setup.ts tells the test files where the databases are. */
export const ADMIN_URL = "CW_TEST_ADMIN_URL";
export const TEMPLATE = "CW_TEST_TEMPLATE";

export type TestDatabase = {
  /** Connects as the login that owns everything: for looking, and for tampering. */
  readonly url: string;
  readonly app: Database;
  readonly vault: Database;
  /** Closes its connections; repeating it does nothing. */
  close(): Promise<void>;
};

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** A database of its own for this test file, cloned from the template and dropped when the file ends. */
export async function testDatabase(maxConnections = 20): Promise<TestDatabase> {
  const url = await cloneTemplate();
  const database = connect(url, maxConnections);
  after(async () => {
    await database.close();
    await dropDatabase(url);
  });
  return database;
}

/** Closes all connections and opens others to the same database, closed when this test ends. */
export async function reconnect({ url, close }: TestDatabase): Promise<TestDatabase> {
  await close();
  const database = connect(url, 20);
  after(database.close);
  return database;
}

function connect(url: string, maxConnections: number): TestDatabase {
  const app = openDatabase({ url, role: "cardwright_app", maxConnections });
  const vault = openDatabase({ url, role: "cardwright_vault", maxConnections: 4 });
  let closed: Promise<unknown> | undefined;
  const close = async () => {
    closed ??= Promise.all([app.close(), vault.close()]);
    await closed;
  };
  return { url, app, vault, close };
}

/** Clones the template; the caller drops it with `dropDatabase`. */
export async function cloneTemplate(): Promise<string> {
  const name = `cw_test_${randomBytes(6).toString("hex")}`;
  // Two files that clone at once may meet "source database is being accessed": try again.
  for (let attempt = 0; ; attempt += 1) {
    try {
      await administer(`create database ${name} template ${environment(TEMPLATE)}`);
      return withDatabase(environment(ADMIN_URL), name);
    } catch (error) {
      if ((error as { code?: string }).code !== "55006" || attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function dropDatabase(url: string): Promise<void> {
  await administer(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

/** Runs statements as the owner: what neither role of the server may do. */
export async function asOwner<R extends object>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as R[];
  } finally {
    await client.end();
  }
}

/** The words that a check constraint compares a column with, sorted: they agree with a table of the code. */
export async function wordsOf(url: string, constraint: string): Promise<string[]> {
  const [row] = await asOwner<{ text: string }>(
    url,
    "select pg_get_constraintdef(oid) as text from pg_constraint where conname = $1",
    [constraint],
  );
  return [...(row?.text ?? "").matchAll(/'(\w+)'/g)].map(([, word = ""]) => word).sort();
}

async function administer(statement: string): Promise<void> {
  await asOwner(environment(ADMIN_URL), statement);
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error("Run tests through `npm test -- <file>`: it starts the database first.");
  }
  return value;
}
