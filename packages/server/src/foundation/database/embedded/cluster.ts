/** The cluster on disk: made once, by initdb, whole or not at all; its password and permissions. */
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Account, processOptions } from "./account.ts";
import { CannotStart } from "./errors.ts";
import type { LogFile } from "./logfile.ts";
import type { Places } from "./places.ts";

export type Log = (level: "info" | "warn" | "error", message: string, facts?: object) => void;

/** Everything that is needed to run this cluster. */
export type Cluster = {
  readonly native: string;
  readonly places: Places;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly logFile: LogFile;
  readonly log: Log;
};

export const LOGIN = "cardwright";
const MAJOR_VERSION = "18";
const PASSWORD_BYTES = 24;

/** Only this machine, only with the password; there is no socket and no trust. */
const HOST_RULES = `# Written by Cardwright. Only this machine, only with the password.
host all all 127.0.0.1/32 scram-sha-256
`;

/** A new password; it counts once the cluster knows it and `writePassword` has kept it. */
export function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/** Keeps the password for later starts, at mode 0600, whole or not at all. */
export function writePassword(path: string, password: string): void {
  const draft = `${path}.draft`;
  rmSync(draft, { force: true });
  writeDurably(draft, `${password}\n`);
  renameSync(draft, path);
}

/** Makes the password file private again where somebody opened it. */
export function closePassword(path: string, log: Log): void {
  if ((statSync(path).mode & 0o077) === 0) return;
  log("warn", "others could read the database password; its file is private again", { path });
  chmodSync(path, 0o600);
}

/** The password, or null where the file is missing or does not hold one. */
export function readPassword(path: string): string | null {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[A-Za-z0-9_-]{20,}$/.test(text) ? text : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new CannotStart(
      `The password file ${path} cannot be read: ${(error as Error).message}.`,
      "Start Cardwright as the user who owns it.",
      error,
    );
  }
}

/** Whether there is anything that `inspectCluster` must look at before it is used. */
export function hasData(data: string): boolean {
  return existsSync(data) && readdirSync(data).length > 0;
}

/**
 * Makes the cluster. It grows in a folder of its own and gets its name in the last step, so a start
 * that is killed half-way leaves only rubbish, which the next one removes.
 *
 * @throws CannotStart with initdb's own words
 */
export async function createCluster(cluster: Omit<Cluster, "logFile">): Promise<void> {
  const { places } = cluster;
  const draft = mkdtempSync(`${places.data}.building-`);
  const data = join(draft, "data");
  const passwordFile = join(draft, "password");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, cluster.password, { mode: 0o600 });
  for (const path of [draft, data, passwordFile]) give(path, places.account);
  await runInitdb(cluster, data, passwordFile);
  writeDurably(join(data, "pg_hba.conf"), HOST_RULES);
  give(join(data, "pg_hba.conf"), places.account);
  renameSync(data, places.data);
  syncFolder(places.home);
  rmSync(draft, { recursive: true, force: true });
}

async function runInitdb(
  cluster: Omit<Cluster, "logFile">,
  data: string,
  passwordFile: string,
): Promise<void> {
  const options = ["--encoding=UTF8", "--locale=C", "--data-checksums", `--username=${LOGIN}`];
  options.push("--auth=scram-sha-256", `--pwfile=${passwordFile}`, `--pgdata=${data}`);
  if (cluster.settings.fsync === "off") options.push("--no-sync");
  const words: string[] = [];
  const child = spawn(join(cluster.native, "bin", "initdb"), options, {
    ...processOptions(cluster.places.account),
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr.setEncoding("utf8").on("data", (text) => words.push(text));
  const ending = await new Promise<string | number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });
  if (ending === 0) return;
  throw new CannotStart(
    `initdb could not make the database in ${cluster.places.data} (ended with ${ending}): ` +
      `${words.join("").trim()}.`,
    "Cure what it names and start again; nothing was kept of this attempt.",
  );
}

/** What earlier starts left behind when they were killed during initdb. */
export function removeUnfinished(places: Places): void {
  const prefix = `${basename(places.data)}.building-`;
  for (const name of readdirSync(places.home)) {
    if (!name.startsWith(prefix)) continue;
    // An initdb that outlived its parent may still write there; then a later start removes it.
    try {
      rmSync(join(places.home, name), { recursive: true, force: true, maxRetries: 3 });
    } catch {}
  }
}

/**
 * Checks an existing cluster: its version, and that nobody else can read it.
 *
 * @throws CannotStart when the folder holds something that is not ours to open
 */
export function inspectCluster(data: string, log: Log): void {
  if (!existsSync(join(data, "PG_VERSION"))) {
    throw new CannotStart(
      `The folder ${data} is not empty and is not a PostgreSQL database.`,
      "Move it away, or give Cardwright another folder.",
    );
  }
  const version = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (version !== MAJOR_VERSION) {
    throw new CannotStart(
      `The database in ${data} was made by PostgreSQL ${version}; this is ${MAJOR_VERSION}.`,
      "Move its contents with pg_dump and pg_restore, or run the matching Cardwright release.",
    );
  }
  if ((statSync(data).mode & 0o077) === 0) return;
  log("warn", "others could read the data folder; it is private again", { dataFolder: data });
  chmodSync(data, 0o700);
}

/**
 * Gives an existing cluster a new password, where the file with the old one is gone. No postmaster
 * may be running: PostgreSQL's stand-alone mode does it, which asks for none.
 *
 * @throws CannotStart with PostgreSQL's own words
 */
export function resetPassword(native: string, places: Places, password: string): void {
  const program = join(native, "bin", "postgres");
  const answer: SpawnSyncReturns<string> = spawnSync(
    program,
    ["--single", "-D", places.data, "postgres"],
    {
      ...processOptions(places.account),
      encoding: "utf8",
      input: `ALTER ROLE ${LOGIN} PASSWORD '${password}'\n`,
    },
  );
  if (answer.status === 0 && !/ERROR:|FATAL:|PANIC:/.test(answer.stderr)) return;
  throw new CannotStart(
    `The password file ${places.password} is missing and a new password could not be set: ` +
      `${answer.stderr.trim()}.`,
    "Put the file back, or cure what PostgreSQL names.",
  );
}

function give(path: string, account: Account): void {
  if (!account.own) chownSync(path, account.uid, account.gid);
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}
