import type { RowPage } from "../../../foundation/database/list.ts";
import type { Reading } from "../../../foundation/database/work.ts";
import { headOf } from "../../sequencer/actions.ts";
import type { PageOf } from "../store/lists.ts";
import * as store from "../store/receivables.ts";
import { type AsOf, sequenceOf } from "./reads.ts";

export {
  findCollectable,
  type ReceivableFilter,
  type Recovery,
  readClosedBeside,
} from "../store/receivables.ts";

/** Payments of one receivable that a list shows; its statement has them all. */
export const RECOVERIES_SHOWN = 10;

/** A debt beside a card or budget: what it came to, since when it stands, and how it was paid. */
export type Receivable = store.StoredReceivable & {
  /** What is still owed, minor units. */
  readonly owed: bigint;
  /** Since when something is owed without a break; null where nothing is. */
  readonly since: Date | null;
  /** The last of them, last first. */
  readonly recoveries: readonly store.Recovery[];
  readonly moreRecoveries: boolean;
};

/**
 * One page of the receivables that ever owed anything, as they are recorded; or as of a past instant or
 * sequence. Everything in it is of one sequence, so it fits together.
 *
 * @throws Refusal `as_of_in_future`, `as_of_not_reached`; `invalid_request` when both are given.
 */
export async function listReceivables(
  { sql, organizationId }: Pick<Reading, "sql" | "organizationId">,
  filter: store.ReceivableFilter,
  asOf: AsOf,
  page: PageOf<string>,
): Promise<RowPage<Receivable>> {
  const past = await sequenceOf(sql, organizationId, asOf);
  const sequence = past ?? (await headOf(sql, organizationId)).sequence;
  const found = await store.listReceivables(sql, organizationId, filter, sequence, page);
  const ids = found.rows.map(({ id }) => id);
  const [since, recoveries] = await Promise.all([
    store.readOwedSince(sql, organizationId, ids, sequence),
    store.readRecoveries(sql, organizationId, ids, sequence, RECOVERIES_SHOWN + 1),
  ]);
  const rows = found.rows.map((row) => {
    const own = recoveries.filter(({ receivableId }) => receivableId === row.id);
    return {
      ...row,
      owed: row.incurred - row.settled,
      since: since.get(row.id) ?? null,
      recoveries: own.slice(0, RECOVERIES_SHOWN),
      moreRecoveries: own.length > RECOVERIES_SHOWN,
    };
  });
  return { rows, more: found.more };
}
