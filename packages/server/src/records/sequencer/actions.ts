import type { Database } from "../../foundation/database/database.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { wakeJobs } from "../../foundation/job/bell.ts";
import { drain, PASS_LIMIT, tidier } from "./actions/passes.ts";
import { sequencerErrors } from "./errors.ts";
import type {
  BadRecord,
  ChainHead,
  ChainReport,
  ChainRow,
  QueuedRecord,
  RecordColumns,
  RecordKind,
  RecordSource,
} from "./model.ts";
import {
  emptyHead,
  extendChain,
  judgeBlock,
  judgeLink,
  sameLink,
  type Unlinked,
  type Walked,
} from "./rules.ts";
import * as store from "./store.ts";

export { drain, PASS_LIMIT, tidier } from "./actions/passes.ts";

/**
 * Queues records for the chain, in the order given. Called after the rows are written, in the same
 * transaction and under the locks of what they are about: the position is drawn here.
 */
export async function enqueueRecords(sql: Sql, records: readonly QueuedRecord[]): Promise<void> {
  if (records.length > 0) await store.insertQueued(sql, records);
}

/** An organization's now: the database's clock + its offset (none known: 0), in milliseconds. */
export async function organizationNow(sql: Sql, organizationId: OrganizationId): Promise<Date> {
  const nows = await store.readNows(sql, [organizationId]);
  const now = nows.get(organizationId);
  assert(now, "The database answers with a time.");
  return now;
}

