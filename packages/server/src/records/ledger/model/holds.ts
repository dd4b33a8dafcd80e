import type { BudgetId, CardId, HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { AccountRef } from "../model.ts";

/**
 * A hold stays open until nothing of it remains by a release, or until a capture is final; after captures
 * in parts it may be open with nothing remaining. A closed one is never moved again.
 */
export const holdLifecycle = lifecycle(["open", "closed"], {
  increment: { from: ["open"], to: "open" },
  release: { from: ["open"], to: "open" },
  releaseAll: { from: ["open"], to: "closed" },
  capture: { from: ["open"], to: "open" },
  captureFinally: { from: ["open"], to: "closed" },
});

export type HoldMove = MoveOf<typeof holdLifecycle>;

/** Money set aside for one authorization; moved only by journal rows that name it. */
export type Hold = {
  readonly organizationId: OrganizationId;
  readonly id: HoldId;
  readonly debit: AccountRef;
  readonly credit: AccountRef;
  /** What it still holds, minor units; it may be open with nothing remaining. */
  readonly remaining: bigint;
  readonly status: StateOf<typeof holdLifecycle>;
  readonly expiresAt: Date | null;
  readonly cardId: CardId | null;
  readonly budgetId: BudgetId | null;
  readonly version: bigint;
  readonly createdAt: Date;
};
