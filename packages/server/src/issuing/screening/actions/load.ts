import type { Work } from "../../../foundation/database/work.ts";
import { PLATFORM } from "../../../foundation/ids/ids.ts";
import { recordAudit } from "../../../records/audit/actions.ts";
import { ListRefused } from "../errors.ts";
import type { ListedEntry, ListVersion } from "../model.ts";
import {
  findInForce,
  insertEntries,
  insertList,
  lockLists,
  newestVersion,
  removeEntries,
} from "../store.ts";

/** Entries that are written by one statement. */
const TOGETHER = 500;

/** A list to load: what its file says, and who loads it. */
export type ListToLoad = Pick<ListVersion, "source" | "publishedOn" | "sha256" | "loadedBy"> & {
  /** In the order of the file; read once, as they are written. */
  readonly entries: AsyncIterable<ListedEntry>;
  /** Whether it may be empty, or less than half as long as the one in force. */
  readonly allowShrink: boolean;
  /** Told as the writing goes on. */
  readonly onEntries?: (written: number) => void;
};

/** The list in force afterwards; `loaded` is false where it was the same before. */
export type Loaded = { readonly list: ListVersion; readonly loaded: boolean };

/**
 * Loads a list in place of its source's older one, in the caller's transaction: until COMMIT the older one
 * is in force, and whole. The same files again change nothing.
 *
 * @throws ListRefused for an entry that stands in it twice, and for a list that is empty or has shrunk to less
 * than half. MalformedList as the reading of the file throws it.
 */
export async function loadList(
  work: Pick<Work, "sql" | "now" | "actor" | "newId" | "requestId">,
  wanted: ListToLoad,
): Promise<Loaded> {
  const { sql } = work;
  await lockLists(sql);
  const before = await findInForce(sql, wanted.source);
  if (before !== null && Buffer.compare(before.sha256, wanted.sha256) === 0) {
    return { list: before, loaded: false };
  }
  const version = (await newestVersion(sql)) + 1n;
  const count = await writeEntries(work, version, wanted);
  if (!wanted.allowShrink) refuseShrunken(count, before);
  if (before !== null) await removeEntries(sql, before.version);
  const { source, publishedOn, sha256, loadedBy } = wanted;
  const loadedAt = work.now;
  const list = { version, source, publishedOn, sha256, entries: count, loadedAt, loadedBy };
  await insertList(sql, list);
  await auditLoad(work, list, before);
  return { list, loaded: true };
}

async function writeEntries(
  { sql }: Pick<Work, "sql">,
  version: bigint,
  { entries, onEntries }: ListToLoad,
): Promise<number> {
  const seen = new Set<string>();
  let some: ListedEntry[] = [];
  const write = async () => {
    await insertEntries(sql, version, some);
    some = [];
    onEntries?.(seen.size);
  };
  for await (const entry of entries) {
    if (seen.has(entry.sourceId)) {
      throw new ListRefused(
        `The entry ${entry.sourceId} stands in the list twice.`,
        "Take the file from its publisher anew; nothing of this one was loaded.",
      );
    }
    seen.add(entry.sourceId);
    some.push(entry);
    if (some.length === TOGETHER) await write();
  }
  await write();
  return seen.size;
}

function refuseShrunken(entries: number, before: ListVersion | null): void {
  const was = before?.entries ?? 0;
  if (entries > 0 && 2 * entries >= was) return;
  throw new ListRefused(
    `The list has ${entries} entries, the one in force ${was}.`,
    "See whether the file is whole; if it is, load it with --allow-shrink.",
  );
}

/** The command is no request, so it writes its own line of the log. */
function auditLoad(
  work: Pick<Work, "sql" | "now" | "actor" | "newId" | "requestId">,
  list: ListVersion,
  before: ListVersion | null,
): Promise<void> {
  const told = ({ version, entries, loadedBy }: ListVersion) => ({
    version: Number(version),
    entries,
    loadedBy,
  });
  const change = {
    objectId: list.source,
    version: Number(list.version),
    event: "screening_list.loaded",
    before: before && told(before),
    after: told(list),
  };
  return recordAudit(work.sql, [
    {
      id: work.newId("audit"),
      organizationId: PLATFORM,
      at: work.now,
      actor: work.actor,
      action: "loadScreeningList",
      objectOrganizationId: PLATFORM,
      objectId: list.source,
      result: "done",
      status: 200,
      code: null,
      changes: [change],
      requestId: work.requestId,
      ip: null,
    },
  ]);
}
