import { steadyMs } from "../../foundation/clock/clock.ts";
import type { Database, Transaction } from "../../foundation/database/database.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { drain, PASS_LIMIT, tidier } from "../sequencer/actions.ts";
import { openPersonal, sealPersonal } from "../vault/actions.ts";
import type {
  Announcement,
  Change,
  EventFilter,
  OpenedEvent,
  QueuedEvent,
  StreamEvent,
} from "./model.ts";
import { changeOf, joinPersonal, splitPersonal } from "./rules.ts";
import * as store from "./store.ts";

/** What one transaction has announced so far. */
type Buffered = {
  readonly work: Work;
  readonly announcement: Announcement;
  /** Without its personal data. */
  readonly event: QueuedEvent;
  /** Personal values as JSON, sealed when the event is written. */
  readonly personal: string | null;
};

const buffers = new WeakMap<Transaction, Buffered[]>();
const flushStep = Symbol("events");

/**
 * Announces a state change: exactly one event for each new version of an object. It is written just
 * before COMMIT, with all others of the transaction, and not at all when the work is rolled back.
 */
export function announce(work: Work, announcement: Announcement): void {
  const fresh: Buffered[] = [];
  if (work.sql.beforeCommit(flushStep, (sql) => flush(sql, fresh))) buffers.set(work.sql, fresh);
  const { data, personal } = splitPersonal(announcement);
  const event: QueuedEvent = {
    organizationId: work.organizationId,
    id: work.newId("event"),
    type: announcement.type,
    objectId: announcement.objectId,
    objectVersion: BigInt(announcement.objectVersion),
    data: JSON.stringify(data),
    subjectId: announcement.subjectId ?? null,
    personal: null,
  };
  buffers.get(work.sql)?.push({ work, announcement, event, personal });
}

/** What a request has announced in this transaction so far, in order. */
export function eventsOf(work: Work): readonly Announcement[] {
  const buffered = buffers.get(work.sql) ?? [];
  return buffered
    .filter((item) => item.work.requestId === work.requestId)
    .map(({ announcement }) => announcement);
}

/** What a request has changed in this transaction so far, for `recordAudit`; personal data masked. */
export function changesOf(work: Work): readonly Change[] {
  return eventsOf(work).map(changeOf);
}

/** Whose objects a request has changed in this transaction; null when it has changed nothing. */
export function changedIn(work: Work): OrganizationId | null {
  const own = buffers.get(work.sql)?.find((item) => item.work.requestId === work.requestId);
  return own?.work.organizationId ?? null;
}

async function flush(sql: Sql, buffered: readonly Buffered[]): Promise<void> {
  const sealed = await sealAll(sql, buffered);
  const events = buffered.map(({ event }) => ({
    ...event,
    personal: sealed.get(event.id) ?? null,
  }));
  // In this order: a version that is still queued fails the insert, one that is not shows afterwards.
  const [, told] = await Promise.all([
    store.insertQueued(sql, events),
    store.findTold(sql, events),
  ]);
  assert(
    told === null,
    `Version ${told?.objectVersion} of ${told?.objectId} has its event already.`,
  );
}

/** Seals what is personal, by event. */
async function sealAll(sql: Sql, buffered: readonly Buffered[]): Promise<Map<string, Uint8Array>> {
  const items = buffered.flatMap(({ work, event: { id, subjectId }, personal }) => {
    const { organizationId, now } = work;
    if (personal === null || subjectId === null) return [];
    return [{ organizationId, subjectId, recordId: id, json: personal, now }];
  });
  const [first] = buffered;
  if (first === undefined) return new Map();
  // An installation has the same keys for all that it does.
  const sealed = await sealPersonal({ sql, keys: first.work.keys }, items);
  return new Map(items.map(({ recordId }, index) => [recordId, sealed[index] as Uint8Array]));
}

/**
 * One pass of the sequencer: moves every visible queued event, in order of (position, ordinal) and at most
 * `PASS_LIMIT`, into its organization's stream, with the next sequences and the organization's now.
 * An event of a transaction in flight gets a later number, so readers see no gap that fills later.
 *
 * @returns how many events were moved; 0 when nothing was queued.
 * @throws Outage when the database is away or another pass takes long; nothing is lost then.
 */
