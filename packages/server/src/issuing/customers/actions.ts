import { violatedConstraint } from "../../foundation/database/errors.ts";
import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Work } from "../../foundation/database/work.ts";
import { generalErrors } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { canMove } from "../../foundation/lifecycle/lifecycle.ts";
import type { Reference } from "../../foundation/route/schemas.ts";
import { announce } from "../../records/events/actions.ts";
import { previousOf } from "../../records/events/rules.ts";
import { lockOrganization, workIn } from "../organizations/actions.ts";
import { requireOpen } from "../organizations/rules.ts";
import { lockProgram } from "../programs/actions.ts";
import { programErrors } from "../programs/errors.ts";
import type { CustomerType, Program, VerificationLevel } from "../programs/model.ts";
import { isAvailableTo } from "../programs/rules.ts";
import { customerErrors } from "./errors.ts";
import { type CustomerEvent, eventOfAccessMove, eventOfMove } from "./events.ts";
import {
  type AccessMove,
  type AccessRequest,
  type AccessStatus,
  accessLifecycle,
  type Customer,
  type CustomerDetails,
  type Product,
  type StatusChange,
} from "./model.ts";
import { detailProblems, noDetails, tidyDetails } from "./rules/details.ts";
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
import { personalFields, showAccess, showCustomer } from "./schema.ts";
import {
  type AccessFilter,
  accessOwnerOf,
  type CustomerFilter,
  findAccessRow,
  findCustomerRow,
  insertAccessRequest,
  insertCustomer,
  insertStatusChange,
  type LockStrength,
  latestAccessOf,
  listAccessRows,
  listCustomerRows,
  listStatusChanges,
  lockCustomerRow,
  ownerOf,
  type PageWanted,
  updateAccessRequest,
  updateCustomer,
} from "./store.ts";

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

/** Whose customer it is, for a platform key that names it by id; null where there is none. */
export const organizationOfCustomer = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  ownerOf(sql, id);

/**
 * How a customer's access to a program stands; null where it was never asked for. Lock the customer to
 * keep it true.
 */
export const accessOf = (
  sql: Sql,
  organizationId: string,
  customerId: string,
  programId: string,
): Promise<AccessStatus | null> => latestAccessOf(sql, organizationId, customerId, programId);

/** One page of customers, newest first. */
export const listCustomers = (
  sql: Sql,
  filter: CustomerFilter,
  page: PageWanted,
): Promise<RowPage<Customer>> => listCustomerRows(sql, filter, page);

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
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const { type, level, externalId = null, ...given } = draft;
  const details = tidyDetails({ ...noDetails, ...given });
  const problems = detailProblems(details, type, work.now);
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
    version: 1n,
    createdAt: work.now,
  };
  if (!(await insertCustomer(work.sql, customer))) throw externalIdTaken();
  await keepMove(work, null, customer, { move: "create" });
  announceCustomer(work, "customer.created", customer);
  return customer;
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
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const before = await lockForChange(work, reference);
  const changed = changedBy(before, change, work.now);
  if (changed === null) return before;
  const { customer, move } = changed;
  await write(work.sql, customer);
  if (move !== null) await keepMove(work, before, customer, { move });
  const event = move === null ? "customer.updated" : eventOfMove[move];
  announceCustomer(work, event, customer, before);
  return customer;
}

/**
 * Carries out what the platform decided on a customer.
 *
 * @param work of the customer's organization: see `workForCustomer`.
 * @param note kept in the history.
 * @throws Refusal `not_found`, `customer_deleted`, `customer_move_not_allowed`, `organization_closed`.
 */
export async function decideCustomer(
  work: Work,
  id: string,
  verdict: Verdict,
  note: string | null = null,
): Promise<Customer> {
  const organization = await lockOrganization(work.sql, work.organizationId, "share");
  if (!afterClosing[verdict.move]) requireOpen(organization);
  const before = await lockForChange(work, { by: "id", value: id });
  const customer = decidedBy(before, verdict, work.now);
  await updateCustomer(work.sql, customer);
  const { move } = verdict;
  await keepMove(work, before, customer, { move, reasons: reasonsOf(verdict), note });
  announceCustomer(work, eventOfMove[move], customer, before);
  return customer;
}

/**
 * Leaves a customer as `deleted`, for ever. The caller has locked it and knows that all its cards are
 * deleted (otherwise: `customer_has_cards`).
 *
 * @throws Refusal `not_found`, `customer_deleted`.
 */
export const deleteCustomer = (work: Work, id: string): Promise<Customer> =>
  decideCustomer(work, id, { move: "delete" });

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

/**
 * Asks for a customer's access to a product. Where the program says so it is granted at once: issuing
 * looks at the customer's status and level anyway.
 *
 * @throws Refusal `not_found`, `customer_deleted`, `program_not_found`,
 * `program_not_available`, `program_inactive`, `access_already_requested`, `organization_closed`.
 */
