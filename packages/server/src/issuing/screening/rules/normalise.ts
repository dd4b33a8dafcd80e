import anyAscii from "any-ascii";
import { bonesOf, foldOf } from "./fold.ts";
import { companyForms, companyFormsUnspaced, nicknames, particles, variants } from "./tables.ts";

/** One part of a name, prepared for comparison. */
export type Part = {
  /** Latin small letters and digits. */
  readonly text: string;
  readonly fold: string;
  readonly bones: string;
  /** Written without vowels. */
  readonly abjad: boolean;
  readonly initial: boolean;
  /** Two parts that are taken as one. */
  readonly joined: boolean;
  /** The fold together with the particle before it, as some write it: "alrashid". */
  readonly withParticle: string | null;
  /** How much of a name it is: longer parts say more. */
  readonly weight: number;
  readonly variants: readonly number[];
  readonly nicknames: readonly number[];
};

type Word = { readonly text: string; readonly abjad: boolean };

const none: readonly number[] = [];
const abjadLetter = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;
const vowelMarks = /[\u0591-\u05c7\u064b-\u065f\u0670\u0640]/g;
const arabicArticle = /(^|[\s-])ال(?=\p{L}{2})/gu;
const syllabic = /[\p{Script=Han}\p{Script=Hangul}]/gu;

/** A name without its case, marks, script, punctuation, particles and legal forms, as parts. */
export function partsOf(name: string): Part[] {
  const words = joinServants(wordsOf(name));
  const parts = withoutParticles(words.filter(({ text }) => !companyForms.has(text)));
  return parts.length > 0 ? parts : words.map((word) => partOf(word, null));
}

function wordsOf(name: string): Word[] {
  let plain = name.normalize("NFKC").replace(vowelMarks, "").replace(arabicArticle, "$1");
  for (const form of companyFormsUnspaced) plain = plain.replaceAll(form, " ");
  return plain
    .replace(syllabic, " $& ")
    .replace(/(\p{L})\.(?=\p{L}\.)/gu, "$1. ")
    .split(/[^\p{L}\p{M}\p{N}'’`ʼ]+/u)
    .map((word) => ({ text: latin(word), abjad: abjadLetter.test(word) }))
    .filter(({ text }) => text !== "");
}

const latin = (word: string) =>
  anyAscii(word)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

/** "Abd al-Rahman", "Abdul Rahman", "Abdurrahman" and their likes are one part: "abdrahman". */
function joinServants(words: readonly Word[]): Word[] {
  const joined: Word[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const { text, abjad } = words[at] as Word;
    let next = at + 1;
    if (!/^abd(u|e|a|oo)?[lrsz]?$|^bd$/.test(text)) {
      joined.push({ text: servantOf(text), abjad });
      continue;
    }
    while (words[next] !== undefined && particles.has((words[next] as Word).text)) next += 1;
    const of = words[next];
    if (of === undefined) joined.push({ text: "abd", abjad });
    else joined.push({ text: servantOf(`abd${of.text}`), abjad: abjad || of.abjad });
    at = next;
  }
  return joined;
}

const servantOf = (text: string) => text.replace(/^abd(?:[uea]|oo)[lrsz](?=.{3})/, "abd");

function withoutParticles(words: readonly Word[]): Part[] {
  const parts: Part[] = [];
  let before: string | null = null;
  for (const word of words) {
    if (particles.has(word.text)) before = word.text;
    else {
      parts.push(partOf(word, before));
      before = null;
    }
  }
  return parts;
}

function partOf({ text, abjad }: Word, particle: string | null): Part {
  const bones = bonesOf(text);
  const length = abjad ? Math.round(bones.length * 1.6) : text.length;
  return {
    text,
    fold: foldOf(text),
    bones,
    abjad,
    initial: text.length === 1 && !abjad,
    joined: false,
    withParticle: particle === null ? null : foldOf(particle + text),
    weight: 2 + Math.min(length, 8),
    variants: variants.get(text) ?? none,
    nicknames: nicknames.get(text) ?? none,
  };
}

/** A part, or two neighbouring parts taken as one, and where in the name it stands. */
export type Span = { readonly part: Part; readonly from: number; readonly to: number };

/** A name prepared for comparison: its parts, and its neighbours as people may write them in one. */
export type PreparedName = { readonly singles: readonly Span[]; readonly doubles: readonly Span[] };

/** Prepares a name. `keep` may give back an equal part that it has already, to save memory. */
export function prepareName(
  name: string,
  keep: (part: Part) => Part = (part) => part,
): PreparedName {
  const parts = partsOf(name).map(keep);
  const doubles = parts.slice(1).flatMap((part, at) => {
    const before = parts[at] as Part;
    if (!mayJoin(before, part)) return [];
    return [{ part: keep(joinParts(before, part)), from: at, to: at + 1 }];
  });
  return { singles: parts.map((part, at) => ({ part, from: at, to: at })), doubles };
}

/** Two neighbouring parts written as one: "Xiao Ming" is "Xiaoming". */
function joinParts(first: Part, second: Part): Part {
  const word = { text: first.text + second.text, abjad: first.abjad || second.abjad };
  return { ...partOf(word, null), joined: true, weight: first.weight + second.weight };
}

/** Whether people write these two as one: only short parts, as the syllables of a given name are. */
const mayJoin = (first: Part, second: Part): boolean =>
  !first.initial && !second.initial && first.text.length <= 6 && second.text.length <= 6;
