import { randomBytes } from "node:crypto";

/** Real time, for what never follows a sandbox's clock: keys, links, rate limits, idempotency. */
export type Clock = { readonly now: () => Date };

/** Random bytes from a cryptographic source. */
export type Entropy = (bytes: number) => Uint8Array;

/**
 * The machine's clock and randomness; read here and nowhere else, everything else is given them.
 */
export const systemClock: Clock = { now: () => new Date() };
export const systemEntropy: Entropy = (bytes) => randomBytes(bytes);

/** Milliseconds of a steady counter, for measuring durations; unrelated to the time of day. */
export const steadyMs = (): number => performance.now();
