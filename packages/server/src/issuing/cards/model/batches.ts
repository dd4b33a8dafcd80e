import type { Actor } from "../../../foundation/database/work.ts";
import type { Problem } from "../../../foundation/errors/errors.ts";
import type { CardBatchId, CardId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { Price } from "../model.ts";

/** The job that issues the cards of batches, by the name that wakes it. */
export const ISSUE_BATCHES_JOB = "cards.issueBatches";

/** Most rows of a batch. */
export const MAX_BATCH_ROWS = 1_000;

/** A batch is worked off by a job, in groups of rows. */
export const batchLifecycle = lifecycle(["accepted", "processing", "completed", "cancelled"], {
  start: { from: ["accepted"], to: "processing" },
  complete: { from: ["processing"], to: "completed" },
  cancel: { from: ["accepted", "processing"], to: "cancelled" },
});

export type BatchStatus = StateOf<typeof batchLifecycle>;

/** A row stands alone: what becomes of it does not touch the others. */
export const batchRowLifecycle = lifecycle(["pending", "issued", "failed", "cancelled"], {
  issue: { from: ["pending"], to: "issued" },
  fail: { from: ["pending"], to: "failed" },
  cancel: { from: ["pending"], to: "cancelled" },
});

export type BatchRowStatus = StateOf<typeof batchRowLifecycle>;

/** The key that a batch's rows are sealed under, wrapped by the installation's key `keyId`. */
export type BatchKey = { readonly keyId: string; readonly wrappedKey: Uint8Array };

/** An organization's order to issue many cards. */
export type CardBatch = {
  readonly organizationId: OrganizationId;
  readonly id: CardBatchId;
  readonly externalId: string | null;
  readonly status: BatchStatus;
  /** Rows. */
  readonly size: number;
  readonly issued: number;
  readonly failed: number;
  readonly cancelled: number;
  /** What all rows cost by the terms of the day, where their program is known; by currency. */
  readonly price: readonly Price[];
  /** What the cards issued so far cost, by currency. */
  readonly charged: readonly Price[];
  /** Null once no row is pending: then nothing of them can be opened any more. */
  readonly key: BatchKey | null;
  /** Who gave it. */
  readonly actor: Pick<Actor, "kind" | "id">;
  /** Grows with its status; progress is no change of it. */
  readonly version: bigint;
  readonly createdAt: Date;
  /** When its last row was decided, or it was cancelled. */
  readonly completedAt: Date | null;
};

/** Which row of an organization it is. */
export type BatchRowRef = {
  readonly batchId: CardBatchId;
  /** From 1. */
  readonly number: number;
};

/** What became of a row. */
export type BatchRowResult = BatchRowRef &
  (
    | { readonly status: "issued"; readonly cardId: CardId; readonly errors: null }
    | { readonly status: "failed"; readonly cardId: null; readonly errors: readonly Problem[] }
  );

/** A row as it can be read: of what it asked for nothing is told. */
export type BatchRow =
  | BatchRowResult
  | (BatchRowRef & {
      readonly status: "pending" | "cancelled";
      readonly cardId: null;
      readonly errors: null;
    });

/** What preflight finds of a whole batch. */
export type BatchCheck = {
  /** For each row, in order, what is in its way when those before it are issued. */
  readonly rows: readonly (readonly Problem[])[];
  /** What all rows cost, by currency. */
  readonly price: readonly Price[];
};
