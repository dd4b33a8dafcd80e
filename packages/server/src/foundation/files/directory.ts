import { constants } from "node:fs";
import { mkdir, open, opendir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Entropy } from "../clock/clock.ts";
import { assert, Outage } from "../errors/errors.ts";
import { type FileStore, isFileName, type StoredFile } from "./files.ts";

/** What a file is called until it is whole; no name that `isFileName` takes ends so. */
const UNFINISHED = ".part";

/**
 * Files in a directory that only this user may read. A file appears under its name whole or not at all:
 * it is written under another, brought to the disk, and renamed.
 *
 * @param folder made where it is missing.
 */
export async function directoryFiles(folder: string, random: Entropy): Promise<FileStore> {
  await outage(mkdir(folder, { recursive: true, mode: 0o700 }));
  await removeUnfinished(folder);
  const placeOf = (name: string) => {
    assert(isFileName(name), "A file's name has other characters than it may.");
    return path.join(folder, ...name.split("/"));
  };
  return {
    place: `directory ${folder}`,
    put: (name, content) => outage(write(folder, placeOf(name), content, random)),
    open: (name) => outage(read(placeOf(name))),
    remove: (name) => outage(rm(placeOf(name), { force: true })),
    walk: () => walk(folder),
  };
}

async function write(
  folder: string,
  file: string,
  content: AsyncIterable<Uint8Array>,
  random: Entropy,
): Promise<void> {
  const parent = path.dirname(file);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const unfinished = path.join(folder, `${Buffer.from(random(12)).toString("hex")}${UNFINISHED}`);
  try {
    const handle = await open(unfinished, "wx", 0o600);
    try {
      for await (const piece of content) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  // The name is in the directory: that must be on the disk, too.
  await sync(parent);
  await sync(folder);
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function read(file: string): Promise<AsyncIterable<Uint8Array> | null> {
  const handle = await present(open(file, constants.O_RDONLY | constants.O_NOFOLLOW));
  return handle?.createReadStream() ?? null;
}

/** Depth first, so that one directory a level is open, and of each a few entries in memory. */
async function* walk(folder: string, within = ""): AsyncGenerator<StoredFile> {
  const directory = await outage(present(opendir(path.join(folder, within))));
  if (directory === null) return;
  // Closes the directory, also where the walk is left.
  const entries = directory[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value: entry } = await outage(entries.next());
      if (done) return;
      const name = within === "" ? entry.name : `${within}/${entry.name}`;
      if (!isFileName(name)) continue;
      if (entry.isDirectory()) yield* walk(folder, name);
      if (!entry.isFile()) continue;
      const found = await outage(present(stat(path.join(folder, name))));
      if (found !== null) yield { name, storedAt: found.mtime };
    }
  } finally {
    await entries.return?.();
  }
}

/** @returns null where it is not there, or not any more */
async function present<T>(done: Promise<T>): Promise<T | null> {
  try {
    return await done;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/**
 * What a process that was killed left half written. Another that is writing now loses its file and
 * answers an outage: a directory belongs to one process at a time.
 */
async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder);
  const unfinished = names.filter((name) => name.endsWith(UNFINISHED));
  await Promise.all(unfinished.map((name) => rm(path.join(folder, name), { force: true })));
}

/** What the file system refuses is an outage; its text may name a path, so it stays the cause. */
async function outage<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (cause) {
    if (cause instanceof Error && "syscall" in cause) {
      throw new Outage("The directory of documents cannot be used.", { cause });
    }
    throw cause;
  }
}
