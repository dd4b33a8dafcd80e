import { chmod, open, readFile, rename, unlink } from "node:fs/promises";
import path from "node:path";
import { makeFolder } from "../../foundation/config/folder.ts";

/** What `.cardwright/dev.json` says of a running sandbox, for scripts and for the next terminal. */
export type DevFacts = {
  readonly url: string;
  /** Null where the key was revoked. */
  readonly apiKey: string | null;
  readonly platformKey: string | null;
  readonly organizationId: string | null;
  readonly programs: readonly {
    readonly id: string;
    readonly model: string;
    readonly currency: string;
  }[];
};

const FILE = "dev.json";
const PRIVATE = 0o600;

/** Writes a file that this user alone reads: whole, or not at all. Its folder is made if missing. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  makeFolder(path.dirname(file), 0o700);
  const handle = await open(draft, "w", PRIVATE);
  try {
    // A draft that an earlier start left behind keeps its mode.
    await chmod(draft, PRIVATE);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

export async function writeDevFile(folder: string, facts: DevFacts): Promise<void> {
  await writePrivately(path.join(folder, FILE), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Removes the file, unless it is another server's by now, or `url` is not given. */
export async function removeDevFile(folder: string, url?: string): Promise<void> {
  const file = path.join(folder, FILE);
  try {
    const facts = JSON.parse(await readFile(file, "utf8")) as DevFacts;
    if (url !== undefined && facts.url !== url) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
  }
  await unlink(file).catch(() => undefined);
}
