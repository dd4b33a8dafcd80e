import type { Work } from "../../../foundation/database/work.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import type { MaskedNumber } from "../../../records/vault/model.ts";
import type { Budget } from "../../budgets/model.ts";
import type { Customer } from "../../customers/model.ts";
import { tidyName } from "../../customers/rules/names.ts";
import { availableOf } from "../../organizations/model.ts";
import { numbersOf, type Program } from "../../programs/model.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import {
  type Card,
  type Cardholder,
  cardAccount,
  type IssueRequest,
  PENDING_REVIEW,
  type Restriction,
  restrictedStatus,
  SCREENING_REVIEW,
} from "../model.ts";
import { expiryOf } from "./expiry.ts";
import { feesFrom } from "./fees.ts";
import { feesOf } from "./funds.ts";
import { priceOf } from "./price.ts";

/** What a card is made from, once nothing is in the way. */
export type IssueParts = {
  readonly cardId: CardId;
  readonly request: IssueRequest;
  readonly program: Program;
  readonly customer: Customer | null;
  readonly budget: Budget | null;
  /** Whether the name on a card without a customer may be on a list of screening. */
  readonly suspected: boolean;
};

/** A new card of a program, as the request wants it. */
export function newCard(work: Work, parts: IssueParts, number: MaskedNumber): Card {
  const { cardId, request, program, customer, budget } = parts;
  const numbers = numbersOf(program);
  const expiry = expiryOf(work.now, program.validityMonths, program.timeZone);
  const restrictions = [
    ...(program.initialCardStatus === "blocked" ? [pendingReview(work)] : []),
    ...(parts.suspected ? [screeningReview(work)] : []),
  ];
  return {
    organizationId: work.organizationId,
    id: cardId,
    externalId: request.externalId ?? null,
    model: program.model,
    programId: program.id,
    customerId: customer?.id ?? null,
    budgetId: budget?.id ?? null,
    accountCardId: program.model === "card" ? cardId : null,
    replaces: null,
    replacedBy: null,
    formerExternalId: null,
    currency: program.currency,
    brand: program.brand,
    ...number,
    panLength: program.panLength,
    panSequence: 0,
    expiryMonth: expiry.month,
    expiryYear: expiry.year,
    expiresAt: expiry.expiresAt,
    previousExpiry: null,
    expiredAt: null,
    storedStatus: restrictedStatus(restrictions),
    deletedReason: null,
    deletedAt: null,
    restrictions,
    autoTopUp: null,
    cardholder: cardholderOf(request, customer),
    billingAddress: request.billingAddress ?? null,
    label: request.label ?? null,
    metadata: request.metadata ?? {},
    legalHold: null,
    numberFirst: numbers.from,
    numberLast: numbers.to,
    ...feesFrom(work.now, program.timeZone),
    version: 1n,
    createdAt: work.now,
  };
}

/** The names on a card that has no customer. */
export const namesOf = ({ firstName = "", lastName = "" }: IssueRequest) => ({
  firstName: tidyName(firstName),
  lastName: tidyName(lastName),
});

/** The names are the customer's where there is one, as it is known. */
function cardholderOf(request: IssueRequest, customer: Customer | null): Cardholder {
  const { email = null, phone = null } = request.cardholder ?? {};
  if (customer?.type === "business") {
    return { firstName: null, lastName: null, legalName: customer.legalName, email, phone };
  }
  const names = namesOf(request);
  const firstName = customer?.firstName ?? names.firstName;
  const lastName = customer?.lastName ?? names.lastName;
  return { firstName, lastName, legalName: null, email, phone };
}

const pendingReview = (work: Work): Restriction => ({
  ...firstBlock(work, "card_program"),
  owner: "platform",
  reason: PENDING_REVIEW,
});

/** The block of a card whose name may be on a list, until somebody has looked. */
export const screeningReview = (work: Work): Restriction => ({
  ...firstBlock(work, "screening"),
  owner: "compliance",
  reason: SCREENING_REVIEW,
});

const firstBlock = (work: Work, id: string) => ({
  id: work.newId("restriction"),
  kind: "block" as const,
  note: null,
  actor: { kind: "system" as const, id },
  createdAt: work.now,
  endsAt: null,
});

/**
 * The fee, then the balance the card starts with; each is a transfer of its own, and nothing where
 * it is zero.
 *
 * @throws Refusal where the ledger takes them not; what is available was looked at before.
 */
export function planIssue(book: Book, work: Work, card: Card, parts: IssueParts): Transfer[] {
  const about = { from: availableOf(card), cardId: card.id, budgetId: card.budgetId };
  return priceOf(parts.program, parts.request)
    .lines.filter(({ amount }) => amount > 0n)
    .flatMap(({ kind, amount }) => {
      const planned = planTransfer(
        book,
        work,
        kind === "issuance_fee"
          ? { ...about, kind: "fee", feeKind: "issuance", to: feesOf(card), amount }
          : { ...about, kind: "card_top_up", to: cardAccount(card), amount },
      );
      if (isRefused(planned)) throw refusalOf(planned);
      return [planned.transfer, ...planned.more];
    });
}
