import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { chains, sequenceOfLink, waitingRecords } from "../../sequencer/clauses.ts";
import { isOrdered, type Law, natureOf } from "../model.ts";
import { sidesOf, typesWhere, waitingRows } from "./reads.ts";

const ordered = typesWhere((type) => isOrdered({ type }));
const creditLimited = typesWhere((type) => {
  const { limited, normal } = natureOf({ type });
  return limited && normal === "credit";
});
const owing = typesWhere((type) => natureOf({ type }).owes);

const four = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"] as const;
const each = (write: (number: string) => string, between = ", ") => four.map(write).join(between);

const wholeJournal = `(select * from journal where organization_id = $1) j`;

/** SQL of what the sequencer has not rolled up yet, by pooled account. */
const tail = `(select s.account_id, s.currency, count(*) as rows,
    ${each((number) => `sum(s.${number}) as ${number}`)}
  from ${sidesOf(waitingRows)} s where s.version is null group by s.account_id, s.currency)`;

/** SQL of every account as it stands: as stored, and a pooled one with its tail. */
const standing = `(select coalesce(a.id, t.account_id) as id,
    coalesce(a.currency, t.currency) as currency, coalesce(a.type, 'pooled') as type, a.owner_id,
    coalesce(a.version, 0) + coalesce(t.rows, 0) as version,
    ${each((number) => `coalesce(a.${number}, 0) + coalesce(t.${number}, 0) as ${number}`)}
  from (select * from ledger_accounts where organization_id = $1) a
  full join ${tail} t on t.account_id = a.id)`;

/**
 * Each law as a question for what breaks it. A row names what is bad, and says what is wrong with it.
 * Each is one statement, so it sees one state of the books, whatever is being written. Each goes over
 * the journal once and joins by hash or merge alone: a plan made on old statistics must not make
 * its cost grow with the square of the journal.
 */
