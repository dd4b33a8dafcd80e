import type { Refusal } from "../../../foundation/errors/errors.ts";
import { cardErrors } from "../errors.ts";
import { type Card, type CardStatus, holdsMoney, isBlocked, statusOf } from "../model.ts";

/** One line of PRODUCT §5's table: in which statuses a verb works. */
type VerbLine = {
  readonly allowed: readonly CardStatus[];
  /** Refused under a compliance restriction, whatever the status: the money stays where it is. */
  readonly movesMoneyOut?: true;
  /** Refused under any block, also where the card shows that it has expired. */
  readonly givesAgain?: true;
};

const EVERY = ["active", "frozen", "blocked", "expired", "deleted"] as const;
const LIVE = ["active", "frozen", "blocked", "expired"] as const;

/**
 * What may be done to a card in which status (PRODUCT §5); what is not listed is refused by
 * `refusals`.
 */
export const cardVerbs = {
  authorize: { allowed: ["active"] },
  settle: { allowed: EVERY },
  topUp: { allowed: ["active", "frozen"] },
  withdraw: { allowed: LIVE, movesMoneyOut: true },
  delete: { allowed: LIVE, movesMoneyOut: true },
  freeze: { allowed: ["active", "frozen", "blocked"] },
  unfreeze: { allowed: ["active", "frozen", "blocked"] },
  // The platform's own verbs: an expired card may still hold money, so it can be blocked.
  block: { allowed: LIVE },
  unblock: { allowed: LIVE },
  replace: { allowed: ["active", "frozen", "expired"], givesAgain: true },
  renew: { allowed: ["active", "frozen", "expired"], givesAgain: true },
  reveal: { allowed: ["active"] },
  setPin: { allowed: ["active", "frozen"] },
  change: { allowed: LIVE },
  read: { allowed: EVERY },
} as const satisfies Record<string, VerbLine>;

export type CardVerb = keyof typeof cardVerbs;

/** The code by which a status refuses. */
export const refusals = {
  active: null,
  frozen: "card_frozen",
  blocked: "card_blocked",
  expired: "card_expired",
  deleted: "card_deleted",
} as const satisfies Record<CardStatus, keyof typeof cardErrors.entries | null>;

type Judged = Pick<Card, "deletedAt" | "deletedReason" | "expiresAt" | "restrictions">;

/** Why the card's status forbids a verb now; null where it does not. */
export function statusRefusal(verb: CardVerb, card: Judged, now: Date): Refusal | null {
  const line: VerbLine = cardVerbs[verb];
  const status = statusOf(card, now);
  const code = refusals[status];
  if (!line.allowed.includes(status) && code !== null) return cardErrors.refusal(code);
  if (line.movesMoneyOut && status !== "deleted" && holdsMoney(card, now)) {
    return cardErrors.refusal("compliance_restriction");
  }
  if (line.givesAgain && isBlocked(card, now)) return cardErrors.refusal("card_blocked");
  return null;
}
