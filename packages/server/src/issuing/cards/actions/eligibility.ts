import type { Reading } from "../../../foundation/database/work.ts";
import { generalErrors, type Problem } from "../../../foundation/errors/errors.ts";
import { reference } from "../../../foundation/route/schemas.ts";
import { findCustomer } from "../../customers/actions.ts";
import { unmetByCustomer } from "../rules/unmet.ts";
import { customerFactsOf, readFacts } from "./facts.ts";

/**
 * What keeps a customer that a path names from any card of a program; empty where nothing does.
 *
 * @throws Refusal `not_found`.
 */
export async function readEligibility(
  { sql, organizationId, now }: Reading,
  id: string,
  typeId: string,
): Promise<Problem[]> {
  const customer = await findCustomer(sql, organizationId, reference(id));
  if (customer === null) throw generalErrors.refusal("not_found");
  const ask = { organizationId, now, request: { typeId, customerId: customer.id } };
  const known = await readFacts(sql, organizationId, [ask]);
  return unmetByCustomer(customerFactsOf(known, ask), ask.request);
}
