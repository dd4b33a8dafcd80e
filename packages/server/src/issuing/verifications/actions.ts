import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert, generalErrors } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { announce } from "../../records/events/actions.ts";
import { previousOf } from "../../records/events/rules.ts";
import { decideCustomer, lockCustomer } from "../customers/actions.ts";
import { customerErrors } from "../customers/errors.ts";
import type { Customer } from "../customers/model.ts";
import type { Verdict } from "../customers/rules/moves.ts";
import { lockOrganization, workIn } from "../organizations/actions.ts";
import type { Organization } from "../organizations/model.ts";
import { requireOpen } from "../organizations/rules.ts";
import { settingsOf } from "./actions/settings.ts";
import { verificationErrors } from "./errors.ts";
import { eventOfMove, type VerificationEvent } from "./events.ts";
import {
  type Decision,
  type Mover,
  openStatuses,
  type Verification,
  type VerificationRead,
} from "./model.ts";
import {
  cancelled,
  claimedBy,
  decided,
  isDecision,
  isInReview,
  released,
  requireMove,
} from "./rules.ts";
import { showVerification } from "./schema.ts";
import {
  findOpenRow,
  findVerificationRow,
  forgetRows,
  insertVerification,
  listVerificationRows,
  ownerOf,
  updateVerification,
  type VerificationFilter,
} from "./store.ts";

/** Whose verification it is, for a platform key that names it by id; null where there is none. */
export const organizationOfVerification = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  ownerOf(sql, id);

