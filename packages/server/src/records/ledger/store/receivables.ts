import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type {
  AccountId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { nowOf, recordedAtOf } from "../../sequencer/clauses.ts";
import { availableAccountOf, availableOn } from "../clauses.ts";
import { type AccountRef, natureOf } from "../model.ts";
import type { PageOf } from "./lists.ts";
import { typesWhere } from "./reads.ts";

export type ReceivableFilter = {
  /** The card or budget. */
  readonly ownerId?: string | undefined;
  readonly currency?: string | undefined;
  /** Whether something is owed on it. */
  readonly outstanding?: boolean | undefined;
};

/** A receivable that ever owed anything, right after a sequence. Minor units. */
export type StoredReceivable = {
  readonly id: AccountId;
  readonly ownerId: string;
  readonly currency: string;
  readonly incurred: bigint;
  readonly settled: bigint;
};

type Row = Omit<StoredReceivable, "incurred" | "settled"> & {
  readonly incurred: string;
  readonly settled: string;
};

/** One page of the receivables that ever owed anything up to a sequence, by id, last first. */
export async function listReceivables(
  sql: Sql,
  organizationId: OrganizationId,
  { ownerId, currency, outstanding }: ReceivableFilter,
  sequence: bigint,
  page: PageOf<string>,
): Promise<RowPage<StoredReceivable>> {
  const { rows, more } = await listRows<Row>(sql, {
    // The sequence is a bigint of ours; the list numbers its own parameters.
    select: `select a.id, a.owner_id as "ownerId", a.currency, e.incurred, e.settled
      from (select * from ledger_accounts where has_owed) a cross join lateral (
        select e.debits_posted as incurred, e.credits_posted as settled from ledger_entries e
        where e.organization_id = a.organization_id and e.account_id = a.id
          and e.sequence <= ${sequence}
        order by e.sequence desc limit 1) e`,
    conditions: [
      ["a.organization_id", "=", organizationId],
      ["a.owner_id", "=", ownerId],
      ["a.currency", "=", currency],
      ["(e.incurred > e.settled)", "=", outstanding],
    ],
    key: "a.id",
    ...page,
  });
  const shown = rows.map((row) => ({
    ...row,
    incurred: BigInt(row.incurred),
    settled: BigInt(row.settled),
  }));
  return { rows: shown, more };
}

// The row after the last at which nothing was owed.
const selectSince = statement(
  "ledger.owedSince",
  `select asked.id, ${recordedAtOf("$1", "first.sequence")} as since
   from unnest($2::text[]) as asked(id) cross join lateral (
     select min(e.sequence) as sequence from ledger_entries e
     where e.organization_id = $1 and e.account_id = asked.id and e.sequence <= $3
       and e.sequence > coalesce((
         select max(paid.sequence) from ledger_entries paid
         where paid.organization_id = $1 and paid.account_id = asked.id
           and paid.sequence <= $3 and paid.debits_posted = paid.credits_posted), 0)) first
   where first.sequence is not null`,
);

/** Since when some receivables owe without a break; those that owe nothing are left out. */
export async function readOwedSince(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly AccountId[],
  sequence: bigint,
): Promise<Map<AccountId, Date>> {
  const values = [organizationId, ids, sequence];
  const rows = await sql.query<{ id: AccountId; since: Date }>(selectSince, values);
  return new Map(rows.map(({ id, since }) => [id, since]));
}

/** A payment of what was owed. */
export type Recovery = {
  readonly receivableId: AccountId;
  readonly journalId: JournalId;
  /** The transfer of kind `receivable_recovery`. */
  readonly transferId: TransferId | null;
  /** Minor units. */
  readonly amount: bigint;
  readonly recordedAt: Date;
};

const selectRecoveries = statement(
  "ledger.recoveries",
  `select asked.id as "receivableId", paid."journalId", paid."transferId", paid.amount,
     ${recordedAtOf("$1", "paid.sequence")} as "recordedAt"
   from unnest($2::text[]) as asked(id) cross join lateral (
     select e.sequence, j.id as "journalId", j.transfer_id as "transferId", j.amount
     from ledger_entries e
     join journal j on j.organization_id = e.organization_id and j.id = e.journal_id
     where e.organization_id = $1 and e.account_id = asked.id and e.sequence <= $3
       and e.side = 'credit'
     order by e.sequence desc limit $4) paid
   order by asked.id, paid.sequence desc`,
);

/** The last payments of some receivables up to a sequence, last first, at most so many of each. */
export function readRecoveries(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly AccountId[],
  sequence: bigint,
  limit: number,
): Promise<Recovery[]> {
  return sql.query<Recovery>(selectRecoveries, [organizationId, ids, sequence, limit]);
}

/** The closed account, `own`, beside a receivable, `r`. */
const besideClosed = `join ledger_accounts own on own.organization_id = r.organization_id
  and own.owner_id = r.owner_id and own.currency = r.currency
  and own.type in (${typesWhere((type) => natureOf({ type }).owes)}) and own.closed`;

// Money comes in many ways, none of which is noted here: what can be paid is due now.
const selectCollectable = statement(
  "ledger.collectable",
  `select r.organization_id as "organizationId", r.id, ${nowOf("r.organization_id")} as "dueAt"
   from ledger_accounts r ${besideClosed}
   where r.owing and (r.organization_id, r.id) > ($1, $2)
     and ${availableOn("r.organization_id", availableAccountOf("r.organization_id", "r.currency"))} > 0
   order by r.organization_id, r.id limit $3`,
);

/** Receivables beside closed accounts, where the organization has money in that currency. */
export function findCollectable(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(selectCollectable, [after?.organizationId ?? "", after?.id ?? "", limit]);
}

const selectBesideClosed = statement(
  "ledger.besideClosed",
  `select own.type, own.owner_id as "ownerId", own.currency from ledger_accounts r ${besideClosed}
   where r.organization_id = $1 and r.id = any($2::text[]) order by r.id`,
);

/** The closed accounts that some receivables stand beside, in the order of those. */
export function readClosedBeside(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<AccountRef[]> {
  return sql.query<AccountRef>(selectBesideClosed, [organizationId, ids]);
}
