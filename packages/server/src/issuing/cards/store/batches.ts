import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import type { Reference } from "../../../foundation/route/schemas.ts";
import type {
  BatchRow,
  BatchRowRef,
  BatchRowResult,
  BatchRowStatus,
  BatchStatus,
  CardBatch,
} from "../model/batches.ts";
import { rowOf } from "../rules/batches.ts";
import { readPrice, showPrices } from "../schema/batches.ts";

type StoredPrice = Parameters<typeof readPrice>[0];

type Row = Omit<CardBatch, "actor" | "key" | "price" | "charged"> & {
  readonly price: unknown;
  readonly charged: unknown;
  readonly keyId: string | null;
  readonly wrappedKey: Uint8Array | null;
  readonly actorKind: CardBatch["actor"]["kind"];
  readonly actorId: string;
};

/** Each column and the property it fills, in the order of the values of `insert`. */
const columns = {
  organization_id: "organizationId",
  id: "id",
  external_id: "externalId",
  status: "status",
  size: "size",
  issued: "issued",
  failed: "failed",
  cancelled: "cancelled",
  price: "price",
  charged: "charged",
  key_id: "keyId",
  wrapped_key: "wrappedKey",
  actor_kind: "actorKind",
  actor_id: "actorId",
  version: "version",
  created_at: "createdAt",
  completed_at: "completedAt",
} as const satisfies Record<string, keyof Row>;

const names = Object.keys(columns);

const select = `select ${Object.entries(columns)
  .map(([column, property]) => `b.${column} as "${property}"`)
  .join(", ")} from card_batches b`;

function toBatch(row: Row): CardBatch {
  const { price, charged, keyId, wrappedKey, actorKind: kind, actorId: id, ...batch } = row;
  const prices = (stored: unknown) => (stored as StoredPrice[]).map(readPrice);
  return {
    ...batch,
    price: prices(price),
    charged: prices(charged),
    key: keyId === null || wrappedKey === null ? null : { keyId, wrappedKey },
    actor: { kind, id },
  };
}

const insert = statement(
  "cardBatches.insert",
  `insert into card_batches (${names.join(", ")})
   values (${names.map((_, index) => `$${index + 1}`).join(", ")})
   on conflict (organization_id, external_id) do nothing returning id`,
);

/** Writes a new batch. @returns whether its external id was free. */
export async function insertBatch(sql: Sql, batch: CardBatch): Promise<boolean> {
  const { key, actor, price, charged, ...rest } = batch;
  const row: Row = {
    ...rest,
    price: JSON.stringify(showPrices(price)),
    charged: JSON.stringify(showPrices(charged)),
    keyId: key?.keyId ?? null,
    wrappedKey: key?.wrappedKey ?? null,
    actorKind: actor.kind,
    actorId: actor.id,
  };
  const written = await sql.query(
    insert,
    Object.values(columns).map((property) => row[property]),
  );
  return written.length > 0;
}

const insertRowSet = statement(
  "cardBatches.insertRows",
  `insert into card_batch_rows (organization_id, batch_id, number, status, sealed)
   select $1, $2, number, 'pending', sealed
   from unnest($3::bytea[]) with ordinality as given (sealed, number)`,
);

/** Writes the rows of a new batch, sealed, in their order. */
export async function insertRows(
  sql: Sql,
  { organizationId, id }: CardBatch,
  sealed: readonly Uint8Array[],
): Promise<void> {
  await sql.query(insertRowSet, [organizationId, id, sealed]);
}

const update = statement(
  "cardBatches.update",
  `update card_batches set status = $3, issued = $4, failed = $5, cancelled = $6, charged = $7,
     key_id = $8, wrapped_key = $9, version = $10, completed_at = $11
   where organization_id = $1 and id = $2`,
);

/** Writes progress and status of a batch over its row, which the caller has locked. */
export async function updateBatch(sql: Sql, batch: CardBatch): Promise<void> {
  const { organizationId, id, status, issued, failed, cancelled, charged, key } = batch;
  await sql.query(update, [
    organizationId,
    id,
    status,
    issued,
    failed,
    cancelled,
    JSON.stringify(showPrices(charged)),
    key?.keyId ?? null,
    key?.wrappedKey ?? null,
    batch.version,
    batch.completedAt,
  ]);
}

const byReference = (column: string) =>
  `${select} where b.organization_id = $1 and b.${column} = $2`;

const finds = {
  id: statement("cardBatches.find", byReference("id")),
  externalId: statement("cardBatches.findByExternalId", byReference("external_id")),
} as const satisfies Record<Reference["by"], unknown>;

/** One batch of an organization; null where there is none. */
export async function findBatch(
  sql: Sql,
  organizationId: string,
  { by, value }: Reference,
): Promise<CardBatch | null> {
  const [row] = await sql.query<Row>(finds[by], [organizationId, value]);
  return row === undefined ? null : toBatch(row);
}

