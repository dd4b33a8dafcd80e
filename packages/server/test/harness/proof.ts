/**
 * How much of a proof runs: the short form in `npm test` and CI, the long one by
 * `npm run prove -- <id> --long`; the seed is printed, and given back with `--seed`.
 */
const PROVE_LONG = "CW_PROVE_LONG";
const PROVE_SEED = "CW_PROVE_SEED";

export const isLong = (): boolean => process.env[PROVE_LONG] === "1";

/** Rounds, operations or seconds of a proof. */
export const extent = (short: number, long: number): number => (isLong() ? long : short);

/** The seed of this run; a new one each time unless it was given. */
export function proofSeed(): number {
  const given = process.env[PROVE_SEED];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`seed ${seed} (again: --seed ${seed})`);
  return seed;
}

export type Dice = {
  /** A whole number from 0 to `below` − 1. */
  roll(below: number): number;
  pick<T>(items: readonly T[]): T;
  chance(share: number): boolean;
};

/** Seeded randomness (mulberry32): the same seed deals the same rounds. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const roll = (below: number): number => Math.floor(next() * below);
  return {
    roll,
    pick: (items) => {
      const item = items[roll(items.length)];
      if (item === undefined) throw new Error("Nothing to pick from.");
      return item;
    },
    chance: (share) => next() < share,
  };
}
