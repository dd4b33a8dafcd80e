import type { Reading } from "../../../foundation/database/work.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import { findBudget } from "../../budgets/actions/read.ts";
import { findCustomer } from "../../customers/actions.ts";
import { findOrganization } from "../../organizations/actions.ts";
import { findProgram } from "../../programs/actions.ts";
import type { Usability } from "../model/usability.ts";
import { usabilityOf } from "../rules/usability.ts";
import { listOpen } from "../store/winddowns.ts";
import { findNamed, inFull } from "./read.ts";

/**
 * Whether the card that a path names can be used at its organization's now, and what stops it.
 *
 * @throws Refusal `not_found`.
 */
export async function readUsability(reading: Reading, id: string): Promise<Usability> {
  const { sql, organizationId, now } = reading;
  const card = await findNamed(reading, id);
  const { programId, customerId, budgetId } = card;
  const [organization, program, customer, budget, { money }, open] = await Promise.all([
    findOrganization(sql, organizationId),
    findProgram(sql, programId),
    customerId === null ? null : findCustomer(sql, organizationId, { by: "id", value: customerId }),
    budgetId === null ? null : findBudget(sql, organizationId, budgetId),
    inFull(reading, card),
    listOpen(sql, organizationId, [card.id]),
  ]);
  assert(organization !== null && program !== null, "A card and what it belongs to exist.");
  const available = money.own?.available ?? money.budgetAvailable ?? 0n;
  const windDowns = open.filter(({ status }) => status === "announced");
  const facts = { card, organization, program, customer, budget, windDowns, available };
  return usabilityOf(facts, now);
}
