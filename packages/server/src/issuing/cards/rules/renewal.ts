import type { Problem } from "../../../foundation/errors/errors.ts";
import { programErrors } from "../../programs/errors.ts";
import type { Program } from "../../programs/model.ts";
import { cardErrors } from "../errors.ts";
import type { Card } from "../model.ts";
import { expiryOf } from "./expiry.ts";
import { type FundsFacts, servedProblem } from "./funds.ts";
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
const MAX_SEQUENCE = 99;

/**
 * A card with the next PAN sequence number and a new expiry. What was printed before stays good to its
 * last day, so that the old card works until the new one has arrived.
 *
 * @throws Refusal `renewal_too_early`, `pan_sequence_exhausted`.
 */
export function renewed(
  card: Card,
  { validityMonths, timeZone }: Pick<Program, "validityMonths" | "timeZone">,
  now: Date,
): Card {
  const { month, year, expiresAt } = expiryOf(now, validityMonths, timeZone);
  if (expiresAt <= card.expiresAt) throw cardErrors.refusal("renewal_too_early");
  if (card.panSequence >= MAX_SEQUENCE) throw cardErrors.refusal("pan_sequence_exhausted");
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
