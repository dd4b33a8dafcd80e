import { type Static, Type } from "typebox";
import { toJsonAmount } from "../../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  text,
  timestamp,
} from "../../../foundation/route/schemas.ts";
import { type DueFee, dueFeeLifecycle } from "../model/dues.ts";
import { feeKinds, MAX_NOTE_LENGTH } from "../model.ts";

/** A fee that waits or has waited, as the API shows it. */
export const dueFeeSchema = object({
  id: idText("Id of the due fee."),
  organizationId: idText("The organization that owes it."),
  cardId: idText("The card it is for."),
  budgetId: nullable(idText("The budget of that card.")),
  feeKind: oneOf(feeKinds),
  amount: amountShown,
  currency: currencyCode,
  dueAt: timestamp,
  status: oneOf(dueFeeLifecycle.states),
  transferId: nullable(idText("The fee that paid it.")),
  waivedReason: nullable(Type.String({ description: "Why the platform does without it." })),
  version: Type.Integer({ description: "Grows by one with each change." }),
  createdAt: timestamp,
});

export const waiverSchema = object({
  reason: text(MAX_NOTE_LENGTH, { description: "Why it is not to be paid." }),
});

/** Model → reply. */
export function showDueFee(due: DueFee): Static<typeof dueFeeSchema> {
  return {
    id: due.id,
    organizationId: due.organizationId,
    cardId: due.cardId,
    budgetId: due.budgetId,
    feeKind: due.feeKind,
    amount: toJsonAmount(due.amount),
    currency: due.currency,
    dueAt: due.dueAt.toISOString(),
    status: due.status,
    transferId: due.transferId,
    waivedReason: due.waivedReason,
    version: Number(due.version),
    createdAt: due.createdAt.toISOString(),
  };
}
