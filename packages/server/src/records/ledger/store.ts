import { type Sql, type Statement, statement } from "../../foundation/database/sql.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type { AccountId, HoldId, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Hold } from "./model/holds.ts";
import {
  type Account,
  type AccountRef,
  type AccountType,
  accountId,
  type JournalRow,
  type Numbers,
  type SideAfter,
} from "./model.ts";
import type { BookChanges } from "./rules.ts";

/** How the four numbers come out of the database: numeric, so as text. */
export type NumberColumns = {
  readonly debitsPending: string;
  readonly debitsPosted: string;
  readonly creditsPending: string;
  readonly creditsPosted: string;
};

/** Makes the four numbers of a row. */
export function toNumbers(row: NumberColumns): Numbers {
  return {
    debitsPending: BigInt(row.debitsPending),
    debitsPosted: BigInt(row.debitsPosted),
    creditsPending: BigInt(row.creditsPending),
    creditsPosted: BigInt(row.creditsPosted),
  };
}

/** SQL of the four numbers of a table or of a subquery, under the names of the model. */
export const numbersOf = (table: string): string =>
  `${table}.debits_pending as "debitsPending", ${table}.debits_posted as "debitsPosted",
   ${table}.credits_pending as "creditsPending", ${table}.credits_posted as "creditsPosted"`;

export type AccountRow = NumberColumns & {
  readonly organizationId: OrganizationId;
  readonly id: AccountId;
  readonly type: AccountType;
  readonly ownerId: string;
  readonly currency: string;
  readonly version: bigint;
  readonly closed: boolean;
};

/** SQL of an account's columns. */
export const accountColumns = `a.organization_id as "organizationId", a.id, a.type,
  a.owner_id as "ownerId", a.currency, a.version, a.closed, ${numbersOf("a")}`;

export function toAccount(row: AccountRow): Account {
  return { ...row, ...toNumbers(row) };
}

// Accounts that are there are left out before the insert: it would wait for whoever moves them.
const insertAccounts = statement(
  "ledger.openAccounts",
  `insert into ledger_accounts (organization_id, id, type, owner_id, currency, created_at)
   select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
     as n(organization_id, id, type, owner_id, currency, created_at)
   where (select 1 from ledger_accounts a
     where a.organization_id = n.organization_id and a.id = n.id) is null
   order by n.organization_id, n.id
   on conflict do nothing`,
);

/** An account to make, and when it was asked for. */
export type NewAccount = {
  readonly organizationId: OrganizationId;
  readonly ref: AccountRef;
  readonly now: Date;
};

/** Makes accounts where they are missing. */
export async function addAccounts(sql: Sql, accounts: readonly NewAccount[]): Promise<void> {
  await sql.query(insertAccounts, [
    accounts.map(({ organizationId }) => organizationId),
    accounts.map(({ ref }) => accountId(ref)),
    accounts.map(({ ref }) => ref.type),
    accounts.map(({ ref }) => ref.ownerId),
    accounts.map(({ ref }) => ref.currency),
    accounts.map(({ now }) => now),
  ]);
}

const markClosed = statement(
  "ledger.closeAccount",
  `update ledger_accounts set closed = true, watched_below = null
   where organization_id = $1 and id = $2 returning id`,
);

/** Closes an account; nobody watches it any more. @returns whether it exists. */
export async function markAccountClosed(
  sql: Sql,
  organizationId: OrganizationId,
  id: AccountId,
): Promise<boolean> {
  return (await sql.query(markClosed, [organizationId, id])).length > 0;
}

const watch = statement(
  "ledger.watchAccount",
  `update ledger_accounts set watched_below = $3 where organization_id = $1 and id = $2 returning id`,
);

/** Marks below which available balance an account is low; null: never. @returns whether it exists */
export async function setWatch(
  sql: Sql,
  organizationId: OrganizationId,
  id: AccountId,
  below: bigint | null,
): Promise<boolean> {
  return (await sql.query(watch, [organizationId, id, below])).length > 0;
}

