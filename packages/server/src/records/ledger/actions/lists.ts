import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { least } from "../../../foundation/money/money.ts";
import { placesOf } from "../../sequencer/actions.ts";
import type { Account, AccountType, Balances, MovementKind } from "../model.ts";
import * as store from "../store/lists.ts";
import { readSequenceAt } from "../store/reads.ts";
import { justBefore } from "./movements.ts";
import { type AsOf, readBalances, readStandings, sequenceOf, standingIn } from "./reads.ts";

/** An account with the balances that people see. */
export type AccountWithBalances = { readonly account: Account; readonly balances: Balances };

/**
 * One page of an organization's accounts; as of a past instant or sequence where that is asked. Closed
 * and version are the account's present ones.
 *
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`; `invalid_request` when both are given.
 */
export async function listAccounts(
  { sql, organizationId }: Reading,
  filter: store.AccountFilter,
  asOf: AsOf,
  page: store.PageOf<string>,
): Promise<RowPage<AccountWithBalances>> {
  const sequence = await sequenceOf(sql, organizationId, asOf);
  const { rows, more } = await store.listAccounts(sql, organizationId, filter, page);
  const found = await readStandings(sql, organizationId, rows, sequence);
  const shown = rows.map((stored) => {
    const { numbers, balances } = standingIn(found, stored);
    return { account: { ...stored, ...numbers }, balances };
  });
  return { rows: shown, more };
}

/** The balances of an owner's accounts of one type: one for each currency it has, by currency. */
export async function readOwnBalances(
  sql: Sql,
  organizationId: OrganizationId,
  type: AccountType,
  ownerId: string,
  asOf?: AsOf,
): Promise<Balances[]> {
  const accounts = await store.readOwnAccounts(sql, organizationId, type, ownerId);
  return [...(await readBalances(sql, organizationId, accounts, asOf)).values()];
}

/**
 * What keeps an organization from being closed, up to a number of accounts: money, something held, a
 * debt, or an account of a card or budget that still takes money. A budget card has no account of its
 * own; it lives as long as its budget's is open.
 */
export function readUnsettled(
  sql: Sql,
  organizationId: OrganizationId,
  limit: number,
): Promise<Account[]> {
  return store.readUnsettled(sql, organizationId, limit);
}

/** A sealed row of the journal, and when it was recorded. */
export type PlacedEntry = store.Entry & { readonly recordedAt: Date };

export type EntryFilter = {
  readonly accountId?: string | undefined;
  readonly transferId?: string | undefined;
  readonly holdId?: string | undefined;
  readonly kind?: MovementKind | undefined;
  readonly cardId?: string | undefined;
  readonly budgetId?: string | undefined;
  /** Recorded from this instant on, and before that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** From this sequence to that one, both included. */
  readonly fromSequence?: bigint | undefined;
  readonly toSequence?: bigint | undefined;
};

/** One page of an organization's journal as far as it is sealed, last first. */
export async function listEntries(
  { sql, organizationId }: Pick<Reading, "sql" | "organizationId">,
  filter: EntryFilter,
  page: store.PageOf<bigint>,
): Promise<RowPage<PlacedEntry>> {
  const { accountId, kind, cardId, budgetId, from, to, fromSequence, toSequence } = filter;
  const before = (instant: Date | undefined) =>
    instant && readSequenceAt(sql, organizationId, justBefore(instant));
  const [sequences, aboveTime, upToTime] = await Promise.all([
    sequencesOf(sql, organizationId, filter),
    before(from),
    before(to),
  ]);
  const limits = {
    ...{ accountId, kind, cardId, budgetId, sequences },
    above: greatest(aboveTime, fromSequence && fromSequence - 1n),
    upTo: upToTime === undefined ? toSequence : least(upToTime, toSequence ?? upToTime),
  };
  const { rows, more } = await store.listEntries(sql, organizationId, limits, page);
  const ids = rows.map(({ id }) => id);
  const places = await placesOf(sql, organizationId, ids);
  const placed = rows.map((entry) => {
    const place = places.get(entry.id);
    assert(place !== undefined, "A sealed row has a place in the chain.");
    return { ...entry, recordedAt: place.recordedAt };
  });
  return { rows: placed, more };
}

function greatest(left: bigint | undefined, right: bigint | undefined): bigint | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left > right ? left : right;
}

async function sequencesOf(
  sql: Sql,
  organizationId: OrganizationId,
  { transferId, holdId }: EntryFilter,
): Promise<bigint[] | undefined> {
  const found = await Promise.all([
    transferId && store.readIdsBy(sql, organizationId, "transferId", transferId),
    holdId && store.readIdsBy(sql, organizationId, "holdId", holdId),
  ]);
  const [first, second] = found.filter((ids) => Array.isArray(ids));
  if (first === undefined) return undefined;
  const ids = second === undefined ? first : first.filter((id) => second.includes(id));
  const places = await placesOf(sql, organizationId, ids);
  return [...places.values()].map(({ sequence }) => sequence);
}
