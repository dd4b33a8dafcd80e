import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, type Problem, Refusal } from "../../../foundation/errors/errors.ts";
import type { LaneCommand } from "../../../foundation/route/route.ts";
import {
  openAccounts,
  openBook,
  readBalances,
  writeBook,
} from "../../../records/ledger/actions.ts";
import { type AccountRef, accountId, balancesOf } from "../../../records/ledger/model.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { storeCardNumber } from "../../../records/vault/actions.ts";
import { availableOf } from "../../organizations/model.ts";
import type { Program } from "../../programs/model.ts";
import { type Lists, listsInForce } from "../../screening/actions/lists.ts";
import { type MadeTransfers, writeTransfers } from "../../transfers/actions.ts";
import { cardErrors } from "../errors.ts";
import {
  type Card,
  cardAccount,
  type IssueRequest,
  type Price,
  type StatusChange,
} from "../model.ts";
import { type IssueParts, newCard, planIssue } from "../rules/issue.ts";
import { lockRanges } from "../store/facts.ts";
import { insertRestrictions, insertStatusChanges } from "../store/status.ts";
import { insertCards } from "../store.ts";
import {
  type Ask,
  decideInOrder,
  inOrder,
  type Known,
  lockFacts,
  type Purse,
  programOf,
  readFacts,
} from "./facts.ts";
import { announceCard, type CardInFull, moneyOf } from "./read.ts";
import { isListed, isNamedOnly, keepHits } from "./screening.ts";

/** What preflight answers. */
export type Preflight = { readonly unmet: readonly Problem[]; readonly price: Price | null };

/** What stands in the way of issuing, and what it would cost. Writes nothing and locks nothing. */
export async function preflight(reading: Reading, request: IssueRequest): Promise<Preflight> {
  const [checked] = await preflightAll(reading, [request]);
  assert(checked !== undefined, "One request was checked.");
  return checked;
}

/** As `preflight`, of requests that are issued one after the other; in their order. */
export async function preflightAll(
  { sql, organizationId, now }: Reading,
  requests: readonly IssueRequest[],
): Promise<Preflight[]> {
  const asks = requests.map((request) => ({ organizationId, now, request }));
  const known = await readFacts(sql, organizationId, asks);
  const currencies = inOrder([...known.programs.values()].map(({ currency }) => currency));
  const refs = currencies.map((currency) => availableOf({ organizationId, currency }));
  const balances = await readBalances(sql, organizationId, refs);
  const purse: Purse = (_, currency) =>
    balances.get(accountId(availableOf({ organizationId, currency })))?.available ?? 0n;
  return decideInOrder(known, asks, purse).map(({ problems, price }) => ({
    unmet: problems,
    price,
  }));
}

/** A card to issue. */
export type IssueCommand = LaneCommand & { readonly request: IssueRequest };

/** A request that nothing stands in the way of. */
type Accepted = IssueParts & {
  readonly index: number;
  readonly work: Work;
  readonly price: Price;
};

/** A new card, and what it cost. */
export type IssuedCard = CardInFull & { readonly price: Price };

/**
 * Issues cards, each whole or not at all: number, vault entry, card, fee, initial balance and
 * event. Facts are read under the locks, so they stay true until COMMIT; requests are decided in
 * order of arrival, each seeing what those before it took.
 *
 * @returns for each command its card, or `card_not_issuable` with every unmet condition.
 * @throws Refusal `number_range_exhausted`: then nothing of the batch was done.
 */
export async function issueCards(
  commands: readonly IssueCommand[],
): Promise<(IssuedCard | Refusal)[]> {
  const [first] = commands;
  if (first === undefined) return [];
  const { sql } = first.work;
  // Before any lock: an index may have to be made.
  const lists = commands.some(isNamedOnly) ? await listsInForce(first.work) : null;
  const asks = commands.map(({ work, request }) => ({
    organizationId: work.organizationId,
    now: work.now,
    request,
  }));
  const known = await lockFacts(sql, asks);
  const decided = decide(commands, asks, known, await openOwn(sql, asks, known), lists);
  const accepted = decided.filter((each): each is Accepted => !(each instanceof Refusal));
  const issued = accepted.length === 0 ? [] : await issue(sql, accepted, lists);
  const byIndex = new Map(issued.map((card, place) => [accepted[place]?.index, card]));
  return decided.map((each, index) => {
    if (each instanceof Refusal) return each;
    const card = byIndex.get(index);
    assert(card !== undefined, "What was accepted is issued.");
    return card;
  });
}

/** Opens a book on the organizations' own accounts in the currencies of the programs. */
function openOwn(sql: Sql, asks: readonly Ask[], known: Known): Promise<Book> {
  const refs = asks.flatMap((ask) => {
    const program = programOf(known, ask);
    if (program === null) return [];
    const { organizationId } = ask;
    return [{ organizationId, ref: availableOf({ organizationId, currency: program.currency }) }];
  });
  return openBook(sql, refs);
}

