import type { Actor } from "../../../foundation/database/work.ts";
import type { BlockOrderId, OrganizationId, ProgramId } from "../../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";

/** The job that carries out orders, by the name that wakes it. */
export const BLOCK_JOB = "cards.blockOrdered";

/** An order to block every card of a program is carried out by a job, in many transactions. */
export const blockOrderLifecycle = lifecycle(["running", "done"], {
  finish: { from: ["running"], to: "done" },
});

export type BlockOrderStatus = StateOf<typeof blockOrderLifecycle>;

/** The platform's order to block every card of a program. */
export type BlockOrder = {
  readonly id: BlockOrderId;
  readonly programId: ProgramId;
  /** Only the cards of this organization; null: of all. */
  readonly limitedTo: OrganizationId | null;
  readonly reason: string;
  readonly note: string | null;
  readonly status: BlockOrderStatus;
  /** Cards blocked by it so far. */
  readonly blocked: bigint;
  /** Cards that it found to block when it was given, and those that came since. */
  readonly total: bigint;
  /** Who gave it. */
  readonly actor: Pick<Actor, "kind" | "id">;
  /** Grows with its status; progress is no change of it. */
  readonly version: bigint;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
};
