import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import type { Book } from "../../../records/ledger/rules.ts";
import { storeCardNumber } from "../../../records/vault/actions.ts";
import { lockBudgets } from "../../budgets/actions/read.ts";
import { listCurrentRules } from "../../compliance/actions.ts";
import { rulesFor } from "../../compliance/rules.ts";
import { accessOf } from "../../customers/actions/access.ts";
import { lockCustomer } from "../../customers/actions.ts";
import { shareOrganizations } from "../../organizations/actions.ts";
import { availableOf } from "../../organizations/model.ts";
import { findProgram, lockProgram } from "../../programs/actions.ts";
import type { Program } from "../../programs/model.ts";
import { listsInForce } from "../../screening/actions/lists.ts";
import { writeTransfers } from "../../transfers/actions.ts";
import { cardErrors } from "../errors.ts";
import { type Card, type ReplacementReason, type StatusChange, statusOf } from "../model.ts";
import { screeningReview } from "../rules/issue.ts";
import {
  planReplacementFee,
  type Replaced,
  type ReplacementFacts,
  replaced,
  replacementProgram,
  unmetReplacement,
} from "../rules/replacement.ts";
import { statusRefusal } from "../rules/status.ts";
import { insertRestrictions, insertStatusChanges } from "../store/status.ts";
import { insertCards, lockRows, updateCards } from "../store.ts";
import { inOrder } from "./facts.ts";
import { firstChange, lockSmallRanges } from "./issue.ts";
import { allInFull, announceCard, type CardInFull, findNamed } from "./read.ts";
import { retain } from "./retention.ts";
import { carryScreening, keepScreened } from "./screening.ts";

/** What a replacement writes. */
type Written = {
  readonly card: Card;
  readonly made: Replaced;
  readonly program: Program;
  readonly book: Book;
  readonly note: string | null;
};

/** Why, in the words of the table, and in those of a person. */
export type ReplacementWhy = { readonly reason: ReplacementReason; readonly note: string | null };

/**
 * Replaces a card: a new one with a number and expiry of its own on the same account, so no money
 * moves and what was authorized under the old number is settled as ever. The old one is dead at once.
 *
 * @returns the new card.
 * @throws Refusal `not_found`, `card_blocked`, `card_deleted`, `card_not_expired`,
 *   `number_range_exhausted`; `card_not_replaceable` with every unmet condition.
 */
export async function replaceCard(
  work: Work,
  named: string,
  why: ReplacementWhy,
): Promise<CardInFull> {
  const { sql, now } = work;
  const found = await findNamed(work, named);
  // Before any lock: an index may have to be made.
  const lists = found.customerId === null ? await listsInForce(work) : null;
  const { facts, book } = await lockReplacement(work, found);
  refuse(facts, why.reason, now);
  const { card, target: program } = facts;
  assert(program !== null, "A card that can be replaced has a program to go to.");
  const id = work.newId("card");
  const [, number] = await Promise.all([
    lockSmallRanges(sql, [program]),
    storeCardNumber(work, { cardId: id, range: { ...program, ...program.range } }),
  ]);
  const screened = lists === null ? null : await carryScreening(work, card, id, lists);
  const restrictions = screened?.suspected ? [screeningReview(work)] : [];
  const made = replaced(card, why.reason, { id, number, program, restrictions, now });
  await write(work, { card, made, program, book, note: why.note });
  if (screened !== null) await keepScreened(work, made.fresh, screened);
  await retain(work, made.old);
  return announceBoth(work, card, made);
}

async function write(work: Work, { card, made, program, book, note }: Written): Promise<void> {
  const { sql } = work;
  const transfers = planReplacementFee(book, work, made.fresh, program);
  await Promise.all([
    // The old one first: it gives up its external id and its account's care.
    updateCards(sql, [made.old]),
    insertCards(sql, [made.fresh]),
    writeBook(sql, book),
    writeTransfers(sql, [{ work, transfers }]),
    insertRestrictions(
      sql,
      made.fresh.restrictions.map((restriction) => ({ card: made.fresh, restriction })),
    ),
    insertStatusChanges(sql, linesOf(work, card, made, note)),
  ]);
}