export async function sequenceEvents(database: Database): Promise<number> {
  const moved = await database.transaction(async (sql) => {
    const [, sizes] = await Promise.all([store.lockStream(sql), store.moveQueued(sql, PASS_LIMIT)]);
    return sizes;
  });
  for (const { organizationId } of moved) {
    for (const ring of bells.get(organizationId) ?? []) ring();
  }
  const total = moved.reduce((sum, { size }) => sum + Number(size), 0);
  await tidyAfter(database, total);
  return total;
}

const tidyAfter = tidier(store.tidyQueue);

/** Passes until nothing is queued. @returns how many events were moved. */
export const drainEvents = (database: Database): Promise<number> =>
  drain(() => sequenceEvents(database));

/** What a reader of a stream asks for. */
export type StreamQuery = {
  /** Events after this sequence. */
  readonly after: bigint;
  readonly limit: number;
  readonly filter: EventFilter;
  /** How long to wait for an event when there is none yet. */
  readonly waitMs: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal | undefined;
};

/** A piece of a stream, and where to go on. */
export type StreamPage = {
  readonly events: readonly OpenedEvent[];
  /** The `after` of the next call: nothing that matches lies between it and the last event. */
  readonly lastSequence: bigint;
};

/** Longest time until an event that another process has moved is noticed. */
const POLL_MS = 250;

/** Events that one statement looks through for those of a type. */
export const SEARCH_LIMIT = 20_000n;

/** Longest search through events of other types; the answer then says how far it came. */
const SEARCH_MS = 2_000;

/**
 * Reads an organization's stream, oldest first; waits for the next event when there is none. Holds no
 * connection while it waits.
 */
export async function readStream(reading: Reading, query: StreamQuery): Promise<StreamPage> {
  const began = steadyMs();
  const bell = hangBell(reading.organizationId);
  try {
    let after = query.after;
    for (;;) {
      const { behind, ...page } = await readPage(reading, { ...query, after });
      const leftMs = began + Math.max(query.waitMs, behind ? SEARCH_MS : 0) - steadyMs();
      if (page.events.length > 0 || leftMs <= 0 || query.signal?.aborted) return page;
      after = page.lastSequence;
      if (!behind) await bell.wait(Math.min(leftMs, POLL_MS), query.signal);
    }
  } finally {
    bell.takeDown();
  }
}

/** A page, and whether it ends before the stream does although it is not full. */
type SearchedPage = StreamPage & { readonly behind: boolean };

async function readPage(reading: Reading, query: StreamQuery): Promise<SearchedPage> {
  const { sql, organizationId } = reading;
  const { after, limit, filter } = query;
  const head = await store.readHead(sql, organizationId);
  if (head <= after) return { events: [], lastSequence: after, behind: false };
  const searches = filter.type !== undefined && filter.objectId === undefined;
  const until = searches && head - after > SEARCH_LIMIT ? after + SEARCH_LIMIT : head;
  const events = await store.readEvents(sql, { organizationId, after, until, filter, limit });
  const last = events.length === limit ? events.at(-1)?.sequence : until;
  const lastSequence = last ?? until;
  return { events: await openAll(reading, events), lastSequence, behind: until < head };
}

/** Puts personal data back where the person's key still exists. */
async function openAll(reading: Reading, events: readonly StreamEvent[]): Promise<OpenedEvent[]> {
  const items = events.flatMap(({ id, subjectId, personal }) =>
    personal === null || subjectId === null ? [] : [{ recordId: id, subjectId, sealed: personal }],
  );
  const texts = await openPersonal(reading, items);
  const opened = new Map(items.map(({ recordId }, index) => [recordId, texts[index] ?? null]));
  return events.map(({ subjectId: _, personal: __, ...event }) => ({
    ...event,
    data: joinPersonal(event.data, opened.get(event.id) ?? null),
  }));
}

/** Who waits in this process, by organization. */
const bells = new Map<OrganizationId, Set<() => void>>();

/** Hangs a bell that rings when this process moves events of an organization. */
function hangBell(organizationId: OrganizationId) {
  let rung = false;
  let wake: () => void = () => undefined;
  const ring = () => {
    rung = true;
    wake();
  };
  const own = bells.get(organizationId) ?? new Set();
  bells.set(organizationId, own.add(ring));
  return {
    /** Until it has rung since the last wait, the time is over, or the signal is given. */
    wait: async (ms: number, signal: AbortSignal | undefined) => {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener("abort", wake, { once: true });
        await promise;
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
      }
      rung = false;
    },
    takeDown: () => {
      own.delete(ring);
      if (own.size === 0) bells.delete(organizationId);
    },
  };
}
