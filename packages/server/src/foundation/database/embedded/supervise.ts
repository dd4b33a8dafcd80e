/** Keeps the database up for as long as its server lives. */
import { setTimeout as delay } from "node:timers/promises";
import { type Claim, takeClaim } from "./claim.ts";
import type { Cluster } from "./cluster.ts";
import { AlreadyRunning } from "./errors.ts";
import { launchPostmaster, type Postmaster, stopPostmaster, untilReady } from "./postmaster.ts";

export type State = "up" | "down";

export type Supervision = {
  pid(): number | null;
  announce(url: string): Promise<void>;
  onChange(listener: (state: State) => void): void;
  stop(): Promise<void>;
};

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 5_000;

type Watched = {
  readonly cluster: Cluster;
  readonly port: number;
  readonly listeners: Set<(state: State) => void>;
  readonly ending: AbortController;
  postmaster: Postmaster;
  claim: Claim | null;
  url: string | null;
};

/**
 * Watches a running postmaster and the claim on it. When either is gone the listeners hear 'down',
 * both are brought back on the same port, and they hear 'up'. It never gives up: a full disk can be
 * emptied.
 */
export function supervise(cluster: Cluster, postmaster: Postmaster, claim: Claim): Supervision {
  const watched: Watched = {
    cluster,
    port: postmaster.port,
    listeners: new Set(),
    ending: new AbortController(),
    postmaster,
    claim,
    url: null,
  };
  const watching = watch(watched);
  let stopping: Promise<void> | null = null;
  return {
    pid: () => (watched.postmaster.hasEnded() ? null : watched.postmaster.pid),
    async announce(url) {
      watched.url = url;
      // A claim that is lost in this moment is taken again under the new name.
      await watched.claim?.announce(url).catch(() => {});
    },
    onChange: (listener) => void watched.listeners.add(listener),
    stop() {
      stopping ??= stop(watched, watching);
      return stopping;
    },
  };
}

async function stop(watched: Watched, watching: Promise<void>): Promise<void> {
  watched.ending.abort();
  await watching;
  await watched.claim?.release();
  const { postmaster } = watched;
  if (!postmaster.hasEnded()) await stopPostmaster(postmaster.pid, postmaster.hasEnded);
}

async function watch(watched: Watched): Promise<void> {
  const { signal } = watched.ending;
  const asked = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  while (!signal.aborted) {
    const lost = watched.claim?.lost ?? Promise.resolve();
    await Promise.race([lost, watched.postmaster.ended, asked]);
    if (signal.aborted) return;
    watched.cluster.log("error", "the database is down; bringing it back");
    tell(watched, "down");
    if (await recover(watched)) {
      watched.cluster.log("info", "the database is up again", { pid: watched.postmaster.pid });
      tell(watched, "up");
    }
  }
}

async function recover(watched: Watched): Promise<boolean> {
  const { signal } = watched.ending;
  await watched.claim?.release();
  watched.claim = null;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await bringBack(watched);
      return true;
    } catch (error) {
      if (signal.aborted) break;
      const reason = (error as Error).message;
      watched.cluster.log("warn", "the database is not back yet", { reason, pauseMs });
      await delay(pauseMs, undefined, { signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
  return false;
}

async function bringBack(watched: Watched): Promise<void> {
  const { cluster, ending, port } = watched;
  if (!watched.postmaster.hasEnded()) {
    // A crashed backend makes a living postmaster start over; and one about to end says so soon.
    await untilReady(cluster, watched.postmaster, ending.signal);
  }
  if (watched.postmaster.hasEnded()) {
    const remember = (next: Postmaster) => {
      watched.postmaster = next;
    };
    await launchPostmaster(cluster, port, remember, ending.signal);
  }
  const attempt = await takeClaim({ port, password: cluster.password }, watched.url);
  if (!attempt.taken) {
    const { places } = cluster;
    throw new AlreadyRunning(places.folder, places.data, attempt.holder);
  }
  watched.claim = attempt.claim;
}

function tell(watched: Watched, state: State): void {
  for (const listener of watched.listeners) {
    try {
      listener(state);
    } catch (error) {
      const reason = (error as Error).message;
      watched.cluster.log("error", "a listener to the database failed", { state, reason });
    }
  }
}
