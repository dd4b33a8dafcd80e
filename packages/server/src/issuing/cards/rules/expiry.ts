import { dayIn, startOfDay } from "../../../foundation/clock/zones.ts";
import type { Expiry } from "../model.ts";

/**
 * The expiry of a card issued now.
 *
 * @param validityMonths months after the month of issue; the card is good to the end of that one.
 * @param timeZone IANA name of the program's zone, which decides what month it is and when it ends.
 */
export function expiryOf(now: Date, validityMonths: number, timeZone: string): Expiry {
  const { year, month } = dayIn(timeZone, now);
  const last = year * 12 + (month - 1) + validityMonths;
  return {
    month: (last % 12) + 1,
    year: Math.floor(last / 12),
    expiresAt: startOfDay(timeZone, {
      year: Math.floor(last / 12),
      month: (last % 12) + 2,
      day: 1,
    }),
  };
}
