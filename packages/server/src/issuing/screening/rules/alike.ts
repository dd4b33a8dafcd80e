import { distance } from "fastest-levenshtein";
import type { Part } from "./normalise.ts";
import { tuning } from "./tuning.ts";

/** How alike two parts are, 0 to 1, and in words why. */
export type Likeness = { readonly alike: number; readonly why: string };

const different: Likeness = { alike: 0, why: "different" };

const meet = (one: readonly number[], other: readonly number[]) =>
  one.length > 0 && other.length > 0 && one.some((number) => other.includes(number));

/** How alike two parts of names are. Symmetric; 0 below `tuning.leastAlike`. */
export function likenessOf(one: Part, other: Part): Likeness {
  if (one.text === other.text) return { alike: 1, why: "same" };
  if (one.initial || other.initial) return initials(one, other);
  if (meet(one.variants, other.variants)) {
    return { alike: tuning.sameVariant, why: "spellings of one name" };
  }
  if (one.abjad || other.abjad) return byBones(one, other);
  if (one.fold === other.fold) return { alike: 1, why: "sounds the same" };
  return best([
    bySpelling(one.fold, other.fold),
    // As written too: a slip inside "sh" changes what it sounds like.
    bySpelling(one.text, other.text),
    withParticle(one, other),
    meet(one.nicknames, other.nicknames)
      ? { alike: tuning.nickname, why: "short form of one name" }
      : different,
    one.bones.length > 2 && one.bones === other.bones
      ? { alike: tuning.bones, why: "same consonants" }
      : different,
  ]);
}

const best = (all: readonly Likeness[]): Likeness =>
  all.reduce((so, next) => (next.alike > so.alike ? next : so), different);

function initials(one: Part, other: Part): Likeness {
  const same = one.text[0] === other.text[0] || one.fold[0] === other.fold[0];
  return same ? { alike: tuning.initial, why: "initial" } : different;
}

/** Without vowels only consonants can be compared. */
function byBones(one: Part, other: Part): Likeness {
  if (one.bones.length === 0 || other.bones.length === 0) return different;
  if (one.bones === other.bones) {
    return { alike: tuning.bonesOfAbjad, why: "same consonants, written without vowels" };
  }
  const alike = bySpelling(one.bones, other.bones).alike * tuning.bonesOfAbjad;
  return alike < tuning.leastAlike ? different : { alike, why: "similar consonants" };
}

function withParticle(one: Part, other: Part): Likeness {
  const same =
    one.withParticle === other.fold ||
    other.withParticle === one.fold ||
    (one.withParticle !== null && one.withParticle === other.withParticle);
  return same ? { alike: tuning.joined, why: "same with its particle" } : different;
}

/** Levenshtein's distance over the longer's length; two letters that changed places are one mistake. */
export function bySpelling(one: string, other: string): Likeness {
  const longest = Math.max(one.length, other.length);
  const shortest = Math.min(one.length, other.length);
  if (longest < 3 || shortest < tuning.leastAlike * longest) return different;
  const mistakes = distance(one, other);
  const alike = 1 - (mistakes === 2 && areSwapped(one, other) ? 1 : mistakes) / longest;
  return alike < tuning.leastAlike ? different : { alike, why: "similar spelling" };
}

/** Whether two texts differ by two neighbouring letters that changed places, and by nothing else. */
function areSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let at = 0;
  while (one[at] === other[at]) at += 1;
  return one[at] === other[at + 1] && one[at + 1] === other[at];
}
