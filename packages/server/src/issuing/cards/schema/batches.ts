import { type Static, Type } from "typebox";
import { fromJsonAmount } from "../../../foundation/money/money.ts";
import { idText, nullable, object, oneOf, timestamp } from "../../../foundation/route/schemas.ts";
import { actorKinds } from "../../../records/audit/model.ts";
import {
  type BatchCheck,
  type BatchRow,
  batchLifecycle,
  batchRowLifecycle,
  type CardBatch,
  MAX_BATCH_ROWS,
} from "../model/batches.ts";
import type { Price } from "../model.ts";
import {
  externalId,
  issueSchema,
  priceSchema,
  problemSchema,
  showPrice,
  showProblem,
} from "../schema.ts";

/** Largest body of a batch, bytes: 4 KiB for each of the most rows. */
export const MAX_BATCH_BYTES = 4_194_304;

/** What a batch is made from: the bodies of single issues. */
export const newBatchSchema = object({
  externalId: Type.Optional(externalId),
  rows: Type.Array(issueSchema, { minItems: 1, maxItems: MAX_BATCH_ROWS }),
});

const count = (description: string) => Type.Integer({ description });
const prices = (description: string) => Type.Array(priceSchema, { description });

/** A batch as the API shows it. */
export const batchSchema = object({
  id: idText("Id of the batch."),
  externalId: nullable(Type.String()),
  status: oneOf(batchLifecycle.states),
  counts: object({
    rows: count("All rows."),
    issued: count("Cards issued."),
    failed: count("Rows that were refused; see their errors."),
    cancelled: count("Rows that were not decided when the batch was cancelled."),
    pending: count("Rows still to be decided."),
  }),
  progress: count("Decided rows in percent, rounded down; 100 only when none is pending."),
  price: prices("What all rows cost by the terms when the batch was given, by currency."),
  charged: prices("What the cards issued so far cost, by currency."),
  actor: object({ kind: oneOf(actorKinds), id: Type.String() }),
  version: count("Grows by one with each change of its status; progress does not count."),
  createdAt: timestamp,
  completedAt: nullable(timestamp),
});

/** Model → reply. */
export function showBatch(batch: CardBatch): Static<typeof batchSchema> {
  const { size, issued, failed, cancelled } = batch;
  const decided = issued + failed + cancelled;
  return {
    id: batch.id,
    externalId: batch.externalId,
    status: batch.status,
    counts: { rows: size, issued, failed, cancelled, pending: size - decided },
    progress: Math.floor((decided * 100) / size),
    price: batch.price.map(showPrice),
    charged: batch.charged.map(showPrice),
    actor: { kind: batch.actor.kind, id: batch.actor.id },
    version: Number(batch.version),
    createdAt: batch.createdAt.toISOString(),
    completedAt: batch.completedAt?.toISOString() ?? null,
  };
}

/** Prices as they are shown and stored. */
export const showPrices = (shown: readonly Price[]): Static<typeof priceSchema>[] =>
  shown.map(showPrice);

/** A price as it was shown, which is also how it is stored. */
export function readPrice({ currency, lines, total }: Static<typeof priceSchema>): Price {
  return {
    currency,
    lines: lines.map(({ kind, amount }) => ({ kind, amount: fromJsonAmount(amount) })),
    total: fromJsonAmount(total),
  };
}

const rowNumber = Type.Integer({ description: "From 1, in the order given; a header is no row." });

/** What became of a row. */
export const batchRowSchema = object({
  row: rowNumber,
  status: oneOf(batchRowLifecycle.states),
  cardId: nullable(idText("The card that was issued.")),
  errors: Type.Array(problemSchema, { description: "Of a failed row: every unmet condition." }),
});

export function showBatchRow(row: BatchRow): Static<typeof batchRowSchema> {
  const { number, status, cardId, errors } = row;
  return { row: number, status, cardId, errors: (errors ?? []).map(showProblem) };
}

/** Whether a whole batch could be issued, what is in the way of each row, and what it would cost. */
export const batchPreflightSchema = object({
  eligible: Type.Boolean({ description: "Whether every row could be issued." }),
  price: prices("What all rows cost, by currency; rows of unknown programs do not count."),
  rows: Type.Array(object({ row: rowNumber, unmet: Type.Array(problemSchema) })),
});

export function showBatchPreflight({
  rows,
  price,
}: BatchCheck): Static<typeof batchPreflightSchema> {
  return {
    eligible: rows.every((unmet) => unmet.length === 0),
    price: price.map(showPrice),
    rows: rows.map((unmet, index) => ({ row: index + 1, unmet: unmet.map(showProblem) })),
  };
}
