/**
 * `postmaster.pid`, and whether the process it names is really the postmaster of this data folder:
 * after a crash the number may belong to any other program.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

export type PidFile = {
  readonly pid: number;
  /** Null while the postmaster has not got as far as writing it. */
  readonly port: number | null;
  readonly ready: boolean;
};

const PORT_LINE = 3;
const STATUS_LINE = 7;

/** The file's facts, or null where there is no file or no number in it. */
export function readPidFile(data: string): PidFile | null {
  let text: string;
  try {
    text = readFileSync(join(data, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const lines = text.split("\n");
  // A minus sign marks a stand-alone backend.
  const pid = Math.abs(Number.parseInt(lines[0] ?? "", 10));
  // Zero would mean our own process group to kill().
  if (!(pid > 0)) return null;
  const port = Number.parseInt(lines[PORT_LINE] ?? "", 10);
  const ready = lines[STATUS_LINE]?.trim() === "ready";
  return { pid, port: Number.isInteger(port) ? port : null, ready };
}

/** The living postmaster of this data folder, or null. */
export function livingPostmaster(data: string): PidFile | null {
  const file = readPidFile(data);
  return file !== null && isPostmaster(file.pid, data) ? file : null;
}

/**
 * Whether this process is a PostgreSQL that was started on this data folder. Its children rewrite
 * their command lines, and one that has died but was not collected has none, so neither passes.
 */
export function isPostmaster(pid: number, data: string): boolean {
  if (process.platform !== "linux")
    return psLine(pid)?.includes(`/postgres -D ${data} -c`) === true;
  const words = commandLine(pid);
  if (words === null || basename(words[0] ?? "") !== "postgres") return false;
  return words.includes(data) || workingFolder(pid) === data;
}

/**
 * Removes a postmaster.pid that would stop PostgreSQL though no postmaster runs: an empty one, or
 * one whose number now belongs to another program. Where nothing has the number PostgreSQL itself
 * copes, and the file tells it which shared memory to look at, so that one stays. To be called with
 * the folder's lock held.
 *
 * @returns whether a file was removed
 */
export function removeStalePidFile(data: string): boolean {
  const path = join(data, "postmaster.pid");
  const file = readPidFile(data);
  if (file === null ? !existsSync(path) : !isAlive(file.pid) || isPostmaster(file.pid, data)) {
    return false;
  }
  rmSync(path, { force: true });
  return true;
}

/**
 * Children that outlived their postmaster and keep its shared memory. Only Linux can say; elsewhere
 * the list is empty and they are waited for.
 */
export function strayChildren(data: string): readonly number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => workingFolder(pid) === data)
    .filter((pid) => commandLine(pid)?.[0]?.startsWith("postgres: ") === true);
}

/** Whether any process has this number, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function commandLine(pid: number): readonly string[] | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return null;
  }
}

function psLine(pid: number): string | null {
  const arguments_ = ["-ww", "-o", "command=", "-p", String(pid)];
  const listing = spawnSync("ps", arguments_, { encoding: "utf8" });
  return listing.status === 0 ? listing.stdout : null;
}

function workingFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}
