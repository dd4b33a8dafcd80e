import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { Mode } from "../../foundation/route/route.ts";
import type { AccountRef } from "../../records/ledger/model.ts";

/**
 * What an organization may do (PRODUCT §1). `suspended`: no issuing, no top-ups, no new authorizations;
 * reads, clearing, refunds, deposits, withdrawals, payouts and disputes go on. `closed`: nothing but
 * reads, for ever.
 */
export const organizationLifecycle = lifecycle(["active", "suspended", "closed"], {
  suspend: { from: ["active"], to: "suspended" },
  activate: { from: ["suspended"], to: "active" },
  close: { from: ["active", "suspended"], to: "closed" },
});

export type OrganizationStatus = StateOf<typeof organizationLifecycle>;
export type OrganizationMove = MoveOf<typeof organizationLifecycle>;

export const modes: readonly Mode[] = ["sandbox", "live"];

/** A tenant: a company that issues cards to its customers. */
export type Organization = {
  readonly id: OrganizationId;
  readonly name: string;
  readonly mode: Mode;
  readonly status: OrganizationStatus;
  /** The platform's own name for it; unique over the installation. */
  readonly externalId: string | null;
  /** Origins whose pages may show the hosted pages of its links in a frame. */
  readonly embedOrigins: readonly string[];
  readonly version: bigint;
  readonly createdAt: Date;
};

/** The account that cards and budgets in this currency are funded from. */
export function availableOf({
  organizationId,
  currency,
}: {
  readonly organizationId: OrganizationId;
  readonly currency: string;
}): AccountRef {
  return { type: "organization_available", ownerId: organizationId, currency };
}

/** Longest name of an organization, in characters. */
export const MAX_NAME_LENGTH = 200;

/** Most origins that may embed an organization's pages. */
export const MAX_EMBED_ORIGINS = 10;

/** Most currencies that may be opened when an organization is created. */
export const MAX_FIRST_CURRENCIES = 20;
