import type { Sql } from "../../../foundation/database/sql.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { type OpenHoldRow, openHoldsOfCard } from "../store/holds.ts";

export type { OpenHoldRow } from "../store/holds.ts";

/**
 * The open holds of a card, on its own account or on its budget's, oldest first. They stay as they are
 * while the caller has that account in a book.
 */
export const readOpenHolds = (
  sql: Sql,
  organizationId: OrganizationId,
  cardId: string,
): Promise<OpenHoldRow[]> => openHoldsOfCard(sql, organizationId, cardId);
