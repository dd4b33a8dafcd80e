import { violatedConstraint } from "../../foundation/database/errors.ts";
import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { assert, generalErrors } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { destroySubjectKey, openPersonal, sealPersonal } from "../../records/vault/actions.ts";
import { acceptDocuments, expiredKinds } from "../documents/actions.ts";
import { lockOrganization, workIn } from "../organizations/actions.ts";
import { requireOpen } from "../organizations/rules.ts";
import type { CustomerType, VerificationLevel } from "../programs/model.ts";
import { listsInForce } from "../screening/actions/lists.ts";
import { ageTerms } from "./actions/age.ts";
import { endAccess } from "./actions/ending.ts";
import { announceCustomer, keepMove, withItsTime } from "./actions/record.ts";
import { refuseWhileListed, screenCustomer, suspected } from "./actions/screening.ts";
import { endSessions } from "./actions/sessions.ts";
import { eventOfMove } from "./events.ts";
import type {
  Customer,
  CustomerDetails,
  Evidence,
  Retained,
  RetainedCard,
  StatusChange,
} from "./model.ts";
import { detailProblems, noDetails, tidyDetails } from "./rules/details.ts";
import { type Duplicate, duplicatesOf } from "./rules/duplicates.ts";
import { erased, identityOf, retainedPerson } from "./rules/erasure.ts";
import {
  afterClosing,
  type CustomerChange,
  changedBy,
  decidedBy,
  firstStanding,
  invalidCustomer,
  reasonsOf,
  type Verdict,
} from "./rules/moves.ts";
import { type RetentionFacts, retainUntil } from "./rules/retention.ts";
import { isScreenedAnew } from "./rules/screening.ts";
import { emptyPeople, findEverybody } from "./store/people.ts";
import { wasHeldForSanctions } from "./store/retention.ts";
import {
  type CustomerFilter,
  findCustomerRow,
  findRetained,
  findSharing,
  insertCustomer,
  keepRetained,
  type LockStrength,
  listCustomerRows,
  listStatusChanges,
  lockCustomerRow,
  ownerOf,
  type PageWanted,
  updateCustomer,
} from "./store.ts";

export { announceCustomer, keepMove } from "./actions/record.ts";

/** One customer of an organization; null where there is none. Takes no lock. */
export const findCustomer = (
  sql: Sql,
  organizationId: string,
  reference: Reference,
): Promise<Customer | null> => findCustomerRow(sql, organizationId, reference);

/**
 * Locks a customer's row: after organization and program, before budgets and cards.
 *
 * @param strength `share` so that its status and its product access stay true, `change` to change them.
 * @returns null where there is none.
 */
export const lockCustomer = (
  sql: Sql,
  organizationId: string,
  id: string,
  strength: LockStrength,
): Promise<Customer | null> =>
  lockCustomerRow(sql, organizationId, { by: "id", value: id }, strength);

/** As `lockCustomer`, of the organization's own, by id or external id. */
export const lockCustomerByReference = (
  work: Work,
  reference: Reference,
  strength: LockStrength,
): Promise<Customer | null> => lockCustomerRow(work.sql, work.organizationId, reference, strength);

/** Whose customer it is, for a platform key that names it by id; null where there is none. */
export const organizationOfCustomer = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  ownerOf(sql, id);

/** One page of customers, newest first. */
export const listCustomers = (
  sql: Sql,
  filter: CustomerFilter,
  page: PageWanted,
): Promise<RowPage<Customer>> => listCustomerRows(sql, filter, page);

/** Other customers of the organization that may be the same, the surest first. */
export const findDuplicates = async (sql: Sql, customer: Customer): Promise<Duplicate[]> =>
  duplicatesOf(customer, await findSharing(sql, customer));

