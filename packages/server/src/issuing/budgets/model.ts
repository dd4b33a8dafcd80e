import type { BudgetId, OrganizationId, ProgramId } from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { AccountRef } from "../../records/ledger/model.ts";

/** A frozen budget's cards stop; its money can still be moved by the organization. Archived is final. */
export const budgetLifecycle = lifecycle(["active", "frozen", "archived"], {
  freeze: { from: ["active"], to: "frozen" },
  unfreeze: { from: ["frozen"], to: "active" },
  archive: { from: ["active", "frozen"], to: "archived" },
});
export type BudgetStatus = StateOf<typeof budgetLifecycle>;
export type BudgetMove = MoveOf<typeof budgetLifecycle>;

/** Money set aside that many cards spend from, in an account of its own. */
export type Budget = {
  readonly organizationId: OrganizationId;
  readonly id: BudgetId;
  readonly externalId: string | null;
  /** Unique within the organization, archived budgets included. */
  readonly name: string;
  readonly label: string | null;
  readonly currency: string;
  /** The budget it is funded from; null for a root budget, funded by the organization. */
  readonly parentId: BudgetId | null;
  /** 1 for a root budget. */
  readonly depth: number;
  /** Programs of the model budgetCard whose cards may spend from it. */
  readonly programIds: readonly ProgramId[];
  readonly status: BudgetStatus;
  readonly statusReason: string | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** Most programs of one budget. */
export const MAX_PROGRAMS = 50;

/** Longest name of a budget, characters. */
export const MAX_NAME_LENGTH = 100;

/** Longest label, characters. */
export const MAX_LABEL_LENGTH = 200;

/** The ledger account of a budget. */
export function budgetAccount(budget: Pick<Budget, "id" | "currency">): AccountRef {
  return { type: "budget", ownerId: budget.id, currency: budget.currency };
}
