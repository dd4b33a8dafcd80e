import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { BudgetId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Budget, PlacedBudget } from "../model.ts";
import { placedColumns, toBudget } from "../store.ts";

type PlacedRow = Parameters<typeof toBudget>[0] & Pick<PlacedBudget, "frozenBy">;

// Level by level and never more than asked for: a tree that is too large costs no more than one that is not.
const readTrees = statement(
  "budgets.readTrees",
  `with recursive tree (id) as (
     select root.id::id from unnest($2::text[]) as root (id)
     union all
     select child.id from tree join budgets child
       on child.organization_id = $1 and child.parent_id = tree.id and child.status <> 'archived')
   select ${placedColumns} from (select id from tree limit $3) as tree
   join budgets b on b.organization_id = $1 and b.id = tree.id`,
);

/** Budgets and all that are below them and not archived, in no order; at most so many. */
export async function readDescendants(
  sql: Sql,
  organizationId: OrganizationId,
  rootIds: readonly BudgetId[],
  limit: number,
): Promise<PlacedBudget[]> {
  if (rootIds.length === 0) return [];
  const rows = await sql.query<PlacedRow>(readTrees, [organizationId, rootIds, limit]);
  return rows.map(toBudget);
}

/** One page of the root budgets of an organization that are not archived, newest first. */
export async function listRoots(
  sql: Sql,
  organizationId: OrganizationId,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Pick<Budget, "id">>> {
  return listRows(sql, {
    select: "select b.id from budgets b",
    conditions: [
      ["b.organization_id", "=", organizationId],
      ["b.depth", "=", 1],
      ["b.status", "any", ["active", "frozen"]],
    ],
    key: "b.id",
    ...page,
  });
}

const readChildren = statement(
  "budgets.readChildren",
  `select id, program_ids as "programIds" from budgets
   where organization_id = $1 and parent_id = $2 and status <> 'archived' order by id`,
);

/** The sub-budgets right below a budget that are not archived. */
export function readSubBudgets(
  sql: Sql,
  organizationId: OrganizationId,
  parentId: BudgetId,
): Promise<Pick<Budget, "id" | "programIds">[]> {
  return sql.query(readChildren, [organizationId, parentId]);
}
