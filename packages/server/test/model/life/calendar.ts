/**
 * A naive calendar of zones without summer time: a wall clock is so many hours ahead of UTC, always.
 * Instants are milliseconds.
 */

const HOUR_MS = 3_600_000;

/** When a card that is issued now ends: with the last day of the month so many months on. */
export function endOfValidity(now: number, months: number, aheadHours: number): number {
  const wall = new Date(now + aheadHours * HOUR_MS);
  return Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + months + 1, 1) - aheadHours * HOUR_MS;
}

/** The beginning of the day of an anchor so many months on; of the month's last where it has no such day. */
export function monthsAfter(anchor: number, months: number, aheadHours: number): number {
  const wall = new Date(anchor + aheadHours * HOUR_MS);
  const [year, month] = [wall.getUTCFullYear(), wall.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(wall.getUTCDate(), lastDay)) - aheadHours * HOUR_MS;
}

/** The beginning of the month that it is then. */
export function startOfMonth(now: number, aheadHours: number): number {
  const wall = new Date(now + aheadHours * HOUR_MS);
  return Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), 1) - aheadHours * HOUR_MS;
}

/** The beginning of the month after. */
export function startOfNextMonth(now: number, aheadHours: number): number {
  const wall = new Date(now + aheadHours * HOUR_MS);
  return Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 1) - aheadHours * HOUR_MS;
}
