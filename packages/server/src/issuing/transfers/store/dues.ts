import { type Condition, listRows, type RowPage } from "../../../foundation/database/list.ts";
import { arraysOf, type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { DuePage } from "../../../foundation/job/job.ts";
import { type DueFee, MAX_DUES_AT_ONCE, type Purse } from "../model/dues.ts";

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  card_id: "cardId",
  budget_id: "budgetId",
  fee_kind: "feeKind",
  amount: "amount",
  currency: "currency",
  due_at: "dueAt",
  status: "status",
  transfer_id: "transferId",
  waived_reason: "waivedReason",
  version: "version",
  created_at: "createdAt",
} as const satisfies Record<string, keyof DueFee>;

type Column = keyof typeof columns;

const names = Object.keys(columns) as Column[];

const selected = (table: string): string =>
  Object.entries(columns)
    .map(([column, property]) => `${table}.${column} as "${property}"`)
    .join(", ");

/** Types of the columns as arrays, where they are not text. */
const arrayTypes: Partial<Record<Column, string>> = {
  amount: "bigint[]",
  due_at: "timestamptz[]",
  version: "bigint[]",
  created_at: "timestamptz[]",
};

const insert = statement(
  "dueFees.insert",
  `insert into due_fees (${names.join(", ")}) select * from unnest(${arraysOf(names, arrayTypes)})`,
);

const changing = [
  "organization_id",
  "id",
  "status",
  "transfer_id",
  "waived_reason",
  "version",
] as const satisfies readonly Column[];

// The guard: only what still waits is paid or waived.
const update = statement(
  "dueFees.update",
  `update due_fees d set status = given.status, transfer_id = given.transfer_id,
     waived_reason = given.waived_reason, version = given.version
   from unnest(${arraysOf(changing, arrayTypes)}) as given (${changing.join(", ")})
   where d.organization_id = given.organization_id and d.id = given.id and d.status = 'due'
   returning 1`,
);

const valuesOf = (wanted: readonly Column[], dues: readonly DueFee[]): unknown[][] =>
  wanted.map((name) => dues.map((due) => due[columns[name]]));

/** Writes new due fees as one set. */
export async function insertDues(sql: Sql, dues: readonly DueFee[]): Promise<void> {
  if (dues.length > 0) await sql.query(insert, valuesOf(names, dues));
}

/** Writes what became of due fees. @returns how many of them were still due. */
export async function updateDues(sql: Sql, dues: readonly DueFee[]): Promise<number> {
  return dues.length === 0 ? 0 : (await sql.query(update, valuesOf(changing, dues))).length;
}

const sums = statement(
  "dueFees.sums",
  `select organization_id as "organizationId", currency, sum(amount)::bigint as total
   from due_fees
   where status = 'due' and organization_id = any($1::text[]) and currency = any($2::text[])
   group by organization_id, currency`,
);

/** What waits in a purse altogether, minor units. */
export type PurseSum = Purse & { readonly total: bigint };

/**
 * What waits in these purses, and maybe in others of the same organizations and currencies; nothing where
 * nothing waits. To be sent after the purses' accounts were locked: whoever makes, pays or waives a due fee
 * holds that lock. On the way of every deposit, so it is simple: one look into the index of what waits.
 */
export function sumPurses(sql: Sql, purses: readonly Purse[]): Promise<PurseSum[]> {
  return sql.query<PurseSum>(sums, [
    purses.map(({ organizationId }) => organizationId),
    purses.map(({ currency }) => currency),
  ]);
}

const waiting = statement(
  "dueFees.waiting",
  `select d.*
   from unnest($1::text[], $2::text[]) as asked (organization_id, currency)
   cross join lateral (
     select ${selected("f")} from due_fees f
     where f.organization_id = asked.organization_id and f.currency = asked.currency
       and f.status = 'due'
     order by f.due_at, f.id limit ${MAX_DUES_AT_ONCE}) d
   order by d."dueAt", d.id`,
);

/** The oldest fees that wait in each of these purses, oldest first, at most `MAX_DUES_AT_ONCE` of each. */
export function listWaiting(sql: Sql, purses: readonly Purse[]): Promise<DueFee[]> {
  return sql.query<DueFee>(waiting, [
    purses.map(({ organizationId }) => organizationId),
    purses.map(({ currency }) => currency),
  ]);
}

const anyWaiting = statement(
  "dueFees.anyWaiting",
  `select currency, sum(amount)::bigint as total from due_fees
   where organization_id = $1 and status = 'due' group by currency order by currency`,
);

/** What waits in an organization, by currency. */
export function sumWaiting(
  sql: Sql,
  organizationId: OrganizationId,
): Promise<{ readonly currency: string; readonly total: bigint }[]> {
  return sql.query(anyWaiting, [organizationId]);
}

const heads = statement(
  "dueFees.heads",
  `select * from (
     select distinct on (f.organization_id, f.currency) ${selected("f")} from due_fees f
     where f.status = 'due' and f.organization_id >= coalesce($1, '')
     order by f.organization_id, f.currency, f.due_at, f.id) as head
   where $1::text is null or ("organizationId", id) > ($1, $2)
   order by "organizationId", id limit $3`,
);

/** The oldest fee that waits in each purse, in the order of organization and id. */
export function listHeads(sql: Sql, { after, limit }: DuePage): Promise<DueFee[]> {
  return sql.query<DueFee>(heads, [after?.organizationId ?? null, after?.id ?? null, limit]);
}

const select = `select ${selected("d")} from due_fees d`;

const find = statement("dueFees.find", `${select} where d.organization_id = $1 and d.id = $2`);
const findById = statement("dueFees.findById", `${select} where d.id = $1`);
const findSome = statement(
  "dueFees.findSome",
  `${select} where d.organization_id = $1 and d.id = any($2::text[]) order by d.id`,
);

/** One due fee; of any organization where `organizationId` is null. */
export async function findDue(
  sql: Sql,
  organizationId: string | null,
  id: string,
): Promise<DueFee | null> {
  const [row] = await (organizationId === null
    ? sql.query<DueFee>(findById, [id])
    : sql.query<DueFee>(find, [organizationId, id]));
  return row ?? null;
}

/** Those of these due fees that exist. */
export function findDues(
  sql: Sql,
  organizationId: OrganizationId,
  ids: readonly string[],
): Promise<DueFee[]> {
  return sql.query<DueFee>(findSome, [organizationId, ids]);
}

/** One page, newest first. */
export function listDuePage(
  sql: Sql,
  conditions: readonly Condition[],
  after: string | undefined,
  limit: number,
): Promise<RowPage<DueFee>> {
  return listRows<DueFee>(sql, { select, conditions, key: "d.id", after, limit });
}
