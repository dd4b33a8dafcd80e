import type { Problem, Refusal } from "../../../foundation/errors/errors.ts";
import { programErrors } from "../../programs/errors.ts";
import type { Program } from "../../programs/model.ts";
import { cardErrors } from "../errors.ts";
import type { Card } from "../model.ts";
import { expiryOf } from "./expiry.ts";
import { type FundsFacts, servedProblem } from "./funds.ts";
import { statusRefusal } from "./status.ts";
import { organizationProblem } from "./unmet.ts";

/** What decides about a renewal. */
export type RenewalFacts = Pick<FundsFacts, "organization" | "customer"> & {
  readonly card: Card;
  readonly program: Pick<Program, "status" | "informationDays">;
};

/** Everything that stops a renewal, beyond the card's status; empty where nothing does. */
export function unmetRenewal(
  { organization, customer, program }: RenewalFacts,
  now: Date,
): Problem[] {
  return [
    organizationProblem(organization),
    // An inactive program issues no cards, but the cards that it has live on.
    program.status === "retired"
      ? programErrors.problem("program_inactive", undefined, "The program is retired.")
      : null,
    servedProblem(customer, program.informationDays, now),
  ].filter((problem) => problem !== null);
}

/** Most renewals of one card: the PAN sequence number has two digits (EMV tag 5F34). */
export const MAX_SEQUENCE = 99;

type Terms = Pick<Program, "validityMonths" | "timeZone">;

/** Why a card as it is gets no later expiry now; null where it does. */
function expiryRefusal(card: Card, terms: Terms, now: Date): Refusal | null {
  const { expiresAt } = expiryOf(now, terms.validityMonths, terms.timeZone);
  if (expiresAt <= card.expiresAt) return cardErrors.refusal("renewal_too_early");
  return card.panSequence < MAX_SEQUENCE ? null : cardErrors.refusal("pan_sequence_exhausted");
}

/**
 * A card with the next PAN sequence number and a new expiry. What was printed before stays good to its
 * last day, so that the old card works until the new one has arrived.
 *
 * @throws Refusal `renewal_too_early`, `pan_sequence_exhausted`.
 */
export function renewed(card: Card, terms: Terms, now: Date): Card {
  const refusal = expiryRefusal(card, terms, now);
  if (refusal !== null) throw refusal;
  const { month, year, expiresAt } = expiryOf(now, terms.validityMonths, terms.timeZone);
  const before = { month: card.expiryMonth, year: card.expiryYear, expiresAt: card.expiresAt };
  return {
    ...card,
    panSequence: card.panSequence + 1,
    expiryMonth: month,
    expiryYear: year,
    expiresAt,
    previousExpiry: card.expiresAt > now ? before : null,
    expiredAt: null,
    version: card.version + 1n,
  };
}

const DAY_MS = 86_400_000;

/**
 * Whether a card renews by itself at an instant: from the program's days before its expiry to as many
 * after it, so that a stop of the platform leaves no card behind and no card that is long gone comes back.
 */
export function renewsByItself(
  facts: RenewalFacts & {
    readonly program: Terms & Pick<Program, "renewal" | "renewalDays">;
  },
  now: Date,
): boolean {
  const { card, program } = facts;
  const awayMs = Math.abs(card.expiresAt.getTime() - now.getTime());
  return (
    program.renewal === "automatic" &&
    awayMs <= program.renewalDays * DAY_MS &&
    statusRefusal("renew", card, now) === null &&
    unmetRenewal(facts, now).length === 0 &&
    expiryRefusal(card, program, now) === null
  );
}
