import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import type { BlockOrder, BlockOrderStatus } from "../model/blocks.ts";

type Row = Omit<BlockOrder, "actor"> & {
  readonly actorKind: BlockOrder["actor"]["kind"];
  readonly actorId: string;
};

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  id: "id",
  program_id: "programId",
  limited_to: "limitedTo",
  reason: "reason",
  note: "note",
  status: "status",
  blocked: "blocked",
  total: "total",
  actor_kind: "actorKind",
  actor_id: "actorId",
  version: "version",
  created_at: "createdAt",
  done_at: "doneAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);

const select = `select ${Object.entries(columns)
  .map(([column, property]) => `b.${column} as "${property}"`)
  .join(", ")} from card_block_orders b`;
const own = `${select} where b.organization_id = 'org_platform'`;

function toOrder({ actorKind: kind, actorId: id, ...order }: Row): BlockOrder {
  return { ...order, actor: { kind, id } };
}

const insert = statement(
  "blockOrders.insert",
  `insert into card_block_orders (organization_id, ${names.join(", ")})
   values ('org_platform', ${names.map((_, index) => `$${index + 1}`).join(", ")})`,
);

/** Writes a new order. */
export async function insertOrder(sql: Sql, { actor, ...order }: BlockOrder): Promise<void> {
  const row: Row = { ...order, actorKind: actor.kind, actorId: actor.id };
  await sql.query(
    insert,
    Object.values(columns).map((property) => row[property]),
  );
}

const update = statement(
  "blockOrders.update",
  `update card_block_orders set status = $2, blocked = $3, total = $4, version = $5, done_at = $6
   where organization_id = 'org_platform' and id = $1`,
);

/** Writes progress and status of an order over its row, which the caller has locked. */
export async function updateOrder(sql: Sql, order: BlockOrder): Promise<void> {
  const { id, status, blocked, total, version, doneAt } = order;
  await sql.query(update, [id, status, blocked, total, version, doneAt]);
}

const running = statement(
  "blockOrders.running",
  `${own} and b.status = 'running' and b.program_id = $1
     and coalesce(b.limited_to, '') = coalesce($2, '')`,
);

/** The order for just these cards that runs; null where there is none. */
export async function findRunning(
  sql: Sql,
  programId: string,
  limitedTo: string | null,
): Promise<BlockOrder | null> {
  const [row] = await sql.query<Row>(running, [programId, limitedTo]);
  return row === undefined ? null : toOrder(row);
}

const lockRunning = statement(
  "blockOrders.lockRunning",
  `${own} and b.status = 'running' and b.program_id = any($1::text[])
     and (b.limited_to is null or b.limited_to = $2)
   order by b.id for no key update`,
);

/** The orders that run for an organization's cards of these programs, locked, oldest first. */
export async function lockRunningFor(
  sql: Sql,
  organizationId: OrganizationId,
  programIds: readonly string[],
): Promise<BlockOrder[]> {
  return (await sql.query<Row>(lockRunning, [programIds, organizationId])).map(toOrder);
}

const byIds = `${own} and b.id = any($1::text[]) order by b.id`;
const findSome = statement("blockOrders.find", byIds);
const lockSome = statement("blockOrders.lock", `${byIds} for no key update`);

/** Orders by their ids. */
export async function findOrders(sql: Sql, ids: readonly string[]): Promise<BlockOrder[]> {
  return (await sql.query<Row>(findSome, [ids])).map(toOrder);
}

/** Orders by their ids, locked. */
export async function lockOrders(sql: Sql, ids: readonly string[]): Promise<BlockOrder[]> {
  return (await sql.query<Row>(lockSome, [ids])).map(toOrder);
}

/** One page of a program's orders, newest first. */
export async function listOrderPage(
  sql: Sql,
  programId: string,
  status: BlockOrderStatus | undefined,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<BlockOrder>> {
  const { rows, more } = await listRows<Row>(sql, {
    select,
    conditions: [
      ["b.organization_id", "=", "org_platform"],
      ["b.program_id", "=", programId],
      ["b.status", "=", status],
    ],
    key: "b.id",
    ...page,
  });
  return { rows: rows.map(toOrder), more };
}

/**
 * SQL of the cards that are not deleted and that no operator has blocked for good, of a program and, where
 * that is not null, of one organization.
 */
const unblocked = (programId: string, limitedTo: string) => `from cards c
  where c.program_id = ${programId} and c.status <> 'deleted'
    and (${limitedTo} is null or c.organization_id = ${limitedTo})
    and not exists (select from card_restrictions r
      where r.organization_id = c.organization_id and r.card_id = c.id and r.lifted_at is null
        and r.kind = 'block' and r.owner = 'platform' and r.ends_at is null)`;

const countUnblocked = statement(
  "blockOrders.count",
  `select count(*) as count ${unblocked("$1", "$2::text")}`,
);

/** How many cards there are to block. */
export async function countToBlock(
  sql: Sql,
  programId: string,
  limitedTo: string | null,
): Promise<bigint> {
  const [row] = await sql.query<{ count: bigint }>(countUnblocked, [programId, limitedTo]);
  return row?.count ?? 0n;
}

const orders = `(select * from card_block_orders where organization_id = 'org_platform'
  and status = 'running') b`;

const toBlock = statement(
  "blockOrders.cards",
  `select due.organization_id as "organizationId", due.id, min(b.created_at) as "dueAt"
   from ${orders} cross join lateral (
     select c.organization_id, c.id ${unblocked("b.program_id", "b.limited_to")}
       and (c.organization_id, c.id) > ($1, $2)
     order by c.organization_id, c.id limit $3) due
   group by due.organization_id, due.id order by due.organization_id, due.id limit $3`,
);

/** Cards that an order that runs has not blocked yet, in the order of organization and id. */
export function listToBlock(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(toBlock, [after?.organizationId ?? "", after?.id ?? "", limit]);
}

const isCarriedOut = `not exists (select ${unblocked("b.program_id", "b.limited_to")})`;

const carriedOut = statement(
  "blockOrders.carriedOut",
  `select b.organization_id as "organizationId", b.id, b.created_at as "dueAt" from ${orders}
   where ('org_platform' > $1 or b.id > $2) and ${isCarriedOut} order by b.id limit $3`,
);

/** Orders that run and leave no card to block. */
export function listCarriedOut(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(carriedOut, [after?.organizationId ?? "", after?.id ?? "", limit]);
}

const stillCarriedOut = statement(
  "blockOrders.stillCarriedOut",
  `select b.id from ${orders} where b.id = any($1::text[]) and ${isCarriedOut}`,
);

/** Which of these orders run and leave no card to block. */
export async function findCarriedOut(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>(stillCarriedOut, [ids])).map(({ id }) => id));
}
