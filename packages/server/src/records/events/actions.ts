import type { Transaction } from "../../foundation/database/database.ts";
import type { Work } from "../../foundation/database/work.ts";
import type { Announcement, Change, QueuedEvent } from "./model.ts";
import { changeOf, splitPersonal } from "./rules.ts";
import * as store from "./store.ts";

/** What one transaction has announced so far. */
type Buffered = {
  readonly requestId: string;
  readonly announcement: Announcement;
  readonly event: QueuedEvent;
};

const buffers = new WeakMap<Transaction, Buffered[]>();
const flushStep = Symbol("events");

/**
 * Announces a state change: exactly one event for each new version of an object. It is written just
 * before COMMIT, with all others of the transaction, and not at all when the work is rolled back.
 */
export function announce(work: Work, announcement: Announcement): void {
  const fresh: Buffered[] = [];
  if (work.sql.beforeCommit(flushStep, () => flush(work.sql, fresh))) buffers.set(work.sql, fresh);
  const { data } = splitPersonal(announcement);
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
  buffers.get(work.sql)?.push({ requestId: work.requestId, announcement, event });
}

/** What a request has announced in this transaction so far, in order. */
export function eventsOf(work: Work): readonly Announcement[] {
  const buffered = buffers.get(work.sql) ?? [];
  return buffered
    .filter(({ requestId }) => requestId === work.requestId)
    .map(({ announcement }) => announcement);
}

/** What a request has changed in this transaction so far, for `recordAudit`; personal data masked. */
export function changesOf(work: Work): readonly Change[] {
  return eventsOf(work).map(changeOf);
}

async function flush(sql: Transaction, buffered: readonly Buffered[]): Promise<void> {
  await store.insertQueued(
    sql,
    buffered.map(({ event }) => event),
  );
}
