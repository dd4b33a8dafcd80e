import type { Sql } from "../../../foundation/database/sql.ts";
import type { Actor, Work } from "../../../foundation/database/work.ts";
import type { PersonId } from "../../../foundation/ids/ids.ts";
import { lockOrganization, workIn } from "../../organizations/actions.ts";
import {
  decideHit,
  type HitInFull,
  type HitWhy,
  hitsStanding,
  readHit,
  reopenHit,
  screenSubject,
} from "../../screening/actions/hits.ts";
import { type Lists, listsInForce } from "../../screening/actions/lists.ts";
import { type Hit, type HitVerdict, isSanctions, isWaiting } from "../../screening/model/hits.ts";
import type { ScreenedCounts } from "../../screening/model.ts";
import { customerErrors } from "../errors.ts";
import { eventOfMove } from "../events.ts";
import type { Person } from "../model/people.ts";
import { type Customer, SANCTIONS, SCREENING } from "../model.ts";
import { decidedBy, reasonsOf, type Verdict } from "../rules/moves.ts";
import { personSubject, subjectOf } from "../rules/screening.ts";
import { findPresent } from "../store/people.ts";
import { countScreened, isBehind, lastHolder, markScreened } from "../store/screening.ts";
import { lockCustomerRow, updateCustomer } from "../store.ts";
import { announceCustomer, keepMove, withItsTime } from "./record.ts";

/** Who holds a customer because of a hit, in its history. */
const SCREENER = "screening";

/**
 * Screens a customer as it is, and puts it on hold for a person to look where it may be on a list. The caller
 * has it locked, or has made it.
 *
 * @param lists taken before any lock: see `listsInForce`.
 * @returns the customer after it.
 */
export async function screenCustomer(
  work: Work,
  customer: Customer,
  lists: Lists,
): Promise<Customer> {
  if (lists.version === 0n) return customer;
  await markScreened(work.sql, customer, lists.version);
  const subject = subjectOf(customer);
  const people = customer.type === "business" ? await findPresent(work.sql, customer) : [];
  const hits =
    subject === null ? [] : await screenSubject(work, refOf(customer, null), subject, lists);
  for (const person of people) {
    const ref = refOf(customer, person.id);
    hits.push(...(await screenSubject(work, ref, personSubject(person), lists)));
  }
  return hits.length === 0 ? customer : holdFor(work, customer, hits);
}

const refOf = ({ id }: Customer, personId: PersonId | null) =>
  ({ subjectKind: "customer", subjectId: id, personId }) as const;

/**
 * As `screenCustomer`, of one person of a business: who may be on a list holds the whole customer.
 *
 * @param lists taken before any lock: see `listsInForce`.
 */
export async function screenPerson(
  work: Work,
  customer: Customer,
  person: Person,
  lists: Lists,
): Promise<Customer> {
  const ref = refOf(customer, person.id);
  const hits = await screenSubject(work, ref, personSubject(person), lists);
  return hits.length > 0 ? holdFor(work, customer, hits) : customer;
}

/**
 * Screens customers anew whose lists are older than those in force.
 *
 * @param work of their organization.
 * @returns how many; not those that somebody else has screened by now.
 */
export async function rescreenCustomers(work: Work, ids: readonly string[]): Promise<number> {
  const lists = await listsInForce(work);
  let done = 0;
  for (const value of [...ids].sort()) {
    const reference = { by: "id", value } as const;
    const customer = await lockCustomerRow(work.sql, work.organizationId, reference, "change");
    if (customer === null || customer.status === "deleted") continue;
    if (!(await isBehind(work.sql, customer, lists.version))) continue;
    await screenCustomer(work, customer, lists);
    done += 1;
  }
  return done;
}

/** Holds a customer that is not on hold yet, in the name of the rule and not of who changed it. */
async function holdFor(work: Work, before: Customer, hits: readonly Hit[]): Promise<Customer> {
  if (before.status === "on_hold" || before.status === "deleted") return before;
  const reason = hits.some(isSanctions) ? SANCTIONS : SCREENING;
  const actor: Actor = { kind: "system", id: SCREENER, organizationId: work.organizationId };
  return carryOut({ ...work, actor }, before, { move: "hold", reason });
}

