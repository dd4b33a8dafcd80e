import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { AccountId, HoldId, OrganizationId } from "../../foundation/ids/ids.ts";
import { enqueueRecords } from "../sequencer/actions.ts";
import { type AccountRef, accountId, isOrdered, receivableOf } from "./model.ts";
import { Book, type BookRef } from "./rules.ts";
import type { NewAccount } from "./store.ts";
import * as store from "./store.ts";

export {
  type Finding,
  type Invariants,
  invariants,
  listBooks,
  type Verification,
  type VerifyOptions,
  type VerifyStep,
  verify,
} from "./actions/laws.ts";
export {
  type AccountWithBalances,
  type EntryFilter,
  listAccounts,
  listEntries,
  type PlacedEntry,
  readOwnBalances,
  readUnsettled,
} from "./actions/lists.ts";
export {
  type Period,
  type PostedSide,
  readPosted,
  type SequenceRange,
  type SettledPeriod,
  settlePeriod,
} from "./actions/movements.ts";
export { type AsOf, readBalances, readDebtors, readOwed } from "./actions/reads.ts";
export {
  findCollectable,
  listReceivables,
  type Receivable,
  type ReceivableFilter,
  type Recovery,
  readClosedBeside,
} from "./actions/receivables.ts";
export { journalSource } from "./actions/source.ts";
export type { NewAccount } from "./store.ts";

/**
 * Opens accounts where they are missing, and the receivable beside each card and budget account. Pooled
 * accounts need none of it: the sequencer makes them.
 */
export async function openAccounts(work: Work, refs: readonly AccountRef[]): Promise<void> {
  const { sql, organizationId, now } = work;
  await openAccountsOf(
    sql,
    refs.map((ref) => ({ organizationId, ref, now })),
  );
}

/** As `openAccounts`, for several organizations in one statement. */
export async function openAccountsOf(sql: Sql, accounts: readonly NewAccount[]): Promise<void> {
  const ordered = accounts
    .filter(({ ref }) => isOrdered(ref))
    .flatMap((each) => withReceivables([each.ref]).map((ref) => ({ ...each, ref })));
  if (ordered.length > 0) await store.addAccounts(sql, ordered);
}

/** Closes an account: it takes no movement any more that a person asks for. It stays readable. */
export async function closeAccount(work: Work, ref: AccountRef): Promise<void> {
  const closed = await store.markAccountClosed(work.sql, work.organizationId, accountId(ref));
  assert(closed, "Only an account that exists is closed.");
}

/**
 * Has a card's or budget's account found by `lowAccounts` while it has less than this available.
 *
 * @param below minor units; null: it is watched no more.
 */
export async function watchAccount(
  work: Work,
  ref: AccountRef,
  below: bigint | null,
): Promise<void> {
  const { sql, organizationId } = work;
  const watched = await store.setWatch(sql, organizationId, accountId(ref), below);
  assert(watched, "Only an account that exists is watched.");
}

/** A hold to lock with a book. */
export type HoldRef = { readonly organizationId: OrganizationId; readonly holdId: HoldId };

/**
 * Locks holds, then ordered accounts with their receivables, each in id order and in one statement, and
 * opens a book on them. Always the last locks that a transaction takes. Pooled accounts are not
 * locked and may be left out; an account that does not exist counts as zero and takes no movement.
 */
export async function openBook(
  sql: Sql,
  refs: readonly BookRef[],
  holds: readonly HoldRef[] = [],
): Promise<Book> {
  const asked = new Map<string, BookRef & { readonly id: AccountId }>();
  for (const { organizationId, ref } of refs) {
    if (!isOrdered(ref)) continue;
    for (const one of withReceivables([ref])) {
      const id = accountId(one);
      asked.set(`${organizationId}/${id}`, { organizationId, ref: one, id });
    }
  }
  const keys = [...asked.values()];
  const [heldRows, accounts] = await Promise.all([
    holds.length === 0 ? [] : store.lockHolds(sql, holds),
    store.lockAccounts(sql, keys),
  ]);
  return new Book(keys, accounts, heldRows);
}

/**
 * Writes what was posted since the book was opened or last written: accounts, holds, journal, and the
 * journal's place in the sequencer's queue. One round trip of set statements.
 *
 * @throws Fault when an account is no longer at the version it was locked at.
 */
export async function writeBook(sql: Sql, book: Book): Promise<void> {
  const changes = book.takeChanges();
  const queued = changes.rows.map(({ organizationId, journalId }) => ({
    organizationId,
    kind: "journal" as const,
    recordId: journalId,
  }));
  await Promise.all([store.writeChanges(sql, changes), enqueueRecords(sql, queued)]);
}

function withReceivables(refs: readonly AccountRef[]): AccountRef[] {
  return refs.flatMap((ref) => [ref, receivableOf(ref)].filter((one) => one !== null));
}
