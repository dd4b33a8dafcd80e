import type { Work } from "../../../foundation/database/work.ts";
import type { CardEvent } from "../events.ts";
import {
  type Blocker,
  type Card,
  type Freezer,
  type Restriction,
  type RestrictionCause,
  type RestrictionKind,
  type RestrictionOwner,
  restrictedStatus,
  restrictionOf,
  type StatusChange,
  statusOf,
} from "../model.ts";
import { statusRefusal } from "../rules/status.ts";
import { insertRestrictions, insertStatusChanges, liftRestrictions } from "../store/status.ts";
import { updateCards } from "../store.ts";
import { allInFull, announceCard, type CardInFull, inFull, lockNamed } from "./read.ts";

/** Why a person restricts a card or lifts a restriction. */
export type Why = { readonly reason: string | null; readonly note: string | null };

const verbs = {
  freeze: { kind: "freeze", event: "card.frozen" },
  unfreeze: { kind: "freeze", event: "card.unfrozen" },
  block: { kind: "block", event: "card.blocked" },
  unblock: { kind: "block", event: "card.unblocked" },
} as const satisfies Record<string, { kind: RestrictionKind; event: CardEvent }>;
type Verb = keyof typeof verbs;

/**
 * Puts the freeze of one who asked on a card; each has one of their own. Repeating it changes
 * nothing.
 *
 * @throws Refusal `not_found`, `card_expired`, `card_deleted`.
 */
export const freezeCard = (
  work: Work,
  id: string,
  requestedBy: Freezer,
  why: Why,
): Promise<CardInFull> =>
  restrict(work, id, "freeze", requestedBy, {
    ...why,
    reason: why.reason ?? `requested_by_${requestedBy}`,
  });

/**
 * Lifts the freeze of the one named, and no other. Repeating it changes nothing.
 *
 * @throws Refusal `not_found`, `card_expired`, `card_deleted`.
 */
export const unfreezeCard = (
  work: Work,
  id: string,
  requestedBy: Freezer,
  why: Why,
): Promise<CardInFull> => release(work, id, "unfreeze", requestedBy, why);

/**
 * Blocks a card for the platform; in the name of compliance its money stays where it is, too.
 * Repeating it changes nothing.
 *
 * @param work of the card's organization: see `workForCard`.
 * @throws Refusal `not_found`, `card_deleted`.
 */
export const blockCard = (
  work: Work,
  id: string,
  owner: Blocker,
  why: Why & { readonly reason: string },
): Promise<CardInFull> => restrict(work, id, "block", owner, why);

/**
 * Lifts the platform's block of that name; a rule lifts its own. Repeating it changes nothing.
 *
 * @param work of the card's organization: see `workForCard`.
 * @throws Refusal `not_found`, `card_deleted`.
 */
export const unblockCard = (
  work: Work,
  id: string,
  owner: Blocker,
  why: Why,
): Promise<CardInFull> => release(work, id, "unblock", owner, why);

async function restrict(
  work: Work,
  id: string,
  verb: "freeze" | "block",
  owner: RestrictionOwner,
  why: Why & { readonly reason: string },
): Promise<CardInFull> {
  const card = await lockFor(work, id, verb);
  const [changed] = await restrictAll(work, [card], verb, owner, why);
  return changed ?? inFull(work, card);
}

async function release(
  work: Work,
  id: string,
  verb: "unfreeze" | "unblock",
  owner: RestrictionOwner,
  why: Why,
): Promise<CardInFull> {
  const card = await lockFor(work, id, verb);
  const [changed] = await releaseAll(work, [card], verb, { owner }, why);
  return changed ?? inFull(work, card);
}

async function lockFor(work: Work, id: string, verb: Verb): Promise<Card> {
  const card = await lockNamed(work, id, "change");
  const refusal = statusRefusal(verb, card, work.now);
  if (refusal !== null) throw refusal;
  return card;
}

/**
 * Puts a restriction on each card that has none of that owner yet (of a rule: none for that reason).
 *
 * @param cards locked for a change, of the work's organization.
 * @returns those that changed.
 */
export async function restrictAll(
  work: Work,
  cards: readonly Card[],
  verb: "freeze" | "block",
  owner: RestrictionOwner,
  why: Why & { readonly reason: string },
): Promise<CardInFull[]> {
  const { kind } = verbs[verb];
  const steps = cards
    .filter((card) => restrictionOf(card, kind, { owner, reason: why.reason }) === undefined)
    .map((before) => {
      const restriction: Restriction = {
        ...why,
        id: work.newId("restriction"),
        kind,
        owner,
        actor: { kind: work.actor.kind, id: work.actor.id },
        createdAt: work.now,
        endsAt: null,
      };
      const after = withRestrictions(before, [...before.restrictions, restriction]);
      return { before, after, restriction };
    });
  const added = steps.map(({ after, restriction }) => ({ card: after, restriction }));
  await insertRestrictions(work.sql, added);
  return keep(work, verb, steps, why);
}

/**
 * Lifts the restriction of an owner (of a rule: for a reason) from each card that has it.
 *
 * @param cards locked for a change, of the work's organization.
 * @returns those that changed.
 */
export async function releaseAll(
  work: Work,
  cards: readonly Card[],
  verb: "unfreeze" | "unblock",
  of: RestrictionCause,
  why: Why,
): Promise<CardInFull[]> {
  const { kind } = verbs[verb];
  const steps = cards.flatMap((before) => {
    const lifted = restrictionOf(before, kind, of);
    if (lifted === undefined) return [];
    const left = before.restrictions.filter((each) => each !== lifted);
    return [{ before, after: withRestrictions(before, left), lifted }];
  });
  const lifted = steps.map((step) => step.lifted);
  await liftRestrictions(work.sql, work.organizationId, lifted, { at: work.now, by: work.actor });
  return keep(work, verb, steps, why);
}

function withRestrictions(card: Card, restrictions: readonly Restriction[]): Card {
  return {
    ...card,
    restrictions,
    storedStatus: restrictedStatus(restrictions),
    version: card.version + 1n,
  };
}

/** Writes changed cards with a line of their histories each, and announces them. */
async function keep(
  work: Work,
  verb: Verb,
  steps: readonly { readonly before: Card; readonly after: Card }[],
  { reason, note }: Why,
): Promise<CardInFull[]> {
  if (steps.length === 0) return [];
  const { sql, now, actor } = work;
  const changes = steps.map(({ before, after }) => {
    const [from, to] = [statusOf(before, now), statusOf(after, now)];
    const { version } = after;
    const change: StatusChange = { version, action: verb, from, to, reason, note, actor, at: now };
    return { card: after, change };
  });
  const cards = steps.map(({ after }) => after);
  const [changed] = await Promise.all([
    allInFull(work, cards),
    updateCards(sql, cards),
    insertStatusChanges(sql, changes),
  ]);
  for (const [place, full] of changed.entries()) {
    const card = steps[place]?.before ?? full.card;
    announceCard(work, verbs[verb].event, full, { card, money: full.money });
  }
  return changed;
}
