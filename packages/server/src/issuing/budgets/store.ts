import { listRows, type RowPage } from "../../foundation/database/list.ts";
import { type Sql, statement } from "../../foundation/database/sql.ts";
import type { LimitId, OrganizationId } from "../../foundation/ids/ids.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { accountId } from "../../records/ledger/model.ts";
import {
  type Budget,
  budgetAccount,
  type PlacedBudget,
  type Span,
  type SpendingLimit,
} from "./model.ts";
import type { BudgetFilter } from "./schema.ts";

/** `share`: its facts stay true until COMMIT. `change`: for changing them. */
export type LockStrength = "share" | "change";

/** A limit as it lies in the column: JSON knows no bigint, and limits end before numbers do. */
type StoredLimit = {
  readonly id: LimitId;
  readonly kind: SpendingLimit["kind"];
  readonly amount: number | null;
  readonly count?: number | null;
  readonly span?: Span;
};

type Row = Omit<Budget, "limits"> & { readonly limits: readonly StoredLimit[] };
type PlacedRow = Row & Pick<PlacedBudget, "frozenBy">;

const columns = `b.organization_id as "organizationId", b.id, b.external_id as "externalId", b.name,
  b.label, b.currency, b.parent_id as "parentId", b.ancestor_ids as "ancestorIds", b.depth,
  b.program_ids as "programIds", b.limits, b.status, b.status_reason as "statusReason", b.version,
  b.created_at as "createdAt"`;

/** SQL of a budget beside its nearest frozen ancestor. Not for locks: what those wait for is not seen. */
export const placedColumns = `${columns},
  (select a.id from budgets a where a.organization_id = b.organization_id
     and a.id = any(b.ancestor_ids) and a.status = 'frozen'
   order by a.depth desc limit 1) as "frozenBy"`;

const select = `select ${placedColumns} from budgets b`;

/** Row → model. */
export function toBudget<R extends Row>(row: R): Omit<R, "limits"> & Pick<Budget, "limits"> {
  return { ...row, limits: row.limits.map(toLimit) };
}

function toLimit({ id, kind, amount, count = null, span }: StoredLimit): SpendingLimit {
  const exact = (value: number | null) => (value === null ? null : BigInt(value));
  if (kind === "window" && span !== undefined) {
    return { id, kind, amount: exact(amount), count: exact(count), span };
  }
  return { id, kind: "perAuthorization", amount: exact(amount) ?? 0n };
}

/** Limits as the column takes them. */
const limitsText = (limits: readonly SpendingLimit[]): string =>
  JSON.stringify(limits, (_, value) => (typeof value === "bigint" ? Number(value) : value));

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
): Promise<PlacedBudget | null> {
  const find = by === "id" ? findById : findByExternalId;
  const [row] = await sql.query<PlacedRow>(find, [organizationId, value]);
  return row === undefined ? null : toBudget(row);
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

const wanted = `unnest($1::text[], $2::text[]) as wanted (organization_id, id)
  on b.organization_id = wanted.organization_id and b.id = wanted.id`;

/** Alone: the budgets named. Path: with all their ancestors, which never change, so they are read first. */
const extents = {
  alone: `select ${columns} from budgets b join ${wanted} order by b.id`,
  path: `with path as materialized (
      select distinct b.organization_id, above.id
      from budgets b join ${wanted} cross join unnest(b.ancestor_ids || b.id::text) as above (id))
    select ${columns} from budgets b
    join path on b.organization_id = path.organization_id and b.id = path.id order by b.id`,
} as const;
const locks = {
  alone: {
    share: statement("budgets.lockShare", `${extents.alone} for share of b`),
    change: statement("budgets.lockChange", `${extents.alone} for no key update of b`),
  },
  path: {
    share: statement("budgets.lockPathShare", `${extents.path} for share of b`),
    change: statement("budgets.lockPathChange", `${extents.path} for no key update of b`),
  },
};

/** How a lock is to be taken. */
export type Lock = {
  readonly extent: keyof typeof extents;
  readonly strength: LockStrength;
};

/** A budget as a request names it. */
export type Named = { readonly organizationId: OrganizationId; readonly reference: Reference };

/** The key under which a named budget is given. */
export const keyOf = ({ organizationId, reference }: Named): string =>
  `${organizationId}/${reference.by}/${reference.value}`;

/** The key under which a budget is given by its id. */
export const ownKey = ({ organizationId, id }: Pick<Budget, "organizationId" | "id">): string =>
  `${organizationId}/${id}`;

/** What a lock found. */
export type Locked = {
  /** By `keyOf`, as far as they exist. */
  readonly named: ReadonlyMap<string, Budget>;
  /** By `ownKey`: the named ones, and their ancestors where the extent is the path. */
  readonly all: ReadonlyMap<string, Budget>;
};

/** Locks the named budgets that exist, in the order of their ids, in one statement. */
export async function lockRows(
  sql: Sql,
  named: readonly Named[],
  { extent, strength }: Lock,
): Promise<Locked> {
  const ids = await idsOf(sql, named);
  // A budget that is named twice comes twice and is locked once.
  const rows = await sql.query<Row>(locks[extent][strength], [
    named.map(({ organizationId }) => organizationId),
    named.map((each) => ids.get(keyOf(each)) ?? null),
  ]);
  const all = new Map(rows.map((row): [string, Budget] => [ownKey(row), toBudget(row)]));
  const found = named.flatMap((each): [string, Budget][] => {
    const budget = all.get(`${each.organizationId}/${ids.get(keyOf(each))}`);
    return budget === undefined ? [] : [[keyOf(each), budget]];
  });
  return { named: new Map(found), all };
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
  `insert into budgets (organization_id, id, external_id, name, label, currency, parent_id,
     ancestor_ids, depth, program_ids, limits, account_id, status, status_reason, version, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
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
    budget.ancestorIds,
    budget.depth,
    budget.programIds,
    limitsText(budget.limits),
    accountId(budgetAccount(budget)),
    budget.status,
    budget.statusReason,
    budget.version,
    budget.createdAt,
  ]);
}

const update = statement(
  "budgets.update",
  `update budgets set name = $3, label = $4, program_ids = $5, limits = $6, status = $7,
     status_reason = $8, version = $9
   where organization_id = $1 and id = $2`,
);

/** Writes a changed budget over its row, which the caller has locked. */
export async function updateRow(sql: Sql, budget: Budget): Promise<void> {
  await sql.query(update, [
    budget.organizationId,
    budget.id,
    budget.name,
    budget.label,
    budget.programIds,
    limitsText(budget.limits),
    budget.status,
    budget.statusReason,
    budget.version,
  ]);
}

/** One page, newest first; of every organization where `organizationId` is null. */
export async function listPage(
  sql: Sql,
  organizationId: string | null,
  filter: BudgetFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<PlacedBudget>> {
  const { rows, more } = await listRows<PlacedRow>(sql, {
    select,
    conditions: [
      ["b.organization_id", "=", organizationId ?? undefined],
      ["b.status", "=", filter.status],
      ["b.currency", "=", filter.currency],
      ["b.name", "=", filter.name],
      ["b.program_ids", "@>", filter.typeId === undefined ? undefined : [filter.typeId]],
      ["b.parent_id", "=", filter.parentId],
      ["b.external_id", "=", filter.externalId],
      ["b.created_at", ">=", filter.from],
      ["b.created_at", "<", filter.to],
    ],
    key: "b.id",
    ...page,
  });
  return { rows: rows.map(toBudget), more };
}
