/** What earlier servers left on a folder: a living server, an orphaned postmaster, or nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { type Address, findHolder, INVALID_PASSWORD } from "./claim.ts";
import { type Log, readPassword } from "./cluster.ts";
import { AlreadyRunning, CannotStart, type Holder } from "./errors.ts";
import { type FolderLock, tryLock } from "./lock.ts";
import { isPostmaster, livingPostmaster } from "./pidfile.ts";
import { type Places, readRecord } from "./places.ts";
import { stopPostmaster } from "./postmaster.ts";

const POLL_MS = 50;
/** How long another server may take to come up or go away before this start gives up. */
const LOCK_PATIENCE_MS = 10_000;
/** How long an orphan may take to answer. */
const ORPHAN_PATIENCE_MS = 10_000;

/**
 * Takes the folder's lock. While another server holds it, looks for that server's claim, so that
 * the refusal can name it; one that is just stopping is waited for. Where its database is down, the
 * record names it.
 *
 * @throws AlreadyRunning when another server holds the folder
 */
export async function lockFolder(
  places: Places,
  patienceMs = LOCK_PATIENCE_MS,
): Promise<FolderLock> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += POLL_MS) {
    const lock = tryLock(places.lock);
    if (lock !== null) return lock;
    const holder = await findRunning(places);
    if (holder !== null) throw new AlreadyRunning(places.folder, places.data, holder);
    await delay(POLL_MS);
  }
  const record = readRecord(places.record);
  const holder = { pid: record?.serverPid ?? 0, url: record?.serverUrl ?? null };
  throw new AlreadyRunning(places.folder, places.data, holder);
}

async function findRunning(places: Places): Promise<Holder | null> {
  const port = livingPostmaster(places.data)?.port ?? null;
  const password = readPassword(places.password);
  if (port === null || password === null) return null;
  // It may be starting or stopping; the caller asks again.
  return await findHolder({ port, password }).catch(() => null);
}

/**
 * Stops a postmaster whose server is gone. To be called with the folder's lock held.
 *
 * @throws AlreadyRunning when a server holds the claim after all (its lock file was removed)
 * @throws CannotStart when the postmaster can neither be asked nor stopped
 */
export async function stopOrphan(places: Places, password: string | null, log: Log): Promise<void> {
  const found = livingPostmaster(places.data);
  if (found === null) return;
  const holder = await askOrphan(places, password);
  if (holder !== null) throw new AlreadyRunning(places.folder, places.data, holder);
  log("warn", "the PostgreSQL of a server that is gone still runs; stopping it", {
    pid: found.pid,
    dataFolder: places.data,
  });
  await stopPostmaster(found.pid, () => !isPostmaster(found.pid, places.data));
}

/** Who holds the claim of a living postmaster; null for nobody, or when it ends meanwhile. */
async function askOrphan(places: Places, password: string | null): Promise<Holder | null> {
  if (password === null) throw cannotAsk(places, `${places.password} is missing`);
  let last: unknown;
  for (let waitedMs = 0; waitedMs < ORPHAN_PATIENCE_MS; waitedMs += POLL_MS) {
    const living = livingPostmaster(places.data);
    if (living === null) return null;
    if (living.port !== null && living.ready) {
      const answer = await ask({ port: living.port, password });
      if (answer.answered) return answer.holder;
      last = answer.error;
      if (last instanceof Error && "code" in last && last.code === INVALID_PASSWORD) break;
    }
    await delay(POLL_MS);
  }
  // Not ready all this time: it recovers or shuts down, and nobody can hold a claim in it.
  if (last === undefined) return null;
  throw cannotAsk(places, (last as Error).message);
}

function cannotAsk(places: Places, reason: string): CannotStart {
  const pid = livingPostmaster(places.data)?.pid ?? 0;
  return new CannotStart(
    `A PostgreSQL (process ${pid}) runs on ${places.data} and cannot be asked who uses it: ` +
      `${reason}.`,
    `If no server of yours uses it, stop it: kill -INT ${pid}.`,
  );
}

async function ask(
  address: Address,
): Promise<{ answered: true; holder: Holder | null } | { answered: false; error: unknown }> {
  try {
    return { answered: true, holder: await findHolder(address) };
  } catch (error) {
    return { answered: false, error };
  }
}
