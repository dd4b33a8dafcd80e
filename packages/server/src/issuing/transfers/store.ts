import { type Condition, listRows, type RowPage } from "../../foundation/database/list.ts";
import { arraysOf, type Sql, statement } from "../../foundation/database/sql.ts";
import type { Transfer, TransferSide } from "./model.ts";

const columns = [
  "organization_id",
  "id",
  "kind",
  "status",
  "amount",
  "currency",
  "from_type",
  "from_id",
  "from_before",
  "from_after",
  "to_type",
  "to_id",
  "to_before",
  "to_after",
  "journal_ids",
  "card_id",
  "budget_id",
  "fee_kind",
  "related_transfer_id",
  "reverses",
  "reversed_by",
  "actor_kind",
  "actor_id",
  "note",
  "reason",
  "version",
  "created_at",
] as const;

type Column = (typeof columns)[number];

export type Row = Record<Column, unknown>;

export const select = `select ${columns.join(", ")} from transfers`;

export const read = (row: Row): Transfer =>
  ({
    id: row.id,
    organizationId: row.organization_id,
    kind: row.kind,
    status: row.status,
    amount: row.amount,
    currency: row.currency,
    from: { type: row.from_type, id: row.from_id, before: row.from_before, after: row.from_after },
    to: { type: row.to_type, id: row.to_id, before: row.to_before, after: row.to_after },
    journalIds: row.journal_ids,
    cardId: row.card_id,
    budgetId: row.budget_id,
    feeKind: row.fee_kind,
    relatedTransferId: row.related_transfer_id,
    reverses: row.reverses,
    reversedBy: row.reversed_by,
    actor: { kind: row.actor_kind, id: row.actor_id },
    note: row.note,
    reason: row.reason,
    version: row.version,
    createdAt: row.created_at,
  }) as Transfer;

/** Types of the columns as arrays, where they are not text. */
const arrayTypes: Partial<Record<Column, string>> = {
  amount: "bigint[]",
  from_before: "bigint[]",
  from_after: "bigint[]",
  to_before: "bigint[]",
  to_after: "bigint[]",
  version: "bigint[]",
  created_at: "timestamptz[]",
};

// An array of arrays must be rectangular, so the journal ids of a row travel as one text.
const insert = statement(
  "transfers.insert",
  `insert into transfers (${columns.join(", ")})
   select ${columns.map((name) => (name === "journal_ids" ? "string_to_array(journal_ids, ',')" : name)).join(", ")}
   from unnest(${arraysOf(columns, arrayTypes)})
     as rows (${columns.join(", ")})`,
);

const sideValues = ({ type, id, before, after }: TransferSide) => [type, id, before, after];

const values = (transfer: Transfer): unknown[] => [
  transfer.organizationId,
  transfer.id,
  transfer.kind,
  transfer.status,
  transfer.amount,
  transfer.currency,
  ...sideValues(transfer.from),
  ...sideValues(transfer.to),
  transfer.journalIds.join(","),
  transfer.cardId,
  transfer.budgetId,
  transfer.feeKind,
  transfer.relatedTransferId,
  transfer.reverses,
  transfer.reversedBy,
  transfer.actor.kind,
  transfer.actor.id,
  transfer.note,
  transfer.reason,
  transfer.version,
  transfer.createdAt,
];

/** Inserts transfers as one set. */
export async function insertTransfers(sql: Sql, transfers: readonly Transfer[]): Promise<void> {
  if (transfers.length === 0) return;
  const rows = transfers.map(values);
  await sql.query(
    insert,
    columns.map((_, index) => rows.map((row) => row[index])),
  );
}

const find = statement("transfers.find", `${select} where organization_id = $1 and id = $2`);
const findById = statement("transfers.findById", `${select} where id = $1`);

/** One transfer; of any organization where `organizationId` is null. */
export async function findRow(
  sql: Sql,
  organizationId: string | null,
  id: string,
): Promise<Transfer | null> {
  const [row] = await (organizationId === null
    ? sql.query<Row>(findById, [id])
    : sql.query<Row>(find, [organizationId, id]));
  return row === undefined ? null : read(row);
}

const findMany = statement(
  "transfers.findMany",
  `${select} where organization_id = $1 and id = any($2)`,
);

/** Those of an organization's transfers that have one of these ids, in no order. */
export async function findRows(
  sql: Sql,
  organizationId: string,
  ids: readonly string[],
): Promise<Transfer[]> {
  return (await sql.query<Row>(findMany, [organizationId, ids])).map(read);
}

const lock = statement(
  "transfers.lock",
  `${select} where organization_id = $1 and id = $2 for no key update`,
);

/** One transfer with its row locked, to change it. */
export async function lockRow(
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<Transfer | null> {
  const [row] = await sql.query<Row>(lock, [organizationId, id]);
  return row === undefined ? null : read(row);
}

const markReversed = statement(
  "transfers.markReversed",
  `update transfers set status = 'reversed', reversed_by = $3, version = $4
   where organization_id = $1 and id = $2`,
);

export async function writeReversed(sql: Sql, transfer: Transfer): Promise<void> {
  const { organizationId, id, reversedBy, version } = transfer;
  await sql.query(markReversed, [organizationId, id, reversedBy, version]);
}

/** One page, newest first. */
export async function listPage(
  sql: Sql,
  conditions: readonly Condition[],
  after: string | undefined,
  limit: number,
): Promise<RowPage<Transfer>> {
  const page = await listRows<Row>(sql, { select, conditions, key: "id", after, limit });
  return { rows: page.rows.map(read), more: page.more };
}
