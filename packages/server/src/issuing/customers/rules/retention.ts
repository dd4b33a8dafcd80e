import { RETENTION_YEARS } from "../../programs/model.ts";
import type { Customer } from "../model.ts";

/** How long what belongs to a sanctions decision is kept, in years. */
export const SANCTIONS_YEARS = 10;

/** What decides how long the law keeps the identity of a deleted customer. */
export type RetentionFacts = {
  /** When the customer was deleted. */
  readonly deletedAt: Date;
  /** Each of its cards: when it was deleted, and how long its program keeps. */
  readonly cards: readonly { readonly deletedAt: Date; readonly retentionYears: number }[];
  /** Whether it was ever held for a possible or confirmed sanctions match. */
  readonly sanctionsDecided: boolean;
};

/** Until when that is: the longest of all, from the customer's or the card's end, whichever is later. */
export function retainUntil({ deletedAt, cards, sanctionsDecided }: RetentionFacts): Date {
  const least = sanctionsDecided ? SANCTIONS_YEARS : cards.length === 0 ? RETENTION_YEARS : 0;
  const ends = cards.map((card) => {
    const from = card.deletedAt > deletedAt ? card.deletedAt : deletedAt;
    return inYears(from, card.retentionYears);
  });
  return new Date(Math.max(...ends, inYears(deletedAt, least)));
}

/** The same day and hour years later; 29 February is followed by 1 March. */
function inYears(from: Date, years: number): number {
  const then = new Date(from);
  return then.setUTCFullYear(then.getUTCFullYear() + years);
}

/** Whether what is kept of a customer is to be erased. */
export const isRetentionOver = (customer: Customer, now: Date): boolean =>
  customer.retainUntil !== null &&
  customer.erasedAt === null &&
  customer.legalHold === null &&
  customer.retainUntil <= now;
