import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors, Refusal } from "../../../foundation/errors/errors.ts";
import { wakeJobs } from "../../../foundation/job/bell.ts";
import type { LaneCommand } from "../../../foundation/route/route.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { lockCustomer } from "../../customers/actions.ts";
import type { Customer } from "../../customers/model.ts";
import { shareOrganizations } from "../../organizations/actions.ts";
import { availableOf, type Organization } from "../../organizations/model.ts";
import { lockProgram } from "../../programs/actions.ts";
import type { Program } from "../../programs/model.ts";
import { type MadeTransfers, writeTransfers } from "../../transfers/actions.ts";
import type { Transfer } from "../../transfers/model.ts";
import { TOP_UP_JOB } from "../model/topups.ts";
import { type Card, cardAccount } from "../model.ts";
import { decideFunds, type FundsRequest } from "../rules/funds.ts";
import { isLow } from "../rules/topups.ts";
import {
  type FixedCard,
  findFixedRows,
  isNamed,
  keyOf,
  type LockStrength,
  lockRows,
  type Named,
} from "../store.ts";
import { inOrder } from "./facts.ts";

/** Money to move between an organization and a card that a path names. */
export type CardFundsCommand = LaneCommand &
  FundsRequest & {
    /** The card by id or `external:<externalId>`. */
    readonly card: string;
  };

/**
 * Decides top-ups and withdrawals in order of arrival on one book, and writes them as sets.
 *
 * @returns for each command its transfer, or why it is refused.
 */
export async function decideCardFunds(
  commands: readonly CardFundsCommand[],
): Promise<(Transfer | Refusal)[]> {
  const [first] = commands;
  if (first === undefined) return [];
  const { sql } = first.work;
  const named = commands.map(({ work, card }) => ({
    organizationId: work.organizationId,
    reference: reference(card),
  }));
  const cards = await findFixedRows(sql, named);
  const { facts, book } = await lockFundsOf(sql, cards, "share");
  const made: MadeTransfers[] = [];
  const results = commands.map((command, index) => {
    const known = knownAs(facts, named[index] as Named);
    if (known instanceof Refusal) return known;
    const decided = decideFunds(book, command.work, known, command);
    if (decided instanceof Refusal) return decided;
    made.push({ work: command.work, transfers: decided });
    if (command.verb === "withdraw") wakeForTopUp(command.work, book, known.card);
    return decided[0];
  });
  sql.awaitBeforeCommit(Promise.all([writeBook(sql, book), writeTransfers(sql, made)]));
  return results;
}

/**
 * A named card among those that were locked, or why there is none. Where its external id has passed on to a
 * replacement meanwhile, the request is to be sent again: accounts are locked after all cards.
 */
function knownAs(facts: ReadonlyMap<string, LockedCard>, named: Named): LockedCard | Refusal {
  const known = facts.get(keyOf(named));
  if (known === undefined) return generalErrors.refusal("not_found");
  if (isNamed(known.card, named.reference)) return known;
  return generalErrors.refusal("unavailable", "The card was replaced just now.", {
    retryAfterS: 1,
  });
}

/**
 * The card that a path names with what decides about it, locked.
 *
 * @throws Refusal `not_found`, `unavailable` where the card was replaced just now.
 */
export async function lockCard(work: Work, id: string, strength: LockStrength) {
  const { sql, organizationId } = work;
  const named = { organizationId, reference: reference(id) };
  const known = knownAs(await lockCardFacts(sql, [named], strength), named);
  if (known instanceof Refusal) throw known;
  return known;
}

/** Has a card's rule looked at where a debit on the book has left it with less than its threshold. */
export function wakeForTopUp(work: Work, book: Book, card: Card): void {
  if (card.autoTopUp === null) return;
  const available = book.available(card.organizationId, cardAccount(card));
  if (isLow(card.autoTopUp, available, work.now)) wakeJobs(work, TOP_UP_JOB);
}

/** Cards with what decides about their money, locked, and a book on the accounts that it moves between. */
type LockedFunds = { readonly facts: Map<string, LockedCard>; readonly book: Book };