/** One page of a customer's moves, newest first. */
export const listHistory = (
  sql: Sql,
  customer: Customer,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<StatusChange>> => listStatusChanges(sql, customer, page);

export type CustomerDraft = {
  readonly type: CustomerType;
  readonly level: VerificationLevel;
  readonly externalId?: string | null;
} & Partial<CustomerDetails>;

/**
 * Creates a customer: in review where everything is there that its level needs, otherwise asked for it.
 *
 * @throws Refusal `customer_invalid` with every problem, `external_id_taken`, `organization_closed`.
 */
export async function createCustomer(work: Work, draft: CustomerDraft): Promise<Customer> {
  const lists = await listsInForce(work);
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const { type, level, externalId = null, ...given } = draft;
  const details = tidyDetails({ ...noDetails, ...given });
  const problems = detailProblems(details, type, await ageTerms(work));
  if (problems.length > 0) throw invalidCustomer(problems);
  const standing = firstStanding(type, level, details);
  const customer: Customer = {
    ...details,
    organizationId: work.organizationId,
    id: work.newId("customer"),
    externalId,
    type,
    level,
    standing,
    status: standing.status,
    statusReason: null,
    statusAt: work.now,
    residenceCountry: details.residence?.country ?? null,
    evidence: [],
    retainUntil: null,
    legalHold: null,
    erasedAt: null,
    version: 1n,
    createdAt: work.now,
  };
  if (!(await insertCustomer(work.sql, customer))) throw externalIdTaken();
  await keepMove(work, null, customer, { move: "create" });
  announceCustomer(work, "customer.created", customer);
  return screenCustomer(work, customer, lists);
}

/**
 * Changes a customer as its organization wants; equal values change nothing.
 *
 * @throws Refusal `not_found`, `customer_deleted`, `customer_rejected`, `customer_invalid` with
 * every problem, `external_id_taken`, `organization_closed`.
 */
export async function changeCustomer(
  work: Work,
  reference: Reference,
  change: CustomerChange,
): Promise<Customer> {
  const lists = await listsInForce(work);
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const before = await lockForChange(work, reference);
  const changed = changedBy(before, change, await ageTerms(work));
  if (changed === null) return before;
  const { customer, move } = changed;
  await write(work.sql, customer);
  if (move !== null) await keepMove(work, before, customer, { move });
  const event = move === null ? "customer.updated" : eventOfMove[move];
  announceCustomer(work, event, customer, before);
  return isScreenedAnew(before, customer) ? screenCustomer(work, customer, lists) : customer;
}

/**
 * Carries out what the platform decided on a customer.
 *
 * @param work of the customer's organization: see `workForCustomer`.
 * @param note kept in the history.
 * @throws Refusal `not_found`, `customer_deleted`, `customer_move_not_allowed`, `customer_incomplete`,
 * `screening_hits_waiting`, `sanctions_match_confirmed`, `organization_closed`.
 */
export async function decideCustomer(
  work: Work,
  id: string,
  verdict: Verdict,
  note: string | null = null,
): Promise<Customer> {
  const { organizationId } = work;
  const organization = await lockOrganization(work.sql, organizationId, "share");
  if (!afterClosing[verdict.move]) requireOpen(organization);
  const before = await lockForChange(work, { by: "id", value: id });
  if (verdict.move === "release") await refuseWhileListed(work, before.id);
  const decided = decidedBy(await asOfNow(work, before, verdict), verdict, work.now);
  const customer = verdict.move === "release" ? await withItsTime(work, decided) : decided;
  await updateCustomer(work.sql, customer);
  // What the decision rests on stays with it.
  if (verdict.move === "approve") {
    await acceptDocuments(work, { organizationId, customerId: before.id });
  }
  const { move } = verdict;
  await keepMove(work, before, customer, { move, reasons: reasonsOf(verdict), note });
  announceCustomer(work, eventOfMove[move], customer, before);
  return customer;
}

/** A review is not passed by documents that have expired since they were given. */
async function asOfNow(work: Work, customer: Customer, { move }: Verdict): Promise<Customer> {
  // A provider has looked at what it approves, and at its dates.
  if (move !== "approve" || work.actor.kind === "system") return customer;
  const { organizationId, id: customerId } = customer;
  const expired: readonly Evidence[] = await expiredKinds(work, { organizationId, customerId });
  if (expired.length === 0) return customer;
  return { ...customer, evidence: customer.evidence.filter((kind) => !expired.includes(kind)) };
}

/** Of those deleted before there were people, none are kept. */
const withPeople = (kept: Omit<Retained, "people"> & Partial<Retained>): Retained => ({
  people: [],
  ...kept,
});

/** What the sealed record of what the law keeps is bound to. */
const RETAINED = "retained";

/**
 * Leaves a customer as `deleted`, for ever. What the law keeps is sealed under its `retained` key, all else
 * is gone with its `other` key; in clear nothing is left. The caller has locked it, knows that all its cards
 * are deleted (otherwise: `customer_has_cards`) and has erased them.
 *
 * @param cards all of them, with what the law keeps and for how long.
 * @throws Refusal `not_found`, `customer_deleted`.
 */
export async function deleteCustomer(
  work: Work,
  id: string,
  cards: readonly (RetainedCard & RetentionFacts["cards"][number])[],
): Promise<Customer> {
  const { sql, organizationId, now } = work;
  await lockOrganization(sql, organizationId, "share");
  const before = await lockForChange(work, { by: "id", value: id });
  const sanctionsDecided =
    (await wasHeldForSanctions(sql, before)) || (await suspected(sql, before));
  const customer: Customer = {
    ...erased(decidedBy(before, { move: "delete" }, now)),
    retainUntil: retainUntil({ deletedAt: now, cards, sanctionsDecided }),
  };
  const names = cards.map(({ deletedAt: _, retentionYears: __, ...named }) => named);
  const people = (await findEverybody(sql, before)).map(retainedPerson);
  const kept: Retained = { identity: identityOf(before), cards: names, people };
  const json = JSON.stringify(kept);
  const item = { organizationId, subjectId: id, recordId: RETAINED, json, now };
  const [sealed] = await sealPersonal(work, [{ ...item, purpose: "retained" }]);
  assert(sealed !== undefined, "What is given to be sealed is sealed.");
  await updateCustomer(sql, customer);
  await keepRetained(sql, customer, sealed);
  await emptyPeople(sql, customer);
  await endSessions(work, customer);
  await endAccess(work, customer);
  await destroySubjectKey(work, id, "other");
  await keepMove(work, before, customer, { move: "delete" });
  announceCustomer(work, eventOfMove.delete, customer, before);
  return customer;
}

/**
 * What the law keeps of a deleted customer.
 *
 * @param work of the customer's organization: see `workForCustomer`.
 * @returns null where nothing is kept: it is not deleted, or its retention is over.
 */
export async function readRetained(work: Work, id: string): Promise<Retained | null> {
  const sealed = await findRetained(work.sql, work.organizationId, id);
  if (sealed === null) return null;
  const [json = null] = await openPersonal(work, [{ subjectId: id, sealed, recordId: RETAINED }]);
  return json === null ? null : withPeople(JSON.parse(json));
}

/**
 * The platform's work, turned to the organization of a customer that a path names by id.
 *
 * @throws Refusal `not_found`.
 */
export async function workForCustomer(work: Work, id: string): Promise<Work> {
  const organizationId = await ownerOf(work.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  return workIn(work, organizationId);
}

/** @throws Refusal `not_found`. */
export async function lockForChange(work: Work, reference: Reference): Promise<Customer> {
  const customer = await lockCustomerRow(work.sql, work.organizationId, reference, "change");
  if (customer === null) throw generalErrors.refusal("not_found");
  return customer;
}

async function write(sql: Sql, customer: Customer): Promise<void> {
  try {
    await updateCustomer(sql, customer);
  } catch (error) {
    if (violatedConstraint(error) !== "customers_organization_id_external_id_key") throw error;
    throw externalIdTaken();
  }
}

const externalIdTaken = () =>
  generalErrors.refusal("external_id_taken", "Another customer has this externalId.", {
    field: "externalId",
  });
