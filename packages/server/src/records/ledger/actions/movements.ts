import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { type AccountRef, accountId } from "../model.ts";
import { type PostedSide, readPostedSides, type SequenceRange } from "../store/movements.ts";
import { requirePast, settledSequenceAt } from "./reads.ts";

export type { PostedSide, SequenceRange } from "../store/movements.ts";

/** From an instant on (null: from the beginning), and before the other. */
export type Period = { readonly from: Date | null; readonly to: Date };

/** A period that has passed, and the records that are in it: both for ever the same. */
export type SettledPeriod = { readonly period: Period; readonly range: SequenceRange };

/** Before an instant is at or before the millisecond in front of it: times are whole milliseconds. */
export const justBefore = (instant: Date): Date => new Date(instant.getTime() - 1);

/**
 * The records of a period of an organization's time; without an end it is until now.
 *
 * @throws Refusal `as_of_in_future` when it is not over yet, `invalid_request` when it ends before it
 *   begins.
 */
export async function settlePeriod(
  { sql, organizationId, now }: Pick<Reading, "sql" | "organizationId" | "now">,
  asked: { readonly from?: Date | undefined; readonly to?: Date | undefined },
): Promise<SettledPeriod> {
  const { from = null, to = now } = asked;
  requirePast(now, to, "to");
  if (from !== null && from > to) {
    const detail = "The period ends before it begins.";
    throw generalErrors.refusal("invalid_request", detail, { field: "from" });
  }
  const upTo = await settledSequenceAt(sql, organizationId, justBefore(to));
  const above = from === null ? 0n : await settledSequenceAt(sql, organizationId, justBefore(from));
  return { period: { from, to }, range: { above, upTo } };
}

/** Rows that are read at once; what a stream of them keeps in memory. */
const PAGE_ROWS = 500;

/**
 * Everything that was posted on some accounts within a range, by sequence, page by page. Sealed rows
 * never change, so the pages are of one state although each is read by itself; nothing is held
 * between two pages. All sides of one sequence are in the same page.
 */
export async function* readPosted(
  sql: Sql,
  organizationId: OrganizationId,
  accounts: readonly AccountRef[],
  range: SequenceRange,
): AsyncGenerator<readonly PostedSide[]> {
  const ids = accounts.map(accountId);
  let { above } = range;
  for (;;) {
    const sides = await readPostedSides(sql, organizationId, ids, { ...range, above }, PAGE_ROWS);
    const last = sides.at(-1)?.sequence;
    if (last === undefined) return;
    const isEnd = sides.length < PAGE_ROWS;
    // Of the last sequence of a full page, one side may be on the next.
    const page = isEnd ? sides : sides.filter(({ sequence }) => sequence < last);
    yield page;
    if (isEnd) return;
    above = last - 1n;
  }
}