export async function requestAccess(
  work: Work,
  reference: Reference,
  wanted: { readonly product: Product; readonly typeId: string },
): Promise<AccessRequest> {
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const program = await usableProgram(work, wanted.typeId);
  const customer = await lockCustomerRow(work.sql, work.organizationId, reference, "share");
  if (customer === null) throw generalErrors.refusal("not_found");
  if (customer.status === "deleted") throw customerErrors.refusal("customer_deleted");
  const granted = program.accessGrant === "automatic";
  const request: AccessRequest = {
    organizationId: work.organizationId,
    id: work.newId("accessRequest"),
    customerId: customer.id,
    product: wanted.product,
    programId: program.id,
    status: granted ? "granted" : "requested",
    reasons: [],
    decidedAt: granted ? work.now : null,
    version: 1n,
    createdAt: work.now,
  };
  if (!(await insertAccessRequest(work.sql, request))) {
    throw customerErrors.refusal("access_already_requested", undefined, { field: "typeId" });
  }
  announceAccess(work, granted ? "access.granted" : "access.requested", request);
  return request;
}

/** A program that this organization may use, and which issues at present; it stays so. */
async function usableProgram(work: Work, typeId: string): Promise<Program> {
  const program = await lockProgram(work.sql, typeId, "share");
  const field = "typeId";
  if (program === null) throw programErrors.refusal("program_not_found", undefined, { field });
  if (!isAvailableTo(program, work.organizationId)) {
    throw programErrors.refusal("program_not_available", undefined, { field });
  }
  if (program.status !== "active") {
    const detail = `The program is ${program.status}.`;
    throw programErrors.refusal("program_inactive", detail, { field });
  }
  return program;
}

/** One access request of an organization; null where there is none. Takes no lock. */
export const findAccess = (
  sql: Sql,
  organizationId: string,
  id: string,
): Promise<AccessRequest | null> => findAccessRow(sql, organizationId, id);

/** Whose access request it is; null where there is none. */
export const organizationOfAccess = (sql: Sql, id: string): Promise<OrganizationId | null> =>
  accessOwnerOf(sql, id);

/** One page of access requests, newest first. */
export const listAccess = (
  sql: Sql,
  filter: AccessFilter,
  page: PageWanted,
): Promise<RowPage<AccessRequest>> => listAccessRows(sql, filter, page);

/**
 * The platform's work, turned to the organization of an access request that a path names.
 *
 * @throws Refusal `not_found`.
 */
export async function workForAccess(work: Work, id: string): Promise<Work> {
  const organizationId = await accessOwnerOf(work.sql, id);
  if (organizationId === null) throw generalErrors.refusal("not_found");
  return workIn(work, organizationId);
}

/**
 * Carries out what the platform decided on an access request. The customer is locked, so that who has
 * locked it for sharing (issuing) knows that its access stays as it is.
 *
 * @param work of the customer's organization: see `workForAccess`.
 * @throws Refusal `not_found`, `access_move_not_allowed`, `organization_closed`.
 */
export async function decideAccess(
  work: Work,
  id: string,
  move: AccessMove,
  reasons: readonly string[] = [],
): Promise<AccessRequest> {
  const found = await findAccessRow(work.sql, work.organizationId, id);
  if (found === null) throw generalErrors.refusal("not_found");
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  await lockCustomer(work.sql, work.organizationId, found.customerId, "change");
  // Once more under the lock: another decision may have come first.
  const before = (await findAccessRow(work.sql, work.organizationId, id)) ?? found;
  if (!canMove(accessLifecycle, move, before.status)) {
    const detail = `The access request is ${before.status}.`;
    throw customerErrors.refusal("access_move_not_allowed", detail);
  }
  const status = accessLifecycle.moves[move].to as AccessStatus;
  const version = before.version + 1n;
  const request: AccessRequest = { ...before, status, reasons, decidedAt: work.now, version };
  await updateAccessRequest(work.sql, request);
  announceAccess(work, eventOfAccessMove[move], request, before);
  return request;
}

async function lockForChange(work: Work, reference: Reference): Promise<Customer> {
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

function keepMove(
  work: Work,
  before: Customer | null,
  after: Customer,
  kept: Pick<StatusChange, "move"> & Partial<Pick<StatusChange, "reasons" | "note">>,
): Promise<void> {
  const { standing } = after;
  return insertStatusChange(work.sql, after, {
    reasons: [],
    note: null,
    ...kept,
    version: after.version,
    from: before?.status ?? null,
    to: after.status,
    beneath: standing.status === "on_hold" ? standing.before.status : null,
    actor: work.actor,
    at: work.now,
  });
}

function announceCustomer(
  work: Work,
  type: CustomerEvent,
  customer: Customer,
  before?: Customer,
): void {
  const object = showCustomer(customer);
  announce(work, {
    type,
    objectId: customer.id,
    objectVersion: customer.version,
    object,
    ...(before && { previous: previousOf(showCustomer(before), object) }),
    subjectId: customer.id,
    personal: personalFields,
  });
}

function announceAccess(
  work: Work,
  type: CustomerEvent,
  request: AccessRequest,
  before?: AccessRequest,
): void {
  const object = showAccess(request);
  announce(work, {
    type,
    objectId: request.id,
    objectVersion: request.version,
    object,
    ...(before && { previous: previousOf(showAccess(before), object) }),
  });
}
