import { hash } from "node:crypto";
import type { BadRecord, ChainBlock, ChainHead, ChainRow, RecordColumns } from "./model.ts";

/** Length that stands for null; no column is that long. */
const NULL_LENGTH = 0xffff_ffff;

const LENGTH_BYTES = 4;

/** Room that is kept behind the last value: format, sequence, time, and lengths of columns. */
const SPARE_BYTES = 64;

/** What the first link of an organization is built on: SHA-256 of its id. */
export function genesis(organizationId: string): Uint8Array {
  return hash("sha256", organizationId, "buffer");
}

/**
 * The link of one record (PRODUCT §3): SHA-256 over the link before it (32 bytes), the format (1 byte),
 * the sequence and the milliseconds of recordedAt since 1970 (8 bytes each, most significant first),
 * then the immutable columns: kind, record id, and what the kind lists. Each column is its length in
 * bytes (4 bytes, FFFFFFFF for null) and its bytes; text is UTF-8, an integer its decimal digits.
 */
export function linkOf(
  previous: Uint8Array,
  row: Omit<ChainRow, "link">,
  columns: RecordColumns,
): Uint8Array {
  let at = putBytes(0, previous);
  at = scratch.writeUInt8(row.format, at);
  at = scratch.writeBigUInt64BE(row.sequence, at);
  at = scratch.writeBigUInt64BE(BigInt(row.recordedAt.getTime()), at);
  at = putColumn(at, row.kind);
  at = putColumn(at, row.recordId);
  for (const column of columns) at = putColumn(at, column);
  return hash("sha256", scratch.subarray(0, at), "buffer");
}

/** Where the bytes of one record are laid out before they are hashed; the next one overwrites them. */
let scratch = Buffer.allocUnsafe(4_096);

/** Most bytes of UTF-8 that one unit of a JavaScript string takes. */
const UTF8_BYTES = 3;

function putColumn(at: number, column: RecordColumns[number]): number {
  const start = at + LENGTH_BYTES;
  makeRoom(start);
  const end = column === null ? start : putValue(start, column);
  scratch.writeUInt32BE(column === null ? NULL_LENGTH : end - start, at);
  return end;
}

function putValue(at: number, value: string | bigint | Uint8Array): number {
  if (value instanceof Uint8Array) return putBytes(at, value);
  const text = typeof value === "string" ? value : value.toString();
  makeRoom(at + text.length * UTF8_BYTES);
  return at + scratch.write(text, at);
}

function putBytes(at: number, bytes: Uint8Array): number {
  makeRoom(at + bytes.length);
  scratch.set(bytes, at);
  return at + bytes.length;
}

/** Makes the scratch longer where it must be; there is always room for the numbers after `end`. */
function makeRoom(end: number): void {
  if (end + SPARE_BYTES <= scratch.length) return;
  const longer = Buffer.allocUnsafe(2 * (end + SPARE_BYTES));
  longer.set(scratch);
  scratch = longer;
}

/** Whether two links are the same bytes. */
export function sameLink(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** The chain of an organization that has none yet. */
export function emptyHead(organizationId: string): ChainHead {
  return { sequence: 0n, link: genesis(organizationId), block: 0n, recordedAt: null };
}

/** A record that is to be linked: what it is, and its columns. */
export type Unlinked = Pick<ChainRow, "kind" | "recordId" | "format"> & {
  readonly columns: RecordColumns;
};

/**
 * Links records, in order, behind a head, and seals them as its next block.
 *
 * @param recordedAt not before the head's.
 */
export function extendChain(
  head: ChainHead,
  recordedAt: Date,
  records: readonly Unlinked[],
): { readonly rows: readonly ChainRow[]; readonly block: ChainBlock } {
  let { sequence, link } = head;
  const rows = records.map(({ kind, recordId, format, columns }) => {
    sequence += 1n;
    const row = { sequence, kind, recordId, format, recordedAt };
    link = linkOf(link, row, columns);
    return { ...row, link };
  });
  const block = {
    number: head.block + 1n,
    firstSequence: head.sequence + 1n,
    lastSequence: sequence,
    count: BigInt(rows.length),
    head: link,
  };
  return { rows, block };
}

/** How far a look over a chain has come: the last row that fits. */
export type Walked = {
  readonly sequence: bigint;
  readonly link: Uint8Array;
  readonly recordedAt: Date | null;
};

/** What is wrong with a row that follows another; null when it fits. `columns`: none = it is gone. */
export function judgeLink(
  before: Walked,
  row: ChainRow,
  format: number | undefined,
  columns: RecordColumns | undefined,
): string | null {
  if (format !== row.format)
    return `Nothing here reads ${row.kind} records of format ${row.format}.`;
  if (columns === undefined) return "The record is gone.";
  if (before.recordedAt !== null && row.recordedAt < before.recordedAt) {
    return "It says that it was recorded before the record in front of it.";
  }
  return sameLink(linkOf(before.link, row, columns), row.link)
    ? null
    : "The record, its place or its time is not as it was sealed: its link does not follow.";
}

/** What is wrong with a block that follows another, and at which sequence; null when it fits. */
export function judgeBlock(
  before: Pick<ChainBlock, "number" | "lastSequence">,
  block: ChainBlock,
  link: Uint8Array | null,
): Pick<BadRecord, "sequence" | "wrong"> | null {
  const { number, firstSequence, lastSequence, count } = block;
  const sequence = before.lastSequence + 1n;
  if (number !== before.number + 1n) {
    return { sequence, wrong: `Block ${before.number + 1n} is missing.` };
  }
  if (firstSequence !== sequence || count !== lastSequence - firstSequence + 1n) {
    const wrong = `Block ${number} does not begin where the one before it ends, or miscounts.`;
    return { sequence, wrong };
  }
  if (link !== null && sameLink(link, block.head)) return null;
  const wrong = `The head of block ${number} is not the link of its last record.`;
  return { sequence: lastSequence, wrong };
}
