import { constants } from "node:fs";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import path from "node:path";
import { systemEntropy } from "../clock/clock.ts";
import { makeFolder } from "../config/folder.ts";
import { type KeyMode, type Keys, KeysError } from "./keys.ts";
import { newMaterial, readMaterial, writeMaterial } from "./material.ts";
import { softwareKeys } from "./software.ts";

/** Name of the key file in its folder. */
export const KEY_FILE = "keys.json";

const OTHERS_MAY_READ_OR_WRITE = 0o077;
const LARGEST_BYTES = 65_536;

export type FileKeysOptions = {
  /** What the installation is; keys of the other mode are refused. */
  readonly mode: KeyMode;
  /**
   * False where the database already holds what other keys made: then a missing file is refused.
   */
  readonly mayCreate: boolean;
};

/**
 * Keys from `<folder>/keys.json`; made at the first start, readable by this user alone.
 *
 * @throws KeysError when the file is missing and may not be made, others may read it, it belongs to
 *   another user, or it is damaged.
 * @throws ConfigError when the folder cannot be made.
 */
export async function fileKeys(folder: string, options: FileKeysOptions): Promise<Keys> {
  const file = path.join(folder, KEY_FILE);
  const found = await readKeyFile(file);
  if (found !== null) return softwareKeys(readMaterial(found, file, options.mode), "file");
  if (!options.mayCreate) {
    throw new KeysError(
      `${file} is missing, and the database holds card numbers encrypted under its keys.`,
      "Restore the file from your back-up. New keys cannot read what the old ones wrote.",
    );
  }
  await createKeyFile(file, writeMaterial(newMaterial(options.mode, systemEntropy)));
  // Read back what lies there now: another process may have been first.
  const written = await readKeyFile(file);
  if (written === null) throw new KeysError(`${file} vanished while it was made.`, "Start again.");
  return softwareKeys(readMaterial(written, file, options.mode), "file");
}

async function readKeyFile(file: string): Promise<string | null> {
  const handle = await openKeyFile(file);
  if (handle === null) return null;
  try {
    await refuseOpenToOthers(handle, file);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function openKeyFile(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    if (code === "ELOOP") throw notAPlainFile(file);
    throw new KeysError(
      `${file} cannot be opened (${code}).`,
      `Let this user read it: chown and chmod 600 ${file}.`,
    );
  }
}

/** Judges the open file, not its name, so that nobody can put another in its place in between. */
async function refuseOpenToOthers(handle: FileHandle, file: string): Promise<void> {
  const found = await handle.stat();
  const { mode, uid, size } = found;
  if (!found.isFile() || size > LARGEST_BYTES) throw notAPlainFile(file);
  const own = process.getuid?.();
  if (own === undefined) return;
  if (uid !== own) {
    throw new KeysError(
      `${file} belongs to user ${uid}, and Cardwright runs as user ${own}.`,
      `Run Cardwright as that user, or give it the file: chown ${own} ${file}.`,
    );
  }
  if ((mode & OTHERS_MAY_READ_OR_WRITE) !== 0) {
    throw new KeysError(
      `${file} can be read or changed by other users of this machine.`,
      `Close it: chmod 600 ${file}. If others may have read it, treat its keys as known to them.`,
    );
  }
}

function notAPlainFile(file: string): KeysError {
  return new KeysError(
    `${file} is a link, a folder or something else that is no plain key file.`,
    "Put the key file itself there, or give the keys in CARDWRIGHT_KEYS.",
  );
}

/** Whole or not at all, and never over another: written aside, synced, then given its name. */
async function createKeyFile(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  const aside = `${file}.${Buffer.from(systemEntropy(6)).toString("hex")}.new`;
  makeFolder(folder, 0o700);
  const handle = await open(aside, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await giveName(aside, file);
  await syncFolder(folder);
}

async function giveName(aside: string, file: string): Promise<void> {
  try {
    await link(aside, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Some file systems have no hard links; there the name is given by renaming.
    if (code !== "EEXIST") return await rename(aside, file);
  }
  await unlink(aside);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
