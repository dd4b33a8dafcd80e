import { setImmediate as others } from "node:timers/promises";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { Outage } from "../../../foundation/errors/errors.ts";
import type { Keys } from "../../../foundation/keys/keys.ts";
import type { ListSource, ListVersion, Match, Subject } from "../model.ts";
import { likeliestFirst, ScreeningIndex } from "../rules/search.ts";
import { entriesAfter, findListsInForce } from "../store.ts";

/** Entries that are read by one statement, and that are indexed before others have their turn. */
const READ_TOGETHER = 1_000;
const INDEXED_TOGETHER = 100;

/** How often lists may be loaded while an index is made, before it is given up. */
const TRIES = 5;

/** All lists in force, to be searched in memory. */
export type Lists = {
  /** The newest version among them; 0 where none is loaded. */
  readonly version: bigint;
  readonly sources: readonly ListVersion[];
  /** The entries that may be the subject, the likeliest first, from the threshold of a match on. */
  search(subject: Subject): Match[];
};

/** One list's index, or the making of it. */
type Indexed = { readonly version: bigint; readonly index: Promise<ScreeningIndex> };

/** What each installation of this process has in memory. */
const indexes = new WeakMap<Keys, Map<ListSource, Indexed>>();

/** The list was replaced while it was read: what is in force now is another. */
class Replaced extends Error {}

/**
 * The lists in force as this transaction sees them, or newer ones that are committed. Where this process has not
 * indexed them yet it waits until it has: call it before any lock is taken.
 *
 * @throws Outage where lists are loaded faster than they can be indexed.
 */
export async function listsInForce({ sql, keys }: Pick<Reading, "sql" | "keys">): Promise<Lists> {
  if (!indexes.has(keys)) indexes.set(keys, new Map());
  for (let tried = 0; tried < TRIES; tried += 1) {
    const sources = await findListsInForce(sql);
    try {
      const parts: ScreeningIndex[] = [];
      for (const list of sources) parts.push(await indexOf(sql, keys, list));
      return {
        version: sources.reduce((most, { version }) => (version > most ? version : most), 0n),
        sources,
        search: (subject) => parts.flatMap((part) => part.search(subject)).sort(likeliestFirst),
      };
    } catch (error) {
      if (!(error instanceof Replaced)) throw error;
    }
  }
  throw new Outage("Lists are loaded faster than they can be indexed.");
}

async function indexOf(sql: Sql, keys: Keys, list: ListVersion): Promise<ScreeningIndex> {
  const known = indexes.get(keys) ?? new Map<ListSource, Indexed>();
  const { source, version } = list;
  const made = known.get(source);
  // A newer one than this statement saw: the others may be older than it, so all is looked up again.
  if (made !== undefined && made.version > version) throw new Replaced();
  if (made?.version === version) {
    // The transaction that it is made in may end before it is done.
    const index = await made.index.catch(() => null);
    if (index !== null) return index;
  }
  const index = build(sql, list);
  const making = { version, index };
  known.set(source, making);
  try {
    return await index;
  } catch (error) {
    if (known.get(source) === making) known.delete(source);
    throw error;
  }
}

async function build(sql: Sql, { version, entries }: ListVersion): Promise<ScreeningIndex> {
  const index = new ScreeningIndex();
  let read = 0;
  let after = "";
  for (;;) {
    const some = await entriesAfter(sql, version, after, READ_TOGETHER);
    for (const [at, entry] of some.entries()) {
      index.add(entry);
      if (at % INDEXED_TOGETHER === 0) await others();
    }
    read += some.length;
    after = some.at(-1)?.sourceId ?? after;
    if (some.length < READ_TOGETHER) break;
  }
  if (read !== entries) throw new Replaced();
  return index;
}

/** The lists in force, without their entries. */
export const readLists = (sql: Sql): Promise<ListVersion[]> => findListsInForce(sql);

/**
 * What an operator should know of the lists, as this process last saw them; nothing before it has looked.
 *
 * @returns words for `/readyz`.
 */
export const listWarnings = (keys: Keys): readonly string[] =>
  indexes.get(keys)?.size === 0
    ? ["No sanctions list is loaded: nobody is screened. Load one with npm run lists:load."]
    : [];
