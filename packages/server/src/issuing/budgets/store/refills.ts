import { arraysOf, type Sql, statement } from "../../../foundation/database/sql.ts";
import type { BudgetId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { availableOn, lowAccounts } from "../../../records/ledger/clauses.ts";
import { nowOf } from "../../../records/sequencer/clauses.ts";
import { isActive } from "../../organizations/clauses.ts";
import { ruleArrayTypes, ruleColumns } from "../clauses.ts";
import type { Refill } from "../model.ts";

/** Each column and the property it fills. */
const columns = {
  organization_id: "organizationId",
  budget_id: "budgetId",
  ...ruleColumns,
} as const satisfies Record<string, keyof Refill>;
const names = Object.keys(columns) as (keyof typeof columns)[];

const read = statement(
  "budgets.readRefills",
  `select ${names.map((name) => `r.${name} as "${columns[name]}"`).join(", ")}
   from budget_refills r join unnest($1::text[], $2::text[]) as wanted (organization_id, id)
     on r.organization_id = wanted.organization_id and r.budget_id = wanted.id`,
);

/** A budget as its refill rule is found by. */
type Key = { readonly organizationId: OrganizationId; readonly id: BudgetId };

/** The refill rules of budgets, as far as they have one. A rule changes under its budget's lock. */
export async function readRefills(
  sql: Sql,
  budgets: readonly Key[],
): Promise<Map<BudgetId, Refill>> {
  if (budgets.length === 0) return new Map();
  const rows = await sql.query<Refill>(read, [
    budgets.map(({ organizationId }) => organizationId),
    budgets.map(({ id }) => id),
  ]);
  return new Map(rows.map((row) => [row.budgetId, row]));
}

const changing = names.filter((name) => name !== "organization_id" && name !== "budget_id");
const write = statement(
  "budgets.writeRefill",
  `insert into budget_refills (${names.join(", ")})
   select * from unnest(${arraysOf(names, ruleArrayTypes)})
   on conflict (organization_id, budget_id) do update
     set ${changing.map((name) => `${name} = excluded.${name}`).join(", ")}`,
);

/** Writes rules, new or over those there are; the caller has locked the budgets. */
export async function writeRefills(sql: Sql, refills: readonly Refill[]): Promise<void> {
  if (refills.length === 0) return;
  const values = names.map((name) => refills.map((refill) => refill[columns[name]]));
  await sql.query(write, values);
}

const remove = statement(
  "budgets.removeRefill",
  "delete from budget_refills where organization_id = $1 and budget_id = $2",
);

export async function removeRefill(sql: Sql, { organizationId, id }: Key): Promise<void> {
  await sql.query(remove, [organizationId, id]);
}

// A balance does not tell since when it is low, so what is due is due now.
const findDue = statement(
  "budgets.findDueRefills",
  `select r.organization_id as "organizationId", r.budget_id as id,
     ${nowOf("r.organization_id")} as "dueAt"
   from ${lowAccounts("budget")} low
   join budget_refills r on r.organization_id = low.organization_id and r.budget_id = low.owner_id
   join budgets b on b.organization_id = r.organization_id and b.id = r.budget_id
   where (low.organization_id, low.owner_id) > ($1, $2)
     and r.status = 'active' and b.status = 'active' and ${isActive("r.organization_id")}
     and (r.rests_until is null or r.rests_until <= ${nowOf("r.organization_id")})
     and not exists (select from budgets up where up.organization_id = b.organization_id
       and up.id = any(b.ancestor_ids) and up.status = 'frozen')
     and ${availableOn("b.organization_id", "b.account_id")} < r.threshold
   order by low.organization_id, low.owner_id limit $3`,
);

/** Rules that would refill now. */
export function findDueRefills(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(findDue, [after?.organizationId ?? "", after?.id ?? "", limit]);
}
