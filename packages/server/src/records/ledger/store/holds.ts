import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";

/** An open hold as far as a list of them tells. */
export type OpenHoldRow = {
  readonly id: HoldId;
  /** What it still holds, minor units. */
  readonly remaining: bigint;
  readonly currency: string;
  readonly expiresAt: Date | null;
};

const selectOpenHolds = statement(
  "ledger.openHoldsOfCard",
  `select id, remaining, currency, expires_at as "expiresAt" from ledger_holds
   where organization_id = $1 and card_id = $2 and status = 'open' order by id`,
);

/** The open holds that name a card, oldest first. */
export function openHoldsOfCard(
  sql: Sql,
  organizationId: OrganizationId,
  cardId: string,
): Promise<OpenHoldRow[]> {
  return sql.query<OpenHoldRow>(selectOpenHolds, [organizationId, cardId]);
}
