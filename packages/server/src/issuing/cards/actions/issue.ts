import { violatedConstraint } from "../../../foundation/database/errors.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors, type Problem } from "../../../foundation/errors/errors.ts";
import {
  openAccounts,
  openBook,
  readBalances,
  writeBook,
} from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import { accountId } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { storeCardNumber } from "../../../records/vault/actions.ts";
import type { MaskedNumber } from "../../../records/vault/model.ts";
import { findBudget, lockBudget } from "../../budgets/actions.ts";
import type { Budget } from "../../budgets/model.ts";
import { accessOf, findCustomer, lockCustomer } from "../../customers/actions.ts";
import type { Customer } from "../../customers/model.ts";
import { tidyName } from "../../customers/rules/names.ts";
import { findOrganization, lockOrganization } from "../../organizations/actions.ts";
import type { Organization } from "../../organizations/model.ts";
import { findProgram, lockProgram } from "../../programs/actions.ts";
import type { Program } from "../../programs/model.ts";
import { isAvailableTo } from "../../programs/rules.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { planTransfer, refusalOf } from "../../transfers/rules.ts";
import { cardErrors } from "../errors.ts";
import {
  type Card,
  type Cardholder,
  cardAccount,
  type IssueRequest,
  PENDING_REVIEW,
  type Price,
  type Restriction,
  restrictedStatus,
} from "../model.ts";
import { expiryOf } from "../rules/expiry.ts";
import { availableOf, feesOf } from "../rules/funds.ts";
import { priceOf } from "../rules/price.ts";
import { type IssueFacts, unmet } from "../rules/unmet.ts";
import {
  countLive,
  insertCard,
  insertRestriction,
  insertStatusChange,
  isExternalIdTaken,
} from "../store.ts";
import { announceCard, type CardInFull, inFull } from "./read.ts";

/** How the objects that a request names are reached: read as they are, or locked so that they stay. */
type Reach = {
  organization(): Promise<Organization | null>;
  program(id: string): Promise<Program | null>;
  customer(id: string, program: Program | null): Promise<Customer | null>;
  budget(id: string): Promise<Budget | null>;
  /** What the organization has available, asked last. */
  available(program: Program): Promise<bigint>;
};

/** The facts of an issue, and the objects that it is made from. */
type Gathered = {
  readonly facts: IssueFacts;
  readonly program: Program | null;
  readonly customer: Customer | null;
  readonly budget: Budget | null;
};

/** Reaches in the order of locks: organization, program, customer, budget, ledger. */
async function gather(reading: Reading, request: IssueRequest, reach: Reach): Promise<Gathered> {
  const { sql, organizationId } = reading;
  const { typeId, customerId, budgetId, externalId } = request;
  const [organization, program] = await Promise.all([
    reach.organization(),
    typeId === undefined ? null : reach.program(typeId),
  ]);
  assert(organization !== null, "A caller's organization exists.");
  const [customer, budget] = await Promise.all([
    customerId === undefined ? null : reach.customer(customerId, program),
    budgetId === undefined ? null : reach.budget(budgetId),
  ]);
  const known = program !== null && customer !== null;
  const [access, liveCards, externalIdTaken, available] = await Promise.all([
    known ? accessOf(sql, organizationId, customer.id, program.id) : null,
    known ? countLive(sql, organizationId, customer.id, program.id) : 0,
    externalId === undefined ? false : isExternalIdTaken(sql, organizationId, externalId),
    program === null ? 0n : reach.available(program),
  ]);
  const facts: IssueFacts = {
    organization: { status: organization.status, available },
    program,
    programAvailable: program !== null && isAvailableTo(program, organizationId),
    customer,
    access,
    liveCards,
    budget,
    externalIdTaken,
  };
  return { facts, program, customer, budget };
}

/** What preflight answers. */
export type Preflight = { readonly unmet: readonly Problem[]; readonly price: Price | null };

/** What stands in the way of issuing, and what it would cost. Writes nothing and locks nothing. */
export async function preflight(reading: Reading, request: IssueRequest): Promise<Preflight> {
  const { sql, organizationId } = reading;
  const { facts } = await gather(reading, request, {
    organization: () => findOrganization(sql, organizationId),
    program: (id) => findProgram(sql, id),
    customer: (id) => findCustomer(sql, organizationId, { by: "id", value: id }),
    budget: (id) => findBudget(sql, organizationId, id),
    available: ({ currency }) => readAvailable(sql, organizationId, currency),
  });
  const terms = facts.programAvailable ? facts.program : null;
  return {
    unmet: unmet(facts, request),
    price: terms === null ? null : priceOf(terms, request),
  };
}

async function readAvailable(
  sql: Sql,
  organizationId: Reading["organizationId"],
  currency: string,
): Promise<bigint> {
  const ref = availableOf({ organizationId, currency });
  const balances = await readBalances(sql, organizationId, [ref]);
  return balances.get(accountId(ref))?.available ?? 0n;
}

/**
 * Issues a card: number, vault entry, card, fee, initial balance and event, all or nothing. The facts are
 * read under the locks, so they stay true until COMMIT.
 *
 * @throws Refusal `card_not_issuable` with every unmet condition; `number_range_exhausted`.
 */