/** One verification of an organization; null where there is none. */
export const findVerification = (
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<VerificationRead | null> => findVerificationRow(sql, organizationId, id);

/** One page of verifications, newest first. */
export const listVerifications = (
  sql: Sql,
  filter: VerificationFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<VerificationRead>> => listVerificationRows(sql, filter, page);

/** A verification with its customer, which is locked: nobody else moves either. */
export type Reviewed = {
  readonly work: Work;
  readonly organization: Organization;
  readonly customer: Customer;
  readonly verification: VerificationRead;
};

/**
 * Locks what a verification is about, in the organization that it belongs to. Whoever moves a
 * verification holds its customer; the row has no lock of its own.
 *
 * @throws Refusal `not_found`.
 */
export async function lockReviewed(work: Work, id: string): Promise<Reviewed> {
  const organizationId = await ownerOf(work.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  const own = await workIn(work, organizationId);
  const { sql } = own;
  const organization = await lockOrganization(sql, organizationId, "share");
  const found = await findVerificationRow(sql, organizationId, id);
  assert(found !== null, "A verification is not removed.");
  const customer = await lockCustomer(sql, organizationId, found.customerId, "change");
  // Once more under the lock: another may have moved it first.
  const verification = await findVerificationRow(sql, organizationId, id);
  assert(customer !== null && verification !== null, "A verification has its customer.");
  return { work: own, organization, customer, verification };
}

/**
 * The open verification of a customer in review; made where there is none. The caller has locked the
 * customer for a change, and its organization.
 *
 * @returns null where the customer is not in review.
 */
export async function openFor(
  work: Work,
  organization: Organization,
  customer: Customer,
): Promise<Verification | null> {
  if (!isInReview(customer)) return null;
  const { sql, organizationId, now } = work;
  const open = await findOpenRow(sql, organizationId, customer.id);
  if (open !== null) return open;
  const { provider } = await settingsOf(sql, organization);
  const verification: Verification = {
    organizationId,
    id: work.newId("verification"),
    customerId: customer.id,
    level: customer.level,
    // Nobody outside is given the data of a closed organization's customers.
    provider: organization.status === "closed" ? "manual" : provider,
    status: "queued",
    customerVersion: customer.version,
    claimedBy: null,
    claimedAt: null,
    providerReference: null,
    delegated: null,
    outcome: null,
    reasons: [],
    decidedBy: null,
    decidedAt: null,
    version: 1n,
    createdAt: now,
  };
  await insertVerification(sql, verification);
  announceVerification(work, "verification.opened", verification);
  return verification;
}

/** Opens what is to be opened. @returns how many */
export async function openVerifications(
  work: Work,
  customerIds: readonly string[],
): Promise<number> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  let done = 0;
  for (const id of [...customerIds].sort()) {
    const customer = await lockCustomer(sql, organizationId, id, "change");
    if (customer === null || !isInReview(customer)) continue;
    if ((await findOpenRow(sql, organizationId, id)) !== null) continue;
    if ((await openFor(work, organization, customer)) !== null) done += 1;
  }
  return done;
}

/** Cancels the verifications of customers that left the review by another way. @returns how many */
export async function cancelVerifications(work: Work, ids: readonly string[]): Promise<number> {
  let done = 0;
  for (const id of [...ids].sort()) {
    const { customer, verification } = await lockReviewed(work, id);
    if (isInReview(customer) || !isStillOpen(verification)) continue;
    requireMove(verification, "cancel", { mover: "rule", id: work.actor.id });
    await keep(work, "verification.cancelled", cancelled(verification), verification);
    done += 1;
  }
  return done;
}

/**
 * Forgets what a provider or an organization called verifications, and why they were decided so: nothing is kept of
 * their customers any more.
 *
 * @returns of how many.
 */
export const forgetVerifications = (work: Work, ids: readonly string[]): Promise<number> =>
  forgetRows(work.sql, work.organizationId, ids);

const isStillOpen = ({ status }: Verification): boolean =>
  (openStatuses as readonly string[]).includes(status);

/**
 * A reviewer takes a verification: from the queue, from a provider, or (`takeOver`) from another reviewer.
 * Claimed again by the one who has it, it is of the customer as it is now.
 *
 * @throws Refusal `not_found`, `verification_move_not_allowed`, `verification_claimed`,
 * `customer_deleted`, `organization_closed`.
 */
export async function claimVerification(
  work: Work,
  id: string,
  takeOver: boolean,
): Promise<Verification> {
  const { work: own, organization, customer, verification } = await lockReviewed(work, id);
  requireOpen(organization);
  requireMove(verification, "claim", { mover: "reviewer", id: work.actor.id }, takeOver);
  // One that is deleted leaves the review: this is about to be cancelled.
  if (customer.status === "deleted") throw customerErrors.refusal("customer_deleted");
  const { status, claimedBy: by, customerVersion } = verification;
  const hasIt = status === "claimed" && by === work.actor.id;
  if (hasIt && customerVersion === customer.version) return verification;
  const claimed = claimedBy(verification, work.actor.id, customer.version, own.now);
  return keep(own, eventOfMove.claim, claimed, verification);
}

/**
 * A reviewer gives a verification back; one of a provider outside is its again.
 *
 * @throws Refusal `not_found`, `verification_move_not_allowed`, `verification_claimed`.
 */
export async function releaseVerification(work: Work, id: string): Promise<Verification> {
  const { work: own, verification } = await lockReviewed(work, id);
  requireMove(verification, "release", { mover: "reviewer", id: work.actor.id });
  return keep(own, eventOfMove.release, released(verification), verification);
}

/**
 * A reviewer decides what it has claimed: the customer and the verification move together.
 *
 * @param note kept in the customer's history.
 * @throws Refusal `not_found`, `verification_move_not_allowed`, `verification_claimed`,
 * `verification_outdated`, `customer_move_not_allowed` (on hold), `customer_incomplete`,
 * `organization_closed`.
 */
export async function decideVerification(
  work: Work,
  id: string,
  decision: Decision,
  note: string | null,
): Promise<Verification> {
  const reviewed = await lockReviewed(work, id);
  const { work: own, customer, verification } = reviewed;
  requireMove(verification, "decide", { mover: "reviewer", id: work.actor.id });
  if (customer.version !== verification.customerVersion) {
    throw verificationErrors.refusal("verification_outdated");
  }
  await decideCustomer(own, customer.id, decision, note);
  return decide(own, verification, decision, "reviewer");
}

/** Writes that a verification is decided. The customer is moved already, in the same transaction. */
export function decide(
  work: Work,
  verification: Verification,
  decision: Decision,
  mover: Mover,
): Promise<Verification> {
  requireMove(verification, "decide", { mover, id: work.actor.id });
  const after = decided(verification, decision, mover, work.now);
  return keep(work, eventOfMove.decide, after, verification);
}

/** What a verdict on a customer means for its open verification, in the same transaction. */
export async function followVerdict(
  work: Work,
  customer: Customer,
  verdict: Verdict,
): Promise<void> {
  if (!isDecision(verdict)) return;
  const open = await findOpenRow(work.sql, work.organizationId, customer.id);
  if (open !== null) await decide(work, open, verdict, "operator");
}

/**
 * Decides the review of a sandbox's customer as it is wished, whoever has it.
 *
 * @throws Refusal `customer_not_found`, `customer_not_in_review`, `customer_move_not_allowed` (on hold),
 * `organization_closed`.
 */
export async function simulateVerification(
  work: Work,
  customerId: string,
  decision: Decision,
): Promise<Verification> {
  const { sql, organizationId } = work;
  const organization = await lockOrganization(sql, organizationId, "share");
  const customer = await lockCustomer(sql, organizationId, customerId, "change");
  if (customer === null) {
    throw customerErrors.refusal("customer_not_found", undefined, { field: "customerId" });
  }
  const open = await openFor(work, organization, customer);
  if (open === null) throw notInReview(customer);
  await decideCustomer(work, customer.id, decision);
  return decide(work, open, decision, "simulation");
}

export const notInReview = ({ status }: Customer) =>
  verificationErrors.refusal("customer_not_in_review", `The customer is ${status}.`);

/** Writes a verification over its row and announces it. */
export async function keep(
  work: Work,
  type: VerificationEvent,
  after: Verification,
  before: Verification,
): Promise<Verification> {
  await updateVerification(work.sql, after);
  announceVerification(work, type, after, before);
  return after;
}

function announceVerification(
  work: Work,
  type: VerificationEvent,
  verification: Verification,
  before?: Verification,
): void {
  const object = showVerification(verification);
  announce(work, {
    type,
    objectId: verification.id,
    objectVersion: verification.version,
    object,
    ...(before && { previous: previousOf(showVerification(before), object) }),
  });
}
