import type { Sql } from "../../foundation/database/sql.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";

/** What is linked into an organization's chain. */
export type RecordKind = "journal" | "audit";

/** One record: whose, and which. */
export type RecordRef = { readonly organizationId: OrganizationId; readonly recordId: string };

/** A record that waits for its sequence. */
export type QueuedRecord = RecordRef & { readonly kind: RecordKind };

/** A record that has been given its place in its organization's chain. */
export type SealedRecord = RecordRef & {
  /** From 1, without gaps, over all kinds of the organization. */
  readonly sequence: bigint;
  readonly recordedAt: Date;
};

/** The immutable columns of a record, in the order in which they are hashed. */
export type RecordColumns = readonly (string | bigint | Uint8Array | null)[];

/**
 * A table whose rows are linked into the chain. The ledger and the audit log each export one; the
 * sequencer knows neither of them.
 */
export type RecordSource = {
  readonly kind: RecordKind;
  /** Which columns in which order; another list is another number, never used by another kind. */
  readonly format: number;
  /** The columns of some records by record id; a record that is gone is left out. */
  columns(sql: Sql, refs: readonly RecordRef[]): Promise<ReadonlyMap<string, RecordColumns>>;
  /** Told once, in the sequencer's transaction and in order of sequence, that records were linked. */
  sealed(sql: Sql, links: readonly SealedRecord[]): Promise<void>;
  /**
   * The ids of an organization's rows in id order (byte by byte), after one: whether or not they are
   * linked. With it `verifyChain` finds rows that were put in beside the chain.
   */
  idsAfter(
    sql: Sql,
    organizationId: OrganizationId,
    after: string | null,
    limit: number,
  ): Promise<readonly string[]>;
};

/** Where an organization's chain ends. */
export type ChainHead = {
  /** Sequence of the last record; 0 when there is none. */
  readonly sequence: bigint;
  /** Link of the last record; SHA-256 of the organization id when there is none. */
  readonly link: Uint8Array;
  /** Number of the last block; 0 when there is none. */
  readonly block: bigint;
  /** When the last record was recorded; null when there is none. */
  readonly recordedAt: Date | null;
};

/** One row of the chain. */
export type ChainRow = {
  readonly sequence: bigint;
  readonly kind: RecordKind;
  readonly recordId: string;
  readonly format: number;
  readonly recordedAt: Date;
  readonly link: Uint8Array;
};

/** One block: what one pass linked for one organization. */
export type ChainBlock = {
  readonly number: bigint;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  readonly count: bigint;
  /** Link of the block's last record. */
  readonly head: Uint8Array;
};

/** The first row that does not fit, and what is wrong with it. */
export type BadRecord = {
  /** Null for a row that is in no place of the chain. */
  readonly sequence: bigint | null;
  /** Null where the row of the chain is itself gone. */
  readonly kind: RecordKind | null;
  readonly recordId: string | null;
  /** A sentence for a person. */
  readonly wrong: string;
};

/** What a look over a chain found. */
export type ChainReport = {
  readonly organizationId: OrganizationId;
  /** Records whose links were checked and hold. */
  readonly checked: bigint;
  readonly blocks: bigint;
  readonly head: ChainHead;
  /** Null when the whole chain holds. */
  readonly bad: BadRecord | null;
};
