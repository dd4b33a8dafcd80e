import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import type { DecidedHit } from "../../customers/actions/screening.ts";
import { carryHits, hitsStanding, readHit, screenSubject } from "../../screening/actions/hits.ts";
import { type Lists, listsInForce } from "../../screening/actions/lists.ts";
import { type Hit, isWaiting } from "../../screening/model/hits.ts";
import type { ScreenedCounts } from "../../screening/model.ts";
import { type Card, type IssueRequest, SANCTIONS_MATCH, SCREENING_REVIEW } from "../model.ts";
import { namesOf } from "../rules/issue.ts";
import { namedOn } from "../rules/screening.ts";
import { listOfCustomer } from "../store/facts.ts";
import { countScreened, findScreened, markScreened } from "../store/screening.ts";
import { lockRows } from "../store.ts";
import { releaseAll, restrictAll } from "./restrict.ts";

/** Whether a request names nobody but by the name on the card. */
export const isNamedOnly = ({ request }: { readonly request: IssueRequest }): boolean =>
  request.customerId === undefined;

/** Whether the name that a request puts on a card may be on a list. */
export function isListed(lists: Lists | null, request: IssueRequest): boolean {
  const subject = namedOn(namesOf(request));
  return lists !== null && subject !== null && lists.search(subject).length > 0;
}

/** A new card, and whether the name on it may be on a list. */
type NewCard = { readonly work: Work; readonly card: Card; readonly suspected: boolean };

/**
 * Puts the hits of new cards that have no customer into the queue; they are issued blocked. Remembers of all of
 * them what they were screened against.
 */
export async function keepHits(issued: readonly NewCard[], lists: Lists | null): Promise<void> {
  const [first] = issued;
  if (first === undefined || lists === null || lists.version === 0n) return;
  const named = issued.filter(({ card }) => card.customerId === null);
  await markScreened(
    first.work.sql,
    named.map(({ card }) => card),
    lists.version,
  );
  for (const { work, card, suspected } of named) if (suspected) await screen(work, card, lists);
}

/** What is known of a replacement before it is made. */
type Carried = {
  /** Whether its name may be on a list that the card which it replaces was not screened against yet. */
  readonly suspected: boolean;
  /** Up to which version of the lists it is screened. */
  readonly version: bigint;
};

/**
 * Binds the replacement of a card without a customer by what was found and decided about that one, and looks in the
 * lists in force where it was not screened against them yet: no card is issued that is still to be screened.
 *
 * @param card locked for a change.
 * @param to the id of the new card, with the same name.
 * @param lists taken before any lock: see `listsInForce`.
 */
export async function carryScreening(
  work: Work,
  card: Card,
  to: Card["id"],
  lists: Lists,
): Promise<Carried> {
  await carryHits(work, card.id, to);
  const version = await findScreened(work.sql, card);
  if (version >= lists.version) return { suspected: false, version };
  const hits = await screen(work, { ...card, id: to }, lists);
  return { suspected: hits.length > 0, version: lists.version };
}

/** Remembers up to which version of the lists a replacement is screened, once it is made. */
export const keepScreened = async ({ sql }: Work, card: Card, { version }: Carried) => {
  await markScreened(sql, [card], version);
};

type Named = Pick<Card, "id" | "cardholder">;

async function screen(work: Work, card: Named, lists: Lists): Promise<readonly Hit[]> {
  const subject = namedOn(card.cardholder);
  if (subject === null) return [];
  const ref = { subjectKind: "card", subjectId: card.id, personId: null } as const;
  return screenSubject(work, ref, subject, lists);
}

/**
 * Screens the names on cards without a customer anew, where their lists are older than those in force; who may be
 * on one is blocked for somebody to look.
 *
 * @param work of their organization.
 * @returns how many; not those that somebody else has screened by now.
 */
export async function rescreenCards(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const lists = await listsInForce(work);
  const refs = [...ids].sort().map((id) => ({ organizationId, id: id as Card["id"] }));
  const cards = await lockLive(work, refs);
  const behind = await markScreened(sql, cards, lists.version);
  const found: Card[] = [];
  for (const card of cards.filter(({ id }) => behind.has(id))) {
    if ((await screen(work, card, lists)).length > 0) found.push(card);
  }
  const actor = { kind: "system", id: "screening", organizationId } as const;
  const why = { reason: SCREENING_REVIEW, note: null, endsAt: null };
  await restrictAll({ ...work, actor }, found, "block", "compliance", why);
  return behind.size;
}

/**
 * Locks the card that a hit is about: whoever changes its hits does. Where that was replaced meanwhile a hit that
 * waits is about the replacement, whose id is a later one.
 */
export async function lockHitCard(work: Work, found: Hit): Promise<void> {
  let hit = found;
  while (hit.subjectKind === "card") {
    const { organizationId, subjectId: id } = hit;
    await lockRows(work.sql, [{ organizationId, id }], "change");
    hit = (await readHit(work, hit.id)).hit;
    if (hit.subjectId === id) return;
  }
}

/**
 * What becomes of cards by a decision. Those of a customer that is confirmed to be on a list of sanctions, and a
 * card whose own name is, are restricted in the name of compliance: their money stays where it is. Once nothing
 * waits and no sanctions are confirmed they lose what screening has put on them. The customer, or the card, is
 * locked by the decision.
 */
export async function followHit({ hit, work }: DecidedHit): Promise<void> {
  if (isWaiting(hit)) return;
  const { sql, organizationId } = work;
  const { waiting, sanctioned } = await hitsStanding(sql, organizationId, hit.subjectId);
  if (waiting && !sanctioned) return;
  const cards = await lockLive(work, await cardsOf(work, hit));
  if (sanctioned) {
    const why = { reason: SANCTIONS_MATCH, note: null, endsAt: null };
    await restrictAll(work, cards, "block", "compliance", why);
  } else {
    const why = { reason: "screening_cleared", note: null };
    await releaseAll(work, cards, "unblock", isOfScreening, why);
  }
}

/** The cards that a hit is about. */
async function cardsOf(
  { sql, organizationId }: Work,
  hit: Hit,
): Promise<Pick<Card, "organizationId" | "id">[]> {
  if (hit.subjectKind === "customer") return listOfCustomer(sql, organizationId, hit.subjectId);
  return [{ organizationId, id: hit.subjectId }];
}

const isOfScreening = ({ owner, reason }: Card["restrictions"][number]) =>
  owner === "compliance" && (reason === SCREENING_REVIEW || reason === SANCTIONS_MATCH);

async function lockLive(
  { sql }: Work,
  refs: readonly Pick<Card, "organizationId" | "id">[],
): Promise<Card[]> {
  const locked = [...(await lockRows(sql, refs, "change")).values()];
  return locked.filter(({ deletedAt }) => deletedAt === null);
}

/** How far screening of cards without a customer is, over all organizations. */
export const readCardsScreened = (sql: Sql): Promise<ScreenedCounts> => countScreened(sql);
