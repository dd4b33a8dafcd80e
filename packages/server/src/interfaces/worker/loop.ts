import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../../foundation/clock/clock.ts";

/**
 * What runs again and again: at once while there is work, soon after it is woken, otherwise every
 * now and then. It never gives up: an error is told and tried again, each time a little later.
 */
export type LoopOptions = {
  readonly name: string;
  /** One pass; returns how much it did, 0 when nothing was left. */
  step(): Promise<number>;
  /** Shortest time between two passes, ms: what comes in between is done together. */
  readonly restMs: number;
  /** Time between two passes when nothing wakes it, ms: the first, doubled each time up to the last. */
  readonly idleMs: readonly [first: number, last: number];
  /** Told each error, and how many there were in a row. */
  onError(error: unknown, inARow: number): void;
};

export type Loop = {
  /** Makes it look at once. */
  wake(): void;
  /** How long there has been work that is not done, ms; 0 when all is done. */
  behindMs(): number;
  /** Ends after the pass that runs now. */
  stop(): Promise<void>;
};

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** Starts a loop. */
export function startLoop(job: LoopOptions): Loop {
  const ending = new AbortController();
  const [firstIdleMs, lastIdleMs] = job.idleMs;
  let behindSince: number | null = null;
  let wakes = 0;
  let woken = Promise.withResolvers<void>();
  const behind = () => {
    behindSince ??= steadyMs();
  };

  /** @returns whether there may be more to do at once */
  const pass = async (): Promise<boolean> => {
    const seen = wakes;
    woken = Promise.withResolvers<void>();
    const done = await job.step();
    if (done > 0) return true;
    // What was committed while the pass ran may have come too late for it.
    if (wakes === seen) behindSince = null;
    return wakes !== seen;
  };

  const run = async () => {
    let failures = 0;
    let idleMs = firstIdleMs;
    while (!ending.signal.aborted) {
      try {
        const more = await pass();
        failures = 0;
        if (!more) await pause(idleMs, ending.signal, woken.promise);
        idleMs = more ? firstIdleMs : Math.min(idleMs * 2, lastIdleMs);
        await pause(job.restMs, ending.signal);
      } catch (error) {
        failures += 1;
        behind();
        job.onError(error, failures);
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
        await pause(pauseMs, ending.signal);
      }
    }
  };

  const running = run();
  return {
    wake: () => {
      wakes += 1;
      behind();
      woken.resolve();
    },
    behindMs: () => (behindSince === null ? 0 : steadyMs() - behindSince),
    stop: () => {
      ending.abort();
      return running;
    },
  };
}

/** Waits; ends early when it is told to stop, or by the second promise. */
async function pause(ms: number, signal: AbortSignal, early?: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const ending = AbortSignal.any([signal, enough.signal]);
  const waiting = delay(ms, undefined, { signal: ending }).catch(() => undefined);
  await (early === undefined ? waiting : Promise.race([waiting, early]));
  enough.abort();
}
