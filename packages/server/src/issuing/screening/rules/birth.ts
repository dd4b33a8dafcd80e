import type { Day, ListedBirth, Reason } from "../model.ts";
import { tuning } from "./tuning.ts";

type Finding = { readonly points: number; readonly why: string };

const { birth } = tuning;

/** The line on births; null where one side says nothing. The best of several listed births counts. */
export function birthReason(ours: Day | undefined, listed: readonly ListedBirth[]): Reason | null {
  if (ours === undefined || listed.length === 0) return null;
  const findings = listed.map((theirs) => ({ theirs, ...compare(ours, theirs) }));
  const best = findings.reduce((so, next) => (next.points > so.points ? next : so));
  return {
    part: "birthDate",
    ours,
    theirs: birthText(best.theirs),
    points: best.points,
    why: best.why,
  };
}

/** A listed birth for a person to read. */
export function birthText(listed: ListedBirth): string {
  if (listed.kind === "exact") return listed.day;
  if (listed.kind === "year") return String(listed.year);
  if (listed.kind === "range") return `${listed.from} to ${listed.to}`;
  return `about ${listed.year}`;
}

function compare(ours: Day, theirs: ListedBirth): Finding {
  const year = Number(ours.slice(0, 4));
  if (theirs.kind === "exact") return compareDays(ours, theirs.day);
  const [from, to, slack] = yearsOf(theirs);
  if (year >= from && year <= to) return { points: birth.year, why: "the year agrees" };
  if (year >= from - slack && year <= to + slack) return { points: birth.near, why: "near" };
  return { points: birth.conflict, why: "the years differ" };
}

function yearsOf(theirs: Exclude<ListedBirth, { kind: "exact" }>) {
  if (theirs.kind === "range") return [theirs.from, theirs.to, 1] as const;
  if (theirs.kind === "approximate") return [theirs.year - 1, theirs.year + 1, 3] as const;
  return [theirs.year, theirs.year, 1] as const;
}

function compareDays(ours: Day, theirs: Day): Finding {
  if (ours === theirs) return { points: birth.day, why: "the same day" };
  const [year, month, day] = ours.split("-");
  if (theirs === `${year}-${day}-${month}`) {
    return { points: birth.swapped, why: "the same with day and month exchanged" };
  }
  const apart = Math.abs(Number(year) - Number(theirs.slice(0, 4)));
  if (apart === 0) return { points: birth.year, why: "the year agrees, the day does not" };
  if (apart === 1) return { points: birth.near, why: "a year apart" };
  return { points: birth.conflict, why: "the years differ" };
}
