import {
  type Day,
  dayAfter,
  dayIn,
  startOfDay,
  weekdayOf,
} from "../../../foundation/clock/zones.ts";
import type { Span, Window } from "../model.ts";

const DAY_MS = 86_400_000;

/** What spending is counted in: the days of every time zone begin on a quarter of an hour. */
const QUARTER_MS = 900_000;

type Calendar = Extract<Span, { readonly timeZone: string }>["every"];

/** The first day of the window that a day is in, and the first day of the next. */
const firstDays: Readonly<Record<Calendar, (day: Day) => readonly [Day, Day]>> = {
  day: (day) => [day, dayAfter(day, 1)],
  week: (day) => [dayAfter(day, -weekdayOf(day)), dayAfter(day, 7 - weekdayOf(day))],
  month: ({ year, month }) => [
    { year, month, day: 1 },
    { year, month: month + 1, day: 1 },
  ],
  year: ({ year }) => [
    { year, month: 1, day: 1 },
    { year: year + 1, month: 1, day: 1 },
  ],
};

/**
 * The window of a limit that an instant is in. Calendar windows begin with the first instant of a day of
 * their zone, so one over a change of the clocks is an hour shorter or longer. A sliding one is the last
 * days of 24 hours, rounded out to whole quarters of an hour.
 */
export function windowOf({ span }: { readonly span: Span }, at: Date): Window {
  if (span.every === "lifetime") return { startsAt: null, endsAt: null };
  if (span.every === "sliding") {
    const quarter = floorTo(QUARTER_MS, at.getTime());
    return {
      startsAt: new Date(quarter - span.days * DAY_MS),
      endsAt: new Date(quarter + QUARTER_MS),
    };
  }
  const [first, next] = firstDays[span.every](dayIn(span.timeZone, at));
  return { startsAt: startOfDay(span.timeZone, first), endsAt: startOfDay(span.timeZone, next) };
}

/** Whether an instant is in a window. */
export function isIn({ startsAt, endsAt }: Window, at: Date): boolean {
  return (startsAt === null || at >= startsAt) && (endsAt === null || at < endsAt);
}

/** The spans that spending is counted in (the table budget_spending). */
export const countedSpans = ["quarter_hour", "day", "all"] as const;
export type CountedSpan = (typeof countedSpans)[number];

/** Counted spans of one kind that begin from an instant on and before another. */
export type Piece = { readonly span: CountedSpan; readonly from: Date; readonly until: Date };

/** Where the count of all time stands. */
const EPOCH = new Date(0);

/** The beginnings of the spans that an instant is counted in. */
export function spansAt(at: Date): { readonly span: CountedSpan; readonly startsAt: Date }[] {
  return [
    { span: "quarter_hour", startsAt: new Date(floorTo(QUARTER_MS, at.getTime())) },
    { span: "day", startsAt: new Date(floorTo(DAY_MS, at.getTime())) },
    { span: "all", startsAt: EPOCH },
  ];
}

/**
 * The counted spans that make up a window: whole days of UTC, and quarters of an hour on either side. A
 * year is at most 365 days and twice 95 quarters.
 */
export function piecesOf({ startsAt, endsAt }: Window): Piece[] {
  if (startsAt === null || endsAt === null) {
    return [{ span: "all", from: EPOCH, until: new Date(1) }];
  }
  const [start, end] = [startsAt.getTime(), endsAt.getTime()];
  const [firstDay, lastDay] = [floorTo(DAY_MS, start + DAY_MS - 1), floorTo(DAY_MS, end)];
  const piece = (span: CountedSpan, from: number, until: number): Piece[] =>
    from < until ? [{ span, from: new Date(from), until: new Date(until) }] : [];
  if (firstDay >= lastDay) return piece("quarter_hour", start, end);
  return [
    ...piece("quarter_hour", start, firstDay),
    ...piece("day", firstDay, lastDay),
    ...piece("quarter_hour", lastDay, end),
  ];
}

function floorTo(step: number, value: number): number {
  return Math.floor(value / step) * step;
}
