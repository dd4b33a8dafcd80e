/**
 * The embedded PostgreSQL: a real one, from npm binaries, that lives and dies with its server. See
 * `startEmbeddedPostgres`; everything else in this folder is its own business.
 */
import { findBinaryPackage, prepareBinaries } from "./binaries.ts";
import {
  type Address,
  type Claim,
  type ClaimAttempt,
  ensureDatabase,
  INVALID_PASSWORD,
  takeClaim,
} from "./claim.ts";
import {
  type Cluster,
  closePassword,
  createCluster,
  hasData,
  inspectCluster,
  LOGIN,
  type Log,
  newPassword,
  readPassword,
  removeUnfinished,
  resetPassword,
  writePassword,
} from "./cluster.ts";
import { AlreadyRunning, CannotStart } from "./errors.ts";
import type { FolderLock } from "./lock.ts";
import { type LogFile, openLogFile } from "./logfile.ts";
import { removeStalePidFile } from "./pidfile.ts";
import { choosePlaces, type Places, writeRecord } from "./places.ts";
import { launchPostmaster, type Postmaster, stopPostmaster } from "./postmaster.ts";
import { lockFolder, stopOrphan } from "./previous.ts";
import { type State, type Supervision, supervise } from "./supervise.ts";

export { AlreadyRunning, CannotStart } from "./errors.ts";

export type EmbeddedPostgres = {
  /** For every pool of the server. It stays the same when PostgreSQL had to be restarted. */
  readonly url: string;
  /** The folder that was asked for. */
  readonly folder: string;
  /** Where the cluster really lies. */
  readonly dataFolder: string;
  /** The postmaster's process number; null while it is down. */
  readonly pid: () => number | null;
  /** Makes the server's address known to whoever tries to start a second one here. */
  announce(url: string): Promise<void>;
  /** 'down' when the database is gone, 'up' when it is back; not called for the first start. */
  onChange(listener: (state: State) => void): void;
  /** Fast shutdown, awaited; close the pools first. Further calls get the same promise. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  readonly folder: string;
  /** Settings of postgresql.conf, over the defaults; address and port are not open to change. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: Log;
};

/**
 * Starts the database of this folder, making both on the first occasion. Afterwards it is restarted
 * whenever it dies, until `stop`.
 *
 * @throws AlreadyRunning when another server holds the folder; that one is unharmed
 * @throws CannotStart when it cannot run here; the message says why and what to do
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const found = findBinaryPackage();
  const places = choosePlaces(options.folder);
  const lock = await lockFolder(places);
  let logFile: LogFile | null = null;
  try {
    const native = () => prepareBinaries(found, places.account, places.home);
    const ready = await prepareCluster(places, native, options);
    logFile = openLogFile(places.log);
    const { postmaster, supervision } = await run({ ...ready, logFile });
    return embeddedPostgres({ ...ready, logFile }, postmaster.port, supervision, lock);
  } catch (error) {
    logFile?.close();
    lock.release();
    throw error;
  }
}

/** Ends what an earlier server left, then makes, or checks, what is on disk. */
async function prepareCluster(
  places: Places,
  binaries: () => string,
  options: EmbeddedPostgresOptions,
): Promise<Omit<Cluster, "logFile">> {
  const { log, settings = {} } = options;
  const known = readPassword(places.password);
  await stopOrphan(places, known, log);
  writeRecord(places, null);
  const native = binaries();
  const cluster = { native, places, password: known ?? newPassword(), settings, log };
  removeUnfinished(places);
  if (hasData(places.data)) {
    inspectCluster(places.data, log);
    if (known === null) {
      log("warn", "the database password is missing; setting a new one", { path: places.password });
      removeStalePidFile(places.data);
      resetPassword(native, places, cluster.password);
    }
  } else {
    log("info", "making a new database", { dataFolder: places.data });
    await createCluster(cluster);
  }
  // Only now: a crash before this line leaves no file, and the next start sets another password.
  if (known === null) writePassword(places.password, cluster.password);
  else closePassword(places.password, log);
  return cluster;
}

async function run(
  cluster: Cluster,
): Promise<{ postmaster: Postmaster; supervision: Supervision }> {
  let spawned: Postmaster | null = null;
  let claim: Claim | null = null;
  const remember = (next: Postmaster) => {
    spawned = next;
  };
  try {
    const signal = new AbortController().signal;
    const postmaster = await launchPostmaster(cluster, null, remember, signal);
    const address = { port: postmaster.port, password: cluster.password };
    const attempt = await firstClaim(cluster, address);
    if (!attempt.taken) {
      throw new AlreadyRunning(cluster.places.folder, cluster.places.data, attempt.holder);
    }
    claim = attempt.claim;
    await ensureDatabase(address);
    return { postmaster, supervision: supervise(cluster, postmaster, claim) };
  } catch (error) {
    await (claim as Claim | null)?.release();
    await endSpawned(spawned);
    throw error;
  }
}

async function firstClaim(cluster: Cluster, address: Address): Promise<ClaimAttempt> {
  try {
    return await takeClaim(address, null);
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_PASSWORD) throw error;
    throw new CannotStart(
      `The password in ${cluster.places.password} is not that of the database.`,
      "Put the right file back, or remove it: the next start then sets a new one.",
      error,
    );
  }
}

async function endSpawned(spawned: Postmaster | null): Promise<void> {
  if (spawned !== null && !spawned.hasEnded()) await stopPostmaster(spawned.pid, spawned.hasEnded);
}

function embeddedPostgres(
  cluster: Cluster,
  port: number,
  supervision: Supervision,
  lock: FolderLock,
): EmbeddedPostgres {
  const { places, password } = cluster;
  let stopping: Promise<void> | null = null;
  const release = () => {
    cluster.logFile.close();
    lock.release();
  };
  return {
    url: `postgres://${LOGIN}:${password}@127.0.0.1:${port}/${LOGIN}`,
    folder: places.folder,
    dataFolder: places.data,
    pid: supervision.pid,
    async announce(url) {
      writeRecord(places, url);
      await supervision.announce(url);
    },
    onChange: supervision.onChange,
    stop() {
      stopping ??= supervision.stop().finally(release);
      return stopping;
    },
  };
}
