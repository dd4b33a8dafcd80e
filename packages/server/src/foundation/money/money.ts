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

/**
 * An amount as people write it: `-1234.50` for −123450 of EUR, `7` of JPY, `0.007` of KWD.
 *
 * @throws RangeError for a currency that is not in circulation.
 */
export function toDecimalText(amount: bigint, currency: string): string {
  const exponent = currencyExponents.get(currency);
  if (exponent === undefined) throw new RangeError(`${currency} is no currency in circulation.`);
  const digits = String(amount < 0n ? -amount : amount).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const sign = amount < 0n ? "-" : "";
  return exponent === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-exponent)}`;
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
