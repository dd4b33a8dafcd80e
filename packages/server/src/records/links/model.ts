import type { OrganizationId, SessionId } from "../../foundation/ids/ids.ts";

const DAY_MS = 86_400_000;

/** How long a link of a kind can be used, and how long the session lives that it is exchanged for. */
type LinkLife = { readonly linkMs: number; readonly sessionMs: number };

/** What private links are for (PRODUCT §1a). */
export const linkKinds = {
  verification: { linkMs: 7 * DAY_MS, sessionMs: 30 * DAY_MS },
} as const satisfies Record<string, LinkLife>;
export type LinkKind = keyof typeof linkKinds;

/** Why a link or its session ended before its time. */
export const endReasons = ["replaced", "revoked", "organization_closed"] as const;
export type EndReason = (typeof endReasons)[number];

/** That a link ended, with its session. */
export type LinkEnd = { readonly at: Date; readonly reason: EndReason };

/**
 * A link that brings one person to one page, once, and the session that it was exchanged for. All times are
 * real ones. The secrets of both are nowhere: see `issueLink` and `spendLink`.
 */
export type PrivateLink = {
  readonly organizationId: OrganizationId;
  readonly id: SessionId;
  readonly kind: LinkKind;
  /** What it is about: of a verification the customer. */
  readonly objectId: string;
  readonly expiresAt: Date;
  readonly spentAt: Date | null;
  readonly sessionExpiresAt: Date | null;
  readonly endedAt: Date | null;
  readonly endedReason: EndReason | null;
  readonly createdAt: Date;
};
