/**
 * Where everything lies. Usually all of it is in the folder that was asked for; where root starts
 * Cardwright below a folder closed to others (`/root/…`), the part that PostgreSQL itself must
 * reach lies in `/var/lib/cardwright/<hash of the path>` and `database.json` in the folder says so.
 */
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { makeFolder } from "../../config/folder.ts";
import { type Account, canEnter, chooseAccount, firstClosedFolder } from "./account.ts";
import { CannotStart } from "./errors.ts";

export type Places = {
  /** The folder that was asked for, absolute, without symbolic links. */
  readonly folder: string;
  /** Where PostgreSQL's own part lies: the folder itself, or one below /var/lib/cardwright. */
  readonly home: string;
  readonly data: string;
  readonly lock: string;
  readonly log: string;
  readonly password: string;
  readonly record: string;
  readonly account: Account;
};

/** What `database.json` says, for people and for the next start. */
export type PlaceRecord = {
  readonly folder: string;
  readonly dataFolder: string;
  readonly log: string;
  readonly account: string;
  readonly serverPid: number;
  /** Where that server answers, once it has said so. */
  readonly serverUrl: string | null;
};

const FALLBACK_ROOT = "/var/lib/cardwright";

/**
 * Makes the folder where it is missing and decides where the cluster lies and who runs it. Data
 * that exist are never passed over for a new empty cluster.
 *
 * @throws ConfigError when the folder cannot be made.
 * @throws CannotStart when the folder cannot be used, or holds data that cannot be reached.
 */
export function choosePlaces(askedFolder: string): Places {
  const folder = openFolder(askedFolder);
  const existing = existingData(folder);
  const account = chooseAccount(existing);
  if (existing !== null) {
    refuseUnreachable(account, dirname(existing));
    return placesOf(folder, dirname(existing), account);
  }
  if (account.own || canEnter(account, folder)) return placesOf(folder, folder, account);
  return placesOf(folder, openFallback(folder), account);
}

function placesOf(folder: string, home: string, account: Account): Places {
  return {
    folder,
    home,
    data: join(home, "database"),
    lock: join(home, "database.lock"),
    log: join(folder, "database.log"),
    password: join(folder, "database.password"),
    record: join(folder, "database.json"),
    account,
  };
}

function openFolder(askedFolder: string): string {
  const path = resolve(askedFolder);
  const isNew = makeFolder(path, 0o777);
  try {
    // Root must let PostgreSQL's user walk through; nobody else has business here.
    if (isNew) chmodSync(path, process.getuid?.() === 0 ? 0o711 : 0o700);
    readdirSync(path);
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new CannotStart(
      `The folder ${path} cannot be used: ${(cause as Error).message}.`,
      "Let the user who starts Cardwright read and write it, or set CARDWRIGHT_FOLDER to another.",
      cause,
    );
  }
  return realpathSync(path);
}

function existingData(folder: string): string | null {
  const candidates = [folder, fallbackHome(folder)].map((home) => join(home, "database"));
  const moved = movedData(folder);
  if (moved !== null) candidates.push(moved);
  return candidates.find(holdsSomething) ?? null;
}

/** A folder that was renamed still finds its data below /var/lib; a copy does not share them. */
function movedData(folder: string): string | null {
  const record = readRecord(join(folder, "database.json"));
  if (record === null || record.folder === folder || existsSync(record.folder)) return null;
  return record.dataFolder;
}

function holdsSomething(data: string): boolean {
  try {
    return readdirSync(data).length > 0;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}

function fallbackHome(folder: string): string {
  return join(FALLBACK_ROOT, createHash("sha256").update(folder).digest("hex").slice(0, 16));
}

function openFallback(folder: string): string {
  const home = fallbackHome(folder);
  mkdirSync(home, { recursive: true });
  chmodSync(FALLBACK_ROOT, 0o755);
  chmodSync(home, 0o711);
  return home;
}

function refuseUnreachable(account: Account, home: string): void {
  const closed = firstClosedFolder(account, home);
  if (closed === null) return;
  throw new CannotStart(
    `The database in ${home} is run by the user ${account.name}, who cannot enter ${closed}.`,
    `Let others walk through it: chmod o+x ${closed}.`,
  );
}

/** The record of an earlier start, or null where there is none that can be read. */
export function readRecord(path: string): PlaceRecord | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as PlaceRecord;
  } catch {
    return null;
  }
}

/** Writes where things really lie, and who is the server, whole or not at all. */
export function writeRecord(places: Places, serverUrl: string | null): void {
  const record: PlaceRecord = {
    folder: places.folder,
    dataFolder: places.data,
    log: places.log,
    account: places.account.name,
    serverPid: process.pid,
    serverUrl,
  };
  const draft = `${places.record}.draft`;
  writeFileSync(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
  renameSync(draft, places.record);
}
