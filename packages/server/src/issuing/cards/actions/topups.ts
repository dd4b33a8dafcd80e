import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, currencyRefusal, generalErrors } from "../../../foundation/errors/errors.ts";
import { watchAccount, writeBook } from "../../../records/ledger/actions.ts";
import { setRule } from "../../budgets/rules/refill.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import { cardErrors } from "../errors.ts";
import type { AutoTopUp } from "../model/topups.ts";
import { type Card, cardAccount } from "../model.ts";
import { statusRefusal } from "../rules/status.ts";
import { decideTopUp, type ToppedUp, termsRefusal } from "../rules/topups.ts";
import type { AskedTerms } from "../schema/topups.ts";
import { findHolders, removeTopUp, writeTopUps } from "../store/topups.ts";
import { updateCards } from "../store.ts";
import { lockCard, lockFunds } from "./funds.ts";
import { allInFull, announceCard, type CardInFull, findNamed, inFull, lockNamed } from "./read.ts";

/** A card's rule, with what it is shown by. */
export type TopUpOfCard = { readonly rule: AutoTopUp; readonly card: Card; readonly now: Date };

/**
 * The rule of the card that a path names.
 *
 * @throws Refusal `not_found`, also where the card has none.
 */
export async function getAutoTopUp(reading: Reading, id: string): Promise<TopUpOfCard> {
  const card = await findNamed(reading, id);
  if (card.autoTopUp === null) {
    throw generalErrors.refusal("not_found");
  }
  return { rule: card.autoTopUp, card, now: reading.now };
}

/**
 * Gives a card a rule, or another one; a rule that had stopped starts again. Setting what it has already
 * changes nothing.
 *
 * @throws Refusal `not_found`, `card_deleted`, `budget_card_not_fundable`, `currency_mismatch`,
 *   `amount_too_low`, `auto_top_up_invalid`.
 */
export async function setAutoTopUp(
  work: Work,
  id: string,
  { currency, ...asked }: AskedTerms,
): Promise<TopUpOfCard> {
  const { sql, now } = work;
  const { card, program } = await lockCard(work, id, "change");
  if (card.model === "budgetCard") throw cardErrors.refusal("budget_card_not_fundable");
  const terms = { ...asked, timeZone: program.timeZone };
  const refusal =
    statusRefusal("change", card, now) ??
    currencyRefusal(currency, card.currency) ??
    termsRefusal(terms, program);
  if (refusal !== null) throw refusal;
  const rule = setRule(card.autoTopUp, terms, now);
  if (rule !== card.autoTopUp) {
    await Promise.all([
      writeTopUps(sql, [{ card, rule }]),
      watchAccount(work, cardAccount(card), rule.threshold),
    ]);
    await changed(work, card, rule);
  }
  return { rule, card, now };
}

/**
 * Takes a card's rule away, and with it what it had topped up this month; without one nothing changes.
 *
 * @throws Refusal `not_found`, `card_deleted`.
 */
export async function removeAutoTopUp(work: Work, id: string): Promise<CardInFull> {
  const card = await lockNamed(work, id, "change");
  const refusal = statusRefusal("change", card, work.now);
  if (refusal !== null) throw refusal;
  if (card.autoTopUp === null) return inFull(work, card);
  await Promise.all([removeTopUp(work.sql, card), watchAccount(work, cardAccount(card), null)]);
  return changed(work, card, null);
}

async function changed(work: Work, before: Card, autoTopUp: AutoTopUp | null): Promise<CardInFull> {
  const after = { ...before, autoTopUp, version: before.version + 1n };
  await updateCards(work.sql, [after]);
  const full = await inFull(work, after);
  announceCard(work, "card.updated", full, { card: before, money: full.money });
  return full;
}

const eventOf = {
  stopped: "card.auto_top_up_stopped",
  resumed: "card.auto_top_up_resumed",
} as const;

type Outcome = ToppedUp & { readonly before: Card; readonly after: Card };

/**
 * Tops cards up that are below their thresholds, once each. Where there is no money the rule stops, and
 * says so; it goes on when money has come. Under the locks each is looked at again.
 *
 * @param ids of the cards that the accounts are named after, of the work's organization.
 * @returns how many were topped up, stopped, resumed, or rest until their cap begins anew.
 */
export async function topUpDue(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const holders = await findHolders(sql, organizationId, ids);
  const named = holders.map((value) => {
    return { organizationId, reference: { by: "id", value } as const };
  });
  const { facts, book } = await lockFunds(sql, named, "change");
  const outcomes = [...facts.values()].flatMap((each): Outcome[] => {
    const { card, program } = each;
    const rule = card.autoTopUp && { ...card.autoTopUp, timeZone: program.timeZone };
    const done = rule && decideTopUp(book, work, each, rule);
    if (done === null) return [];
    const version = done.told === null ? card.version : card.version + 1n;
    return [{ ...done, before: card, after: { ...card, autoTopUp: done.rule, version } }];
  });
  const told = outcomes.filter(({ told: what }) => what !== null);
  await Promise.all([
    writeTopUps(
      sql,
      outcomes.map(({ before, rule }) => ({ card: before, rule })),
    ),
    updateCards(
      sql,
      told.map(({ after }) => after),
    ),
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers: outcomes.flatMap(({ transfers }) => transfers) }]),
  ]);
  await announceAll(work, told);
  return outcomes.length;
}

async function announceAll(work: Work, outcomes: readonly Outcome[]): Promise<void> {
  const cards = outcomes.map(({ after }) => after);
  for (const [place, full] of (await allInFull(work, cards)).entries()) {
    const outcome = outcomes[place];
    assert(outcome !== undefined && outcome.told !== null, "Each was told of.");
    const { before, told } = outcome;
    announceCard(work, eventOf[told], full, { card: before, money: full.money });
  }
}
