import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import type { Reference } from "../../../foundation/route/schemas.ts";
import { lockOrganization, workIn } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { lockProgram } from "../../programs/actions.ts";
import { programErrors } from "../../programs/errors.ts";
import type { Program } from "../../programs/model.ts";
import { isAvailableTo } from "../../programs/rules.ts";
import { lockCustomer } from "../actions.ts";
import { customerErrors } from "../errors.ts";
import { eventOfAccessMove } from "../events.ts";
import {
  type AccessRequest,
  type AccessStatus,
  type AccessVerdict,
  accessLifecycle,
  type Product,
} from "../model.ts";
import { ACCESS_RULE, grantedBecause, isGrantedByRule } from "../rules/access.ts";
import {
  type AccessFilter,
  accessOwnerOf,
  findAccessRow,
  findGrantable,
  insertAccessRequest,
  latestAccessOf,
  listAccessRows,
  updateAccessRequest,
  wasRefused,
} from "../store/access.ts";
import { lockCustomerRow, type PageWanted } from "../store.ts";
import { announceAccess } from "./record.ts";

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

/**
 * Asks for a customer's access to a product. Where the program grants by itself, and its rule allows it, it is
 * granted at once: issuing looks at the customer's status and level anyway.
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
  const asked: AccessRequest = {
    organizationId: work.organizationId,
    id: work.newId("accessRequest"),
    customerId: customer.id,
    product: wanted.product,
    programId: program.id,
    status: "requested",
    reasons: [],
    decidedAt: null,
    decidedBy: null,
    version: 1n,
    createdAt: work.now,
  };
  const granted = isGrantedByRule(program, customer, await wasRefused(work.sql, asked));
  const request = granted ? grantedTo(asked, program, work.now) : asked;
  if (!(await insertAccessRequest(work.sql, request))) {
    throw customerErrors.refusal("access_already_requested", undefined, { field: "typeId" });
  }
  announceAccess(work, granted ? "access.granted" : "access.requested", request);
  return request;
}

/** A request as the program's rule grants it, of the same version. */
const grantedTo = (request: AccessRequest, program: Program, now: Date): AccessRequest => ({
  ...request,
  status: "granted",
  reasons: [grantedBecause(program)],
  decidedAt: now,
  decidedBy: { kind: "system", id: ACCESS_RULE },
});

/** Requests that the rules of their programs grant by now. Takes no lock. */
export const findGrantableAccess = (sql: Sql, page: DuePage): Promise<Due[]> =>
  findGrantable(sql, page);

/**
 * Grants a request where the rule of its program does. Customer and program are locked, so that what the rule
 * has looked at stays true.
 *
 * @param work of the customer's organization.
 * @returns the granted request; null where it is decided already, or the rule does not grant it.
 */
export async function grantByRule(work: Work, id: string): Promise<AccessRequest | null> {
  const { sql, organizationId } = work;
  const found = await findAccessRow(sql, organizationId, id);
  if (found === null) return null;
  const organization = await lockOrganization(sql, organizationId, "share");
  const program = await lockProgram(sql, found.programId, "share");
  const customer = await lockCustomer(sql, organizationId, found.customerId, "change");
  const before = await findAccessRow(sql, organizationId, id);
  if (program === null || customer === null || before?.status !== "requested") return null;
  if (organization.status !== "active") return null;
  if (!isGrantedByRule(program, customer, await wasRefused(sql, before))) return null;
  const version = before.version + 1n;
  const request = { ...grantedTo(before, program, work.now), version };
  await updateAccessRequest(sql, request);
  announceAccess(work, eventOfAccessMove.grant, request, before);
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
 * @throws Refusal `not_found`, `access_move_not_allowed`, `customer_deleted` (nothing is granted any more),
 * `organization_closed`.
 */
export async function decideAccess(
  work: Work,
  id: string,
  move: AccessVerdict,
  reasons: readonly string[] = [],
): Promise<AccessRequest> {
  const found = await findAccessRow(work.sql, work.organizationId, id);
  if (found === null) throw generalErrors.refusal("not_found");
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const customer = await lockCustomer(work.sql, work.organizationId, found.customerId, "change");
  if (move === "grant" && customer?.status === "deleted") {
    throw customerErrors.refusal("customer_deleted");
  }
  // Once more under the lock: another decision may have come first.
  const before = (await findAccessRow(work.sql, work.organizationId, id)) ?? found;
  if (!canMove(accessLifecycle, move, before.status)) {
    const detail = `The access request is ${before.status}.`;
    throw customerErrors.refusal("access_move_not_allowed", detail);
  }
  const status = accessLifecycle.moves[move].to as AccessStatus;
  const version = before.version + 1n;
  const decidedBy = { kind: work.actor.kind, id: work.actor.id };
  const decided = { status, reasons, decidedAt: work.now, decidedBy, version };
  const request: AccessRequest = { ...before, ...decided };
  await updateAccessRequest(work.sql, request);
  announceAccess(work, eventOfAccessMove[move], request, before);
  return request;
}
