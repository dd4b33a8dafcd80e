import type { Sql } from "../../../foundation/database/sql.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { AccountId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { headOf, holdSequence, organizationNow } from "../../sequencer/actions.ts";
import { ledgerErrors } from "../errors.ts";
import {
  type AccountRef,
  accountId,
  type Balances,
  balancesOf,
  isOrdered,
  type Numbers,
  receivableOf,
  roomOf,
} from "../model.ts";
import * as store from "../store/reads.ts";

/** A past instant of an organization's time, or the sequence of a record; nothing given means now. */
export type AsOf = { readonly at?: Date | undefined; readonly sequence?: bigint | undefined };

/**
 * The sequence up to which a question about the past counts. Nothing that is recorded later counts, so
 * the same question always has the same answer.
 *
 * @returns null where the question is about now.
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`; `invalid_request` when both are given.
 */
export async function sequenceOf(
  sql: Sql,
  organizationId: OrganizationId,
  asOf: AsOf = {},
): Promise<bigint | null> {
  const { at, sequence } = asOf;
  if (at !== undefined && sequence !== undefined) {
    const detail = "Give at or sequence, not both.";
    throw generalErrors.refusal("invalid_request", detail, { field: "sequence" });
  }
  if (sequence !== undefined) {
    const head = await headOf(sql, organizationId);
    if (sequence <= head.sequence) return sequence;
    throw ledgerErrors.refusal("as_of_not_reached", `The last sequence is ${head.sequence}.`, {
      field: "sequence",
    });
  }
  if (at === undefined) return null;
  requirePast(await organizationNow(sql, organizationId), at, "at");
  return settledSequenceAt(sql, organizationId, at);
}

/**
 * Nothing is known of what is to come.
 *
 * @throws Refusal `as_of_in_future` naming the field.
 */
export function requirePast(now: Date, at: Date, field: string): void {
  if (at <= now) return;
  const detail = `It is ${now.toISOString()} there.`;
  throw ledgerErrors.refusal("as_of_in_future", detail, { field });
}

/** The last sequence at or before an instant that has passed: the same from then on. */
export async function settledSequenceAt(
  sql: Sql,
  organizationId: OrganizationId,
  at: Date,
): Promise<bigint> {
  // A pass that runs now may give times up to `now`: it is waited for. Every later pass gives times
  // after it (see `stampOf`), so the lock need not be kept.
  await holdSequence(sql);
  return store.readSequenceAt(sql, organizationId, at);
}

/**
 * Balances by account id, one for each account asked for; an account that does not exist shows zero.
 * A pooled one is its roll-up plus the tail, in one snapshot. `owed` is what stands on a card's or
 * budget's receivable; of the organization's own account, on all its receivables in that currency.
 *
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`; `invalid_request` when both are given.
 */
export async function readBalances(
  sql: Sql,
  organizationId: OrganizationId,
  refs: readonly AccountRef[],
  asOf?: AsOf,
): Promise<Map<AccountId, Balances>> {
  const sequence = await sequenceOf(sql, organizationId, asOf);
  const found = await readStandings(sql, organizationId, refs, sequence);
  return new Map(refs.map((ref) => [accountId(ref), standingIn(found, ref).balances]));
}

/** The accounts that were read, by id; what is not in it has no row. */
export type Standings = ReadonlyMap<AccountId, store.Standing>;

/** What was read of an account and of the receivable beside it. */
export function standingIn(
  found: Standings,
  ref: AccountRef,
): { numbers: Numbers; balances: Balances } {
  const of = (one: AccountRef) => found.get(accountId(one)) ?? store.nothing(accountId(one));
  const { numbers, owed } = of(ref);
  const receivable = receivableOf(ref);
  const owes = receivable === null ? owed : roomOf({ ...receivable, ...of(receivable).numbers });
  return { numbers, balances: balancesOf({ ...ref, ...numbers }, owes) };
}

/** The four numbers of accounts and of the receivables beside them; now, or right after a sequence. */
export async function readStandings(
  sql: Sql,
  organizationId: OrganizationId,
  refs: readonly AccountRef[],
  sequence: bigint | null,
): Promise<Standings> {
  const all = refs.flatMap((ref) => [ref, receivableOf(ref)].filter((one) => one !== null));
  if (sequence !== null) return readPastStandings(sql, organizationId, all, sequence);
  const ordered = all.filter(isOrdered).map(accountId);
  const pooled = all.filter((ref) => !isOrdered(ref)).map(accountId);
  const [stored, rolledUp] = await Promise.all([
    ordered.length === 0 ? [] : store.readOrdered(sql, organizationId, ordered),
    pooled.length === 0 ? [] : store.readPooled(sql, organizationId, pooled),
  ]);
  return new Map([...stored, ...rolledUp].map((standing) => [standing.id, standing]));
}

async function readPastStandings(
  sql: Sql,
  organizationId: OrganizationId,
  refs: readonly AccountRef[],
  sequence: bigint,
): Promise<Standings> {
  const own = refs.filter(({ type }) => type === "organization_available");
  const [past, owed] = await Promise.all([
    store.readPast(sql, organizationId, refs.map(accountId), sequence),
    own.length === 0 ? null : store.readOwedByCurrency(sql, organizationId, sequence),
  ]);
  const found = new Map(past.map((standing) => [standing.id, standing]));
  for (const ref of own) {
    const id = accountId(ref);
    const standing = found.get(id) ?? store.nothing(id);
    found.set(id, { ...standing, owed: owed?.get(ref.currency) ?? 0n });
  }
  return found;
}

/** What an organization owes on all its receivables, by currency; currencies without debt are left out. */
export function readOwed(sql: Sql, organizationId: OrganizationId): Promise<Map<string, bigint>> {
  return store.readOwedByCurrency(sql, organizationId);
}

/** Which of these organizations owe anything, in whatever currency. */
export function readDebtors(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<Set<OrganizationId>> {
  return organizationIds.length === 0
    ? Promise.resolve(new Set())
    : store.readDebtors(sql, organizationIds);
}
