import { bind, NONCE_BYTES, seal, unseal } from "../../../foundation/keys/cipher.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import {
  type BatchRowRef,
  type BatchRowResult,
  batchLifecycle,
  type CardBatch,
} from "../model/batches.ts";
import type { Price } from "../model.ts";
import { sumPrices } from "./price.ts";

/** Digits of a row's number in the name that a job knows it by: names are ordered byte by byte. */
const NUMBER_DIGITS = 4;

/** The name that a job knows a row by: `batch_….0001`. */
export const rowName = ({ batchId, number }: BatchRowRef): string =>
  `${batchId}.${String(number).padStart(NUMBER_DIGITS, "0")}`;

/** The row of a name; of what is no name, one that is behind all of a batch so called. */
export function rowOf(name: string): BatchRowRef {
  const [batchId = "", number = "0"] = name.split(".");
  return { batchId: batchId as BatchRowRef["batchId"], number: Number(number) };
}

/** Each move of a batch that a group of rows makes, as the batch is after it, in order. */
export function workedOff(
  batch: CardBatch,
  results: readonly BatchRowResult[],
  prices: readonly Price[],
  now: Date,
): CardBatch[] {
  const issued = results.filter(({ status }) => status === "issued").length;
  const counted: CardBatch = {
    ...batch,
    issued: batch.issued + issued,
    failed: batch.failed + results.length - issued,
    charged: sumPrices([...batch.charged, ...prices]),
  };
  const started: CardBatch = canMove(batchLifecycle, "start", batch.status)
    ? { ...counted, status: "processing", version: batch.version + 1n }
    : counted;
  if (pendingOf(started) > 0) return [started];
  const completed: CardBatch = {
    ...started,
    status: "completed",
    key: null,
    version: started.version + 1n,
    completedAt: now,
  };
  return started.version === batch.version ? [completed] : [started, completed];
}

/** A batch whose pending rows are given up. */
export function cancelled(batch: CardBatch, now: Date): CardBatch {
  return {
    ...batch,
    status: "cancelled",
    cancelled: pendingOf(batch),
    key: null,
    version: batch.version + 1n,
    completedAt: now,
  };
}

/** Rows that are still to be decided. */
export const pendingOf = ({ size, issued, failed, cancelled }: CardBatch): number =>
  size - issued - failed - cancelled;

/** What the key of a batch's rows is bound to. */
export const batchKeyContext = (organizationId: string, batchId: string): Uint8Array =>
  bind("card batch key", organizationId, batchId);

/** First byte of a sealed row: its layout. Then nonce, ciphertext, tag. */
const ROW_FORMAT = 1;

function rowContext(organizationId: string, { batchId, number }: BatchRowRef): Uint8Array {
  return bind("card batch row", organizationId, batchId, String(number), String(ROW_FORMAT));
}

/** Seals what a row asks for; it opens only as this row of this batch. */
export function sealRow(
  key: Uint8Array,
  nonce: Uint8Array,
  json: string,
  organizationId: string,
  ref: BatchRowRef,
): Uint8Array {
  const sealed = seal(key, nonce, Buffer.from(json), rowContext(organizationId, ref));
  return Buffer.concat([Uint8Array.of(ROW_FORMAT), nonce, sealed]);
}

/** Opens what `sealRow` made. @throws Fault when it was changed or belongs to another. */
export function openRow(
  key: Uint8Array,
  sealed: Uint8Array,
  organizationId: string,
  ref: BatchRowRef,
): string {
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const context = rowContext(organizationId, ref);
  const clear = unseal(key, nonce, sealed.subarray(1 + NONCE_BYTES), context);
  return Buffer.from(clear).toString("utf8");
}
