import { hash } from "node:crypto";
import type { ChainRow, RecordColumns } from "./model.ts";

/** Length that stands for null; no column is that long. */
const NULL_LENGTH = 0xffff_ffff;

const LENGTH_BYTES = 4;

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
  const head = Buffer.alloc(previous.length + 17);
  head.set(previous);
  let at = head.writeUInt8(row.format, previous.length);
  at = head.writeBigUInt64BE(row.sequence, at);
  head.writeBigUInt64BE(BigInt(row.recordedAt.getTime()), at);
  const parts: Uint8Array[] = [head];
  for (const column of [row.kind, row.recordId, ...columns]) pushColumn(parts, column);
  return hash("sha256", Buffer.concat(parts), "buffer");
}

function pushColumn(parts: Uint8Array[], column: RecordColumns[number]): void {
  const bytes = column === null || column instanceof Uint8Array ? column : Buffer.from(`${column}`);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes === null ? NULL_LENGTH : bytes.length);
  parts.push(length);
  if (bytes !== null) parts.push(bytes);
}

/** Whether two links are the same bytes. */
export function sameLink(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
