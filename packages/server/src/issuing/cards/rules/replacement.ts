import type { Work } from "../../../foundation/database/work.ts";
import type { Problem } from "../../../foundation/errors/errors.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import type { MaskedNumber } from "../../../records/vault/model.ts";
import type { Budget } from "../../budgets/model.ts";
import type { ComplianceRule } from "../../compliance/model.ts";
import type { AccessStatus, Customer } from "../../customers/model.ts";
import { availableOf, type Organization } from "../../organizations/model.ts";
import { programErrors } from "../../programs/errors.ts";
import { numbersOf, type Program } from "../../programs/model.ts";
import { isAvailableTo, replacementProgramOf } from "../../programs/rules.ts";
import { transferErrors } from "../../transfers/errors.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import { issueConditions } from "../errors.ts";
import { type Card, type ReplacementReason, type Restriction, restrictedStatus } from "../model.ts";
import { expiryOf } from "./expiry.ts";
import { feesOf, servedProblem } from "./funds.ts";
import { customerAgainst, needsCustomer, organizationProblem } from "./unmet.ts";

/** What decides about a replacement. */
export type ReplacementFacts = {
  readonly organization: Pick<Organization, "status">;
  readonly card: Card;
  /** The card's own program. */
  readonly program: Program;
  /** The program that the new card is of; null where there is none: see `replacementProgram`. */
  readonly target: Program | null;
  readonly customer: Customer | null;
  /** The compliance rules that are in force for the target. */
  readonly rules: readonly ComplianceRule[];
  /** The customer's access to the target; null where it was never asked for. */
  readonly access: AccessStatus | null;
  readonly budget: Pick<Budget, "programIds"> | null;
  /** What the organization has in the card's currency, minor units. */
  readonly available: bigint;
};

/**
 * The program that a replacement of a card goes into: the card's own, or where that is retired the first
 * of its successors that is not.
 *
 * @param programs the card's own and all that succeed it, by id.
 * @returns null where the last of them is retired.
 */
export function replacementProgram(
  programs: ReadonlyMap<string, Program>,
  own: Program,
): Program | null {
  let program: Program | null = own;
  for (let steps = 0; program !== null && steps <= programs.size; steps += 1) {
    const next = replacementProgramOf(program);
    if (next === program.id) return program;
    program = programs.get(next ?? "") ?? null;
  }
  return null;
}

/** Everything that stops a replacement, beyond the card's status; empty where nothing does. */
export function unmetReplacement(facts: ReplacementFacts, now: Date): Problem[] {
  const { organization, customer, program, target } = facts;
  return [
    organizationProblem(organization),
    servedProblem(customer, program.informationDays, now),
    ...(target === null
      ? [programErrors.problem("program_inactive", undefined, "Its program is retired.")]
      : againstTarget(facts, target)),
  ].filter((problem) => problem !== null);
}

function againstTarget(facts: ReplacementFacts, target: Program): (Problem | null)[] {
  const { card, program, customer, access, rules, available } = facts;
  const fee = target.fees.replacement;
  return [
    // The terms of its own program a card has met before; those of a successor it has not.
    ...(target.id === program.id ? [] : successorProblems(facts, target)),
    ...(target.id === program.id || customer === null
      ? []
      : customerAgainst(target, customer, { access, rules, liveCards: 0 })),
    fee > available
      ? transferErrors.problem(
          "insufficient_organization_balance",
          undefined,
          `Replacing takes ${fee} minor units of ${card.currency}; ${available} are available.`,
        )
      : null,
  ];
}

function successorProblems({ card, budget, rules }: ReplacementFacts, target: Program) {
  return [
    // Into another program is as issuing there.
    target.status === "active" ? null : programErrors.problem("program_inactive"),
    isAvailableTo(target, card.organizationId)
      ? null
      : programErrors.problem("program_not_available"),
    needsCustomer(target, { rules }) && card.customerId === null
      ? issueConditions.problem("customer_required")
      : null,
    budget === null || budget.programIds.includes(target.id)
      ? null
      : issueConditions.problem("budget_program_mismatch"),
  ];
}

/** The old card, dead at once, and the new one, which takes over account, label and external id. */
export type Replaced = { readonly old: Card; readonly fresh: Card };

/**
 * A card and its replacement, which carries on where the old one stands with its monthly fees: the chain keeps
 * its day and pays each month once. The freezes of organization and cardholder are not carried over.
 *
 * @param made.restrictions what stops the new one from its first moment on.
 */
export function replaced(
  card: Card,
  reason: ReplacementReason,
  made: {
    readonly id: CardId;
    readonly number: MaskedNumber;
    readonly program: Program;
    readonly restrictions: readonly Restriction[];
    readonly now: Date;
  },
): Replaced {
  const { id, number, program, restrictions, now } = made;
  const expiry = expiryOf(now, program.validityMonths, program.timeZone);
  const numbers = numbersOf(program);
  const fresh: Card = {
    ...card,
    ...number,
    id,
    programId: program.id,
    brand: program.brand,
    panLength: program.panLength,
    numberFirst: numbers.from,
    numberLast: numbers.to,
    panSequence: 0,
    replaces: card.id,
    expiryMonth: expiry.month,
    expiryYear: expiry.year,
    expiresAt: expiry.expiresAt,
    previousExpiry: null,
    expiredAt: null,
    restrictions,
    storedStatus: restrictedStatus(restrictions),
    version: 1n,
    createdAt: now,
  };
  const old: Card = {
    ...card,
    externalId: null,
    formerExternalId: card.externalId,
    replacedBy: id,
    // The account's, and with it the new card's.
    autoTopUp: null,
    storedStatus: "deleted",
    deletedAt: now,
    deletedReason: `replaced_${reason}`,
    version: card.version + 1n,
  };
  return { old, fresh };
}

/**
 * The replacement fee, where there is one.
 *
 * @throws Refusal where the ledger takes it not; what is available was looked at before.
 */
export function planReplacementFee(
  book: Book,
  work: Work,
  card: Card,
  { fees }: Pick<Program, "fees">,
): Transfer[] {
  if (fees.replacement === 0n) return [];
  const planned = planTransfer(book, work, {
    kind: "fee",
    feeKind: "replacement",
    from: availableOf(card),
    to: feesOf(card),
    amount: fees.replacement,
    cardId: card.id,
    budgetId: card.budgetId,
  });
  if (isRefused(planned)) throw refusalOf(planned);
  return [planned.transfer, ...planned.more];
}