function refuse(facts: ReplacementFacts, reason: ReplacementReason, now: Date): void {
  const { card } = facts;
  const refusal = statusRefusal("replace", card, now);
  if (refusal !== null) throw refusal;
  if (reason === "expired" && statusOf(card, now) !== "expired") {
    throw cardErrors.refusal("card_not_expired", undefined, { field: "reason" });
  }
  const problems = unmetReplacement(facts, now);
  if (problems.length > 0) {
    throw cardErrors.refusal("card_not_replaceable", undefined, { problems });
  }
}

/** Locks and reads what decides, in the order of locks. */
async function lockReplacement(
  work: Work,
  found: Card,
): Promise<{ facts: ReplacementFacts; book: Book }> {
  const { sql, organizationId, now } = work;
  const { customerId, budgetId } = found;
  const programIds = await idsOfSuccessors(sql, found.programId);
  const [organizations, programs, customer, budgets, cards] = await Promise.all([
    shareOrganizations(sql, [organizationId]),
    lockPrograms(sql, programIds),
    customerId === null ? null : lockCustomer(sql, organizationId, customerId, "share"),
    lockBudgets(sql, budgetId === null ? [] : [{ organizationId, id: budgetId }], "share"),
    lockRows(sql, [found], "change"),
  ]);
  const [organization] = organizations.values();
  const [program, card] = [programs.get(found.programId), cards.get(found.id)];
  assert(organization && program && card, "A card and what it belongs to exist.");
  const target = replacementProgram(programs, program);
  const [rules, access, book] = await Promise.all([
    target === null ? [] : listCurrentRules(sql, [target.id], now),
    customerId === null || target === null
      ? null
      : accessOf(sql, organizationId, customerId, target.id),
    openBook(sql, [{ organizationId, ref: availableOf(card) }]),
  ]);
  const [budget = null] = budgets.values();
  const available = book.available(organizationId, availableOf(card));
  const inForce = target === null ? [] : rulesFor(rules, target.id, now);
  const known = { organization, card, program, target, customer, access, budget, available };
  return { facts: { ...known, rules: inForce }, book };
}

/** A program and its successors, as they are before any lock: programs are locked in id order. */
async function idsOfSuccessors(sql: Sql, id: string): Promise<string[]> {
  const ids: string[] = [];
  let next: string | null = id;
  while (next !== null && !ids.includes(next)) {
    ids.push(next);
    const program: Program | null = await findProgram(sql, next);
    next = program?.successorId ?? null;
  }
  return ids;
}

/** @throws Refusal `unavailable` where one was retired into another just now: the way is new. */
async function lockPrograms(sql: Sql, ids: readonly string[]): Promise<Map<string, Program>> {
  const programs = await Promise.all(inOrder(ids).map((id) => lockProgram(sql, id, "share")));
  const found = new Map(programs.flatMap((each) => (each === null ? [] : [[each.id, each]])));
  const isWhole = [...found.values()].every(
    ({ successorId }) => successorId === null || found.has(successorId),
  );
  if (!isWhole) throw generalErrors.refusal("unavailable", undefined, { retryAfterS: 1 });
  return found;
}

function linesOf(work: Work, card: Card, { old, fresh }: Replaced, note: string | null) {
  const { actor, now: at } = work;
  const { version, deletedReason: reason } = old;
  const from = statusOf(card, at);
  const end: StatusChange = {
    version,
    action: "delete",
    from,
    to: "deleted",
    reason,
    note,
    actor,
    at,
  };
  return [
    { card: old, change: end },
    { card: fresh, change: firstChange(fresh, { work }) },
  ];
}

async function announceBoth(work: Work, card: Card, { old, fresh }: Replaced): Promise<CardInFull> {
  const [gone, issued] = await allInFull(work, [old, fresh]);
  assert(gone !== undefined && issued !== undefined, "Both are there.");
  announceCard(work, "card.replaced", gone, { card, money: gone.money });
  announceCard(work, "card.issued", issued);
  return issued;
}
