import { assert } from "../../../foundation/errors/errors.ts";
import type { Expiry } from "../model.ts";

const MINUTE_MS = 60_000;

/**
 * The expiry of a card issued now.
 *
 * @param validityMonths months after the month of issue; the card is good to the end of that one.
 * @param timeZone IANA name of the program's zone, which decides what month it is and when it ends.
 */
export function expiryOf(now: Date, validityMonths: number, timeZone: string): Expiry {
  const { year, month } = wallClock(now, timeZone);
  const last = year * 12 + (month - 1) + validityMonths;
  return {
    month: (last % 12) + 1,
    year: Math.floor(last / 12),
    expiresAt: startOfMonth(last + 1, timeZone),
  };
}

/** The first instant of a month, counted from year 0, in a zone. */
function startOfMonth(monthsFromZero: number, timeZone: string): Date {
  return startOfDay(Date.UTC(Math.floor(monthsFromZero / 12), monthsFromZero % 12, 1), timeZone);
}

/**
 * The first instant of a day in a zone; also where midnight is skipped.
 *
 * @param wanted the day, as its midnight in UTC, ms.
 * @param timeZone IANA name.
 */
export function startOfDay(wanted: number, timeZone: string): Date {
  // The offset differs before and after a change of the clocks: the earliest instant whose local
  // time is that midnight or later is the one that counts, and an offset is never beyond 14 hours.
  const candidates = [wanted - 24 * 60 * MINUTE_MS, wanted, wanted + 24 * 60 * MINUTE_MS]
    .map((near) => wanted - offsetMs(new Date(near), timeZone))
    .sort((left, right) => left - right);
  const first = candidates.find((at) => offsetMs(new Date(at), timeZone) + at >= wanted);
  assert(first !== undefined, `No first instant of a day was found in ${timeZone}.`);
  return new Date(first);
}

/** How far the zone's wall clock is ahead of UTC at an instant, ms. */
function offsetMs(at: Date, timeZone: string): number {
  const { year, month, day, hour, minute, second } = wallClock(at, timeZone);
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(at.getTime() / 1000) * 1000;
}

type WallClock = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is slow and zones are few, so each is made once. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(timeZone, made);
  return made;
}

/** What the clocks of a zone show at an instant. */
export function wallClock(at: Date, timeZone: string): WallClock {
  const parts = formatOf(timeZone).formatToParts(at);
  const read = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value);
  return {
    year: read("year"),
    month: read("month"),
    day: read("day"),
    hour: read("hour"),
    minute: read("minute"),
    second: read("second"),
  };
}
