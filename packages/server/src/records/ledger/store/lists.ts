import { type Condition, listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type {
  AccountId,
  BudgetId,
  CardId,
  HoldId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../../foundation/ids/ids.ts";
import type { Account, AccountType, Effect, MovementKind, Side } from "../model.ts";
import {
  type AccountRow,
  accountColumns,
  type NumberColumns,
  numbersOf,
  toAccount,
  toNumbers,
} from "../store.ts";

export type AccountFilter = {
  readonly type?: AccountType | undefined;
  readonly ownerId?: string | undefined;
  readonly currency?: string | undefined;
};

export type PageOf<K> = { readonly after: K | undefined; readonly limit: number };

/** One page of an organization's accounts as they are stored, by id, last first. */
export async function listAccounts(
  sql: Sql,
  organizationId: OrganizationId,
  { type, ownerId, currency }: AccountFilter,
  page: PageOf<string>,
): Promise<RowPage<Account>> {
  const { rows, more } = await listRows<AccountRow>(sql, {
    select: `select ${accountColumns} from ledger_accounts a`,
    conditions: [
      ["a.organization_id", "=", organizationId],
      ["a.type", "=", type],
      ["a.owner_id", "=", ownerId],
      ["a.currency", "=", currency],
    ],
    key: "a.id",
    ...page,
  });
  return { rows: rows.map(toAccount), more };
}

const selectOwnAccounts = statement(
  "ledger.ownAccounts",
  `select ${accountColumns} from ledger_accounts a
   where a.organization_id = $1 and a.type = $2 and a.owner_id = $3 order by a.currency`,
);

/** An owner's accounts of one type, in every currency. */
export async function readOwnAccounts(
  sql: Sql,
  organizationId: OrganizationId,
  type: AccountType,
  ownerId: string,
): Promise<Account[]> {
  const rows = await sql.query<AccountRow>(selectOwnAccounts, [organizationId, type, ownerId]);
  return rows.map(toAccount);
}

const selectUnsettled = statement(
  "ledger.unsettled",
  `select ${accountColumns} from ledger_accounts a
   where a.organization_id = $1 and (
     (a.type in ('card', 'budget') and not a.closed)
     or (a.type in ('organization_available', 'card', 'budget', 'receivable')
       and (a.debits_posted <> a.credits_posted or a.debits_pending <> 0 or a.credits_pending <> 0)))
   order by a.id limit $2`,
);

/** The first of an organization's ordered accounts with money, with a debt, or open for a card or budget. */
export async function readUnsettled(
  sql: Sql,
  organizationId: OrganizationId,
  limit: number,
): Promise<Account[]> {
  const rows = await sql.query<AccountRow>(selectUnsettled, [organizationId, limit]);
  return rows.map(toAccount);
}

/** One side of a sealed row, with the account right after it. */
export type EntrySide = {
  readonly accountId: AccountId;
  /** Counts the account's rows, without a gap. */
  readonly version: bigint;
  readonly numbers: ReturnType<typeof toNumbers>;
};

/** A sealed row of the journal. */
export type Entry = {
  readonly sequence: bigint;
  readonly id: JournalId;
  readonly kind: MovementKind;
  readonly effect: Effect;
  readonly currency: string;
  readonly amount: bigint;
  readonly released: bigint;
  readonly debit: EntrySide;
  readonly credit: EntrySide;
  readonly holdId: HoldId | null;
  readonly transferId: TransferId | null;
  readonly cardId: CardId | null;
  readonly budgetId: BudgetId | null;
  readonly reverses: JournalId | null;
  readonly createdAt: Date;
};

export type EntryFilter = {
  readonly accountId?: string | undefined;
  readonly kind?: MovementKind | undefined;
  readonly cardId?: string | undefined;
  readonly budgetId?: string | undefined;
  /** Only these sequences; what names a transfer or a hold is looked up first. */
  readonly sequences?: readonly bigint[] | undefined;
  /** After this sequence, and up to that one. */
  readonly above?: bigint | undefined;
  readonly upTo?: bigint | undefined;
};

type EntryRow = Omit<Entry, "debit" | "credit">;

type SideRow = NumberColumns & {
  readonly sequence: bigint;
  readonly side: Side;
  readonly accountId: AccountId;
  readonly version: bigint;
};

const selectSides = statement(
  "ledger.entrySides",
  `select e.sequence, e.side, e.account_id as "accountId", e.version, ${numbersOf("e")}
   from ledger_entries e where e.organization_id = $1 and e.sequence = any($2::bigint[])`,
);

/** Most journal rows that one transfer or hold is looked up by. */
const MANY = 1_000;

const idsBy = (column: "transfer_id" | "hold_id") =>
  statement(
    `ledger.journalBy.${column}`,
    `select id from journal where organization_id = $1 and ${column} = $2
     order by id desc limit ${MANY}`,
  );

const selectIdsBy = { transferId: idsBy("transfer_id"), holdId: idsBy("hold_id") } as const;

/** The ids of the journal rows of a transfer or of a hold. */
export async function readIdsBy(
  sql: Sql,
  organizationId: OrganizationId,
  by: keyof typeof selectIdsBy,
  value: string,
): Promise<JournalId[]> {
  const rows = await sql.query<{ id: JournalId }>(selectIdsBy[by], [organizationId, value]);
  return rows.map(({ id }) => id);
}

/**
 * Each row has two entries. An account is on one side of it only, and its index leads to its rows;
 * without an account the debit entry stands for the row, and what the row is about is indexed there.
 */
function aboutConditions({ accountId, kind, cardId, budgetId }: EntryFilter): Condition[] {
  const about = (table: "e" | "j"): Condition[] => [
    [`${table}.kind`, "=", kind],
    [`${table}.card_id`, "=", cardId],
    [`${table}.budget_id`, "=", budgetId],
  ];
  if (accountId !== undefined) return [["e.account_id", "=", accountId], ...about("j")];
  return [["e.side", "=", "debit"], ...about("e")];
}

/** One page of an organization's sealed rows, last first. */
export async function listEntries(
  sql: Sql,
  organizationId: OrganizationId,
  filter: EntryFilter,
  page: PageOf<bigint>,
): Promise<RowPage<Entry>> {
  const { rows, more } = await listRows<EntryRow>(sql, {
    select: `select e.sequence, j.id, j.kind, j.effect, j.currency, j.amount, j.released,
        j.hold_id as "holdId", j.transfer_id as "transferId", j.card_id as "cardId",
        j.budget_id as "budgetId", j.reverses, j.created_at as "createdAt"
      from ledger_entries e
      join journal j on j.organization_id = e.organization_id and j.id = e.journal_id`,
    conditions: [
      ["e.organization_id", "=", organizationId],
      ...aboutConditions(filter),
      ["e.sequence", "any", filter.sequences],
      ["e.sequence", ">", filter.above],
      ["e.sequence", "<=", filter.upTo],
    ],
    key: "e.sequence",
    ...page,
  });
  const shown = rows.map(({ sequence }) => sequence);
  const sides = await sql.query<SideRow>(selectSides, [organizationId, shown]);
  const sideOf = new Map(sides.map((row) => [`${row.side} ${row.sequence}`, row]));
  const toSide = (side: Side, sequence: bigint): EntrySide => {
    const row = sideOf.get(`${side} ${sequence}`);
    if (row === undefined) throw new Error(`Sequence ${sequence} has no ${side} entry.`);
    return { accountId: row.accountId, version: row.version, numbers: toNumbers(row) };
  };
  const entries = rows.map((row) => ({
    ...row,
    debit: toSide("debit", row.sequence),
    credit: toSide("credit", row.sequence),
  }));
  return { rows: entries, more };
}
