/** The postmaster as a process: how it is started, when it is ready, how it is stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processOptions } from "./account.ts";
import type { Cluster } from "./cluster.ts";
import { CannotStart } from "./errors.ts";
import { readPidFile, removeStalePidFile, strayChildren } from "./pidfile.ts";

export type Postmaster = {
  readonly pid: number;
  readonly port: number;
  hasEnded(): boolean;
  readonly ended: Promise<void>;
};

/**
 * For a laptop: it must leave room for the rest and be back soon after a crash, and its log must
 * not hold what people typed.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: "256MB",
  max_connections: "200",
  wal_compression: "on",
  // What recovery has to replay. With 1 GB a crash under full load cost 7 to 13 s, with this 3.
  max_wal_size: "192MB",
  checkpoint_warning: "0",
  recovery_init_sync_method: initSyncMethod(),
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  // The text of a failed statement and the DETAIL of an error can carry card data.
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
};

/**
 * How recovery makes sure of what is on disk: one call for the whole file system instead of one for
 * each file (measured: 0.03 s instead of 1.5 to 3). Before Linux 5.8 that call could hide an error.
 */
function initSyncMethod(): "syncfs" | "fsync" {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const reports = major > 5 || (major === 5 && minor >= 8);
  return process.platform === "linux" && reports ? "syncfs" : "fsync";
}

const POLL_MS = 10;
const TELL_EVERY_MS = 5_000;
const RETRY_MS = 50;
const RETRIES = 100;
const RETRIES_BEFORE_STRAYS_END = 5;
const FAST_STOP_LIMIT_MS = 30_000;
const IMMEDIATE_STOP_LIMIT_MS = 15_000;

/** Reasons that pass by themselves: children of a dead postmaster, a port in use for a moment. */
const PASSING =
  /pre-existing shared memory|lock file "postmaster.pid" already exists|Address already in use/;

/**
 * Starts the postmaster and waits until it answers. Children that outlived an earlier one may block
 * it for a moment; after a few attempts they are ended, which costs nothing: what they had not
 * committed is lost with their postmaster anyway.
 *
 * @param port the port to listen on, or null for any free one
 * @param onSpawn told at once about each process, before it is ready
 * @param signal gives up (the process that was told stays the caller's to stop)
 * @throws CannotStart with PostgreSQL's own words
 */
export async function launchPostmaster(
  cluster: Cluster,
  port: number | null,
  onSpawn: (postmaster: Postmaster) => void,
  signal: AbortSignal,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    tidy(cluster, attempt);
    const sizeBefore = cluster.logFile.sizeBytes();
    const postmaster = spawnPostmaster(cluster, port ?? (await freePort()));
    onSpawn(postmaster);
    if (await untilReady(cluster, postmaster, signal)) return postmaster;
    const reason = cluster.logFile.since(sizeBefore) || "it said nothing";
    if (!PASSING.test(reason) || attempt === RETRIES) throw notStarting(cluster, reason);
    await delay(RETRY_MS, undefined, { signal });
  }
}

function tidy(cluster: Cluster, attempt: number): void {
  const { data } = cluster.places;
  if (removeStalePidFile(data)) {
    cluster.log("warn", "a stale postmaster.pid was removed", { dataFolder: data });
  }
  if (attempt <= RETRIES_BEFORE_STRAYS_END) return;
  for (const pid of strayChildren(data)) {
    cluster.log("warn", "a process of a dead PostgreSQL would not end; ended", { pid });
    send(pid, "SIGKILL");
  }
}

function notStarting(cluster: Cluster, reason: string): CannotStart {
  return new CannotStart(
    `PostgreSQL does not start on ${cluster.places.data}:\n${reason}\n`,
    `More is in ${cluster.places.log}.`,
  );
}

function spawnPostmaster(cluster: Cluster, port: number): Postmaster {
  const { logFile, places } = cluster;
  const child = spawn(
    join(cluster.native, "bin", "postgres"),
    ["-D", places.data, ...settingArguments(cluster.settings, port)],
    {
      ...processOptions(places.account),
      // A session of its own: Ctrl-C in the terminal stops the server, and the server stops this.
      detached: true,
      stdio: ["ignore", logFile.descriptor, logFile.descriptor],
    },
  );
  return postmasterOf(child, port);
}

function postmasterOf(child: ChildProcess, port: number): Postmaster {
  let over = false;
  // The last word of a server that ends without stopping this first, by an error for example.
  const farewell = () => child.kill("SIGINT");
  process.once("exit", farewell);
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      process.off("exit", farewell);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  // Without a process there is nothing to wait for, and kill(0) would mean our own group.
  if (child.pid === undefined)
    throw new CannotStart("PostgreSQL could not be run.", "Start again.");
  return { pid: child.pid, port, hasEnded: () => over, ended };
}

function settingArguments(
  settings: Readonly<Record<string, string>>,
  port: number,
): readonly string[] {
  const all = {
    ...SETTINGS,
    ...settings,
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    cluster_name: "cardwright",
  };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/**
 * Waits until the postmaster accepts connections, however long its recovery takes.
 *
 * @returns false when it ended instead
 */
export async function untilReady(
  cluster: Cluster,
  postmaster: Postmaster,
  signal: AbortSignal,
): Promise<boolean> {
  for (let waitedMs = 0; !postmaster.hasEnded(); waitedMs += POLL_MS) {
    const file = readPidFile(cluster.places.data);
    if (file?.pid === postmaster.pid && file.ready) return true;
    if (waitedMs > 0 && waitedMs % TELL_EVERY_MS === 0) {
      cluster.log("info", "PostgreSQL is recovering; still waiting", { waitedMs });
    }
    await delay(POLL_MS, undefined, { signal });
  }
  return false;
}

/**
 * Stops a postmaster: fast (open transactions are rolled back, everything is written), and if that
 * does not end, at once, which the next start recovers from.
 *
 * @param hasEnded asked repeatedly
 * @throws CannotStart when it survives both
 */
export async function stopPostmaster(pid: number, hasEnded: () => boolean): Promise<void> {
  send(pid, "SIGINT");
  if (await within(FAST_STOP_LIMIT_MS, hasEnded)) return;
  send(pid, "SIGQUIT");
  if (await within(IMMEDIATE_STOP_LIMIT_MS, hasEnded)) return;
  throw new CannotStart(
    `The PostgreSQL with process number ${pid} does not stop.`,
    `End it by hand: kill -QUIT ${pid}.`,
  );
}

async function within(limitMs: number, condition: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    if (condition()) return true;
    await delay(POLL_MS);
  }
  return condition();
}

/** Sends a signal to a process that may be gone. @throws CannotStart when it is not ours to end */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ESRCH") return;
    throw new CannotStart(
      `The PostgreSQL with process number ${pid} belongs to another user.`,
      `Stop it as its owner (kill -INT ${pid}), or start Cardwright as that user.`,
      error,
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
