import { listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { accountId } from "../../records/ledger/model.ts";
import { type Budget, budgetAccount } from "./model.ts";
import type { BudgetFilter } from "./schema.ts";

/** `share`: its facts stay true until COMMIT. `change`: for changing them. */
export type LockStrength = "share" | "change";

const columns = `b.organization_id as "organizationId", b.id, b.external_id as "externalId", b.name,
  b.label, b.currency, b.parent_id as "parentId", b.depth, b.program_ids as "programIds", b.status,
  b.status_reason as "statusReason", b.version, b.created_at as "createdAt"`;

const select = `select ${columns} from budgets b`;

const findById = statement(
  "budgets.findById",
  `${select} where b.organization_id = $1 and b.id = $2`,
);
const findByExternalId = statement(
  "budgets.findByExternalId",
  `${select} where b.organization_id = $1 and b.external_id = $2`,
);

/** One budget of an organization; null where there is none. */
export async function findRow(
  sql: Sql,
  organizationId: OrganizationId,
  { by, value }: Reference,
): Promise<Budget | null> {
  const find = by === "id" ? findById : findByExternalId;
  const [row] = await sql.query<Budget>(find, [organizationId, value]);
  return row ?? null;
}

const organizationOf = statement(
  "budgets.organizationOf",
  `select organization_id as "organizationId" from budgets where id = $1`,
);

/** Whose a budget is; null where there is no such budget in the whole installation. */
export async function findOrganizationOf(sql: Sql, id: string): Promise<OrganizationId | null> {
  const [row] = await sql.query<{ organizationId: OrganizationId }>(organizationOf, [id]);
  return row?.organizationId ?? null;
}

const idsOfExternals = statement(
  "budgets.idsOfExternals",
  `select b.organization_id as "organizationId", b.external_id as "externalId", b.id
   from budgets b join unnest($1::text[], $2::text[]) as wanted (organization_id, external_id)
     on b.organization_id = wanted.organization_id and b.external_id = wanted.external_id`,
);

const wantedRows = `${select} join unnest($1::text[], $2::text[]) as wanted (organization_id, id)
  on b.organization_id = wanted.organization_id and b.id = wanted.id order by b.id`;
const lockAll = {
  share: statement("budgets.lockShare", `${wantedRows} for share of b`),
  change: statement("budgets.lockChange", `${wantedRows} for no key update of b`),
};

/** A budget as a request names it. */
export type Named = { readonly organizationId: OrganizationId; readonly reference: Reference };

/** The key under which `lockRows` gives a named budget. */
export const keyOf = ({ organizationId, reference }: Named): string =>
  `${organizationId}/${reference.by}/${reference.value}`;

/** Locks the named budgets that exist, in the order of their ids, in one statement. */
export async function lockRows(
  sql: Sql,
  named: readonly Named[],
  strength: LockStrength,
): Promise<Map<string, Budget>> {
  const ids = await idsOf(sql, named);
  // A budget that is named twice comes twice and is locked once.
  const rows = await sql.query<Budget>(lockAll[strength], [
    named.map(({ organizationId }) => organizationId),
    named.map((each) => ids.get(keyOf(each)) ?? null),
  ]);
  const found = new Map(rows.map((row) => [`${row.organizationId}/${row.id}`, row]));
  return new Map(
    named.flatMap((each): [string, Budget][] => {
      const budget = found.get(`${each.organizationId}/${ids.get(keyOf(each))}`);
      return budget === undefined ? [] : [[keyOf(each), budget]];
    }),
  );
}

/** The ids that names stand for; external ones are looked up, unknown ones are absent. */
async function idsOf(sql: Sql, named: readonly Named[]): Promise<Map<string, string>> {
  const ids = named
    .filter(({ reference }) => reference.by === "id")
    .map((each): [string, string] => [keyOf(each), each.reference.value]);
  const externals = named.filter(({ reference }) => reference.by === "externalId");
  if (externals.length === 0) return new Map(ids);
  const rows = await sql.query<Pick<Budget, "organizationId" | "id"> & { externalId: string }>(
    idsOfExternals,
    [externals.map((each) => each.organizationId), externals.map((each) => each.reference.value)],
  );
  const found = rows.map(({ organizationId, externalId, id }): [string, string] => [
    keyOf({ organizationId, reference: { by: "externalId", value: externalId } }),
    id,
  ]);
  return new Map([...ids, ...found]);
}

const insert = statement(
  "budgets.insert",
  `insert into budgets (organization_id, id, external_id, name, label, currency, parent_id, depth,
     program_ids, account_id, status, status_reason, version, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
);

export async function insertRow(sql: Sql, budget: Budget): Promise<void> {
  await sql.query(insert, [
    budget.organizationId,
    budget.id,
    budget.externalId,
    budget.name,
    budget.label,
    budget.currency,
    budget.parentId,
    budget.depth,
    budget.programIds,
    accountId(budgetAccount(budget)),
    budget.status,
    budget.statusReason,
    budget.version,
    budget.createdAt,
  ]);
}

const update = statement(
  "budgets.update",
  `update budgets set name = $3, label = $4, status = $5, status_reason = $6, version = $7
   where organization_id = $1 and id = $2`,
);

/** Writes a changed budget over its row, which the caller has locked. */
export async function updateRow(sql: Sql, budget: Budget): Promise<void> {
  const { organizationId, id, name, label, status, statusReason, version } = budget;
  await sql.query(update, [organizationId, id, name, label, status, statusReason, version]);
}

/** One page, newest first; of every organization where `organizationId` is null. */
export function listPage(
  sql: Sql,
  organizationId: string | null,
  filter: BudgetFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Budget>> {
  return listRows<Budget>(sql, {
    select,
    conditions: [
      ["b.organization_id", "=", organizationId ?? undefined],
      ["b.status", "=", filter.status],
      ["b.currency", "=", filter.currency],
      ["b.name", "=", filter.name],
      ["b.program_ids", "@>", filter.typeId === undefined ? undefined : [filter.typeId]],
      ["b.external_id", "=", filter.externalId],
      ["b.created_at", ">=", filter.from],
      ["b.created_at", "<", filter.to],
    ],
    key: "b.id",
    ...page,
  });
}
