import { join, resolve } from "node:path";
import { LOGIN, readPassword } from "./cluster.ts";
import { livingPostmaster } from "./pidfile.ts";
import { readRecord } from "./places.ts";

/**
 * The address of the embedded database of a folder while its server runs, for commands that look into it
 * from another process. Touches nothing.
 *
 * @returns null where no server runs there.
 */
export function addressOfRunning(askedFolder: string): string | null {
  const folder = resolve(askedFolder);
  const record = readRecord(join(folder, "database.json"));
  if (record === null) return null;
  const port = livingPostmaster(record.dataFolder)?.port ?? null;
  const password = readPassword(join(folder, "database.password"));
  if (port === null || password === null) return null;
  return `postgres://${LOGIN}:${password}@127.0.0.1:${port}/${LOGIN}`;
}
