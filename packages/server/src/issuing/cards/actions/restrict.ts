import type { Work } from "../../../foundation/database/work.ts";
import { refuseWhileListed } from "../../customers/actions/screening.ts";
import { cardErrors } from "../errors.ts";
import type { CardEvent } from "../events.ts";
import {
  type Blocker,
  type Card,
  type Freezer,
  hasEnded,
  type Restriction,
  type RestrictionKind,
  type RestrictionOwner,
  restrictedStatus,
  restrictionOf,
} from "../model.ts";
import { statusRefusal } from "../rules/status.ts";
import { insertRestrictions, liftRestrictions } from "../store/status.ts";
import { type CardInFull, inFull, lockNamed } from "./read.ts";
import { recordChanges } from "./record.ts";

/** Why a person restricts a card or lifts a restriction. */
export type Why = { readonly reason: string | null; readonly note: string | null };

/** Why a card is restricted, and until when: null for no end, undefined where nothing is said of it. */
export type RestrictionWhy = Why & {
  readonly reason: string;
  readonly endsAt?: Date | null | undefined;
};

const verbs = {
  freeze: { kind: "freeze", event: "card.frozen" },
  unfreeze: { kind: "freeze", event: "card.unfrozen" },
  block: { kind: "block", event: "card.blocked" },
  unblock: { kind: "block", event: "card.unblocked" },
} as const satisfies Record<string, { kind: RestrictionKind; event: CardEvent }>;
type Verb = keyof typeof verbs;

/**
 * Puts the freeze of one who asked on a card; each has one of their own. Repeating it changes
 * nothing, unless it gives another end.
 *
 * @throws Refusal `not_found`, `card_expired`, `card_deleted`, `ends_at_in_past`.
 */
export const freezeCard = (
  work: Work,
  id: string,
  requestedBy: Freezer,
  why: Why & Pick<RestrictionWhy, "endsAt">,
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
export const unfreezeCard = async (
  work: Work,
  id: string,
  requestedBy: Freezer,
  why: Why,
): Promise<CardInFull> =>
  releaseOwn(work, await lockFor(work, id, "unfreeze"), "unfreeze", requestedBy, why);

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
  why: RestrictionWhy,
): Promise<CardInFull> => restrict(work, id, "block", owner, why);

/**
 * Lifts the platform's block of that name; a rule lifts its own, and nobody that of compliance past those who
 * decide on hits of screening. Repeating it changes nothing.
 *
 * @param work of the card's organization: see `workForCard`.
 * @throws Refusal `not_found`, `card_deleted`, `screening_hits_waiting`, `sanctions_match_confirmed`.
 */
export async function unblockCard(
  work: Work,
  id: string,
  owner: Blocker,
  why: Why,
): Promise<CardInFull> {
  const card = await lockFor(work, id, "unblock");
  if (owner === "compliance") await refuseWhileListed(work, card.customerId ?? card.id);
  return releaseOwn(work, card, "unblock", owner, why);
}

async function restrict(
  work: Work,
  id: string,
  verb: "freeze" | "block",
  owner: RestrictionOwner,
  why: RestrictionWhy,
): Promise<CardInFull> {
  const card = await lockFor(work, id, verb);
  const [changed] = await restrictAll(work, [card], verb, owner, why);
  return changed ?? inFull(work, card);
}

async function releaseOwn(
  work: Work,
  card: Card,
  verb: "unfreeze" | "unblock",
  owner: RestrictionOwner,
  why: Why,
): Promise<CardInFull> {
  const isOwners = (restriction: Restriction) => restriction.owner === owner;
  const [changed] = await releaseAll(work, [card], verb, isOwners, why);
  return changed ?? inFull(work, card);
}

async function lockFor(work: Work, id: string, verb: Verb): Promise<Card> {
  const card = await lockNamed(work, id, "change");
  const refusal = statusRefusal(verb, card, work.now);
  if (refusal !== null) throw refusal;
  return card;
}

/**
 * Puts a restriction on each card. One that has it already keeps it, unless another end is asked for or
 * its end has come: then a new one takes its place. Owners have one of each kind, a rule one for each
 * reason.
 *
 * @param cards locked for a change, of the work's organization.
 * @returns those that changed.
 * @throws Refusal `ends_at_in_past`.
 */
export async function restrictAll(
  work: Work,
  cards: readonly Card[],
  verb: "freeze" | "block",
  owner: RestrictionOwner,
  why: RestrictionWhy,
): Promise<CardInFull[]> {
  const { kind, event } = verbs[verb];
  const { reason, note, endsAt } = why;
  if (endsAt instanceof Date && endsAt <= work.now) {
    throw cardErrors.refusal("ends_at_in_past", undefined, { field: "endsAt" });
  }
  const steps = cards.flatMap((before) => {
    const standing = restrictionOf(before, kind, { owner, reason });
    if (standing !== undefined && staysAsItIs(standing, endsAt, work.now)) return [];
    const restriction: Restriction = {
      id: work.newId("restriction"),
      kind,
      owner,
      reason,
      note,
      actor: { kind: work.actor.kind, id: work.actor.id },
      createdAt: work.now,
      endsAt: endsAt ?? null,
    };
    const others = before.restrictions.filter((each) => each !== standing);
    const after = withRestrictions(before, [...others, restriction]);
    return [{ before, after, restriction, lifted: standing === undefined ? [] : [standing] }];
  });
  await lift(work, steps);
  const added = steps.map(({ after, restriction }) => ({ card: after, restriction }));
  await insertRestrictions(work.sql, added);
  return recordChanges(work, steps, { action: verb, event, reason, note });
}

/** Whether a restriction is what is asked for already. */
function staysAsItIs(standing: Restriction, endsAt: Date | null | undefined, now: Date): boolean {
  if (hasEnded(standing, now)) return false;
  return endsAt === undefined || standing.endsAt?.getTime() === endsAt?.getTime();
}

/**
 * Lifts restrictions of one kind from each card that has such.
 *
 * @param cards locked for a change, of the work's organization.
 * @param which of that kind.
 * @returns those that changed.
 */
export async function releaseAll(
  work: Work,
  cards: readonly Card[],
  verb: "unfreeze" | "unblock",
  which: (restriction: Restriction) => boolean,
  why: Why,
): Promise<CardInFull[]> {
  const { kind, event } = verbs[verb];
  const steps = cards.flatMap((before) => {
    const lifted = before.restrictions.filter((each) => each.kind === kind && which(each));
    if (lifted.length === 0) return [];
    const left = before.restrictions.filter((each) => !lifted.includes(each));
    return [{ before, after: withRestrictions(before, left), lifted }];
  });
  await lift(work, steps);
  return recordChanges(work, steps, { action: verb, event, ...why });
}

function lift(
  { sql, organizationId, now: at, actor: by }: Work,
  steps: readonly { readonly lifted: readonly Restriction[] }[],
): Promise<void> {
  const lifted = steps.flatMap((step) => step.lifted);
  return liftRestrictions(sql, organizationId, lifted, { at, by });
}

function withRestrictions(card: Card, restrictions: readonly Restriction[]): Card {
  return {
    ...card,
    restrictions,
    storedStatus: restrictedStatus(restrictions),
    version: card.version + 1n,
  };
}