export async function issueCard(work: Work, request: IssueRequest): Promise<CardInFull> {
  const { sql, organizationId } = work;
  const cardId = work.newId("card");
  let book: Book | null = null;
  const { facts, program, customer, budget } = await gather(work, request, {
    organization: () => lockOrganization(sql, organizationId, "share"),
    program: (id) => lockProgram(sql, id, "share"),
    // A limit on cards per customer holds only where two issues for one customer wait for each other.
    customer: (id, terms) =>
      lockCustomer(sql, organizationId, id, terms?.cardsPerCustomer == null ? "share" : "change"),
    budget: (id) => lockBudget(sql, organizationId, id, "share"),
    available: async ({ model, currency }) => {
      const own = availableOf({ organizationId, currency });
      const refs = model === "card" ? [own, cardAccount({ id: cardId, currency })] : [own];
      const [, opened] = await Promise.all([
        openAccounts(work, refs),
        openBook(
          sql,
          refs.map((ref) => ({ organizationId, ref })),
        ),
      ]);
      book = opened;
      return opened.available(organizationId, own);
    },
  });
  const problems = unmet(facts, request);
  if (problems.length > 0) {
    throw cardErrors.refusal("card_not_issuable", undefined, { problems });
  }
  assert(program !== null && book !== null, "A card that can be issued has a program and a book.");
  const number = await storeCardNumber(work, { cardId, range: { ...program, ...program.range } });
  const card = newCard(work, request, { cardId, program, customer, budget, number });
  return write(work, card, book, planIssue(book, work, card, program, request));
}

type Parts = {
  readonly cardId: Card["id"];
  readonly program: Program;
  readonly customer: Customer | null;
  readonly budget: Budget | null;
  readonly number: MaskedNumber;
};

function newCard(work: Work, request: IssueRequest, parts: Parts): Card {
  const { cardId, program, customer, budget, number } = parts;
  const expiry = expiryOf(work.now, program.validityMonths, program.timeZone);
  const restrictions = program.initialCardStatus === "blocked" ? [pendingReview(work)] : [];
  return {
    organizationId: work.organizationId,
    id: cardId,
    externalId: request.externalId ?? null,
    model: program.model,
    programId: program.id,
    customerId: customer?.id ?? null,
    budgetId: budget?.id ?? null,
    currency: program.currency,
    brand: program.brand,
    ...number,
    panLength: program.panLength,
    panSequence: 0,
    expiryMonth: expiry.month,
    expiryYear: expiry.year,
    expiresAt: expiry.expiresAt,
    storedStatus: restrictedStatus(restrictions),
    deletedReason: null,
    deletedAt: null,
    restrictions,
    cardholder: cardholderOf(request, customer),
    billingAddress: request.billingAddress ?? null,
    label: request.label ?? null,
    metadata: request.metadata ?? {},
    version: 1n,
    createdAt: work.now,
  };
}

/** The names are the customer's where there is one, as it is known. */
function cardholderOf(request: IssueRequest, customer: Customer | null): Cardholder {
  const { email = null, phone = null } = request.cardholder ?? {};
  if (customer?.type === "business") {
    return { firstName: null, lastName: null, legalName: customer.legalName, email, phone };
  }
  const firstName = customer?.firstName ?? tidyName(request.firstName ?? "");
  const lastName = customer?.lastName ?? tidyName(request.lastName ?? "");
  return { firstName, lastName, legalName: null, email, phone };
}

function pendingReview(work: Work): Restriction {
  return {
    id: work.newId("restriction"),
    kind: "block",
    owner: "platform",
    reason: PENDING_REVIEW,
    note: null,
    actor: { kind: "system", id: "card_program" },
    createdAt: work.now,
    endsAt: null,
  };
}

/** The fee, then the balance the card starts with; each is a transfer of its own. */
function planIssue(
  book: Book,
  work: Work,
  card: Card,
  program: Program,
  request: IssueRequest,
): Transfer[] {
  const own = availableOf(card);
  const about = { from: own, cardId: card.id, budgetId: card.budgetId };
  const amounts = new Map(
    priceOf(program, request).lines.map(({ kind, amount }) => [kind, amount]),
  );
  const plans = [
    {
      ...about,
      kind: "fee",
      feeKind: "issuance",
      to: feesOf(card),
      amount: amounts.get("issuance_fee") ?? 0n,
    },
    {
      ...about,
      kind: "card_top_up",
      to: cardAccount(card),
      amount: amounts.get("initial_balance") ?? 0n,
    },
  ] as const;
  return plans
    .filter(({ amount }) => amount > 0n)
    .flatMap((plan) => {
      const planned = planTransfer(book, work, plan);
      if (isRefused(planned)) throw refusalOf(planned);
      return [planned.transfer, ...planned.more];
    });
}

async function write(
  work: Work,
  card: Card,
  book: Book,
  transfers: readonly Transfer[],
): Promise<CardInFull> {
  const { sql } = work;
  const [first] = card.restrictions;
  await refuseTaken([
    insertCard(sql, card),
    ...card.restrictions.map((restriction) => insertRestriction(sql, card, restriction)),
    insertStatusChange(sql, card, {
      version: card.version,
      action: "issue",
      from: null,
      to: card.storedStatus,
      reason: first?.reason ?? null,
      note: null,
      actor: work.actor,
      at: work.now,
    }),
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers }]),
  ]);
  const issued = await inFull(work, card);
  announceCard(work, "card.issued", issued);
  return issued;
}

/**
 * Two issues at the same moment may both have found the external id free: one of them finds out here.
 * The statements travel together, so all after the one that failed fail too, and only the first says why.
 */
async function refuseTaken(writes: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(writes);
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status !== "rejected") return;
  const { reason } = failed;
  if (violatedConstraint(reason) !== "cards_organization_id_external_id_key") throw reason;
  const problems = [generalErrors.problem("external_id_taken", "externalId")];
  throw cardErrors.refusal("card_not_issuable", undefined, { problems });
}
