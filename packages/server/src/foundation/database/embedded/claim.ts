/**
 * The claim: an advisory lock held by a session of its own, whose application_name says which
 * server holds it. It shows in `pg_stat_activity`, and it is gone with the server or with the
 * database. It lives in the database "postgres", so that "cardwright" stays free to be a template.
 */
import { Client } from "pg";
import { LOGIN } from "./cluster.ts";
import type { Holder } from "./errors.ts";

/** Where the cluster listens on 127.0.0.1, and the word that opens it. */
export type Address = { readonly port: number; readonly password: string };

export type Claim = {
  /** Settles when the session is gone, whoever ended it. */
  readonly lost: Promise<void>;
  /** Writes the server's own address into the session's name. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
};

export type ClaimAttempt =
  | { readonly taken: true; readonly claim: Claim }
  | { readonly taken: false; readonly holder: Holder };

/** The two halves of the lock's key: "CARD" and "WRIT" in ASCII. */
const LOCK_KEY = [0x43415244, 0x57524954] as const;

/** PostgreSQL cuts names at 63 bytes. */
const NAME_LIMIT_BYTES = 63;

/** PostgreSQL's code for a password that is not the login's. */
export const INVALID_PASSWORD = "28P01";

const CONNECT_LIMIT_MS = 5_000;

/** Our own session must not be ended by a limit that a setting or a variable brings in. */
const SESSION_OPTIONS = "-c idle_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0";

const HOLDER_QUERY = `
  SELECT session.application_name AS name
    FROM pg_locks AS held JOIN pg_stat_activity AS session ON session.pid = held.pid
   WHERE held.locktype = 'advisory' AND held.granted
     AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND held.classid = $1 AND held.objid = $2 AND held.objsubid = 2`;

/**
 * Tries to take the claim; never waits for its holder.
 *
 * @param url what to announce at once, or null while the server has no address yet
 * @throws the driver's error when the database cannot be reached
 */
export async function takeClaim(address: Address, url: string | null): Promise<ClaimAttempt> {
  const client = await connect(address, claimName(url));
  try {
    const lost = new Promise<void>((resolve) => client.once("end", () => resolve()));
    const answer = await client.query("SELECT pg_try_advisory_lock($1, $2) AS taken", [
      ...LOCK_KEY,
    ]);
    if (answer.rows[0].taken) return { taken: true, claim: claimOf(client, lost) };
    const holder = await readHolder(client);
    await client.end();
    return { taken: false, holder: holder ?? { pid: 0, url: null } };
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

function claimOf(client: Client, lost: Promise<void>): Claim {
  return {
    lost,
    async announce(url) {
      await client.query("SELECT set_config('application_name', $1, false)", [claimName(url)]);
    },
    release: () => client.end().catch(() => {}),
  };
}

/** Who holds the claim, or null. @throws the driver's error when the database cannot be reached */
export async function findHolder(address: Address): Promise<Holder | null> {
  const client = await connect(address, "cardwright: who runs here?");
  try {
    return await readHolder(client);
  } finally {
    await client.end();
  }
}

async function readHolder(client: Client): Promise<Holder | null> {
  const answer = await client.query(HOLDER_QUERY, [...LOCK_KEY]);
  return answer.rows[0] ? parseClaimName(answer.rows[0].name) : null;
}

/** Makes the database where a new cluster (or a person) left none. */
export async function ensureDatabase(address: Address): Promise<void> {
  const client = await connect(address, "cardwright: opening");
  try {
    const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [LOGIN]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${LOGIN}`);
  } finally {
    await client.end();
  }
}

/** The name of the claim's session; an address that does not fit is cut, which `...` shows. */
export function claimName(url: string | null): string {
  const name = url === null ? `cardwright ${process.pid}` : `cardwright ${process.pid} ${url}`;
  if (Buffer.byteLength(name) <= NAME_LIMIT_BYTES) return name;
  return `${Buffer.from(name)
    .subarray(0, NAME_LIMIT_BYTES - 3)
    .toString("utf8")}...`;
}

/** The reverse of `claimName`. */
export function parseClaimName(name: string): Holder {
  const [, pid, url] = /^cardwright (\d+)(?: (.+))?$/.exec(name) ?? [];
  return { pid: Number(pid ?? 0), url: url ?? null };
}

async function connect(address: Address, name: string): Promise<Client> {
  const client = new Client({
    host: "127.0.0.1",
    port: address.port,
    user: LOGIN,
    password: address.password,
    database: "postgres",
    ssl: false,
    application_name: name,
    options: SESSION_OPTIONS,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
  });
  // An end of the session shows in `lost` or in the query's own error.
  client.on("error", () => {});
  await client.connect();
  return client;
}
