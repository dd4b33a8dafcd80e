import { type Sql, statement } from "../../foundation/database/sql.ts";
import { newestVersion as newestVersionOfAll } from "./clauses.ts";
import type { ListedEntry, ListSource, ListVersion } from "./model.ts";

const selected = `version, source, published_on as "publishedOn", sha256, entries,
  loaded_at as "loadedAt", loaded_by as "loadedBy"`;

/** The first half of the advisory lock of loads: "CWLL" in ASCII. */
const LOCK_CLASS = 0x43574c4c;

const lock = statement("screening.lockLists", `select pg_advisory_xact_lock(${LOCK_CLASS}, 1)`);

const inForce = statement(
  "screening.listsInForce",
  `select distinct on (source) ${selected} from screening_lists order by source, version desc`,
);

const newest = statement("screening.newestVersion", `select ${newestVersionOfAll} as version`);

const insert = statement(
  "screening.insertList",
  `insert into screening_lists (version, source, published_on, sha256, entries, loaded_at, loaded_by)
   values ($1, $2, $3, $4, $5, $6, $7)`,
);

const insertSome = statement(
  "screening.insertEntries",
  `insert into screening_entries (list_version, source_id, entry)
   select $1, source_id, entry::jsonb from unnest($2::text[], $3::text[]) as t (source_id, entry)`,
);

const removeOf = statement(
  "screening.removeEntries",
  "delete from screening_entries where list_version = $1",
);

const page = statement(
  "screening.entriesAfter",
  `select entry from screening_entries where list_version = $1 and source_id > $2
   order by source_id limit $3`,
);

/** Keeps other loads out until the end of the transaction; readers go on. */
export async function lockLists(sql: Sql): Promise<void> {
  await sql.query(lock);
}

/** Of each source that was ever loaded the list in force. */
export const findListsInForce = (sql: Sql): Promise<ListVersion[]> =>
  sql.query<ListVersion>(inForce);

/** The newest version of all; 0 where no list was ever loaded. */
export async function newestVersion(sql: Sql): Promise<bigint> {
  const [row] = await sql.query<{ version: bigint }>(newest);
  return row?.version ?? 0n;
}

/** Puts a list in force, its entries being there. */
export async function insertList(sql: Sql, list: ListVersion): Promise<void> {
  const { version, source, publishedOn, sha256, entries, loadedAt, loadedBy } = list;
  await sql.query(insert, [version, source, publishedOn, sha256, entries, loadedAt, loadedBy]);
}

export async function insertEntries(
  sql: Sql,
  version: bigint,
  entries: readonly ListedEntry[],
): Promise<void> {
  const ids = entries.map(({ sourceId }) => sourceId);
  const texts = entries.map((entry) => JSON.stringify(entry));
  await sql.query(insertSome, [version, ids, texts]);
}

export async function removeEntries(sql: Sql, version: bigint): Promise<void> {
  await sql.query(removeOf, [version]);
}

/** Entries of a list in the order of their ids. */
export async function entriesAfter(
  sql: Sql,
  version: bigint,
  after: ListedEntry["sourceId"],
  limit: number,
): Promise<ListedEntry[]> {
  const rows = await sql.query<{ entry: ListedEntry }>(page, [version, after, limit]);
  return rows.map(({ entry }) => entry);
}

/** The list of a source in force; null where none was ever loaded. */
export async function findInForce(sql: Sql, source: ListSource): Promise<ListVersion | null> {
  const lists = await findListsInForce(sql);
  return lists.find((list) => list.source === source) ?? null;
}
