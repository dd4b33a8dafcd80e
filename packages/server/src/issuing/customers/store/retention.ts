import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { type Customer, SANCTIONS } from "../model.ts";

const toErase = statement(
  "customers.toErase",
  dueInOrder(`select k.id, k.retain_until as due_at from customers k
    where k.organization_id = o.organization_id and k.retain_until <= o.now
      and k.erased_at is null and k.legal_hold_reason is null`),
);

/** Deleted customers whose retention is over, and that are under no legal hold. */
export const findRetentionOver = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toErase, dueValues(page));

const heldForSanctions = statement(
  "customers.heldForSanctions",
  `select exists (select from customer_status_history
     where organization_id = $1 and customer_id = $2 and move = 'hold' and $3 = any(reasons)) as held`,
);

/** Whether a customer was ever held for a possible or confirmed sanctions match. */
export async function wasHeldForSanctions(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
): Promise<boolean> {
  const values = [organizationId, id, SANCTIONS];
  const [row] = await sql.query<{ held: boolean }>(heldForSanctions, values);
  return row?.held === true;
}
