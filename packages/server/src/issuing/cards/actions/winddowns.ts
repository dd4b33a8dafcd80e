import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { listCurrentRules } from "../../compliance/actions.ts";
import { rulesFor } from "../../compliance/rules.ts";
import { findCustomer } from "../../customers/actions.ts";
import { findProgram } from "../../programs/actions.ts";
import type { windDownEvents } from "../events.ts";
import { blockReasons, type WindDown } from "../model/winddowns.ts";
import type { Card, Restriction } from "../model.ts";
import { beginningsOf, isCured, movedOn, type WindDownFacts } from "../rules/winddowns.ts";
import { showWindDown } from "../schema/winddowns.ts";
import {
  findAffected,
  findBlockable,
  findCured,
  insertWindDowns,
  listByIds,
  listInherited,
  listOpen,
  listWindDownPage,
  updateWindDowns,
  type WindDownFilter,
} from "../store/winddowns.ts";
import { lockRows } from "../store.ts";
import { inOrder } from "./facts.ts";
import { releaseAll, restrictAll } from "./restrict.ts";

/** A card with what decides about its wind-downs. */
type Case = WindDownFacts & { readonly card: Card };

/**
 * Locks cards and reads what decides. Customers and rules are not locked: what has changed behind this is found
 * at the next look, because what is due is told by how things stand.
 */
async function casesOf(work: Work, ids: readonly CardId[]): Promise<Map<CardId, Case>> {
  const { sql, organizationId, now } = work;
  const wanted = inOrder(ids).map((id) => ({ organizationId, id }));
  const cards = [...(await lockRows(sql, wanted, "change")).values()];
  const programIds = inOrder(cards.map(({ programId }) => programId));
  const customerIds = inOrder(cards.flatMap(({ customerId }) => customerId ?? []));
  const [rules, programs, customers] = await Promise.all([
    listCurrentRules(sql, programIds, now),
    Promise.all(programIds.map((id) => findProgram(sql, id))),
    Promise.all(
      customerIds.map((id) => findCustomer(sql, organizationId, { by: "id", value: id })),
    ),
  ]);
  const cases = cards.flatMap((card): [CardId, Case][] => {
    const program = programs.find((each) => each?.id === card.programId);
    const customer = customers.find((each) => each?.id === card.customerId);
    if (!program || !customer) return [];
    return [[card.id, { card, customer, program, rules: rulesFor(rules, program.id, now) }]];
  });
  return new Map(cases);
}

/** Cards whose customers' countries are restricted and of which nobody was told. Takes no lock. */
export const findToAnnounce = (sql: Sql, page: DuePage): Promise<Due[]> => findAffected(sql, page);

/**
 * Announces of cards when they will be blocked.
 *
 * @param ids of cards of the work's organization.
 * @returns of how many.
 */
export async function announceWindDowns(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId, now } = work;
  const cases = await casesOf(work, ids as CardId[]);
  const cardIds = [...cases.keys()];
  const [open, inherited] = await Promise.all([
    listOpen(sql, organizationId, cardIds),
    listInherited(sql, organizationId, cardIds),
  ]);
  const made = [...cases.values()].flatMap((facts): WindDown[] => {
    const isOwn = ({ cardId }: Pick<WindDown, "cardId">) => cardId === facts.card.id;
    const subjects = open.filter(isOwn).map(({ subject }) => subject);
    const dates = inherited.filter(isOwn).map(({ subject, dueAt }) => [subject, dueAt]);
    return beginningsOf(facts, subjects, Object.fromEntries(dates), now).map((beginning) => ({
      ...beginning,
      organizationId,
      id: work.newId("windDown"),
      cardId: facts.card.id,
      status: "announced",
      announcedAt: now,
      blockedAt: null,
      liftedAt: null,
      version: 1n,
    }));
  });
  await insertWindDowns(sql, made);
  for (const each of made) announceWindDown(work, "wind_down.announced", each);
  return new Set(made.map(({ cardId }) => cardId)).size;
}

/** Wind-downs whose date has come. Takes no lock. */
export const findToBlock = (sql: Sql, page: DuePage): Promise<Due[]> => findBlockable(sql, page);

/**
 * Blocks the cards of wind-downs whose date has come, by a rule: their money can leave, and the rule lifts its
 * own block.
 *
 * @returns how many.
 */
