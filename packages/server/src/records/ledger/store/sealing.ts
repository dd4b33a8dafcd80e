import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { RecordColumns, RecordRef, SealedRecord } from "../../sequencer/model.ts";
import { sidesOf } from "./reads.ts";

/** The immutable columns of a journal row, in the order in which they are hashed: format 1. */
const columns = [
  "organization_id",
  "id",
  "kind",
  "effect",
  "debit_account",
  "credit_account",
  "currency",
  "amount",
  "released",
  "hold_id",
  "transfer_id",
  "card_id",
  "budget_id",
  "reverses",
  "debit_version",
  "debit_debits_pending",
  "debit_debits_posted",
  "debit_credits_pending",
  "debit_credits_posted",
  "credit_version",
  "credit_debits_pending",
  "credit_debits_posted",
  "credit_credits_pending",
  "credit_credits_posted",
  "created_at",
] as const;

const selectColumns = statement(
  "ledger.journalColumns",
  `select ${columns.map((column) => `j.${column}`).join(", ")}
   from unnest($1::text[], $2::text[]) as r(organization_id, id)
   join journal j on j.organization_id = r.organization_id and j.id = r.id`,
);

/** The hashed columns of some journal rows, by their ids; rows that are gone are left out. */
export async function readColumns(
  sql: Sql,
  refs: readonly RecordRef[],
): Promise<Map<string, RecordColumns>> {
  const rows = await sql.query<Record<string, string | bigint | Date | null>>(selectColumns, [
    refs.map(({ organizationId }) => organizationId),
    refs.map(({ recordId }) => recordId),
  ]);
  return new Map(rows.map((row) => [String(row.id), columns.map((name) => cell(row[name]))]));
}

function cell(value: string | bigint | Date | null | undefined): string | bigint | null {
  return value instanceof Date ? value.toISOString() : (value ?? null);
}

// An ordered side brings its numbers along. A pooled side's are the account's before, plus the sum of
// what these rows add to it up to this one; the last of them is the new roll-up. Only the
// sequencer gets here, one pass at a time, so pooled rows need no lock.
const sealRows = statement(
  "ledger.seal",
  `with links as materialized (
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[])
       as l(organization_id, record_id, sequence, recorded_at)),
   rows as materialized (
     select j.*, l.sequence, l.recorded_at from links l
     join journal j on j.organization_id = l.organization_id and j.id = l.record_id),
   ordered as (
     select organization_id, sequence, 'debit' as side, id, debit_account, debit_version,
       debit_debits_pending, debit_debits_posted, debit_credits_pending, debit_credits_posted,
       kind, card_id, budget_id
     from rows where debit_version is not null
     union all
     select organization_id, sequence, 'credit', id, credit_account, credit_version,
       credit_debits_pending, credit_debits_posted, credit_credits_pending, credit_credits_posted,
       null, null, null
     from rows where credit_version is not null),
   pooled as materialized (
     select s.organization_id, r.sequence, s.side, s.journal_id, s.account_id,
       coalesce(a.version, 0) + row_number() over w as version,
       coalesce(a.debits_pending, 0) + sum(s.debits_pending) over w as debits_pending,
       coalesce(a.debits_posted, 0) + sum(s.debits_posted) over w as debits_posted,
       coalesce(a.credits_pending, 0) + sum(s.credits_pending) over w as credits_pending,
       coalesce(a.credits_posted, 0) + sum(s.credits_posted) over w as credits_posted,
       s.currency, r.recorded_at, s.kind, s.card_id, s.budget_id
     from ${sidesOf("rows j")} s
     join rows r on r.organization_id = s.organization_id and r.id = s.journal_id
     left join ledger_accounts a
       on a.organization_id = s.organization_id and a.id = s.account_id
     where s.version is null
     window w as (partition by s.organization_id, s.account_id order by r.sequence)),
   written as (
     insert into ledger_entries (organization_id, sequence, side, journal_id, account_id, version,
       debits_pending, debits_posted, credits_pending, credits_posted, kind, card_id, budget_id)
     select * from ordered
     union all
     select organization_id, sequence, side, journal_id, account_id, version,
       debits_pending, debits_posted, credits_pending, credits_posted,
       case when side = 'debit' then kind end, case when side = 'debit' then card_id end,
       case when side = 'debit' then budget_id end
     from pooled)
   insert into ledger_accounts (organization_id, id, type, owner_id, currency, version,
     debits_pending, debits_posted, credits_pending, credits_posted, created_at)
   select distinct on (organization_id, account_id) organization_id, account_id,
     substring(account_id from 5 for
       length(account_id) - length(organization_id) - length(currency) - 6),
     organization_id, currency, version, debits_pending, debits_posted, credits_pending,
     credits_posted, recorded_at
   from pooled order by organization_id, account_id, sequence desc
   on conflict (organization_id, id) do update set version = excluded.version,
     debits_pending = excluded.debits_pending, debits_posted = excluded.debits_posted,
     credits_pending = excluded.credits_pending, credits_posted = excluded.credits_posted`,
);

/** Writes the entries of rows that were linked, and rolls up the pooled accounts they touch. */
export async function sealJournal(sql: Sql, links: readonly SealedRecord[]): Promise<void> {
  await sql.query(sealRows, [
    links.map(({ organizationId }) => organizationId),
    links.map(({ recordId }) => recordId),
    links.map(({ sequence }) => sequence),
    links.map(({ recordedAt }) => recordedAt),
  ]);
}

const selectIds = statement(
  "ledger.journalIds",
  `select id from journal where organization_id = $1 and id > coalesce($2::text, '')
   order by id limit $3`,
);

/** A page of an organization's journal ids, in id order. */
export async function readIds(
  sql: Sql,
  organizationId: OrganizationId,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(selectIds, [organizationId, after, limit]);
  return rows.map(({ id }) => id);
}
