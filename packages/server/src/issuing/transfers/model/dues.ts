import type {
  BudgetId,
  CardId,
  DueFeeId,
  OrganizationId,
  TransferId,
} from "../../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../../foundation/lifecycle/lifecycle.ts";
import type { AccountRef } from "../../../records/ledger/model.ts";
import type { FeeKind } from "../model.ts";

/** A fee that could not be paid waits; it is paid from what comes in, or the platform waives it. */
export const dueFeeLifecycle = lifecycle(["due", "paid", "waived"], {
  pay: { from: ["due"], to: "paid" },
  waive: { from: ["due"], to: "waived" },
});

export type DueFeeStatus = StateOf<typeof dueFeeLifecycle>;

/** What is charged: for which card, of what kind, since when. */
export type FeeCharge = {
  readonly cardId: CardId;
  readonly budgetId: BudgetId | null;
  readonly feeKind: FeeKind;
  /** Minor units of `currency`, more than zero. */
  readonly amount: bigint;
  readonly currency: string;
  /** In the organization's time. */
  readonly dueAt: Date;
};

/** A fee that could not be paid when it was charged. */
export type DueFee = FeeCharge & {
  readonly organizationId: OrganizationId;
  readonly id: DueFeeId;
  readonly status: DueFeeStatus;
  /** The fee that paid it. */
  readonly transferId: TransferId | null;
  /** Why the platform does without it. */
  readonly waivedReason: string | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** What fees wait for: an organization's balance in one currency. */
export type Purse = { readonly organizationId: OrganizationId; readonly currency: string };

/** The key under which purses are kept. */
export const purseKey = ({ organizationId, currency }: Purse): string =>
  `${organizationId}/${currency}`;

/** The account that fees are paid from. */
export const purseAccount = ({ organizationId, currency }: Purse): AccountRef => ({
  type: "organization_available",
  ownerId: organizationId,
  currency,
});

/** Most fees that wait and are paid in one transaction; the rest follows in the next. */
export const MAX_DUES_AT_ONCE = 200;
