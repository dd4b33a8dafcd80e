import type { Work } from "../../../foundation/database/work.ts";
import type { CardEvent } from "../events.ts";
import {
  type Blocker,
  type Card,
  type Freezer,
  type Restriction,
  type RestrictionKind,
  type RestrictionOwner,
  restrictedStatus,
  restrictionOf,
  type StatusChange,
  statusOf,
} from "../model.ts";
import { statusRefusal } from "../rules/status.ts";
import { insertRestrictions, insertStatusChanges, liftRestriction } from "../store/status.ts";
import { updateCard } from "../store.ts";
import { announceCard, type CardInFull, inFull, lockNamed } from "./read.ts";

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
  const before = await lockFor(work, id, verb);
  const { kind } = verbs[verb];
  if (restrictionOf(before, kind, owner) !== undefined) return inFull(work, before);
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
  await insertRestrictions(work.sql, [{ card: after, restriction }]);
  return keep(work, verb, before, after, why);
}

async function release(
  work: Work,
  id: string,
  verb: "unfreeze" | "unblock",
  owner: RestrictionOwner,
  why: Why,
): Promise<CardInFull> {
  const before = await lockFor(work, id, verb);
  const lifted = restrictionOf(before, verbs[verb].kind, owner);
  if (lifted === undefined) return inFull(work, before);
  const left = before.restrictions.filter((each) => each !== lifted);
  await liftRestriction(work.sql, before.organizationId, lifted, {
    at: work.now,
    actor: work.actor,
  });
  return keep(work, verb, before, withRestrictions(before, left), why);
}

async function lockFor(work: Work, id: string, verb: Verb): Promise<Card> {
  const card = await lockNamed(work, id, "change");
  const refusal = statusRefusal(verb, card, work.now);
  if (refusal !== null) throw refusal;
  return card;
}

function withRestrictions(card: Card, restrictions: readonly Restriction[]): Card {
  return {
    ...card,
    restrictions,
    storedStatus: restrictedStatus(restrictions),
    version: card.version + 1n,
  };
}

async function keep(
  work: Work,
  verb: Verb,
  before: Card,
  after: Card,
  { reason, note }: Why,
): Promise<CardInFull> {
  const { sql, now } = work;
  const change: StatusChange = {
    version: after.version,
    action: verb,
    from: statusOf(before, now),
    to: statusOf(after, now),
    reason,
    note,
    actor: work.actor,
    at: now,
  };
  const [changed] = await Promise.all([
    inFull(work, after),
    updateCard(sql, after),
    insertStatusChanges(sql, [{ card: after, change }]),
  ]);
  announceCard(work, verbs[verb].event, changed, { card: before, money: changed.money });
  return changed;
}
