import { Type } from "typebox";
import { assert } from "../../foundation/errors/errors.ts";
import { currencies } from "../../foundation/money/currencies.ts";
import { toJsonAmount } from "../../foundation/money/money.ts";
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
import { type Transfer, transferKindNames } from "../transfers/model.ts";
import { noteSchema, showTransfer, transferSchema } from "../transfers/schema.ts";
import {
  type Budget,
  budgetLifecycle,
  type LimitFacts,
  MAX_LABEL_LENGTH,
  MAX_NAME_LENGTH,
  MAX_PROGRAMS,
  type PlacedBudget,
  type Refill,
} from "./model.ts";
import { limitSchema, newLimitsSchema, showLimit } from "./schema/limits.ts";
import { refillSchema, showRefill } from "./schema/refill.ts";

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
  depth: Type.Integer({ description: "1 for a root budget, at most 5." }),
  typeIds: Type.Array(Type.String()),
  status: oneOf(budgetLifecycle.states),
  statusReason: nullable(Type.String({ description: "Why it is frozen or archived." })),
  frozenBy: nullable(idText("The nearest budget above it that is frozen, and blocks it too.")),
  balances: balancesSchema,
  limits: Type.Array(limitSchema, { description: "They count descendants' spending, too." }),
  refill: nullable(refillSchema),
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
  parentId: Type.Optional(
    idText("The budget to fund it from, of the same currency; never changes."),
  ),
  limits: Type.Optional(newLimitsSchema),
  label: Type.Optional(label),
  externalId: Type.Optional(
    text(255, {
      description: "Your own id; unique, good in paths as external:…, never free again.",
    }),
  ),
});
export type NewBudget = StaticOf<typeof newBudgetSchema>;

export const budgetChangesSchema = object(
  {
    name: Type.Optional(name),
    label: Type.Optional(nullable(label)),
    typeIds: Type.Optional(typeIds),
    limits: Type.Optional(newLimitsSchema),
  },
  { minProperties: 1 },
);
export type BudgetChanges = StaticOf<typeof budgetChangesSchema>;

export const budgetReasonSchema = object({
  reason: Type.Optional(text(100, { description: "Why; shown as statusReason." })),
});

/** Money to move between a budget and what it is funded from. */
export const budgetFundsSchema = object({
  amount: positiveAmount,
  currency: Type.Optional(currencyCode),
  note: Type.Optional(noteSchema),
});
export type BudgetFunds = StaticOf<typeof budgetFundsSchema>;

export const budgetListSchema = object({
  ...pageQuery,
  status: Type.Optional(oneOf(budgetLifecycle.states)),
  currency: Type.Optional(currencyCode),
  name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
  typeId: Type.Optional(idText("Budgets for this card program.")),
  parentId: Type.Optional(idText("The sub-budgets of this one.")),
  externalId: Type.Optional(idText("Your own id.")),
  from: Type.Optional(timestamp),
  to: Type.Optional(timestamp),
  organizationId: Type.Optional(idText("Only those of this organization; for platform keys.")),
});
export type BudgetFilter = Omit<StaticOf<typeof budgetListSchema>, "limit" | "cursor">;

/** What of a budget is not in its row: money, and what follows from the time and from other budgets. */
export type BudgetStanding = {
  readonly balances: Balances;
  /** Of its own limits, in their order. */
  readonly limits: readonly LimitFacts[];
  readonly refill: Refill | null;
  /** By the rule in the calendar month of now, minor units. */
  readonly refilled: bigint;
};

/** Model → reply. */
export function showBudget(budget: PlacedBudget, standing: BudgetStanding): BudgetShown {
  const { balances, limits, refill, refilled } = standing;
  return {
    id: budget.id,
    organizationId: budget.organizationId,
    externalId: budget.externalId,
    name: budget.name,
    label: budget.label,
    currency: budget.currency,
    parentId: budget.parentId,
    depth: budget.depth,
    typeIds: [...budget.programIds],
    status: budget.status,
    statusReason: budget.statusReason,
    frozenBy: budget.frozenBy,
    balances: showBalances(balances),
    limits: limits.map(showLimit),
    refill: refill === null ? null : showRefill(refill, refilled),
    version: Number(budget.version),
    createdAt: budget.createdAt.toISOString(),
  };
}

/** Something that moved on a budget, from the budget's side. */
export const budgetTransactionSchema = object({
  direction: oneOf(["credit", "debit"], { description: "Whether it came to the budget or left." }),
  balanceAfter: Type.Integer({ description: "Available on the budget right after it." }),
  transfer: transferSchema,
});

export const budgetTransactionListSchema = object({
  ...pageQuery,
  kind: Type.Optional(oneOf(transferKindNames)),
  cardId: Type.Optional(idText("Only what is about this card.")),
  actor: Type.Optional(
    oneOf(["key", "system"], { description: "Who asked; refills are the system's." }),
  ),
  from: Type.Optional(timestamp),
  to: Type.Optional(timestamp),
});

/** A transfer as the budget sees it, which is one of its sides. */
export function showBudgetTransaction(
  { id }: Pick<Budget, "id">,
  transfer: Transfer,
): StaticOf<typeof budgetTransactionSchema> {
  const comes = transfer.to.type === "budget" && transfer.to.id === id;
  const { after } = comes ? transfer.to : transfer.from;
  assert(after !== null, "A budget's account tells its balance.");
  return {
    direction: comes ? "credit" : "debit",
    balanceAfter: toJsonAmount(after),
    transfer: showTransfer(transfer),
  };
}
