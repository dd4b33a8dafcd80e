import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import type { CardId } from "../../../foundation/ids/ids.ts";
import { isSameKey } from "../../../records/access/actions.ts";
import { openPersonal, sealPersonal } from "../../../records/vault/actions.ts";
import {
  type Hit,
  type HitChange,
  type HitDecision,
  type HitMatch,
  type HitMove,
  type HitRef,
  type HitStatus,
  type HitVerdict,
  hitLifecycle,
  isSanctions,
  isWaiting,
} from "../model/hits.ts";
import type { Subject } from "../model.ts";
import { type Finding, findingsOf, hashOfEntry, moveOf, requireReopenable } from "../rules/hits.ts";
import { insertHitChange, listHitChanges } from "../store/hit-history.ts";
import {
  findHitRow,
  forgetHitRows,
  type HitFilter,
  hitsOf,
  listHitRows,
  readFourEyes,
  type StoredHit,
  writeFourEyes,
  writeHit,
} from "../store/hits.ts";
import type { Lists } from "./lists.ts";

/** Who finds hits, in their history. */
const SCREENER = { kind: "system", id: "screening" } as const;

/** A hit, and what was compared; null once it is erased. */
export type HitInFull = { readonly hit: Hit; readonly match: HitMatch | null };

/**
 * Looks for a customer, one of its people or a cardholder in the lists, and keeps what somebody has to look at.
 *
 * @param work of the subject's organization; the caller has the subject locked, or made it.
 * @returns the hits that are new or to be looked at anew.
 */
export async function screenSubject(
  work: Work,
  ref: HitRef,
  subject: Subject,
  lists: Lists,
): Promise<Hit[]> {
  const matches = lists.search(subject);
  if (matches.length === 0) return [];
  const all = await hitsOf(work.sql, work.organizationId, ref.subjectId);
  const own = all.filter(({ hit }) => hit.personId === ref.personId);
  const known = await inFullAll(work, own);
  const before = known.map(({ hit, match }) => ({ hit, subject: match?.subject ?? null }));
  const hits: Hit[] = [];
  for (const finding of findingsOf(subject, matches, before)) {
    hits.push(await keep(work, ref, subject, lists, finding));
  }
  return hits;
}

async function keep(
  work: Work,
  ref: HitRef,
  subject: Subject,
  lists: Lists,
  { match, waiting }: Finding,
): Promise<Hit> {
  const { entry, score } = match;
  const listVersion = lists.sources.find(({ source }) => source === entry.source)?.version;
  assert(listVersion !== undefined, "A match is from a list in force.");
  const hit: Hit = {
    ...ref,
    organizationId: work.organizationId,
    id: waiting?.id ?? work.newId("screeningHit"),
    source: entry.source,
    sourceId: entry.sourceId,
    listVersion,
    entryHash: hashOfEntry(entry),
    score,
    // What was proposed was about other facts.
    status: "open",
    proposal: null,
    decision: null,
    version: (waiting?.version ?? 0n) + 1n,
    createdAt: waiting?.createdAt ?? work.now,
  };
  const kept: HitMatch = { subject, name: match.name.text, reasons: match.reasons };
  const sealed = await seal(work, hit, kept);
  const move = waiting === null ? "find" : "renew";
  await record(work, waiting, { hit, sealed }, { ...unsaid, move, actor: SCREENER });
  return hit;
}

const unsaid = { reasons: [], note: null } as const;

/** Writes a hit as it is now, and in its history how it came to be so. */
async function record(
  { sql, now }: Work,
  before: Hit | null,
  stored: StoredHit,
  kept: Pick<HitChange, "move" | "actor" | "reasons" | "note">,
): Promise<void> {
  const { version, status } = stored.hit;
  await writeHit(sql, stored);
  const change = { ...kept, version, from: before?.status ?? null, to: status, at: now };
  await insertHitChange(sql, stored.hit, change);
}

async function seal(
  work: Work,
  { id, organizationId, subjectId }: Hit,
  kept: HitMatch,
): Promise<Uint8Array> {
  const json = JSON.stringify(kept);
  const [sealed] = await sealPersonal(work, [
    { organizationId, subjectId, recordId: id, purpose: "retained", json, now: work.now },
  ]);
  assert(sealed !== undefined, "What is given to be sealed is sealed.");
  return sealed;
}

/**
 * Binds a card that takes another's place, under the same name, by all that is known of that one: what was decided
 * is kept with both, what waits for a decision goes over. The caller has the old one locked, and makes the new one.
 */
export async function carryHits(work: Work, from: CardId, to: CardId): Promise<void> {
  const known = await inFullAll(work, await hitsOf(work.sql, work.organizationId, from));
  for (const { hit: before, match } of known) {
    assert(match !== null, "Of a card that lives what was compared is kept.");
    const goes = isWaiting(before);
    const hit: Hit = goes
      ? { ...before, ...cardRef(to), version: before.version + 1n }
      : { ...before, ...cardRef(to), id: work.newId("screeningHit"), version: 1n };
    const sealed = await seal(work, hit, match);
    const kept = { ...unsaid, move: "carry", actor: work.actor } as const;
    await record(work, goes ? before : null, { hit, sealed }, kept);
  }
}

const cardRef = (subjectId: CardId) =>
  ({ subjectKind: "card", subjectId, personId: null }) as const;

/** Opens what was compared, of hits of one organization. */
async function inFullAll(
  reading: Omit<Reading, "now">,
  stored: readonly StoredHit[],
): Promise<HitInFull[]> {
  const items = stored.map(({ hit, sealed }) => ({
    subjectId: hit.subjectId,
    recordId: hit.id,
    sealed: sealed ?? new Uint8Array(),
  }));
  const texts = await openPersonal(reading, items);
  return stored.map(({ hit }, at) => {
    const json = texts[at] ?? null;
    return { hit, match: json === null ? null : (JSON.parse(json) as HitMatch) };
  });
}

