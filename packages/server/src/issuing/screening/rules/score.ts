import type { ListedEntry, ListedName, Reason, Subject } from "../model.ts";
import { type Likeness, likenessOf } from "./alike.ts";
import { birthReason } from "./birth.ts";
import type { Part, PreparedName, Span } from "./normalise.ts";
import { tuning } from "./tuning.ts";

/** How well a name fits, with every line that made it so; the points of the lines are the score. */
export type Score = { readonly score: number; readonly reasons: readonly Reason[] };

type Pair = { readonly ours: Span; readonly theirs: Span } & Likeness;

const WHOLE = 10_000;

/** The score of one listed name for a subject: names first, then births and nationalities. */
export function scoreName(
  subject: Subject,
  ours: PreparedName,
  entry: ListedEntry,
  name: ListedName,
  theirs: PreparedName,
): Score {
  const reasons = nameReasons(ours, theirs);
  const weak: Reason | null =
    name.quality === "weak"
      ? line("quality", null, name.text, tuning.weakName, "the list calls this name weak")
      : null;
  const more = [
    weak,
    birthReason(subject.birthDate, entry.births),
    nationalityReason(subject.nationality, entry.nationalities),
  ];
  let score = reasons.reduce((sum, { points }) => sum + points, 0);
  const bounded = more.flatMap((reason) => {
    if (reason === null) return [];
    const points = Math.min(Math.max(reason.points, -score), WHOLE - score);
    score += points;
    return [{ ...reason, points }];
  });
  return { score, reasons: [...reasons, ...bounded] };
}

/** Which part of ours is which of theirs, whatever their order, and what each pair is worth. */
export function nameReasons(ours: PreparedName, theirs: PreparedName): Reason[] {
  const pairs = bestPairs(ours, theirs);
  const left = restOf(ours.singles, pairs, "ours");
  const right = restOf(theirs.singles, pairs, "theirs");
  const matched = pairs.reduce((sum, pair) => sum + weightOf(pair), 0);
  const whole = matched + missing(left, right, pairs) + missing(right, left, pairs);
  // What is rounded off one line goes to the next, so that a name found whole has all points.
  let exact = 0;
  const found = pairs.map((pair) => {
    const before = Math.round(exact);
    exact += (WHOLE * pair.alike * weightOf(pair)) / whole;
    const points = Math.round(exact) - before;
    return line("name", pair.ours.part.text, pair.theirs.part.text, points, pair.why);
  });
  return [
    ...found,
    ...left.map(({ text }) => line("name", text, null, 0, "not in the listed name")),
    ...right.map(({ text }) => line("name", null, text, 0, "only in the listed name")),
  ];
}

const line = (
  part: Reason["part"],
  ours: string | null,
  theirs: string | null,
  points: number,
  why: string,
): Reason => ({ part, ours, theirs, points, why });

/** A pair counts for both its sides; an initial says as little as one letter can. */
const weightOf = ({ ours, theirs }: Pair) => {
  if (ours.part.initial || theirs.part.initial) return 2 * Math.min(ours.part.weight, 3);
  return ours.part.weight + theirs.part.weight;
};

/** Parts that only one side has count little where the other side, of two parts or more, is found whole. */
function missing(rest: readonly Part[], otherRest: readonly Part[], pairs: readonly Pair[]) {
  const weight = rest.reduce((sum, part) => sum + part.weight, 0);
  const known = pairs.filter(({ ours, theirs }) => !ours.part.initial && !theirs.part.initial);
  const dropped = otherRest.length === 0 && known.length > 1;
  return dropped ? weight * tuning.droppedPart : weight;
}

function restOf(spans: readonly Span[], pairs: readonly Pair[], side: "ours" | "theirs"): Part[] {
  const rest = spans.filter((span) => pairs.every((pair) => apart(pair[side], span)));
  return rest.map(({ part }) => part);
}

/** Which parts are which. Neighbours are taken as one only where parts of both sides are left over. */
function bestPairs(ours: PreparedName, theirs: PreparedName): Pair[] {
  const plain = candidates(ours.singles, theirs.singles);
  const pairs = chosen(plain);
  if (pairs.length === Math.min(ours.singles.length, theirs.singles.length)) return pairs;
  return chosen([
    ...plain,
    ...candidates(ours.doubles, theirs.singles),
    ...candidates(ours.singles, theirs.doubles),
  ]);
}

/** The best pairs first, each part used once: with the few parts of a name no order is better. */
function chosen(possible: readonly Pair[]): Pair[] {
  const byWorth = possible.toSorted((a, b) => b.alike * weightOf(b) - a.alike * weightOf(a));
  const taken: Pair[] = [];
  const free = (pair: Pair) =>
    taken.every((other) => apart(other.ours, pair.ours) && apart(other.theirs, pair.theirs));
  for (const pair of byWorth) if (free(pair)) taken.push(pair);
  return taken;
}

const apart = (one: Span, other: Span) => one.to < other.from || other.to < one.from;

function candidates(ours: readonly Span[], theirs: readonly Span[]): Pair[] {
  return ours.flatMap((one) =>
    theirs.flatMap((other) => {
      const likeness = likenessOf(one.part, other.part);
      const joined = one.from !== one.to || other.from !== other.to;
      if (likeness.alike === 0 || (joined && likeness.alike < 0.8)) return [];
      const alike = joined ? likeness.alike * tuning.joined : likeness.alike;
      return [{ ours: one, theirs: other, why: likeness.why, alike }];
    }),
  );
}

function nationalityReason(ours: string | undefined, theirs: readonly string[]): Reason | null {
  if (ours === undefined || theirs.length === 0) return null;
  const same = theirs.includes(ours);
  const { nationality } = tuning;
  const points = same ? nationality.same : nationality.other;
  return line("nationality", ours, theirs.join(", "), points, same ? "agrees" : "differs");
}
