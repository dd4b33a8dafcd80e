import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { announce } from "../../../records/events/actions.ts";
import type { transferEvents } from "../events.ts";
import type { Transfer } from "../model.ts";
import { showTransfer } from "../schema.ts";
import { insertTransfers } from "../store.ts";

/** Transfers that one work made. */
export type MadeTransfers = { readonly work: Work; readonly transfers: readonly Transfer[] };

/**
 * Writes transfers as one set, of one or several works in the same transaction, and announces
 * `transfer.completed` for each. Called after (or pipelined with) `writeBook`.
 */
export async function writeTransfers(sql: Sql, made: readonly MadeTransfers[]): Promise<void> {
  for (const { work, transfers } of made) {
    for (const transfer of transfers) announceTransfer(work, "transfer.completed", transfer);
  }
  await insertTransfers(
    sql,
    made.flatMap(({ transfers }) => transfers),
  );
}

/** Announces a version of a transfer. */
export function announceTransfer(
  work: Work,
  type: keyof typeof transferEvents,
  transfer: Transfer,
  previous?: Record<string, unknown>,
): void {
  announce(work, {
    type,
    objectId: transfer.id,
    objectVersion: transfer.version,
    object: showTransfer(transfer),
    ...(previous === undefined ? {} : { previous }),
  });
}
