import { generalErrors } from "../errors/errors.ts";
import type { Page } from "./schemas.ts";

/** Rows of a page when the caller does not say. */
export const DEFAULT_LIMIT = 25;

const CURSOR_FORM = /^[A-Za-z0-9_-]{1,300}$/;

/** A cursor from the key of a page's last row. Opaque to callers. */
export function encodeCursor(key: string | bigint): string {
  return Buffer.from(`1:${key}`).toString("base64url");
}

const foreign = () =>
  generalErrors.refusal("invalid_request", "cursor is not a nextCursor of this list.", {
    field: "cursor",
  });

/**
 * The key inside a cursor; undefined where there is no cursor.
 *
 * @throws Refusal `invalid_request` naming `cursor` when it is not one of ours.
 */
export function decodeCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = CURSOR_FORM.test(cursor) ? Buffer.from(cursor, "base64url").toString("utf8") : "";
  if (!/^1:[A-Za-z0-9_]{1,200}$/.test(text)) {
    throw foreign();
  }
  return text.slice(2);
}

/**
 * The number inside a cursor of a list that numbers order; undefined where there is no cursor.
 *
 * @throws Refusal `invalid_request` naming `cursor` when it is not one of ours.
 */
export function decodeNumber(cursor: string | undefined): bigint | undefined {
  const key = decodeCursor(cursor);
  if (key === undefined) return undefined;
  if (/^\d{1,18}$/.test(key)) return BigInt(key);
  throw foreign();
}

/** Makes the answer of a list from one page of rows. */
export function pageFrom<R, T>(
  rows: { readonly rows: readonly R[]; readonly more: boolean },
  key: (row: R) => string | bigint,
  show: (row: R) => T,
): Page<T> {
  const last = rows.rows.at(-1);
  return {
    data: rows.rows.map(show),
    nextCursor: rows.more && last !== undefined ? encodeCursor(key(last)) : null,
  };
}
