import type { ListedEntry, ListedName, Match, Subject } from "../model.ts";
import { likenessOf } from "./alike.ts";
import { classesOf, once } from "./fold.ts";
import { type Part, type PreparedName, prepareName } from "./normalise.ts";
import { scoreName } from "./score.ts";
import { tuning } from "./tuning.ts";

type IndexedName = {
  readonly entry: ListedEntry;
  readonly name: ListedName;
  readonly prepared: PreparedName;
  readonly whole: number;
};

/** The weight of all parts of a name, and of those that say more than an initial. */
type Weights = { readonly whole: number; readonly spelled: number };

/** A listed word that is like a part, and how much, 0 to 1; the likest first. */
type LikeWord = { readonly word: number; readonly alike: number };

/** For how many parts an index remembers which of its words are like them: some 20 words each. */
const REMEMBERED = 20_000;

/** How many names are scored in full, at the most, and how many matches one search answers with. */
const SCORED = 40;
const ANSWERED = 50;

/** A name is scored where this share of the lighter of the two names is found in the other. */
const WORTH_SCORING = 0.55;

/**
 * All lists in memory, made for one question: which listed names may be this one? Parts that many names
 * share are kept once; a search finds the parts like its own by keys that a slip leaves, and scores in full
 * only the names that most of them stand in. Deterministic: the same entries and subject give the same answer.
 */
export class ScreeningIndex {
  readonly #names: IndexedName[] = [];
  /** Beside the names, because a search reads it for thousands of them. */
  readonly #spelled: number[] = [];
  readonly #words: Part[] = [];
  readonly #wordByText = new Map<string, number>();
  readonly #holders: number[][] = [];
  readonly #byKey = new Map<string, number[]>();
  /** By `keyOf`, for as long as nothing is added. */
  readonly #likeByPart = new Map<string, readonly LikeWord[]>();
  #sums = new Float64Array(1024);
  /** In which part's turn a name last got a weight. Turns only count up, so that nothing is to be cleared. */
  #turns = new Float64Array(1024);
  #turn = 0;

  /** How many names it holds; an entry has one or more. */
  get size(): number {
    return this.#names.length;
  }

  /** Adds one entry. A caller that must not block adds some hundred and then lets others go first. */
  add(entry: ListedEntry): void {
    this.#likeByPart.clear();
    for (const name of entry.names) {
      const prepared = prepareName(name.text, (part) => this.#keep(part));
      if (prepared.singles.length === 0) continue;
      const { whole, spelled } = weightsOf(prepared);
      const at = this.#names.push({ entry, name, prepared, whole }) - 1;
      this.#spelled.push(spelled);
      for (const { part } of spansOf(prepared)) {
        const holders = this.#holders[this.#numberOf(part)] as number[];
        if (holders.at(-1) !== at) holders.push(at);
      }
    }
  }

  /** The entries that may be the subject, the likeliest first, at or above the threshold. */
  search(subject: Subject, threshold: number = tuning.threshold): Match[] {
    const ours = prepareName(subject.name);
    const byEntry = new Map<ListedEntry, Match>();
    for (const at of this.#candidates(ours, subject)) {
      const { entry, name, prepared } = this.#names[at] as IndexedName;
      const match = { entry, name, ...scoreName(subject, ours, entry, name, prepared) };
      if (match.score < threshold) continue;
      if (match.score > (byEntry.get(entry)?.score ?? -1)) byEntry.set(entry, match);
    }
    return [...byEntry.values()].sort(likeliestFirst).slice(0, ANSWERED);
  }

  /** The part that is kept for all names that have it. */
  #keep(part: Part): Part {
    const key = keyOf(part);
    const known = this.#wordByText.get(key);
    if (known !== undefined) return this.#words[known] as Part;
    const word = this.#words.push(part) - 1;
    this.#wordByText.set(key, word);
    this.#holders.push([]);
    this.#indexWord(part, word);
    return part;
  }

  #numberOf = (part: Part): number => this.#wordByText.get(keyOf(part)) as number;