async function carryOut(
  work: Work,
  before: Customer,
  verdict: Verdict & { readonly move: "hold" | "release" },
): Promise<Customer> {
  const decided = decidedBy(before, verdict, work.now);
  const customer = verdict.move === "release" ? await withItsTime(work, decided) : decided;
  await updateCustomer(work.sql, customer);
  await keepMove(work, before, customer, { move: verdict.move, reasons: reasonsOf(verdict) });
  announceCustomer(work, eventOfMove[verdict.move], customer, before);
  return customer;
}

/** Locks the subject of a hit where it is no customer. */
export type LockHit = (work: Work, hit: Hit) => Promise<void>;

/** A decided hit in the work of its organization, for who follows it up. */
export type DecidedHit = HitInFull & { readonly work: Work };

/**
 * Carries out what a person says of a hit of whatever organization. The last one that is cleared, or whose
 * list is not of sanctions, releases the customer where it was screening that held it.
 *
 * @param work of the platform.
 * @param lock locks the subject where it is no customer.
 * @throws Refusal `not_found`, `hit_decided`, `four_eyes_required`.
 */
export async function decideScreening(
  work: Work,
  id: string,
  verdict: HitVerdict,
  why: HitWhy,
  lock: LockHit,
): Promise<DecidedHit> {
  const { own, customer } = await lockForHit(work, id, lock);
  const decided = await decideHit(own, id, verdict, why);
  if (customer !== null && !isWaiting(decided.hit)) await follow(own, customer, decided.hit);
  return { ...decided, work: own };
}

/**
 * Puts a confirmed hit back into the queue, where it is decided anew; what it brought stays until it is cleared.
 *
 * @param work of the platform.
 * @param lock as of `decideScreening`.
 * @throws Refusal `not_found`, `hit_not_confirmed`, `newer_hit_waiting`.
 */
export async function reopenScreening(
  work: Work,
  id: string,
  why: HitWhy,
  lock: LockHit,
): Promise<HitInFull> {
  const { own } = await lockForHit(work, id, lock);
  return reopenHit(own, id, why);
}

/** Whoever changes a subject's hits has the subject locked: of two who decide at once, one is the later. */
async function lockForHit(work: Work, id: string, lock: LockHit) {
  const { hit } = await readHit(work, id);
  const own = await workIn(work, hit.organizationId);
  await lockOrganization(own.sql, own.organizationId, "share");
  const customer = await lockSubject(own, hit);
  if (customer === null) await lock(own, hit);
  return { own, customer };
}

/** Null where the subject is no customer. */
const lockSubject = ({ sql, organizationId }: Work, { subjectKind, subjectId: value }: Hit) =>
  subjectKind === "customer"
    ? lockCustomerRow(sql, organizationId, { by: "id", value }, "change")
    : null;

async function follow(work: Work, customer: Customer, hit: Hit): Promise<void> {
  if (hit.status === "confirmed" && isSanctions(hit)) {
    await holdFor(work, customer, [hit]);
    return;
  }
  if (customer.status !== "on_hold") return;
  const { waiting, sanctioned } = await hitsStanding(work.sql, work.organizationId, customer.id);
  if (waiting || sanctioned) return;
  // A hold that a person has put stays until a person lifts it.
  if ((await lastHolder(work.sql, customer)) !== `system ${SCREENER}`) return;
  await carryOut(work, customer, { move: "release" });
}

/**
 * Nobody lets a customer or card go past those who decide on its hits, two of them under four eyes.
 *
 * @param subjectId the customer, or the card that has none; it is locked for a change.
 * @throws Refusal `screening_hits_waiting`, `sanctions_match_confirmed`.
 */
export async function refuseWhileListed(
  { sql, organizationId }: Work,
  subjectId: string,
): Promise<void> {
  const { waiting, sanctioned } = await hitsStanding(sql, organizationId, subjectId);
  if (waiting) throw customerErrors.refusal("screening_hits_waiting");
  if (sanctioned) throw customerErrors.refusal("sanctions_match_confirmed");
}

/** How far screening of customers is, over all organizations. */
export const readCustomersScreened = (sql: Sql): Promise<ScreenedCounts> => countScreened(sql);

/** Whether a customer was ever taken for somebody on a list of sanctions, rightly or not. */
export async function suspected(sql: Sql, customer: Customer): Promise<boolean> {
  return (await hitsStanding(sql, customer.organizationId, customer.id)).suspected;
}
