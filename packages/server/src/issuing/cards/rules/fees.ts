import { dayIn, startOfDay } from "../../../foundation/clock/zones.ts";
import type { Program } from "../../programs/model.ts";
import type { FeeCharge } from "../../transfers/model/dues.ts";
import type { Card } from "../model.ts";

/** Where a card stands with its monthly fees. */
export type FeeStanding = Pick<Card, "feeAnchorAt" | "feeMonths" | "nextFeeAt">;

/** How the reason of a card's deletion begins where another card took its place. */
const REPLACED = "replaced_";

/**
 * The first instant of an anniversary of the day that the anchor lies on, in the zone. In a month without
 * such a day it is the month's last: 31 January, 28 February, 31 March.
 *
 * @param months after the anchor's month.
 * @param timeZone IANA name of the program's zone.
 */
export function anniversaryOf(anchor: Date, months: number, timeZone: string): Date {
  const { year, month, day } = dayIn(timeZone, anchor);
  const wanted = year * 12 + (month - 1) + months;
  const [inYear, inMonth] = [Math.floor(wanted / 12), wanted % 12];
  const lastDay = new Date(Date.UTC(inYear, inMonth + 1, 0)).getUTCDate();
  return startOfDay(timeZone, { year: inYear, month: inMonth + 1, day: Math.min(day, lastDay) });
}

/** The standing of a card issued now: its first monthly fee is one month away. */
export function feesFrom(now: Date, timeZone: string): FeeStanding {
  return { feeAnchorAt: now, feeMonths: 0, nextFeeAt: anniversaryOf(now, 1, timeZone) };
}

type Judged = FeeStanding & Pick<Card, "deletedAt" | "deletedReason">;

/**
 * Whether a card's next monthly fee is to be charged now: its day has begun, and the card was not deleted
 * before it. A card that was replaced has passed its fees on.
 */
export function isFeeDue({ nextFeeAt, deletedAt, deletedReason }: Judged, now: Date): boolean {
  if (nextFeeAt === null || nextFeeAt > now) return false;
  if (deletedAt === null) return true;
  return nextFeeAt <= deletedAt && deletedReason?.startsWith(REPLACED) !== true;
}

/** The anniversaries of a card that are past, and its standing after them. */
export type Passed = { readonly days: readonly Date[]; readonly standing: FeeStanding };

/**
 * Passes a card's anniversaries up to now, oldest first.
 *
 * @param most how many at once; the rest stays due.
 */
export function passAnniversaries(card: Judged, timeZone: string, now: Date, most: number): Passed {
  const days: Date[] = [];
  let standing: FeeStanding = card;
  while (days.length < most && standing.nextFeeAt !== null) {
    if (!isFeeDue({ ...card, ...standing }, now)) break;
    days.push(standing.nextFeeAt);
    const { feeAnchorAt } = standing;
    const feeMonths = standing.feeMonths + 1;
    const nextFeeAt = anniversaryOf(feeAnchorAt, feeMonths + 1, timeZone);
    standing = { feeAnchorAt, feeMonths, nextFeeAt };
  }
  const { feeAnchorAt, feeMonths, nextFeeAt } = standing;
  return { days, standing: { feeAnchorAt, feeMonths, nextFeeAt } };
}

/** The monthly fees of these days; none where the program takes none. */
export function monthlyCharges(
  card: Pick<Card, "id" | "budgetId" | "currency">,
  { fees }: Pick<Program, "fees">,
  days: readonly Date[],
): FeeCharge[] {
  const { id: cardId, budgetId, currency } = card;
  if (fees.monthly === 0n) return [];
  const amount = fees.monthly;
  return days.map((dueAt) => ({ cardId, budgetId, currency, feeKind: "monthly", amount, dueAt }));
}