  #indexWord(part: Part, word: number): void {
    for (const key of keysOf(part)) {
      const words = this.#byKey.get(key);
      if (words === undefined) this.#byKey.set(key, [word]);
      else words.push(word);
    }
  }

  /** The names worth a full score: those that hold the most weight of what the subject's name says. */
  #candidates(ours: PreparedName, { kind }: Subject): number[] {
    this.#grow();
    const touched: number[] = [];
    for (const { part } of spansOf(ours)) this.#addUp(part, touched);
    const mine = weightsOf(ours);
    const ranked: { at: number; rank: number }[] = [];
    for (const at of touched) {
      const sum = this.#sums[at] as number;
      this.#sums[at] = 0;
      const lighter = Math.min(mine.spelled, this.#spelled[at] as number);
      if (sum < WORTH_SCORING * lighter) continue;
      const { entry, whole } = this.#names[at] as IndexedName;
      if (kind !== undefined && entry.kind !== kind) continue;
      ranked.push({ at, rank: (2 * sum) / (mine.whole + whole) });
    }
    ranked.sort((a, b) => b.rank - a.rank || a.at - b.at);
    return ranked.slice(0, SCORED).map(({ at }) => at);
  }

  /** Gives every name with a part like this one its weight, once: by the likest word, which comes first. */
  #addUp(part: Part, touched: number[]): void {
    this.#turn += 1;
    for (const { word, alike } of this.#wordsLike(part)) {
      const worth = alike * part.weight;
      for (const at of this.#holders[word] as number[]) {
        if (this.#turns[at] === this.#turn) continue;
        this.#turns[at] = this.#turn;
        const before = this.#sums[at] as number;
        if (before === 0) touched.push(at);
        this.#sums[at] = before + worth;
      }
    }
  }

  /** Asked for again and again: the names of customers share most of their parts. */
  #wordsLike(part: Part): readonly LikeWord[] {
    const key = keyOf(part);
    const known = this.#likeByPart.get(key);
    if (known !== undefined) return known;
    const found = this.#lookUp(part);
    if (this.#likeByPart.size === REMEMBERED) {
      const [oldest] = this.#likeByPart.keys();
      this.#likeByPart.delete(oldest as string);
    }
    this.#likeByPart.set(key, found);
    return found;
  }

  #lookUp(part: Part): LikeWord[] {
    const found: LikeWord[] = [];
    const seen = new Set<number>();
    for (const key of keysOf(part)) {
      for (const word of this.#byKey.get(key) ?? []) {
        if (seen.has(word)) continue;
        seen.add(word);
        const { alike } = likenessOf(part, this.#words[word] as Part);
        if (alike > 0) found.push({ word, alike });
      }
    }
    return found.sort((one, other) => other.alike - one.alike);
  }

  #grow(): void {
    if (this.#sums.length < this.#names.length) {
      this.#sums = new Float64Array(2 * this.#names.length);
      this.#turns = new Float64Array(2 * this.#names.length);
    }
  }
}

const spansOf = ({ singles, doubles }: PreparedName) => [...singles, ...doubles];

/** Particles before a part are of it here: who shares a part shares how it is compared. */
const keyOf = ({ text, abjad, joined, withParticle }: Part): string =>
  withParticle === null && !abjad && !joined
    ? text
    : `${text}-${withParticle ?? ""}-${abjad}-${joined}`;

function weightsOf({ singles }: PreparedName): Weights {
  const sum = (spans: PreparedName["singles"]) =>
    spans.reduce((so, { part }) => so + part.weight, 0);
  return { whole: sum(singles), spelled: sum(singles.filter(({ part }) => !part.initial)) };
}

/**
 * What a part is found by. Two parts meet in a key if they sound the same, have the same consonants, stand
 * in one line of a table, or are one slip apart: a letter more, less or other, or two that changed places,
 * leave one text with one letter left out equal to the other's. Only classes of consonants count for that,
 * so that slips in vowels are free; of parts with few consonants all letters do, for too many would meet.
 */
function keysOf(part: Part): Set<string> {
  const { text, fold, bones, withParticle } = part;
  const keys = new Set([`f${fold}`]);
  if (part.initial) return keys;
  if (bones.length > 1) keys.add(`b${bones}`);
  if (withParticle !== null) keys.add(`f${withParticle}`);
  for (const number of part.variants) keys.add(`v${number}`);
  for (const number of part.nicknames) keys.add(`n${number}`);
  const coarse = classesOf(part.abjad ? bones : text);
  if (coarse.length > 2) keys.add(`c${coarse}`);
  if (part.joined) return keys;
  if (coarse.length > 4) for (const shorter of oneLess(coarse)) keys.add(`c${once(shorter)}`);
  if (coarse.length < 6)
    for (const shorter of oneLess(text)) keys.add(`t${shorter}`).add(`t${text}`);
  return keys;
}

const oneLess = (text: string): string[] =>
  Array.from(text, (_, at) => text.slice(0, at) + text.slice(at + 1));

/** The order of matches: by score, and one that is always the same where scores are. */
export const likeliestFirst = (a: Match, b: Match): number =>
  b.score - a.score ||
  compareText(a.entry.source, b.entry.source) ||
  compareText(a.entry.sourceId, b.entry.sourceId);

const compareText = (a: string, b: string) => (a < b ? -1 : Number(a > b));