// In id order and in one statement, here and nowhere else: two writers that share accounts take them
// in the same order, so they wait for each other and never deadlock.
const lock = statement(
  "ledger.lockAccounts",
  `select ${accountColumns}
   from unnest($1::text[], $2::text[]) as asked(organization_id, id)
   join ledger_accounts a on a.organization_id = asked.organization_id and a.id = asked.id
   order by a.organization_id, a.id for no key update of a`,
);

/** Locks accounts until the transaction ends. */
export async function lockAccounts(
  sql: Sql,
  keys: readonly { readonly organizationId: OrganizationId; readonly id: AccountId }[],
): Promise<Account[]> {
  const rows = await sql.query<AccountRow>(lock, [
    keys.map(({ organizationId }) => organizationId),
    keys.map(({ id }) => id),
  ]);
  return rows.map(toAccount);
}

type HoldRow = Omit<Hold, "debit" | "credit"> & {
  readonly currency: string;
  readonly debitType: AccountType;
  readonly debitOwnerId: string;
  readonly creditType: AccountType;
  readonly creditOwnerId: string;
};

const lockHoldRows = statement(
  "ledger.lockHolds",
  `select h.organization_id as "organizationId", h.id, h.remaining, h.status,
     h.expires_at as "expiresAt", h.card_id as "cardId", h.budget_id as "budgetId", h.version,
     h.created_at as "createdAt", h.currency, h.debit_type as "debitType",
     h.debit_owner_id as "debitOwnerId", h.credit_type as "creditType",
     h.credit_owner_id as "creditOwnerId"
   from unnest($1::text[], $2::text[]) as asked(organization_id, id)
   join ledger_holds h on h.organization_id = asked.organization_id and h.id = asked.id
   order by h.organization_id, h.id for no key update of h`,
);

/** Locks holds until the transaction ends; before the accounts. */
export async function lockHolds(
  sql: Sql,
  keys: readonly { readonly organizationId: OrganizationId; readonly holdId: HoldId }[],
): Promise<Hold[]> {
  const rows = await sql.query<HoldRow>(lockHoldRows, [
    keys.map(({ organizationId }) => organizationId),
    keys.map(({ holdId }) => holdId),
  ]);
  return rows.map((row) => {
    const { currency, debitType, debitOwnerId, creditType, creditOwnerId, ...hold } = row;
    return {
      ...hold,
      debit: { type: debitType, ownerId: debitOwnerId, currency },
      credit: { type: creditType, ownerId: creditOwnerId, currency },
    };
  });
}

// The guard: an account is changed only where it still has the version it was locked at.
const moveAccounts = statement(
  "ledger.moveAccounts",
  `update ledger_accounts a set version = m.version, debits_pending = m.debits_pending,
     debits_posted = m.debits_posted, credits_pending = m.credits_pending,
     credits_posted = m.credits_posted
   from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
     $7::bigint[], $8::bigint[]) as m(organization_id, id, locked_version, version,
     debits_pending, debits_posted, credits_pending, credits_posted)
   where a.organization_id = m.organization_id and a.id = m.id and a.version = m.locked_version
   returning 1`,
);

const saveHolds = statement(
  "ledger.saveHolds",
  `with given as (
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
       $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::timestamptz[],
       $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::timestamptz[])
       as g(organization_id, id, debit_account, debit_type, debit_owner_id, credit_account,
       credit_type, credit_owner_id, currency, remaining, status, expires_at, card_id, budget_id,
       locked_version, version, created_at)),
   changed as (
     update ledger_holds h set remaining = g.remaining, status = g.status,
       expires_at = g.expires_at, version = g.version
     from given g where h.organization_id = g.organization_id and h.id = g.id
       and h.version = g.locked_version
     returning 1),
   made as (
     insert into ledger_holds (organization_id, id, debit_account, debit_type, debit_owner_id,
       credit_account, credit_type, credit_owner_id, currency, remaining, status, expires_at,
       card_id, budget_id, version, created_at)
     select organization_id, id, debit_account, debit_type, debit_owner_id, credit_account,
       credit_type, credit_owner_id, currency, remaining, status, expires_at, card_id, budget_id,
       version, created_at
     from given where locked_version = 0
     returning 1)
   select 1 from changed union all select 1 from made`,
);