const breaches: Record<Law, string> = {
  waiting_rows_exist: `
    select w.record_id as id, 'It waits to be sealed, but is not in the journal.' as wrong
    from ${waitingRecords("journal", "$1")} w
    where not exists (
      select from journal j where j.organization_id = $1 and j.id = w.record_id)
    order by w.record_id limit 1`,
  debits_equal_credits: `
    select currency as id, 'Debits and credits in this currency are not equal.' as wrong
    from ${standing} a group by currency
    having sum(debits_pending) <> sum(credits_pending) or sum(debits_posted) <> sum(credits_posted)
    order by currency limit 1`,
  journal_continues: `
    with sides as (
      select s.*, coalesce(lag(version) over w, 0) as last_version,
        ${each((number) => `coalesce(lag(after_${number}) over w, 0) as last_${number}`)}
      from ${sidesOf(wholeJournal)} s where version is not null
      window w as (partition by account_id order by version, journal_id))
    select journal_id as id, case when version <> last_version + 1
        then 'It is version ' || version || ' of account ' || account_id
          || ', which follows version ' || last_version || '.'
        else 'Account ' || account_id || ' before it, plus its amount, is not the account after it.'
      end as wrong
    from sides
    where version <> last_version + 1
      or ${each((number) => `after_${number} <> last_${number} + ${number}`, " or ")}
    order by journal_id, account_id limit 1`,
  balances_equal_journal: `
    with sums as (
      select account_id, count(*) as version, ${each((number) => `sum(${number}) as ${number}`)}
      from ${sidesOf(wholeJournal)} s group by account_id)
    select coalesce(a.id, j.account_id) as id,
      case when coalesce(a.version, 0) <> coalesce(j.version, 0)
        then 'It is at version ' || coalesce(a.version, 0) || ', but the journal has '
          || coalesce(j.version, 0) || ' rows of it.'
        else 'Its numbers are not the sums of its journal rows.' end as wrong
    from ${standing} a full join sums j on j.account_id = a.id
    where coalesce(a.version, 0) <> coalesce(j.version, 0)
      or ${each((number) => `coalesce(a.${number}, 0) <> coalesce(j.${number}, 0)`, " or ")}
    order by 1 limit 1`,
  holds_equal_pending: `
    with held as (
      select debit_account, credit_account, remaining from ledger_holds
      where organization_id = $1 and status = 'open'),
    pending as (
      select account_id, sum(debit) as debit, sum(credit) as credit from (
        select debit_account as account_id, remaining as debit, 0 as credit from held
        union all select credit_account, 0, remaining from held) h group by account_id),
    moved as (
      select hold_id, sum(case effect when 'hold' then amount when 'release' then -amount
          else -released end) as remaining
      from journal where organization_id = $1 and hold_id is not null group by hold_id)
    select coalesce(a.id, p.account_id) as id,
      'What is pending is not what its open holds still have.' as wrong
    from ${standing} a full join pending p on p.account_id = a.id
    where coalesce(a.debits_pending, 0) <> coalesce(p.debit, 0)
      or coalesce(a.credits_pending, 0) <> coalesce(p.credit, 0)
    union all
    select coalesce(h.id, m.hold_id), 'What remains of it is not what its journal rows leave.'
    from (select * from ledger_holds where organization_id = $1) h
    full join moved m on m.hold_id = h.id
    where coalesce(h.remaining, 0) <> coalesce(m.remaining, 0) or h.id is null
    order by 1 limit 1`,
  within_limits: `
    select a.id, case when a.debits_posted + a.debits_pending > a.credits_posted
        then 'It is beyond its limit.' else 'Something is owed beside it while it has money.'
      end as wrong
    from ledger_accounts a left join ledger_accounts r on r.organization_id = a.organization_id
      and a.type in (${owing}) and r.type = 'receivable' and r.owner_id = a.owner_id
      and r.currency = a.currency
    where a.organization_id = $1 and a.type in (${creditLimited})
      and (a.debits_posted + a.debits_pending > a.credits_posted
        or (r.debits_posted > r.credits_posted
          and a.credits_posted > a.debits_posted + a.debits_pending))
    union all
    select id, 'More was paid to it than was owed.' from ledger_accounts
    where organization_id = $1 and type = 'receivable'
      and credits_posted + credits_pending > debits_posted
    order by 1 limit 1`,
  entries_equal_journal: `
    with entries as (
      select e.*, coalesce(lag(version) over w, 0) as last_version,
        ${each((number) => `coalesce(lag(e.${number}) over w, 0) as last_${number}`)}
      from ledger_entries e where organization_id = $1
      window w as (partition by account_id order by sequence)),
    sides as (
      select s.* from ${sidesOf(wholeJournal)} s
      where s.journal_id not in (select record_id from ${waitingRecords("journal", "$1")} w))
    select coalesce(e.journal_id, s.journal_id) as id, case
        when e.journal_id is null then 'Its entries are missing.'
        when s.journal_id is null then 'It has entries, but is not in the journal.'
        else 'Its entries are not what was sealed.' end as wrong
    from entries e full join sides s on s.journal_id = e.journal_id and s.side = e.side
    where e.journal_id is null or s.journal_id is null or s.account_id <> e.account_id
      or (e.side = 'debit' and (e.kind, e.card_id, e.budget_id)
        is distinct from (s.kind, s.card_id, s.budget_id))
      or e.version <> e.last_version + 1 or (s.version is not null and s.version <> e.version)
      or ${each((number) => `e.${number} <> e.last_${number} + s.${number}`, " or ")}
    order by e.sequence, 1 limit 1`,
  accounts_are_whole: `
    select a.id, 'It is not the account that its id says.' as wrong from ledger_accounts a
    where a.organization_id = $1
      and (a.id <> 'acc_' || a.type || '_' || a.owner_id || '_' || a.currency
        or (a.type not in (${ordered}) and a.owner_id <> a.organization_id))
    order by 1 limit 1`,
};

const statements = Object.fromEntries(
  Object.entries(breaches).map(([law, text]) => [law, statement(`ledger.law.${law}`, text)]),
) as Record<Law, ReturnType<typeof statement>>;

/** What breaks a law: an account, hold, journal row or currency, and what is wrong with it. */
export type Breach = { readonly id: string; readonly wrong: string };

/** The first breach of a law in an organization's books; null where it holds. */
export async function findBreach(
  sql: Sql,
  organizationId: OrganizationId,
  law: Law,
): Promise<Breach | null> {
  const [breach] = await sql.query<Breach>(statements[law], [organizationId]);
  return breach ?? null;
}

const selectOrganizations = statement(
  "ledger.organizations",
  `select organization_id as id from ledger_accounts union select organization_id from journal
   union select organization_id from ${chains} c order by 1`,
);

/** Every organization that has books or a chain. */
export async function readOrganizations(sql: Sql): Promise<OrganizationId[]> {
  const rows = await sql.query<{ id: OrganizationId }>(selectOrganizations);
  return rows.map(({ id }) => id);
}

const selectSequenceOfLink = statement(
  "ledger.sequenceOfLink",
  `select ${sequenceOfLink("$1", "$2::bytea")} as sequence`,
);

/** The sequence of the record with this link; null where there is none. */
export async function readSequenceOfLink(
  sql: Sql,
  organizationId: OrganizationId,
  link: Uint8Array,
): Promise<bigint | null> {
  const values = [organizationId, link];
  const [row] = await sql.query<{ sequence: bigint | null }>(selectSequenceOfLink, values);
  return row?.sequence ?? null;
}