/** The now of several organizations, read in one statement. */
export function organizationNows(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<Map<OrganizationId, Date>> {
  return store.readNows(sql, organizationIds);
}

/** Gives a new organization its clock, without offset. */
export async function openClock(sql: Sql, organizationId: OrganizationId): Promise<void> {
  await store.addClock(sql, organizationId);
}

/**
 * Moves a sandbox's clock forward.
 *
 * @returns the organization's now after the move.
 * @throws Refusal `clock_backwards` when `to` is not later than the organization's now.
 */
export async function advanceClock(work: Work, to: Date): Promise<Date> {
  const { sql, organizationId } = work;
  await store.addClock(sql, organizationId);
  const now = await store.lockClock(sql, organizationId);
  assert(now, "The clock was just opened.");
  if (to <= now) {
    throw sequencerErrors.refusal("clock_backwards", `It is already ${now.toISOString()} there.`);
  }
  await store.moveClock(sql, organizationId, BigInt(to.getTime() - now.getTime()));
  wakeJobs(work);
  return organizationNow(sql, organizationId);
}

/**
 * Keeps the sequencer from linking records until the caller's transaction ends, for reads that must see
 * queue and chain in one state. Passes wait: hold it for milliseconds. Take it in a transaction, in
 * a statement of its own, before what it protects is read.
 */
export async function holdSequence(sql: Sql): Promise<void> {
  await store.lockSequence(sql, "shared");
}

/**
 * One pass of the sequencer: takes every visible queued record in order of (position, ordinal), at most
 * `PASS_LIMIT`, and gives each the next sequence of its organization, its time and its link. A
 * record of a transaction in flight is not visible and gets a later number, so no gap can appear;
 * and no order is broken, because a position is drawn under the lock of the object it is about.
 * Passes of several processes wait for each other.
 *
 * @returns how many records were linked; 0 when nothing was queued.
 * @throws Outage when the database is away or another pass takes long; nothing is lost then.
 */
export async function sequenceRecords(
  database: Database,
  sources: readonly RecordSource[],
): Promise<number> {
  const linked = await database.transaction(async (sql) => {
    // Two statements, one round trip: the second sees all that the pass before has committed.
    const [, queued] = await Promise.all([
      store.lockSequence(sql, "alone"),
      store.takeQueued(sql, PASS_LIMIT),
    ]);
    if (queued.length > 0) await linkRecords(sql, sources, queued);
    return queued.length;
  });
  await tidyAfter(database, linked);
  return linked;
}

const tidyAfter = tidier(store.tidyQueue);

/** Passes until nothing is queued. @returns how many records were linked. */
export const drainRecords = (
  database: Database,
  sources: readonly RecordSource[],
): Promise<number> => drain(() => sequenceRecords(database, sources));

async function linkRecords(
  sql: Sql,
  sources: readonly RecordSource[],
  queued: readonly QueuedRecord[],
): Promise<void> {
  const byOrganization = Map.groupBy(queued, (record) => record.organizationId);
  const [, heads, columns] = await Promise.all([
    store.planForCount(sql, queued.length),
    store.readOpenHeads(sql, [...byOrganization.keys()]),
    readColumns(sql, sources, queued),
  ]);
  const links: store.NewLink[] = [];
  const blocks: store.NewBlock[] = [];
  for (const { organizationId, recordedAt, sequence, link, block } of heads) {
    const head: ChainHead =
      sequence === null || link === null || block === null
        ? emptyHead(organizationId)
        : { sequence, link, block, recordedAt };
    const records = (byOrganization.get(organizationId) ?? []).map((record) => ({
      ...record,
      ...present(columns.get(record.kind), record),
    }));
    const extended = extendChain(head, recordedAt, records);
    for (const row of extended.rows) links.push({ ...row, organizationId });
    blocks.push({ ...extended.block, organizationId, recordedAt });
  }
  const told = sources.map(async (source) => {
    const own = links.filter((link) => link.kind === source.kind);
    if (own.length > 0) await source.sealed(sql, own);
  });
  await Promise.all([store.insertLinks(sql, links), store.insertBlocks(sql, blocks), ...told]);
}

/** One source's answer: the format, and the columns of its records. */
type Columns = Pick<Unlinked, "format"> & { readonly of: ReadonlyMap<string, RecordColumns> };

async function readColumns(
  sql: Sql,
  sources: readonly RecordSource[],
  records: readonly QueuedRecord[],
): Promise<Map<RecordKind, Columns>> {
  const read = sources.map(async (source) => {
    const refs = records.filter((record) => record.kind === source.kind);
    const of = refs.length === 0 ? new Map() : await source.columns(sql, refs);
    return [source.kind, { format: source.format, of }] as const;
  });
  return new Map(await Promise.all(read));
}

function present(columns: Columns | undefined, { kind, recordId }: QueuedRecord) {
  assert(columns, `The sequencer was given no source of ${kind} records.`);
  const found = columns.of.get(recordId);
  assert(found, `The queued ${kind} record ${recordId} does not exist.`);
  return { format: columns.format, columns: found };
}

/** Where an organization's chain ends. Kept outside, it finds out also who rewrites every table. */
export async function headOf(sql: Sql, organizationId: OrganizationId): Promise<ChainHead> {
  const { head } = await store.readEnds(sql, organizationId);
  return head ?? emptyHead(organizationId);
}

/** The link at a sequence, to compare with a head that was kept outside; null where there is none. */
export async function linkAt(
  sql: Sql,
  organizationId: OrganizationId,
  sequence: bigint,
): Promise<Uint8Array | null> {
  if (sequence === 0n) return emptyHead(organizationId).link;
  const [row] = await store.readLinks(sql, organizationId, sequence - 1n, 1);
  return row?.sequence === sequence ? row.link : null;
}

/** Sequence and time of some records, by record id; those not linked yet are left out. */
export async function placesOf(
  sql: Sql,
  organizationId: OrganizationId,
  recordIds: readonly string[],
): Promise<Map<string, { readonly sequence: bigint; readonly recordedAt: Date }>> {
  if (recordIds.length === 0) return new Map();
  const places = await store.readPlaces(sql, organizationId, recordIds);
  return new Map(places.map(({ recordId, ...place }) => [recordId, place]));
}

/** Rows that a look over a chain reads at a time. */
const VERIFY_PAGE = 1_000;

/** Told how many records were checked so far, of how many. */
export type VerifyProgress = (checked: bigint, total: bigint) => void;

/**
 * Looks over an organization's whole chain up to its present head: each record is there and is what was
 * sealed, in its place and at its time; nothing is missing inside or at the end; blocks and head fit;
 * and no record was put in beside the chain. Reads pages, locks nothing, and may run while the
 * sequencer does.
 *
 * @param sql a pool, or a transaction: what is linked is never changed, so either will do.
 * @returns a report whose `bad` names the first row that does not fit.
 */
export async function verifyChain(
  sql: Sql,
  organizationId: OrganizationId,
  sources: readonly RecordSource[],
  onProgress: VerifyProgress = () => undefined,
): Promise<ChainReport> {
  const ends = await store.readEnds(sql, organizationId);
  const head = ends.head ?? emptyHead(organizationId);
  const scope = { sql, organizationId, sources };
  const walk = await walkLinks(scope, head, onProgress);
  const bad =
    walk.bad ??
    (await findBadEnd(scope, head, ends, walk.last)) ??
    (await findBadBlock(scope, head)) ??
    (await findStray(scope));
  return { organizationId, checked: walk.last.sequence, blocks: head.block, head, bad };
}

/** What is looked over, and with what. */
type Scope = {
  readonly sql: Sql;
  readonly organizationId: OrganizationId;
  readonly sources: readonly RecordSource[];
};

type Walk = { readonly last: Walked; readonly bad: BadRecord | null };

async function walkLinks(scope: Scope, head: ChainHead, onProgress: VerifyProgress): Promise<Walk> {
  const { sql, organizationId, sources } = scope;
  let last: Walked = emptyHead(organizationId);
  while (last.sequence < head.sequence) {
    const page = await store.readLinks(sql, organizationId, last.sequence, VERIFY_PAGE);
    const refs = page.map((row) => ({ ...row, organizationId }));
    const columns = await readColumns(sql, sources, refs);
    const walk = walkPage(last, head.sequence, page, columns);
    if (walk.bad !== null) return walk;
    last = walk.last;
    onProgress(last.sequence, head.sequence);
  }
  return { last, bad: null };
}

function walkPage(
  from: Walked,
  until: bigint,
  page: readonly ChainRow[],
  columns: ReadonlyMap<RecordKind, Columns>,
): Walk {
  let last = from;
  for (const row of page) {
    if (last.sequence === until) return { last, bad: null };
    if (row.sequence !== last.sequence + 1n) break;
    const { kind, recordId, sequence } = row;
    const source = columns.get(kind);
    const wrong = judgeLink(last, row, source?.format, source?.of.get(recordId));
    if (wrong !== null) return { last, bad: { sequence, kind, recordId, wrong } };
    last = row;
  }
  const missing = last.sequence + 1n;
  const whole = page.length > 0 && last.sequence === page.at(-1)?.sequence;
  const wrong = "The row of the chain is missing.";
  const bad = whole ? null : { sequence: missing, kind: null, recordId: null, wrong };
  return { last, bad };
}

async function findBadEnd(
  { sql, organizationId }: Scope,
  head: ChainHead,
  ends: store.Ends,
  last: Walked,
): Promise<BadRecord | null> {
  if (ends.lastSequence > head.sequence) {
    const [row] = await store.readLinks(sql, organizationId, head.sequence, 1);
    const wrong = "It stands behind the head of the chain.";
    return { sequence: null, kind: null, recordId: null, ...row, wrong };
  }
  if (sameLink(last.link, head.link) && ends.lastBlock === head.block) return null;
  const [row] = await store.readLinks(sql, organizationId, head.sequence - 1n, 1);
  const wrong = "The head of the chain does not name its last record and block.";
  return { sequence: null, kind: null, recordId: null, ...row, wrong };
}

async function findBadBlock(
  { sql, organizationId }: Scope,
  head: ChainHead,
): Promise<BadRecord | null> {
  let before = { number: 0n, lastSequence: 0n };
  while (before.number < head.block) {
    const page = await store.readBlocks(sql, organizationId, before.number, VERIFY_PAGE);
    for (const { link, ...block } of page) {
      const bad = judgeBlock(before, block, link);
      if (bad !== null) return { ...bad, kind: null, recordId: null };
      before = block;
    }
    assert(page.length > 0, "The last block was there a moment ago.");
  }
  return null;
}

async function findStray(scope: Scope): Promise<BadRecord | null> {
  const { sql, organizationId, sources } = scope;
  for (const { kind, idsAfter } of sources) {
    let after: string | null = null;
    do {
      const ids: readonly string[] = await idsAfter(sql, organizationId, after, VERIFY_PAGE);
      const recordId = await store.findStray(sql, organizationId, ids);
      const wrong = "The record was put in beside the chain: it is neither linked nor waiting.";
      if (recordId !== null) return { sequence: null, kind, recordId, wrong };
      after = ids.at(-1) ?? null;
    } while (after !== null);
  }
  return null;
}
