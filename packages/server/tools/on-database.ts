import { existsSync } from "node:fs";
import path from "node:path";
import { ConfigError, loadConfig } from "../src/foundation/config/config.ts";
import { type Database, openDatabase } from "../src/foundation/database/database.ts";
import { addressOfRunning } from "../src/foundation/database/embedded/attach.ts";
import {
  AlreadyRunning,
  CannotStart,
  startEmbeddedPostgres,
} from "../src/foundation/database/embedded/index.ts";
import { readSettings } from "../src/foundation/database/settings.ts";
import { Outage } from "../src/foundation/errors/errors.ts";

/** What the operator's commands share: the database that the server's settings name, and a line of progress. */

/** What a person asked for in a way that cannot be understood. */
export class Misused extends Error {}

/** Errors that a person understands without a stack. */
export const understood = [Misused, ConfigError, AlreadyRunning, CannotStart, Outage];

/**
 * Runs `use` on the database of the settings, the embedded one too, and leaves behind what was running before.
 *
 * @param name of the command, as `pg_stat_activity` shows it.
 */
export function onDatabase<T>(name: string, use: (database: Database) => Promise<T>): Promise<T> {
  return withUrl(async (url) => {
    const { takesRoles } = await readSettings(url);
    const database = openDatabase({
      url,
      role: takesRoles ? "cardwright_app" : null,
      maxConnections: 2,
      statementTimeoutMs: 0,
      applicationName: `cardwright ${name}`,
    });
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  });
}

async function withUrl<T>(use: (url: string) => Promise<T>): Promise<T> {
  const { DATABASE_URL, CARDWRIGHT_FOLDER } = loadConfig(process.env);
  const url = DATABASE_URL ?? addressOfRunning(CARDWRIGHT_FOLDER);
  if (url !== null) return use(url);
  if (!existsSync(path.join(CARDWRIGHT_FOLDER, "database.json"))) {
    throw new Misused(`There is no database in ${CARDWRIGHT_FOLDER}, and DATABASE_URL is not set.`);
  }
  const embedded = await startEmbeddedPostgres({ folder: CARDWRIGHT_FOLDER, log: () => undefined });
  try {
    return await use(embedded.url);
  } finally {
    await embedded.stop();
  }
}

/** One line that is written over on a terminal; nothing where output goes to a file. */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