const byIds = `${select} where b.organization_id = $1 and b.id = any($2::text[]) order by b.id`;
const findSome = statement("cardBatches.findSome", byIds);
const lockSome = statement("cardBatches.lock", `${byIds} for no key update`);

/** Batches by their ids. */
export async function findBatches(
  sql: Sql,
  organizationId: string,
  ids: readonly string[],
): Promise<CardBatch[]> {
  return (await sql.query<Row>(findSome, [organizationId, ids])).map(toBatch);
}

/** Batches by their ids, locked: before anything else. */
export async function lockBatches(
  sql: Sql,
  organizationId: string,
  ids: readonly string[],
): Promise<CardBatch[]> {
  return (await sql.query<Row>(lockSome, [organizationId, ids])).map(toBatch);
}

/** One page of an organization's batches, newest first. */
export async function listBatchPage(
  sql: Sql,
  organizationId: string,
  status: BatchStatus | undefined,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<CardBatch>> {
  const { rows, more } = await listRows<Row>(sql, {
    select,
    conditions: [
      ["b.organization_id", "=", organizationId],
      ["b.status", "=", status],
    ],
    key: "b.id",
    ...page,
  });
  return { rows: rows.map(toBatch), more };
}

/** One page of a batch's rows, in their order. */
export function listRowPage(
  sql: Sql,
  { organizationId, id }: CardBatch,
  status: BatchRowStatus | undefined,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<BatchRow>> {
  return listRows<BatchRow>(sql, {
    select: `select r.batch_id as "batchId", r.number, r.status, r.card_id as "cardId", r.errors
      from card_batch_rows r`,
    conditions: [
      ["r.organization_id", "=", organizationId],
      ["r.batch_id", "=", id],
      ["r.status", "=", status],
    ],
    key: "r.number",
    ascending: true,
    ...page,
  });
}

const due = statement(
  "cardBatches.due",
  `select r.organization_id as "organizationId",
     r.batch_id || '.' || lpad(r.number::text, 4, '0') as id, b.created_at as "dueAt"
   from card_batch_rows r
   join card_batches b on b.organization_id = r.organization_id and b.id = r.batch_id
   where r.status = 'pending' and (r.organization_id, r.batch_id, r.number) > ($1, $2, $3::integer)
   order by r.organization_id, r.batch_id, r.number limit $4`,
);

/** Rows that are pending, in the order of organization, batch and row. */
export function listDueRows(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  const { batchId, number } = rowOf(after?.id ?? "");
  return sql.query<Due>(due, [after?.organizationId ?? "", batchId, number, limit]);
}

/** A pending row as it lies in the database. */
export type SealedRow = BatchRowRef & { readonly sealed: Uint8Array };

const pending = statement(
  "cardBatches.pending",
  `select r.batch_id as "batchId", r.number, r.sealed
   from unnest($2::text[], $3::integer[]) as asked (batch_id, number)
   join card_batch_rows r on r.organization_id = $1 and r.batch_id = asked.batch_id
     and r.number = asked.number and r.status = 'pending'
   order by r.batch_id, r.number`,
);

/** Those of the rows that are pending, in the order of batch and row. */
export function findPending(
  sql: Sql,
  organizationId: string,
  refs: readonly BatchRowRef[],
): Promise<SealedRow[]> {
  return sql.query<SealedRow>(pending, [organizationId, ...asked(refs)]);
}

const asked = (refs: readonly BatchRowRef[]) => [
  refs.map(({ batchId }) => batchId),
  refs.map(({ number }) => number),
];

const decide = statement(
  "cardBatches.decideRows",
  `update card_batch_rows r set status = d.status, card_id = d.card_id,
     errors = d.errors::jsonb, sealed = null
   from unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[])
     as d (batch_id, number, status, card_id, errors)
   where r.organization_id = $1 and r.batch_id = d.batch_id and r.number = d.number`,
);

/** Writes what became of rows, and erases what they asked for. */
export async function decideRows(
  sql: Sql,
  organizationId: OrganizationId,
  results: readonly BatchRowResult[],
): Promise<void> {
  await sql.query(decide, [
    organizationId,
    ...asked(results),
    results.map(({ status }) => status),
    results.map(({ cardId }) => cardId),
    results.map(({ errors }) => (errors === null ? null : JSON.stringify(errors))),
  ]);
}

const cancel = statement(
  "cardBatches.cancelRows",
  `update card_batch_rows set status = 'cancelled', sealed = null
   where organization_id = $1 and batch_id = $2 and status = 'pending'`,
);

/** Gives up the rows that are pending, and erases what they asked for. */
export async function cancelRows(sql: Sql, { organizationId, id }: CardBatch): Promise<void> {
  await sql.query(cancel, [organizationId, id]);
}
