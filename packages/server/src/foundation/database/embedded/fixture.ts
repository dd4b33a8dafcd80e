/** What the tests of this folder share: folders that vanish, servers as processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./index.ts";
import { livingPostmaster } from "./pidfile.ts";
import { readRecord } from "./places.ts";
import { stopPostmaster } from "./postmaster.ts";

/** Fast and as good for these tests: a process that dies takes nothing from the system's cache. */
export const FAST = { fsync: "off", shared_buffers: "16MB", max_connections: "30" };

/** As what the tests run; some guarantees are root's alone. */
export const IS_ROOT = process.getuid?.() === 0;

export const quiet = () => {};

/** A test, or the `after` of a whole file: what must be undone at its end is left with it. */
export type Cleaning = { after(undo: () => unknown): void };

type Undo = () => unknown;
const undosOf = new WeakMap<Cleaning, Undo[]>();

/** Undoes in reverse order, unlike `after` itself: a folder goes after what runs in it. */
function atEnd(t: Cleaning, undo: Undo): void {
  const known = undosOf.get(t);
  if (known) {
    known.push(undo);
    return;
  }
  const undos = [undo];
  undosOf.set(t, undos);
  t.after(async () => {
    for (const each of undos.reverse()) await each();
  });
}

/**
 * A new path for a `.cardwright` folder, below a folder that is removed after the test.
 *
 * @param mode of the folder above it, which the user PostgreSQL runs as may have to walk through
 */
export function newFolder(t: Cleaning, mode = 0o755): string {
  const above = realpathSync(mkdtempSync(join(tmpdir(), "cardwright-embedded-")));
  chmodSync(above, mode);
  const folder = join(above, ".cardwright");
  atEnd(t, async () => {
    const data = readRecord(join(folder, "database.json"))?.dataFolder;
    if (data !== undefined) await endLeft(data);
    if (data?.startsWith("/var/lib/cardwright/")) removeFolder(dirname(data));
    removeFolder(above);
  });
  return folder;
}

/** The postmaster of a server that a failed test killed and did not follow up. */
async function endLeft(data: string): Promise<void> {
  const left = livingPostmaster(data);
  if (left !== null) await stopPostmaster(left.pid, () => livingPostmaster(data) === null);
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Starts in this process; the test's end stops it. */
export async function start(
  t: Cleaning,
  folder: string,
  settings: Readonly<Record<string, string>> = FAST,
): Promise<EmbeddedPostgres> {
  const database = await startEmbeddedPostgres({ folder, settings, log: quiet });
  atEnd(t, () => database.stop());
  return database;
}

/** One statement on a connection of its own. */
export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url);
  client.on("error", quiet);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** What a server process says once: that it is up, or why it is not. */
export type Word = {
  readonly up: boolean;
  readonly url: string | null;
  readonly dataFolder: string;
  readonly postmaster: number;
  readonly name: string;
  readonly message: string;
  readonly holder: number;
};

export type ServerProcess = {
  readonly pid: number;
  readonly word: Promise<Word>;
  readonly process: ChildProcess;
  /** Ends it by this signal, and waits. */
  end(signal: NodeJS.Signals): Promise<void>;
};

/** Runs `fixture-server.ts` on a folder, in a process group of its own. */
export function spawnServer(
  t: Cleaning,
  folder: string,
  options: { readonly announce?: string; readonly uid?: number; readonly gid?: number } = {},
): ServerProcess {
  const script = fileURLToPath(new URL("./fixture-server.ts", import.meta.url));
  const { announce = "", ...identity } = options;
  const child = spawn(process.execPath, [script, folder, announce], {
    ...identity,
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const word = new Promise<Word>((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    lines.once("close", () => reject(new Error("the server said nothing")));
  });
  word.catch(quiet);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  atEnd(t, () => end("SIGTERM"));
  return { pid: child.pid ?? 0, word, process: child, end };
}
