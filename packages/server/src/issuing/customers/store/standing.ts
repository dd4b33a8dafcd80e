import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Customer } from "../model.ts";

const since = statement(
  "customers.standsSince",
  `select min(at) as since from customer_status_history
   where organization_id = $1 and customer_id = $2 and version > coalesce((
     select max(version) from customer_status_history
     where organization_id = $1 and customer_id = $2
       and coalesce(beneath_status, to_status) <> $3), 0)`,
);

/** Since when a customer has its status, holds that lay on it left aside; null where its history does not tell. */
export async function standsSince(
  sql: Sql,
  { organizationId, id, status }: Pick<Customer, "organizationId" | "id" | "status">,
): Promise<Date | null> {
  const [row] = await sql.query<{ since: Date | null }>(since, [organizationId, id, status]);
  return row?.since ?? null;
}
