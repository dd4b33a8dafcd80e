import type { Actor } from "../../foundation/database/work.ts";
import { assert } from "../../foundation/errors/errors.ts";
import type {
  BudgetId,
  CardId,
  CustomerId,
  OrganizationId,
  ProgramId,
  RestrictionId,
} from "../../foundation/ids/ids.ts";
import { lifecycle, type MoveOf, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";
import type { AccountRef } from "../../records/ledger/model.ts";
import type { RefillState } from "../budgets/model.ts";

/** The two models of PRODUCT §5: with an account of its own, or spending from a budget. */
export const cardModels = ["card", "budgetCard"] as const;
export type CardModel = (typeof cardModels)[number];

/**
 * The life of a card as it is shown. A status is not set but follows from what is true of the card,
 * so `freeze` of a blocked card leaves it blocked: see `statusOf` for the precedence.
 */
export const cardLifecycle = lifecycle(["active", "frozen", "blocked", "expired", "deleted"], {
  freeze: { from: ["active"], to: "frozen" },
  unfreeze: { from: ["frozen"], to: "active" },
  block: { from: ["active", "frozen"], to: "blocked" },
  unblock: { from: ["blocked"], to: "previous" },
  expire: { from: ["active", "frozen", "blocked"], to: "expired" },
  renew: { from: ["expired"], to: "previous" },
  delete: { from: ["active", "frozen", "blocked", "expired"], to: "deleted" },
});

/** What a card's status can be, weakest first. */
export type CardStatus = StateOf<typeof cardLifecycle>;
export type CardMove = MoveOf<typeof cardLifecycle>;

/** What the row says; that a card is expired is a matter of the hour and is not stored. */
export type StoredStatus = Exclude<CardStatus, "expired">;
export const storedStatuses = ["active", "frozen", "blocked", "deleted"] as const;

/**
 * What stops a card, as a table: which status a kind of restriction gives, and who may own one. A
 * card has at most one live restriction of each kind and owner; of rules, one for each reason.
 */
export const restrictionKinds = {
  freeze: { status: "frozen", owners: ["organization", "cardholder"] },
  block: { status: "blocked", owners: ["platform", "rule", "compliance"] },
} as const;
export type RestrictionKind = keyof typeof restrictionKinds;
export type RestrictionOwner = (typeof restrictionKinds)[RestrictionKind]["owners"][number];

/** Who may ask for a freeze; each has a restriction of its own. */
export const freezers = restrictionKinds.freeze.owners;
export type Freezer = (typeof freezers)[number];

/** In whose name the platform blocks: by an operator's judgement, or by law. */
export const blockers = ["platform", "compliance"] as const;
export type Blocker = (typeof blockers)[number];

/** The owner whose block also holds the money: no withdrawal and no deletion (PRODUCT §5). */
const HOLDS_MONEY: RestrictionOwner = "compliance";

/** Reason of the rule's block on the cards that a customer's product access no longer covers. */
export const ACCESS_REVOKED = "product_access_revoked";

/** Reason of compliance's block on the cards of who is confirmed to be on a list of sanctions. */
export const SANCTIONS_MATCH = "sanctions_match";

/** Reason of compliance's block on a card whose name may be on a list, until somebody has looked at it. */
export const SCREENING_REVIEW = "screening_review";

/** Reason of the block that a program may put on each new card until somebody has looked at it. */
export const PENDING_REVIEW = "pending_review";

/** One thing that stops a card. It is live until it is lifted. */
export type Restriction = {
  readonly id: RestrictionId;
  readonly kind: RestrictionKind;
  readonly owner: RestrictionOwner;
  /** A stable word: `requested_by_cardholder`, `pending_review`, `suspected_fraud`. */
  readonly reason: string;
  readonly note: string | null;
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly createdAt: Date;
  /** When it is lifted by itself; null: only when somebody lifts it. */
  readonly endsAt: Date | null;
};

/**
 * Whose card it is, as given or as the customer is known. One of the two forms of name is there.
 */
export type Cardholder = {
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** The name of a business whose card it is. */
  readonly legalName: string | null;
  readonly email: string | null;
  readonly phone: string | null;
};

export type BillingAddress = {
  readonly line1: string;
  readonly line2: string | null;
  readonly city: string;
  readonly region: string | null;
  readonly postalCode: string | null;
  /** ISO 3166-1 alpha-3. */
  readonly country: string;
};

/** Until when a card is good: month and year as printed, and the instant it ends. */
export type Expiry = {
  /** 1–12. */
  readonly month: number;
  /** Four digits. */
  readonly year: number;
  /** The first instant after the last day of that month in the program's time zone. */
  readonly expiresAt: Date;
};

/** Why a card is replaced (PRODUCT §5). */
export const replacementReasons = ["lost", "stolen", "compromised", "damaged", "expired"] as const;
export type ReplacementReason = (typeof replacementReasons)[number];

/** A card. Its number is in the vault; here are the first six and last four digits. */
export type Card = {
  readonly organizationId: OrganizationId;
  readonly id: CardId;
  readonly externalId: string | null;
  readonly model: CardModel;
  readonly programId: ProgramId;
  readonly customerId: CustomerId | null;
  /** The budget that a budget card spends from; null for a card with an account of its own. */
  readonly budgetId: BudgetId | null;
  /** The first card of its chain, after which their account is named; null for a budget card. */
  readonly accountCardId: CardId | null;
  /** The card that this one replaced. */
  readonly replaces: CardId | null;
  /** The card that replaced this one, which is deleted since. */
  readonly replacedBy: CardId | null;
  /** The external id that went over to the replacement. */
  readonly formerExternalId: string | null;
  readonly currency: string;
  readonly brand: string;
  readonly firstSix: string;
  readonly lastFour: string;
  /** Digits of the whole number, for the mask. */
  readonly panLength: number;
  /** Which renewal of the plastic this is. */
  readonly panSequence: number;
  /** 1–12. */
  readonly expiryMonth: number;
  /** Four digits. */
  readonly expiryYear: number;
  /** The first instant after the last day of that month in the program's time zone. */
  readonly expiresAt: Date;
  /** Of a renewed card: what was printed before; it stays good until it ends. */
  readonly previousExpiry: Expiry | null;
  /** When it was recorded that the card has expired; null: not yet, or renewed since. */
  readonly expiredAt: Date | null;
  /** Follows from `restrictions` and `deletedAt`; kept for lists and for the constraint. */
  readonly storedStatus: StoredStatus;
  /** Why the card was deleted. */
  readonly deletedReason: string | null;
  readonly deletedAt: Date | null;
  /** Those that nobody has lifted, oldest first; `liveRestrictions` leaves out what has ended. */
  readonly restrictions: readonly Restriction[];
  /** The rule that tops it up by itself. */
  readonly autoTopUp: RefillState | null;
  readonly cardholder: Cardholder;
  readonly billingAddress: BillingAddress | null;
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of a card without a customer: why what is kept of its holder may not be erased; null: it may. */
  readonly legalHold: { readonly reason: string; readonly since: Date } | null;
  /** First and last number (see `numbersOf`) of the range that the card's was drawn from. */
  readonly numberFirst: bigint;
  readonly numberLast: bigint;
  /** When the chain of replaced cards began: its monthly fees are charged on this day's anniversaries. */
  readonly feeAnchorAt: Date;
  /** How many anniversaries are past. */
  readonly feeMonths: number;
  /** The first instant of the next one in the program's time zone; null: there are no more. */
  readonly nextFeeAt: Date | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** One line of a card's status history. */
export type StatusChange = {
  readonly version: bigint;
  /** `issue`, or the move; a renewal before the expiry moves nothing and has its line too. */
  readonly action: "issue" | CardMove;
  readonly from: CardStatus | null;
  readonly to: CardStatus;
  readonly reason: string | null;
  readonly note: string | null;
  readonly actor: Pick<Actor, "kind" | "id">;
  readonly at: Date;
};

/** A request to issue, after the schema: every field may be missing, all are well-typed. */
export type IssueRequest = {
  readonly typeId?: string;
  readonly customerId?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  /** Minor units of the program's currency. */
  readonly initialBalance?: bigint;
  /** What the caller takes the program's currency to be. */
  readonly currency?: string;
  readonly budgetId?: string;
  readonly label?: string;
  readonly externalId?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cardholder?: { readonly email?: string; readonly phone?: string };
  readonly billingAddress?: BillingAddress;
};

/** What an issue costs the organization, line by line. */
export type Price = {
  readonly currency: string;
  readonly lines: readonly {
    readonly kind: "issuance_fee" | "initial_balance";
    readonly amount: bigint;
  }[];
  readonly total: bigint;
};

/** The status that restrictions alone give: a block outweighs a freeze. */
export function restrictedStatus(
  restrictions: readonly Pick<Restriction, "kind">[],
): Exclude<StoredStatus, "deleted"> {
  const has = (kind: RestrictionKind) => restrictions.some((one) => one.kind === kind);
  if (has("block")) return restrictionKinds.block.status;
  return has("freeze") ? restrictionKinds.freeze.status : "active";
}

type Lived = Pick<Card, "deletedAt" | "deletedReason" | "expiresAt" | "restrictions">;

/** Whether a restriction has ended by itself, also where nobody has recorded it yet. */
export function hasEnded({ endsAt }: Pick<Restriction, "endsAt">, now: Date): boolean {
  return endsAt !== null && endsAt <= now;
}

/** The restrictions that stop a card at an instant. */
export function liveRestrictions(card: Pick<Card, "restrictions">, now: Date): Restriction[] {
  return card.restrictions.filter((restriction) => !hasEnded(restriction, now));
}

/** The status shown at an instant: deleted > expired > blocked > frozen > active. */
export function statusOf(card: Lived, now: Date): CardStatus {
  if (card.deletedAt !== null) return "deleted";
  if (now >= card.expiresAt) return "expired";
  return restrictedStatus(liveRestrictions(card, now));
}

/**
 * Why the card has that status, as a stable word; null for an active card. Among several blocks
 * that of compliance speaks, then the oldest.
 */
export function statusReasonOf(card: Lived, now: Date): string | null {
  const status = statusOf(card, now);
  if (status === "active") return null;
  if (status === "deleted") return card.deletedReason;
  if (status === "expired") return "expired";
  const causes = liveRestrictions(card, now).filter(
    ({ kind }) => restrictionKinds[kind].status === status,
  );
  const first = causes.find(({ owner }) => owner === HOLDS_MONEY) ?? causes[0];
  return first?.reason ?? null;
}

/** Whether the money on the card stays where it is until the platform decides. */
export function holdsMoney(card: Pick<Card, "restrictions">, now: Date): boolean {
  return liveRestrictions(card, now).some(({ owner }) => owner === HOLDS_MONEY);
}

/** Whether a block lies on the card, also where the card shows that it has expired. */
export function isBlocked(card: Pick<Card, "restrictions">, now: Date): boolean {
  return liveRestrictions(card, now).some(({ kind }) => kind === "block");
}

/** Whose a restriction is, and of a rule for which reason: a rule may have several causes. */
export type RestrictionCause = { readonly owner: RestrictionOwner; readonly reason?: string };

/** The restriction of a kind and cause that nobody has lifted, where there is one. */
export function restrictionOf(
  card: Pick<Card, "restrictions">,
  kind: RestrictionKind,
  { owner, reason }: RestrictionCause,
): Restriction | undefined {
  return card.restrictions.find(
    (one) =>
      one.kind === kind && one.owner === owner && (owner !== "rule" || one.reason === reason),
  );
}

/** The number as anybody may see it: first six, last four, and how many are between. */
export function maskedNumber(card: Pick<Card, "firstSix" | "lastFour" | "panLength">): string {
  const hidden = "*".repeat(card.panLength - card.firstSix.length - card.lastFour.length);
  return `${card.firstSix}${hidden}${card.lastFour}`;
}

/** The ledger account of a card, which it shares with those it replaced; a budget card has none. */
export function cardAccount(card: Pick<Card, "accountCardId" | "currency">): AccountRef {
  assert(card.accountCardId !== null, "A budget card has no account.");
  return { type: "card", ownerId: card.accountCardId, currency: card.currency };
}
