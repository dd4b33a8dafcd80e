import pg from "pg";
import { roles } from "./roles.ts";

/** What a database server says about itself, as far as it decides whether money may lie there. */
export type ServerSettings = {
  /** Of `select version()`. */
  readonly version: string;
  /** 180004 for 18.4. */
  readonly versionNumber: number;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  readonly dataChecksums: string;
  /** Whether the login can take the roles that pools run under. */
  readonly takesRoles: boolean;
  readonly login: string;
};

const CONNECT_TIMEOUT_MS = 5_000;

const query = `select version() as version,
  current_setting('server_version_num')::integer as "versionNumber",
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as "fullPageWrites",
  current_setting('synchronous_commit') as "synchronousCommit",
  current_setting('data_checksums') as "dataChecksums",
  current_user as login,
  (select count(*) = cardinality($1::text[]) from pg_roles
    where rolname = any($1) and pg_has_role(current_user, oid, 'member')) as "takesRoles"`;

/**
 * Reads the settings in a session of the login, where every default of the server, the database and
 * the login counts.
 *
 * @throws the driver's error when the database cannot be reached
 */
export async function readSettings(url: string): Promise<ServerSettings> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "cardwright settings",
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<ServerSettings>(query, [roles]);
    return rows[0] as ServerSettings;
  } finally {
    await client.end();
  }
}
