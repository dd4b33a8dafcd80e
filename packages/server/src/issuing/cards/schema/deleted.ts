import { type Static, Type } from "typebox";
import { toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import type { OpenHoldRow } from "../../../records/ledger/actions/holds.ts";
import type { Transfer } from "../../transfers/model.ts";
import { showTransfer, transferSchema } from "../../transfers/schema.ts";
import { type CardShown, cardSchema } from "../schema.ts";

const openHoldSchema = object({
  id: idText("Id of the hold."),
  amount: amountShown,
  currency: currencyCode,
  expiresAt: nullable(timestamp),
});

/** A deleted card, what of its money went to the organization, and what is still held. */
export const deletedCardSchema = object({
  card: cardSchema,
  sweep: nullable(transferSchema),
  openHolds: Type.Array(openHoldSchema, {
    description: "Authorizations that are not settled yet; what they release goes to you.",
  }),
});

export function showDeleted(deleted: {
  readonly card: CardShown;
  readonly sweep: Transfer | null;
  readonly holds: readonly OpenHoldRow[];
}): Static<typeof deletedCardSchema> {
  return {
    card: deleted.card,
    sweep: deleted.sweep === null ? null : showTransfer(deleted.sweep),
    openHolds: deleted.holds.map(({ id, remaining, currency, expiresAt }) => ({
      id,
      amount: toJsonAmount(remaining),
      currency,
      expiresAt: expiresAt?.toISOString() ?? null,
    })),
  };
}
