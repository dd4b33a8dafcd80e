/** Calendar days in named time zones: what day it is somewhere, and at which instant a day begins. */

/** A day of the calendar; month 1–12. */
export type Day = { readonly year: number; readonly month: number; readonly day: number };

const DAY_MS = 86_400_000;

/** Whether a name is an IANA time zone. */
export function isTimeZone(name: string): boolean {
  // Intl also takes offsets such as +02:00, which have no summer and are no zone.
  if (/^[+-]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Which day it is in a zone at an instant. */
export function dayIn(timeZone: string, at: Date): Day {
  const shown = new Date(at.getTime() + offsetMs(at, timeZone));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
  };
}

/** The day some days later (earlier where negative); of month 13 or day 0 it is the one meant. */
export function dayAfter({ year, month, day }: Day, days: number): Day {
  const moved = new Date(Date.UTC(year, month - 1, day + days));
  return {
    year: moved.getUTCFullYear(),
    month: moved.getUTCMonth() + 1,
    day: moved.getUTCDate(),
  };
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf({ year, month, day }: Day): number {
  return (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
}

/**
 * The first instant of a day in a zone, also where its midnight comes twice or not at all; of a day
 * that the zone skips it is the first instant after it.
 */
export function startOfDay(timeZone: string, { year, month, day }: Day): Date {
  const wanted = Date.UTC(year, month - 1, day);
  // The offset differs before and after a change of the clocks, and is never beyond 14 hours: the
  // earliest instant whose wall clock has reached the day is the one.
  const candidates = [wanted - DAY_MS, wanted, wanted + DAY_MS]
    .map((near) => wanted - offsetMs(new Date(near), timeZone))
    .filter((at) => at + offsetMs(new Date(at), timeZone) >= wanted);
  return new Date(Math.min(...candidates));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Making a format is slow and zones are few, so each is made once, however a caller spells it: Intl takes
 * names in any case, and there would be no end of those.
 */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const name = timeZone.toLowerCase();
  const known = formats.get(name);
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
  formats.set(name, made);
  return made;
}

/** How far a zone's wall clock is ahead of UTC at an instant, ms. */
function offsetMs(at: Date, timeZone: string): number {
  const parts = formatOf(timeZone).formatToParts(at);
  const read = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    read("year"),
    read("month") - 1,
    read("day"),
    read("hour"),
    read("minute"),
    read("second"),
  );
  return shown - Math.floor(at.getTime() / 1000) * 1000;
}
