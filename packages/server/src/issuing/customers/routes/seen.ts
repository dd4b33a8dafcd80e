import type { Reading } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import type { Caller } from "../../../foundation/route/route.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { readingOf } from "../../organizations/actions.ts";
import { findAccess, organizationOfAccess } from "../actions/access.ts";
import { findCustomer, organizationOfCustomer } from "../actions.ts";
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
