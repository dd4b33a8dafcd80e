import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** What `.cardwright/dev.json` says. */
export type DevFacts = {
  readonly url: string;
  readonly apiKey: string;
  readonly platformKey: string;
  readonly organizationId: string;
  readonly programs: readonly { id: string; model: string; currency: string }[];
};

/** A real server process over its own folder, with its own embedded database (fsync on). */
export type ServerProcess = {
  readonly child: ChildProcess;
  readonly facts: DevFacts;
  /** Everything it printed so far. */
  readonly output: () => string;
};

/** A folder for a server; removed with its database by `removeFolder`. */
export async function newServerFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "cardwright-process-"));
  // Started by root, PostgreSQL runs as another user, who has to be able to walk through.
  await chmod(folder, 0o755);
  return folder;
}

/** The processes that were started over each folder. */
const started = new Map<string, ChildProcess[]>();

/** Hooks run in the order in which they were set: whoever still writes into the folder is ended here first. */
export async function removeFolder(folder: string): Promise<void> {
  for (const child of started.get(folder) ?? []) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  started.delete(folder);
  const dataFolder = readDataFolder(folder);
  // The database of a server that was killed goes on, until it misses its files.
  const options = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 } as const;
  await rm(folder, options);
  if (dataFolder !== null) await rm(dataFolder, options);
}

/**
 * Starts `main.ts` and waits until dev.json is there.
 *
 * @param environment settings over a quiet default; `nodeOptions` go before the script.
 * @param program the `main.ts` of another release.
 */
export async function startProcess(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
  program = main,
): Promise<ServerProcess> {
  await rm(path.join(folder, "dev.json"), { force: true });
  const child = spawn(process.execPath, [...nodeOptions, program], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: "0",
      CARDWRIGHT_FOLDER: folder,
      CARDWRIGHT_LOG_LEVEL: "warn",
      CARDWRIGHT_RATE_LIMIT: "100000000",
      ...environment,
    },
  });
  started.set(folder, [...(started.get(folder) ?? []), child]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const devFile = path.join(folder, "dev.json");
  for (let waitedMs = 0; !existsSync(devFile); waitedMs += 20) {
    if (child.exitCode !== null || child.signalCode !== null || waitedMs > 60_000) {
      child.kill("SIGKILL");
      throw new Error(`The server did not start:\n${output}`);
    }
    await sleep(20);
  }
  const facts = JSON.parse(readFileSync(devFile, "utf8")) as DevFacts;
  return { child, facts, output: () => output };
}

/** Stops gracefully and waits. */
export async function stopProcess({ child }: ServerProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** Waits for the end of a process that was, or will be, killed. */
export async function ended({ child }: ServerProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** SIGKILL for the postmaster of a folder and all its children. */
export function killDatabase(folder: string): void {
  const dataFolder = readDataFolder(folder);
  if (dataFolder === null) return;
  const pidFile = path.join(dataFolder, "postmaster.pid");
  if (!existsSync(pidFile)) return;
  const postmaster = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
  for (const pid of [postmaster, ...childrenOf(postmaster)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended in between.
    }
  }
}

function readDataFolder(folder: string): string | null {
  const record = path.join(folder, "database.json");
  if (!existsSync(record)) return null;
  return (JSON.parse(readFileSync(record, "utf8")) as { dataFolder: string }).dataFolder;
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}
