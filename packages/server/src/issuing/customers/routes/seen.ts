import type { Reading, Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Caller } from "../../../foundation/route/route.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { lockOrganization, readingOf } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { findAccess, organizationOfAccess } from "../actions/access.ts";
import { findCustomer, lockCustomerByReference, organizationOfCustomer } from "../actions.ts";
import { customerErrors } from "../errors.ts";
import type { AccessRequest, Customer } from "../model.ts";

/** The customer that a path names to this caller: its own, or for the platform anybody's by id. */
export async function customerFor(caller: Caller, reading: Reading, id: string): Promise<Customer> {
  const { sql, organizationId } = await readingOf(caller, reading, organizationOfCustomer, id);
  const found = await findCustomer(sql, organizationId, reference(id));
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}

/** The access request that a path names to this caller. */
export async function accessFor(
  caller: Caller,
  reading: Reading,
  id: string,
): Promise<AccessRequest> {
  const { sql, organizationId } = await readingOf(caller, reading, organizationOfAccess, id);
  const found = await findAccess(sql, organizationId, id);
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}

/**
 * The customer of a path, locked for a change of its documents or people.
 *
 * @throws Refusal `not_found`, `customer_deleted`, `organization_closed`.
 */
export async function lockForEvidence(work: Work, id: string): Promise<Customer> {
  requireOpen(await lockOrganization(work.sql, work.organizationId, "share"));
  const customer = await lockCustomerByReference(work, reference(id), "change");
  if (customer === null) throw generalErrors.refusal("not_found");
  if (customer.status === "deleted") throw customerErrors.refusal("customer_deleted");
  return customer;
}
