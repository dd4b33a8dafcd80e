import { currencyExponents } from "./currencies.ts";

/**
 * Money is a bigint of minor units beside an ISO 4217 currency. All arithmetic on money is in this
 * file; JSON numbers appear only at the edge, through `toJsonAmount`.
 */
export type Money = { readonly amount: bigint; readonly currency: string };

/** The largest single movement, in minor units (PRODUCT §3). */
export const MAX_MOVEMENT = 1_000_000_000_000n;

/** The largest sum an account can hold: a signed 64-bit integer. */
export const MAX_SUM = 9_223_372_036_854_775_807n;

/** Basis points in a whole. */
const WHOLE_BPS = 10_000n;

/** Whether a code is an ISO 4217 currency in circulation. */
export function isCurrency(code: string): boolean {
  return currencyExponents.has(code);
}

/**
 * An amount as a JSON number.
 *
 * @throws RangeError beyond 2^53 − 1, where JSON numbers stop being exact.
 */
export function toJsonAmount(amount: bigint): number {
  const value = Number(amount);
  if (!Number.isSafeInteger(value)) throw new RangeError("An amount is beyond exact JSON numbers.");
  return value;
}

/**
 * An amount from a JSON number that the schema has found to be an integer.
 *
 * @throws RangeError when it is not a safe integer.
 */
export function fromJsonAmount(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new RangeError("An amount must be a safe integer.");
  return BigInt(value);
}

/** A share in basis points, rounded once, half away from zero, to the minor unit. */
export function shareOf(amount: bigint, basisPoints: bigint): bigint {
  const doubled = amount * basisPoints * 2n;
  const sign = doubled < 0n ? -1n : 1n;
  return (doubled + sign * WHOLE_BPS) / (2n * WHOLE_BPS);
}

/** The sum of amounts. */
export function total(amounts: Iterable<bigint>): bigint {
  let sum = 0n;
  for (const amount of amounts) sum += amount;
  return sum;
}

/** The smaller of two amounts. */
export function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
