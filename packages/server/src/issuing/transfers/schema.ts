import { type Static, Type } from "typebox";
import { currencies } from "../../foundation/money/currencies.ts";
import { toJsonAmount } from "../../foundation/money/money.ts";
import {
  amountShown,
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  positiveAmount,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import { accountTypes } from "../../records/ledger/model.ts";
import {
  feeKinds,
  MAX_NOTE_LENGTH,
  reversalReasons,
  type Transfer,
  type TransferSide,
  transferKindNames,
  transferLifecycle,
} from "./model.ts";

const balance = nullable(
  Type.Integer({ description: "Available balance, minor units; null for a pooled account." }),
);

const sideSchema = object({
  type: oneOf(Object.keys(accountTypes) as (keyof typeof accountTypes)[]),
  id: idText("Owner of the account: an organization, a card or a budget."),
  balanceBefore: balance,
  balanceAfter: balance,
});

const optionalId = (what: string) => nullable(idText(what));

/** A transfer as the API shows it. */
export const transferSchema = object({
  id: idText("Id of the transfer."),
  organizationId: idText("The organization whose money it is."),
  kind: oneOf(transferKindNames),
  status: oneOf(transferLifecycle.states),
  amount: amountShown,
  currency: currencyCode,
  from: sideSchema,
  to: sideSchema,
  journalIds: Type.Array(Type.String(), { description: "Its rows in the journal." }),
  cardId: optionalId("The card it is about."),
  budgetId: optionalId("The budget it is about."),
  feeKind: nullable(oneOf(feeKinds)),
  relatedTransferId: optionalId("The transfer it happened beside."),
  reverses: optionalId("Of a reversal: the transfer it undoes."),
  reversedBy: optionalId("Of a reversed transfer: its reversal."),
  actor: object({
    kind: oneOf(["key", "session", "system"]),
    id: Type.String({ description: "The API key that asked, or the name of the platform's job." }),
  }),
  note: nullable(Type.String()),
  reason: nullable(oneOf(reversalReasons)),
  version: Type.Integer({ description: "Grows by one with each change." }),
  createdAt: timestamp,
});

/** A text of one's own on a transfer. */
export const noteSchema = text(MAX_NOTE_LENGTH, { description: "A text of your own." });

/** Money that comes into or leaves the installation. */
export const fundsSchema = object({
  amount: positiveAmount,
  currency: oneOf(currencies, { description: "ISO 4217 code." }),
  note: Type.Optional(noteSchema),
});

export const reversalRequestSchema = object({
  reason: Type.Optional(oneOf(reversalReasons)),
  note: Type.Optional(noteSchema),
});

/** Model → reply. */
export function showTransfer(transfer: Transfer): Static<typeof transferSchema> {
  return {
    id: transfer.id,
    organizationId: transfer.organizationId,
    kind: transfer.kind,
    status: transfer.status,
    amount: toJsonAmount(transfer.amount),
    currency: transfer.currency,
    from: showSide(transfer.from),
    to: showSide(transfer.to),
    journalIds: [...transfer.journalIds],
    cardId: transfer.cardId,
    budgetId: transfer.budgetId,
    feeKind: transfer.feeKind,
    relatedTransferId: transfer.relatedTransferId,
    reverses: transfer.reverses,
    reversedBy: transfer.reversedBy,
    actor: { kind: transfer.actor.kind, id: transfer.actor.id },
    note: transfer.note,
    reason: transfer.reason,
    version: Number(transfer.version),
    createdAt: transfer.createdAt.toISOString(),
  };
}

const shown = (balanceAmount: bigint | null) =>
  balanceAmount === null ? null : toJsonAmount(balanceAmount);

const showSide = ({ type, id, before, after }: TransferSide) => ({
  type,
  id,
  balanceBefore: shown(before),
  balanceAfter: shown(after),
});
