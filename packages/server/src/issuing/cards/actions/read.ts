import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import type { CardId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { readBalances } from "../../../records/ledger/actions.ts";
import { type AccountRef, accountId, type Balances } from "../../../records/ledger/model.ts";
import { organizationNows } from "../../../records/sequencer/actions.ts";
import { workIn } from "../../organizations/actions.ts";
import type { CardEvent } from "../events.ts";
import { type Card, cardAccount, type StatusChange } from "../model.ts";
import { searchTerms } from "../rules/search.ts";
import type { CardFilter } from "../schema/list.ts";
import { type CardMoney, personalFields, showCard } from "../schema.ts";
import { listPage } from "../store/list.ts";
import { listChanges } from "../store/status.ts";
import {
  findOrganizationOf,
  findRows,
  isNamed,
  keyOf,
  type LockStrength,
  lockRows,
} from "../store.ts";

/** A card with what it can spend, at its organization's now: what the API shows together. */
export type CardInFull = { readonly card: Card; readonly money: CardMoney; readonly now: Date };

/** What one page of a list asks for. */
export type PageWanted = { readonly after: string | undefined; readonly limit: number };

/** Whose a card is, for a platform key that names it by its id alone; null where there is none. */
export const organizationOfCard = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  findOrganizationOf(sql, id);

/** The platform's work, turned to the organization of a card that a path names by id. @throws Refusal `not_found`. */
export async function workForCard(work: Work, id: string): Promise<Work> {
  const organizationId = await organizationOfCard(work.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  return workIn(work, organizationId);
}

/** A card of the organization by id or `external:<externalId>`; null where there is none. */
export async function findCard(reading: Reading, id: string): Promise<Card | null> {
  const named = { organizationId: reading.organizationId, reference: reference(id) };
  return (await findRows(reading.sql, [named])).get(keyOf(named)) ?? null;
}

/**
 * The card that a path names. Takes no lock.
 *
 * @throws Refusal `not_found`.
 */
export async function findNamed(reading: Reading, id: string): Promise<Card> {
  const card = await findCard(reading, id);
  if (card === null) throw generalErrors.refusal("not_found");
  return card;
}

/**
 * The card that a path names, locked. Where its external id has passed on while this waited for the lock,
 * that is the card that replaces it.
 *
 * @throws Refusal `not_found`.
 */
export async function lockNamed(work: Work, id: string, strength: LockStrength): Promise<Card> {
  const found = await findNamed(work, id);
  const card = (await lockRows(work.sql, [found], strength)).get(found.id);
  assert(card !== undefined, "A card's row is never removed.");
  return isNamed(card, reference(id)) ? card : lockNamed(work, id, strength);
}

/**
 * The card that a path names, in full.
 *
 * @throws Refusal `not_found`.
 */
export async function getCard(reading: Reading, id: string): Promise<CardInFull> {
  const card = await findNamed(reading, id);
  return inFull(reading, card);
}

/** A card with its money as it is now in this transaction or on this snapshot. */
export async function inFull(
  reading: Pick<Reading, "sql" | "now">,
  card: Card,
): Promise<CardInFull> {
  const [full] = await allInFull(reading, [card]);
  assert(full !== undefined, "One card was asked for.");
  return full;
}

/** As `inFull`, for several cards of one organization, in their order. */
export async function allInFull(
  { sql, now }: Pick<Reading, "sql" | "now">,
  cards: readonly Card[],
): Promise<CardInFull[]> {
  const found = await moneyOf(sql, cards);
  return cards.map((card) => {
    const money = found.get(card.id);
    assert(money !== undefined, "Every card has its money.");
    return { card, money, now };
  });
}

/**
 * One page of cards in full, newest first.
 *
 * @param organizationId null: of every organization, for the platform.
 */
export async function listCards(
  reading: Reading,
  organizationId: OrganizationId | null,
  filter: CardFilter,
  page: PageWanted,
): Promise<RowPage<CardInFull>> {
  const { search, ...rest } = filter;
  const wanted = { ...rest, terms: search === undefined ? null : searchTerms(search) };
  const owner = organizationId === null ? null : await ownerAt(reading, organizationId);
  const { rows, more } = await listPage(reading.sql, owner, wanted, page);
  const money = await moneyOf(
    reading.sql,
    rows.map(({ card }) => card),
  );
  return {
    rows: rows.map(({ card, now }) => ({ card, now, money: money.get(card.id) ?? NO_MONEY })),
    more,
  };
}

/** An organization with its now, by which its cards are listed and shown. */
async function ownerAt({ sql, ...own }: Reading, organizationId: OrganizationId) {
  if (organizationId === own.organizationId) return { organizationId, now: own.now };
  const nows = await organizationNows(sql, [organizationId]);
  return { organizationId, now: nows.get(organizationId) ?? own.now };
}

/** One page of a card's status changes, newest first. @throws Refusal `not_found`. */
export async function listStatusHistory(
  reading: Reading,
  id: string,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<StatusChange>> {
  return listChanges(reading.sql, await findNamed(reading, id), page);
}

const NO_MONEY: CardMoney = { own: null, budgetAvailable: null };

/** What cards can spend: on their own accounts, or on their budgets'. */
export async function moneyOf(sql: Sql, cards: readonly Card[]): Promise<Map<CardId, CardMoney>> {
  const owners = [...new Set(cards.map((card) => card.organizationId))];
  const found = await Promise.all(
    owners.map(async (organizationId): Promise<[OrganizationId, Map<string, Balances>]> => {
      const refs = cards.filter((card) => card.organizationId === organizationId).map(spendsFrom);
      return [organizationId, await readBalances(sql, organizationId, refs)];
    }),
  );
  const balances = new Map(found);
  return new Map(
    cards.map((card): [CardId, CardMoney] => {
      const of = balances.get(card.organizationId)?.get(accountId(spendsFrom(card)));
      assert(of !== undefined, "Every card spends from an account.");
      return card.model === "card"
        ? [card.id, { own: of, budgetAvailable: null }]
        : [card.id, { own: null, budgetAvailable: of.available }];
    }),
  );
}

function spendsFrom(card: Card): AccountRef {
  if (card.budgetId === null) return cardAccount(card);
  return { type: "budget", ownerId: card.budgetId, currency: card.currency };
}

/**
 * Announces a new version of a card.
 *
 * @param before the card before the change; absent where it is new.
 */
export function announceCard(
  work: Work,
  type: CardEvent,
  { card, money, now }: CardInFull,
  before?: { readonly card: Card; readonly money: CardMoney },
): void {
  const object = showCard(card, money, now);
  announce(work, {
    type,
    objectId: card.id,
    objectVersion: card.version,
    object,
    ...(before && { previous: previousOf(showCard(before.card, before.money, now), object) }),
    subjectId: card.customerId ?? card.id,
    personal: personalFields,
  });
}
