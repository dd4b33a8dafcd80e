import { Type } from "typebox";
import { currencies } from "../../foundation/money/currencies.ts";
import {
  currencyCode,
  idText,
  nullable,
  object,
  oneOf,
  pageQuery,
  positiveAmount,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import type { Balances } from "../../records/ledger/model.ts";
import { balancesSchema, showBalances } from "../../records/ledger/schema.ts";
import { noteSchema } from "../transfers/schema.ts";
import {
  type Budget,
  budgetLifecycle,
  MAX_LABEL_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PROGRAMS,
} from "./model.ts";

const typeIds = Type.Array(idText("A card program of the model budgetCard."), {
  minItems: 1,
  maxItems: MAX_PROGRAMS,
  uniqueItems: true,
  description: "The programs whose cards may spend from it.",
});

/** A budget as the API shows it. */
export const budgetSchema = object({
  id: idText("Id of the budget."),
  organizationId: idText("The organization whose budget it is."),
  externalId: nullable(Type.String({ description: "Your own id for it." })),
  name: Type.String(),
  label: nullable(Type.String()),
  currency: currencyCode,
  parentId: nullable(idText("The budget it is funded from; null: the organization.")),
  typeIds: Type.Array(Type.String()),
  status: oneOf(budgetLifecycle.states),
  statusReason: nullable(Type.String({ description: "Why it is frozen or archived." })),
  balances: balancesSchema,
  version: Type.Integer({ description: "Grows by one with each change; money does not count." }),
  createdAt: timestamp,
});
export type BudgetShown = StaticOf<typeof budgetSchema>;

const name = text(MAX_NAME_LENGTH, { description: "Unique within the organization." });
const label = text(MAX_LABEL_LENGTH, { description: "A text of your own." });

export const newBudgetSchema = object({
  name,
  currency: oneOf(currencies, { description: "ISO 4217 code." }),
  typeIds,
  label: Type.Optional(label),
  externalId: Type.Optional(
    text(255, {
      description: "Your own id; unique, good in paths as external:…, never free again.",
    }),
  ),
});
export type NewBudget = StaticOf<typeof newBudgetSchema>;

export const budgetChangesSchema = object(
  { name: Type.Optional(name), label: Type.Optional(nullable(label)) },
  { minProperties: 1 },
);
export type BudgetChanges = StaticOf<typeof budgetChangesSchema>;

export const budgetReasonSchema = object({
  reason: Type.Optional(text(100, { description: "Why; shown as statusReason." })),
});

/** Money to move between the organization and a budget. */
export const budgetFundsSchema = object({
  amount: positiveAmount,
  currency: Type.Optional(currencyCode),
  note: Type.Optional(noteSchema),
});

export const budgetListSchema = object({
  ...pageQuery,
  status: Type.Optional(oneOf(budgetLifecycle.states)),
  currency: Type.Optional(currencyCode),
  name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
  typeId: Type.Optional(idText("Budgets for this card program.")),
  externalId: Type.Optional(idText("Your own id.")),
  from: Type.Optional(timestamp),
  to: Type.Optional(timestamp),
  organizationId: Type.Optional(idText("Only those of this organization; for platform keys.")),
});
export type BudgetFilter = Omit<StaticOf<typeof budgetListSchema>, "limit" | "cursor">;

/** Model → reply. */
export function showBudget(budget: Budget, balances: Balances): BudgetShown {
  return {
    id: budget.id,
    organizationId: budget.organizationId,
    externalId: budget.externalId,
    name: budget.name,
    label: budget.label,
    currency: budget.currency,
    parentId: budget.parentId,
    typeIds: [...budget.programIds],
    status: budget.status,
    statusReason: budget.statusReason,
    balances: showBalances(balances),
    version: Number(budget.version),
    createdAt: budget.createdAt.toISOString(),
  };
}