/** Locks all that decides about moving money between cards and their organization. */
export async function lockFunds(
  sql: Sql,
  named: readonly Named[],
  strength: LockStrength,
): Promise<LockedFunds> {
  return lockFundsOf(sql, await findFixedRows(sql, named), strength);
}

/** Sent together: accounts are locked after all that stands before them. */
async function lockFundsOf(
  sql: Sql,
  cards: ReadonlyMap<string, FixedCard>,
  strength: LockStrength,
): Promise<LockedFunds> {
  const [facts, book] = await Promise.all([lockFacts(sql, cards, strength), openFunds(sql, cards)]);
  return { facts, book };
}

/** A card with what it belongs to, all locked. */
export type LockedCard = {
  readonly card: Card;
  readonly organization: Organization;
  readonly program: Program;
  readonly customer: Customer | null;
};

/**
 * Locks what decides about cards.
 *
 * @param strength of the locks on the cards; what they belong to is always shared.
 * @returns by `keyOf`, for the cards that exist.
 */
export async function lockCardFacts(
  sql: Sql,
  named: readonly Named[],
  strength: LockStrength = "share",
): Promise<Map<string, LockedCard>> {
  return lockFacts(sql, await findFixedRows(sql, named), strength);
}

/**
 * Locks what decides, in the order of locks and each kind in the order of its ids; all statements
 * travel together.
 *
 * @param found by `keyOf`, as the answer.
 */
async function lockFacts(
  sql: Sql,
  found: ReadonlyMap<string, FixedCard>,
  strength: LockStrength,
): Promise<Map<string, LockedCard>> {
  const unlocked = [...new Map([...found.values()].map((card) => [card.id, card])).values()];
  const [organizations, programs, customers, locked] = await Promise.all([
    shareOrganizations(sql, inOrder(unlocked.map((card) => card.organizationId))),
    lockPrograms(sql, unlocked),
    lockCustomers(sql, unlocked),
    lockRows(sql, unlocked, strength),
  ]);
  return new Map(
    [...found].map(([key, { id }]): [string, LockedCard] => {
      const card = locked.get(id);
      assert(card !== undefined, "A card's row is never removed.");
      const organization = organizations.get(card.organizationId);
      const program = programs.get(card.programId);
      const customer = card.customerId === null ? null : customers.get(card.customerId);
      assert(organization && program && customer !== undefined, "A card's own objects exist.");
      return [key, { organization, program, customer, card }];
    }),
  );
}

/**
 * Opens a book on the cards' accounts and on those that they are funded from. A budget card has no
 * account, and every transfer of it is refused.
 */
function openFunds(sql: Sql, cards: ReadonlyMap<string, FixedCard>): Promise<Book> {
  const funded = [...cards.values()].filter(({ accountCardId }) => accountCardId !== null);
  return openBook(
    sql,
    funded.flatMap((card) =>
      [availableOf(card), cardAccount(card)].map((ref) => ({
        organizationId: card.organizationId,
        ref,
      })),
    ),
  );
}

async function lockPrograms(sql: Sql, cards: readonly FixedCard[]): Promise<Map<string, Program>> {
  const ids = inOrder(cards.map(({ programId }) => programId));
  const programs = await Promise.all(ids.map((id) => lockProgram(sql, id, "share")));
  return new Map(programs.flatMap((program) => (program === null ? [] : [[program.id, program]])));
}

async function lockCustomers(
  sql: Sql,
  cards: readonly FixedCard[],
): Promise<Map<string, Customer>> {
  const owners = new Map(
    cards.flatMap(({ customerId, organizationId }): [string, string][] =>
      customerId === null ? [] : [[customerId, organizationId]],
    ),
  );
  const customers = await Promise.all(
    inOrder([...owners.keys()]).map((id) => lockCustomer(sql, owners.get(id) ?? "", id, "share")),
  );
  return new Map(
    customers.flatMap((customer) => (customer === null ? [] : [[customer.id, customer]])),
  );
}
