import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Caller, ReadCall } from "../../../foundation/route/route.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import {
  findAccess,
  findCustomer,
  organizationOfAccess,
  organizationOfCustomer,
} from "../actions.ts";
import type { AccessRequest, Customer } from "../model.ts";

/** The customer that a path names to this caller: its own, or for the platform anybody's by id. */
export async function customerFor(
  caller: Caller,
  { sql, organizationId }: ReadCall["reading"],
  id: string,
): Promise<Customer> {
  const owner = caller.platform ? await organizationOfCustomer(sql, id) : organizationId;
  const found = owner === null ? null : await findCustomer(sql, owner, reference(id));
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}

/** The access request that a path names to this caller. */
export async function accessFor(
  caller: Caller,
  { sql, organizationId }: ReadCall["reading"],
  id: string,
): Promise<AccessRequest> {
  const owner = caller.platform ? await organizationOfAccess(sql, id) : organizationId;
  const found = owner === null ? null : await findAccess(sql, owner, id);
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}
