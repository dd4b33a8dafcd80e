import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import { screeningErrors } from "../errors.ts";
import {
  type Hit,
  type HitMove,
  type HitStatus,
  type HitVerdict,
  hitLifecycle,
  isWaiting,
} from "../model/hits.ts";
import type { ListedEntry, Match, Subject } from "../model.ts";

/** A hash of what the score of an entry rests on: its kind, names, births and nationalities. */
export function hashOfEntry({ kind, names, births, nationalities }: ListedEntry): Uint8Array {
  const text = JSON.stringify([kind, names, births, nationalities]);
  return createHash("sha256").update(text).digest();
}

/** A hit of before, and who was compared then; null where that is erased. */
export type KnownHit = { readonly hit: Hit; readonly subject: Subject | null };

/** What becomes of a match: a hit, another look at one that waits, or nothing. */
export type Finding = { readonly match: Match; readonly waiting: Hit | null };

/**
 * Which matches somebody has to look at. What was decided stays decided as long as neither the subject nor
 * the entry has changed; a hit that waits is looked at anew where one of them has.
 *
 * @param known all hits of the subject.
 */
export function findingsOf(
  subject: Subject,
  matches: readonly Match[],
  known: readonly KnownHit[],
): Finding[] {
  return matches.flatMap((match) => {
    const { source, sourceId } = match.entry;
    const own = known.filter(({ hit }) => hit.source === source && hit.sourceId === sourceId);
    if (own.some((before) => isSame(before, subject, match))) return [];
    return [{ match, waiting: own.find(({ hit }) => isWaiting(hit))?.hit ?? null }];
  });
}

function isSame({ hit, subject: before }: KnownHit, subject: Subject, { entry }: Match): boolean {
  if (hit.entryHash === null || before === null) return false;
  const hash = hashOfEntry(entry);
  return Buffer.compare(hit.entryHash, hash) === 0 && isDeepStrictEqual(before, subject);
}

const proposed: Partial<Record<HitStatus, HitVerdict>> = {
  confirm_proposed: "confirm",
  clear_proposed: "clear",
};

/**
 * The move that a verdict makes.
 *
 * @param terms.fourEyes whether another one decides than who proposed.
 * @param terms.own whether it is the one who proposed that speaks.
 * @throws Refusal `hit_decided`, `four_eyes_required`.
 */
export function moveOf(
  status: HitStatus,
  verdict: HitVerdict,
  terms: { readonly fourEyes: boolean; readonly own: boolean },
): HitMove {
  if (status === "confirmed" || status === "cleared") {
    throw screeningErrors.refusal("hit_decided", `The hit is ${status}.`);
  }
  const standing = proposed[status];
  if (standing === undefined) {
    if (!terms.fourEyes) return verdict;
    return verdict === "confirm" ? "proposeConfirm" : "proposeClear";
  }
  if (standing !== verdict) return "takeBack";
  // A proposal made under four eyes keeps needing them, though the setting has changed since.
  if (terms.own) throw screeningErrors.refusal("four_eyes_required");
  return verdict;
}

/**
 * Refuses to reopen what is not confirmed, and what would be in the queue twice.
 *
 * @param all hits of the subject.
 * @throws Refusal `hit_not_confirmed`, `newer_hit_waiting`.
 */
export function requireReopenable(hit: Hit, all: readonly Hit[]): void {
  if (!canMove(hitLifecycle, "reopen", hit.status)) {
    throw screeningErrors.refusal("hit_not_confirmed", `The hit is ${hit.status}.`);
  }
  const isOfSame = (other: Hit) =>
    other.personId === hit.personId &&
    other.source === hit.source &&
    other.sourceId === hit.sourceId;
  if (all.some((other) => isWaiting(other) && isOfSame(other))) {
    throw screeningErrors.refusal("newer_hit_waiting");
  }
}