/** A hit of whatever organization. @throws Refusal `not_found`. */
export async function readHit(reading: Omit<Reading, "now">, id: string): Promise<HitInFull> {
  const stored = await getStored(reading.sql, id);
  const { organizationId } = stored.hit;
  const [full] = await inFullAll({ ...reading, organizationId }, [stored]);
  assert(full !== undefined, "A hit that was found is there.");
  return full;
}

/** One page of hits of all organizations or one, newest first. */
export async function listHits(
  reading: Omit<Reading, "now">,
  filter: HitFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<HitInFull>> {
  const { rows, more } = await listHitRows(reading.sql, filter, page);
  const owners = [...new Set(rows.map(({ hit }) => hit.organizationId))];
  const opened = new Map<string, HitInFull>();
  for (const organizationId of owners) {
    const own = rows.filter(({ hit }) => hit.organizationId === organizationId);
    for (const full of await inFullAll({ ...reading, organizationId }, own)) {
      opened.set(full.hit.id, full);
    }
  }
  return { rows: rows.map(({ hit }) => opened.get(hit.id) as HitInFull), more };
}

/** One page of the moves of a hit of whatever organization, newest first. @throws Refusal `not_found`. */
export async function listHitHistory(
  sql: Sql,
  id: string,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<HitChange>> {
  const { hit } = await getStored(sql, id);
  return listHitChanges(sql, hit, page);
}

/** @throws Refusal `not_found`. */
async function getStored(sql: Sql, id: string): Promise<StoredHit> {
  const stored = await findHitRow(sql, id);
  if (stored === null) throw generalErrors.refusal("not_found");
  return stored;
}

/** Why somebody decides so. */
export type HitWhy = { readonly reasons: readonly string[]; readonly note: string | null };

/**
 * Carries out what a person says of a hit. The caller has locked its subject, and follows up.
 *
 * @param work the actor's, in the organization of the hit.
 * @throws Refusal `not_found`, `hit_decided`, `four_eyes_required`.
 */
export async function decideHit(
  work: Work,
  id: string,
  verdict: HitVerdict,
  why: HitWhy,
): Promise<HitInFull> {
  const { sql, actor } = work;
  const stored = await getStored(sql, id);
  const { proposal, status } = stored.hit;
  const [fourEyes, own] = await Promise.all([
    readFourEyes(sql),
    proposal !== null && isSameKey(sql, actor.organizationId, proposal.by, actor.id),
  ]);
  return carryOut(work, stored, moveOf(status, verdict, { fourEyes, own }), why);
}

/**
 * Puts a confirmed hit back into the queue. What it brought stays until it is cleared; who had confirmed it, and
 * why, is in its history. The caller has locked its subject.
 *
 * @throws Refusal `not_found`, `hit_not_confirmed`, `newer_hit_waiting`.
 */
export async function reopenHit(work: Work, id: string, why: HitWhy): Promise<HitInFull> {
  const stored = await getStored(work.sql, id);
  const all = await hitsOf(work.sql, stored.hit.organizationId, stored.hit.subjectId);
  requireReopenable(
    stored.hit,
    all.map(({ hit }) => hit),
  );
  return carryOut(work, stored, "reopen", why);
}

/** What a move leaves of what was said before, and what it adds. */
const said: Readonly<
  Record<HitMove, (now: HitDecision) => Partial<Pick<Hit, "proposal" | "decision">>>
> = {
  proposeConfirm: (proposal) => ({ proposal }),
  proposeClear: (proposal) => ({ proposal }),
  takeBack: () => ({ proposal: null }),
  confirm: (decision) => ({ decision }),
  clear: (decision) => ({ decision }),
  reopen: () => ({ proposal: null, decision: null }),
};

async function carryOut(
  work: Work,
  { hit: before, sealed }: StoredHit,
  move: HitMove,
  why: HitWhy,
): Promise<HitInFull> {
  const { actor, now } = work;
  const hit: Hit = {
    ...before,
    status: hitLifecycle.moves[move].to as HitStatus,
    ...said[move]({ by: actor.id, at: now, ...why }),
    version: before.version + 1n,
  };
  await record(work, before, { hit, sealed }, { ...why, move, actor });
  const [full] = await inFullAll(work, [{ hit, sealed }]);
  assert(full !== undefined, "A hit that has moved is there.");
  return full;
}

/** How a subject's hits stand; nothing of it changes while the subject is locked. */
export type HitsStanding = {
  /** Some wait for a decision. */
  readonly waiting: boolean;
  /** It was confirmed to be on a list of sanctions. */
  readonly sanctioned: boolean;
  /** It was ever taken for somebody on a list of sanctions, rightly or not. */
  readonly suspected: boolean;
};

export async function hitsStanding(
  sql: Sql,
  organizationId: string,
  subjectId: string,
): Promise<HitsStanding> {
  const hits = (await hitsOf(sql, organizationId, subjectId)).map(({ hit }) => hit);
  const sanctions = hits.filter(isSanctions);
  return {
    waiting: hits.some(isWaiting),
    sanctioned: sanctions.some(({ status }) => status === "confirmed"),
    suspected: sanctions.length > 0,
  };
}

/** Forgets which entries a subject was compared with: its retained key is destroyed. */
export const forgetHits = (
  { sql, organizationId }: Pick<Reading, "sql" | "organizationId">,
  subjectId: string,
): Promise<void> => forgetHitRows(sql, organizationId, subjectId);

/** Records at start whether one person proposes and another decides. */
export const setFourEyes = (sql: Sql, fourEyes: boolean): Promise<void> =>
  writeFourEyes(sql, fourEyes);