const insertJournal = statement(
  "ledger.insertJournal",
  `insert into journal (organization_id, id, kind, effect, debit_account, credit_account, currency,
     amount, released, hold_id, transfer_id, card_id, budget_id, reverses, debit_version,
     debit_debits_pending, debit_debits_posted, debit_credits_pending, debit_credits_posted,
     credit_version, credit_debits_pending, credit_debits_posted, credit_credits_pending,
     credit_credits_posted, created_at)
   select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
     $7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[],
     $14::text[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
     $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
     $25::timestamptz[])`,
);

/**
 * Writes what a book has changed, as sets, in one round trip. Every row carries its numbers and
 * versions explicitly; nothing depends on the order in which the database inserts.
 *
 * @throws Fault when an account or a hold is no longer at the version it was locked at.
 */
export async function writeChanges(sql: Sql, changes: BookChanges): Promise<void> {
  const { accounts, holds, rows } = changes;
  const [moved, saved] = await Promise.all([
    writeSet(sql, moveAccounts, accounts, accountValues),
    writeSet(sql, saveHolds, holds, holdValues),
    writeSet(sql, insertJournal, rows, journalValues),
  ]);
  assert(moved === accounts.length, "An account is not at the version it was locked at.");
  assert(saved === holds.length, "A hold is not at the version it was locked at.");
}

/** Sends a set, unless it is empty; one array for each column. @returns the rows that came back. */
async function writeSet<T>(
  sql: Sql,
  write: Statement,
  items: readonly T[],
  valuesOf: (item: T) => readonly unknown[],
): Promise<number> {
  if (items.length === 0) return 0;
  const columns: unknown[][] = [];
  for (const item of items) {
    const values = valuesOf(item);
    for (let column = 0; column < values.length; column += 1) {
      const cells = columns[column] ?? [];
      columns[column] = cells;
      cells.push(values[column] ?? null);
    }
  }
  return (await sql.query(write, columns)).length;
}

function accountValues({ account, lockedVersion }: BookChanges["accounts"][number]) {
  return [
    account.organizationId,
    account.id,
    lockedVersion,
    account.version,
    account.debitsPending,
    account.debitsPosted,
    account.creditsPending,
    account.creditsPosted,
  ];
}

function holdValues({ hold, lockedVersion }: BookChanges["holds"][number]) {
  return [
    hold.organizationId,
    hold.id,
    accountId(hold.debit),
    hold.debit.type,
    hold.debit.ownerId,
    accountId(hold.credit),
    hold.credit.type,
    hold.credit.ownerId,
    hold.debit.currency,
    hold.remaining,
    hold.status,
    hold.expiresAt,
    hold.cardId,
    hold.budgetId,
    lockedVersion,
    hold.version,
    hold.createdAt,
  ];
}

function journalValues({ organizationId, journalId, effect, movement, ...row }: JournalRow) {
  return [
    organizationId,
    journalId,
    movement.kind,
    effect,
    accountId(movement.debit),
    accountId(movement.credit),
    movement.debit.currency,
    movement.amount,
    movement.released ?? 0n,
    movement.hold,
    movement.transferId,
    movement.cardId,
    movement.budgetId,
    movement.reverses,
    ...sideValues(row.debit),
    ...sideValues(row.credit),
    row.createdAt,
  ];
}

const NO_SIDE = [null, null, null, null, null] as const;

function sideValues(side: SideAfter | null): readonly (bigint | null)[] {
  if (side === null) return NO_SIDE;
  const { version, debitsPending, debitsPosted, creditsPending, creditsPosted } = side;
  return [version, debitsPending, debitsPosted, creditsPending, creditsPosted];
}
