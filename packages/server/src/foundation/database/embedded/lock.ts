/**
 * One server a folder, from before its database runs until after it has stopped. The claim inside
 * PostgreSQL cannot say who may create the cluster or restart it; this lock of the operating system
 * can, and the kernel gives it back when its process dies, however it dies.
 *
 * Node has no call for file locks, but SQLite, which is part of it, takes one. Nothing is ever
 * written to the file. Nothing else in this process may open it: closing any other descriptor of
 * it would release the lock.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CannotStart } from "./errors.ts";

export type FolderLock = { release(): void };

const SQLITE_BUSY = 5;

/** Keeps held locks reachable, so that garbage collection does not release one. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock, or answers null when another process (or this one) holds it. Never waits.
 *
 * @throws CannotStart when the file cannot be opened or locked at all
 */
export function tryLock(path: string): FolderLock | null {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path);
    file.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (error) {
    file?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw new CannotStart(
      `The lock file ${path} cannot be used: ${(error as Error).message}.`,
      "Start Cardwright as the user who owns it, on a disk that supports file locks.",
      error,
    );
  }
  chmodSync(path, 0o600);
  const lock = file;
  held.add(lock);
  return {
    release() {
      if (held.delete(lock)) lock.close();
    },
  };
}