function decide(
  commands: readonly IssueCommand[],
  asks: readonly Ask[],
  known: Known,
  book: Book,
  lists: Lists | null,
): (Accepted | Refusal)[] {
  const purse: Purse = (organizationId, currency) =>
    book.available(organizationId, availableOf({ organizationId, currency }));
  return decideInOrder(known, asks, purse).map(({ problems, ...found }, index) => {
    if (problems.length > 0) {
      return cardErrors.refusal("card_not_issuable", undefined, { problems });
    }
    const { program, price, customer, budget } = found;
    assert(program !== null && price !== null, "A card that can be issued has a program.");
    const { work, request } = commands[index] as IssueCommand;
    const cardId = work.newId("card");
    const suspected = customer === null && isListed(lists, request);
    return { index, work, request, program, price, customer, budget, cardId, suspected };
  });
}

/** Makes and writes all that was accepted, as sets. */
async function issue(
  sql: Sql,
  accepted: readonly Accepted[],
  lists: Lists | null,
): Promise<IssuedCard[]> {
  const [book, , ...numbers] = await allSent([
    openAll(sql, accepted),
    lockSmallRanges(
      sql,
      accepted.map(({ program }) => program),
    ),
    ...accepted.map(({ work, cardId, program }) =>
      storeCardNumber(work, { cardId, range: { ...program, ...program.range } }),
    ),
  ]);
  const made: MadeTransfers[] = [];
  const cards = accepted.map((parts, place) => {
    const { work } = parts;
    const card = newCard(work, parts, numbers[place] as (typeof numbers)[number]);
    made.push({ work, transfers: planIssue(book, work, card, parts) });
    return card;
  });
  const [budgets] = await Promise.all([
    moneyOf(
      sql,
      cards.filter(({ model }) => model === "budgetCard"),
    ),
    insertCards(sql, cards),
    insertRestrictions(
      sql,
      cards.flatMap((card) => card.restrictions.map((restriction) => ({ card, restriction }))),
    ),
    insertStatusChanges(
      sql,
      cards.map((card, place) => ({
        card,
        change: firstChange(card, accepted[place] as Accepted),
      })),
    ),
    writeBook(sql, book),
    writeTransfers(sql, made),
  ]);
  const issued = cards.map((card, place) => ({ ...(accepted[place] as Accepted), card }));
  await keepHits(issued, lists);
  return cards.map((card, place) => {
    const { work, price } = accepted[place] as Accepted;
    const money = budgets.get(card.id) ?? { own: balancesIn(book, card), budgetAvailable: null };
    const full = { card, money, now: work.now };
    announceCard(work, "card.issued", full);
    return { ...full, price };
  });
}

/**
 * As Promise.all, and nothing is still being sent when it throws: whoever goes back to a savepoint then
 * goes back from all of it.
 */
async function allSent<T extends readonly unknown[]>(
  sent: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(sent);
  return Promise.all(sent) as unknown as Promise<T>;
}

/** Numbers of a range up to which batches that run at the same time may well draw the same one. */
const SMALL_RANGE = 1_000_000n;

/**
 * Lets one transaction at a time draw from a small range: two that each wait for a number the other
 * has drawn would never end. In a large one that does not happen.
 */
export async function lockSmallRanges(sql: Sql, programs: readonly Program[]): Promise<void> {
  const small = programs.flatMap(({ bin, panLength, range }) =>
    range.to - range.from < SMALL_RANGE ? [`${bin}/${panLength}`] : [],
  );
  await lockRanges(sql, [...new Set(small)]);
}

/**
 * Opens the new cards' accounts, and a book on them and on the organizations' own. Those are locked
 * since the decision and the new ones are seen by nobody else, so nothing is waited for here.
 */
async function openAll(sql: Sql, accepted: readonly Accepted[]): Promise<Book> {
  const refsOf = ({ work: { organizationId }, cardId, program }: Accepted): AccountRef[] => {
    const { model, currency } = program;
    const own = availableOf({ organizationId, currency });
    return model === "card" ? [own, cardAccount({ accountCardId: cardId, currency })] : [own];
  };
  const opened = inOrder(accepted.map(({ work }) => work.organizationId)).map((organizationId) => {
    const own = accepted.filter(({ work }) => work.organizationId === organizationId);
    return openAccounts((own[0] as Accepted).work, own.flatMap(refsOf));
  });
  const refs = accepted.flatMap((each) =>
    refsOf(each).map((ref) => ({ organizationId: each.work.organizationId, ref })),
  );
  // Sent together, run in order: one round trip.
  const [book] = await Promise.all([openBook(sql, refs), ...opened]);
  return book;
}

function balancesIn(book: Book, card: Card) {
  const account = cardAccount(card);
  const { organizationId } = card;
  return balancesOf(book.account(organizationId, account), book.owed(organizationId, account));
}

/** The first line of a card's status history. */
export function firstChange(card: Card, { work }: { readonly work: Work }): StatusChange {
  return {
    version: card.version,
    action: "issue",
    from: null,
    to: card.storedStatus,
    reason: card.restrictions[0]?.reason ?? null,
    note: null,
    actor: work.actor,
    at: work.now,
  };
}
