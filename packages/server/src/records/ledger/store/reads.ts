import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { AccountId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { lastSequenceAt, waitingRecords } from "../../sequencer/clauses.ts";
import { type AccountType, accountTypes, type Numbers, ZERO } from "../model.ts";
import { type NumberColumns, numbersOf, toNumbers } from "../store.ts";

/** Quoted SQL words of the account types that satisfy a condition. */
export const typesWhere = (wanted: (type: AccountType) => boolean): string =>
  (Object.keys(accountTypes) as AccountType[])
    .filter(wanted)
    .map((type) => `'${type}'`)
    .join(", ");

/** SQL of what a journal row adds to pending and to posted of each of its sides. */
export const pendingOf = (row: string): string =>
  `case ${row}.effect when 'hold' then ${row}.amount when 'release' then -${row}.amount
     when 'capture' then -${row}.released else 0 end`;
export const postedOf = (row: string): string =>
  `case when ${row}.effect in ('post', 'capture') then ${row}.amount else 0 end`;

const numberColumns = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"];

/** SQL of the account, the version and the numbers after it, of one side of journal rows `j`. */
const sideColumns = (side: "debit" | "credit") =>
  [`j.${side}_account`, `'${side}'`, `j.${side}_version`]
    .concat(numberColumns.map((column) => `j.${side}_${column}`))
    .join(", ");

/**
 * SQL of the sides of journal rows: two for each, with what it adds to the four numbers, and the numbers
 * after it (`after_…`). A pooled side has neither a version nor numbers after it.
 *
 * @param rows a table or subquery of journal rows, named `j`.
 */
export const sidesOf = (rows: string): string => `(
  select j.organization_id, j.id as journal_id, j.currency, j.kind, j.card_id, j.budget_id, s.*,
    case when s.side = 'debit' then ${pendingOf("j")} else 0 end as debits_pending,
    case when s.side = 'debit' then ${postedOf("j")} else 0 end as debits_posted,
    case when s.side = 'credit' then ${pendingOf("j")} else 0 end as credits_pending,
    case when s.side = 'credit' then ${postedOf("j")} else 0 end as credits_posted
  from ${rows} cross join lateral (values (${sideColumns("debit")}), (${sideColumns("credit")}))
    as s(account_id, side, version, ${numberColumns.map((column) => `after_${column}`).join(", ")}))`;

/** SQL of the journal rows of organization $1 that the sequencer has not taken yet, named `j`. */
export const waitingRows = `(select j.* from ${waitingRecords("journal", "$1")} w
  join journal j on j.organization_id = $1 and j.id = w.record_id) j`;

/** An account's four numbers, and what the whole organization owes in its currency. */
export type Standing = { readonly id: AccountId; readonly numbers: Numbers; readonly owed: bigint };

type StandingRow = NumberColumns & { readonly id: AccountId; readonly owed: string | null };

const owedByAll = `(select sum(r.debits_posted - r.credits_posted) from ledger_accounts r
  where r.organization_id = a.organization_id
    and r.currency = a.currency and r.owing)`;

const selectStandings = statement(
  "ledger.standings",
  `select a.id, ${numbersOf("a")},
     case when a.type = 'organization_available' then ${owedByAll} end as owed
   from ledger_accounts a where a.organization_id = $1 and a.id = any($2)`,
);

// One statement, so one snapshot: a row is either rolled up already, or still in the queue.
const selectPooled = statement(
  "ledger.pooledStandings",
  `with tail as materialized (
     select s.account_id, sum(s.debits_pending) as debits_pending,
       sum(s.debits_posted) as debits_posted, sum(s.credits_pending) as credits_pending,
       sum(s.credits_posted) as credits_posted
     from ${sidesOf(waitingRows)} s
     where s.account_id = any($2) group by s.account_id)
   select asked.id, null as owed,
     coalesce(a.debits_pending, 0) + coalesce(tail.debits_pending, 0) as "debitsPending",
     coalesce(a.debits_posted, 0) + coalesce(tail.debits_posted, 0) as "debitsPosted",
     coalesce(a.credits_pending, 0) + coalesce(tail.credits_pending, 0) as "creditsPending",
     coalesce(a.credits_posted, 0) + coalesce(tail.credits_posted, 0) as "creditsPosted"
   from unnest($2::text[]) as asked(id)
   left join ledger_accounts a on a.organization_id = $1 and a.id = asked.id
   left join tail on tail.account_id = asked.id`,
);

const selectPast = statement(
  "ledger.pastStandings",
  `select asked.id, ${numbersOf("e")}, null as owed
   from unnest($2::text[]) as asked(id) cross join lateral (
     select * from ledger_entries e
     where e.organization_id = $1 and e.account_id = asked.id and e.sequence <= $3
     order by e.sequence desc limit 1) e`,
);

const selectPastOwed = statement(
  "ledger.pastOwed",
  `select a.currency, sum(e.debits_posted - e.credits_posted) as owed
   from ledger_accounts a cross join lateral (
     select * from ledger_entries e
     where e.organization_id = $1 and e.account_id = a.id and e.sequence <= $2
     order by e.sequence desc limit 1) e
   where a.organization_id = $1 and a.type = 'receivable' and a.version > 0
   group by a.currency`,
);

const selectOwed = statement(
  "ledger.owed",
  `select currency, sum(debits_posted - credits_posted) as owed from ledger_accounts
   where organization_id = $1 and owing group by currency`,
);

const selectSequenceAt = statement(
  "ledger.sequenceAt",
  `select coalesce(${lastSequenceAt("$1", "$2")}, 0)::bigint as sequence`,
);

/** Ordered accounts as they are stored; those that do not exist are left out. */
export function readOrdered(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly AccountId[],
): Promise<Standing[]> {
  return standings(sql.query(selectStandings, [organizationId, ids]));
}

/** Pooled accounts: what the sequencer rolled up, and the tail that it has not. */
export function readPooled(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly AccountId[],
): Promise<Standing[]> {
  return standings(sql.query(selectPooled, [organizationId, ids]));
}

/** Accounts right after a sequence; those without a row up to it are left out. */
export function readPast(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly AccountId[],
  sequence: bigint,
): Promise<Standing[]> {
  return standings(sql.query(selectPast, [organizationId, ids, sequence]));
}

/** What an organization owes, by currency; now, or right after a sequence. */
export async function readOwedByCurrency(
  sql: Sql,
  organizationId: OrganizationId,
  sequence?: bigint,
): Promise<Map<string, bigint>> {
  const [select, values] =
    sequence === undefined
      ? [selectOwed, [organizationId]]
      : [selectPastOwed, [organizationId, sequence]];
  const rows = await sql.query<{ currency: string; owed: string }>(select, values);
  return new Map(rows.map(({ currency, owed }) => [currency, BigInt(owed)]));
}

const selectDebtors = statement(
  "ledger.debtors",
  `select asked.id from unnest($1::text[]) as asked(id)
   where exists (select from ledger_accounts r where r.organization_id = asked.id
     and r.type = 'receivable' and r.debits_posted > r.credits_posted)`,
);

/** Those of the organizations with a debt on any receivable. */
export async function readDebtors(
  sql: Sql,
  organizationIds: readonly OrganizationId[],
): Promise<Set<OrganizationId>> {
  const rows = await sql.query<{ id: OrganizationId }>(selectDebtors, [organizationIds]);
  return new Set(rows.map(({ id }) => id));
}

/** The last sequence recorded at or before an instant; 0 where there is none. */
export async function readSequenceAt(
  sql: Sql,
  organizationId: OrganizationId,
  at: Date,
): Promise<bigint> {
  const [row] = await sql.query<{ sequence: bigint }>(selectSequenceAt, [organizationId, at]);
  return row?.sequence ?? 0n;
}

async function standings(rows: Promise<StandingRow[]>): Promise<Standing[]> {
  return (await rows).map((row) => ({
    id: row.id,
    numbers: toNumbers(row),
    owed: BigInt(row.owed ?? 0),
  }));
}

/** An account that has no row yet. */
export const nothing = (id: AccountId): Standing => ({ id, numbers: ZERO, owed: 0n });