export async function blockWoundDown(work: Work, ids: readonly string[]): Promise<number> {
  const { cases, standing } = await openOf(work, ids);
  const due = standing.filter(
    (each) =>
      each.status === "announced" && each.dueAt <= work.now && !isCured(each, caseOf(cases, each)),
  );
  // A card may be blocked for both subjects: each block comes on the card as the one before left it.
  const cards = new Map([...cases].map(([id, { card }]) => [id, card]));
  for (const [group, members] of groupsOf(due, ({ reasonCode }) => reasonCode)) {
    const why = { reason: blockReasons[group.subject], note: group.reasonCode };
    const own = members.map(({ cardId }) => cardIn(cards, cardId));
    for (const { card } of await restrictAll(work, own, "block", "rule", why)) {
      cards.set(card.id, card);
    }
  }
  await move(work, "block", due);
  return due.length;
}

/** Wind-downs whose cause is gone. Takes no lock. */
export const findToLift = (sql: Sql, page: DuePage): Promise<Due[]> => findCured(sql, page);

/** Lifts wind-downs whose cause is gone, and what they have blocked. @returns how many. */
export async function liftWindDowns(work: Work, ids: readonly string[]): Promise<number> {
  const { cases, standing } = await openOf(work, ids);
  const cured = standing.filter((each) => isCured(each, caseOf(cases, each)));
  const cards = new Map([...cases].map(([id, { card }]) => [id, card]));
  const blocked = cured.filter(({ status }) => status === "blocked");
  for (const [{ subject }, members] of groupsOf(blocked)) {
    const isIts = ({ owner, reason }: Restriction) =>
      owner === "rule" && reason === blockReasons[subject];
    const why = { reason: `${subject}_open`, note: null };
    const own = members.map(({ cardId }) => cardIn(cards, cardId));
    const living = own.filter(({ deletedAt }) => deletedAt === null);
    for (const { card } of await releaseAll(work, living, "unblock", isIts, why)) {
      cards.set(card.id, card);
    }
  }
  await move(work, "lift", cured);
  return cured.length;
}

/** The wind-downs of these that are not lifted, with their cards locked. */
async function openOf(work: Work, ids: readonly string[]) {
  const { sql, organizationId } = work;
  const named = await listByIds(sql, organizationId, ids);
  const cases = await casesOf(
    work,
    named.map(({ cardId }) => cardId),
  );
  // Once more under the locks: another may have moved them.
  const standing = (await listByIds(sql, organizationId, ids)).filter(
    ({ status }) => status !== "lifted",
  );
  return { cases, standing };
}

/** Wind-downs that are carried out as one set: of one subject, so that no card is among them twice. */
function groupsOf(
  windDowns: readonly WindDown[],
  also: (windDown: WindDown) => string = () => "",
): [WindDown, readonly WindDown[]][] {
  const groups = Map.groupBy(windDowns, (each) => `${each.subject} ${also(each)}`);
  return [...groups.values()].flatMap((members): [WindDown, WindDown[]][] =>
    members[0] === undefined ? [] : [[members[0], members]],
  );
}

function caseOf(cases: ReadonlyMap<CardId, Case>, { cardId }: WindDown): Case {
  const found = cases.get(cardId);
  assert(found !== undefined, "A card that winds down has a customer and a program.");
  return found;
}

function cardIn(cards: ReadonlyMap<CardId, Card>, id: CardId): Card {
  const card = cards.get(id);
  assert(card !== undefined, "A card that winds down exists.");
  return card;
}

const eventOfMove = { block: "wind_down.blocked", lift: "wind_down.lifted" } as const;

async function move(
  work: Work,
  verb: keyof typeof eventOfMove,
  before: readonly WindDown[],
): Promise<void> {
  const after = before.map((each) => movedOn(each, verb, work.now));
  await updateWindDowns(work.sql, after);
  for (const [place, each] of after.entries()) {
    announceWindDown(work, eventOfMove[verb], each, before[place]);
  }
}

function announceWindDown(
  work: Work,
  type: keyof typeof windDownEvents,
  windDown: WindDown,
  before?: WindDown,
): void {
  const object = showWindDown(windDown);
  announce(work, {
    type,
    objectId: windDown.id,
    objectVersion: windDown.version,
    object,
    ...(before && { previous: previousOf(showWindDown(before), object) }),
  });
}

/** One page of wind-downs, newest first. */
export const listWindDowns = (
  sql: Sql,
  filter: WindDownFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<WindDown>> => listWindDownPage(sql, filter, page);
