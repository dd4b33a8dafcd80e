import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { listsSince, newestVersion, screenedCounts } from "../../screening/clauses.ts";
import type { ScreenedCounts } from "../../screening/model.ts";
import type { Customer } from "../model.ts";

const mark = statement(
  "customers.markScreened",
  `update customers set screened_version = $3
   where organization_id = $1 and id = $2 and screened_version < $3`,
);

const holder = statement(
  "customers.lastHolder",
  `select actor_kind || ' ' || actor_id as who from customer_status_history
   where organization_id = $1 and customer_id = $2 and move = 'hold' order by version desc limit 1`,
);

const toScreen = statement(
  "customers.toScreen",
  dueInOrder(`select k.id, ${listsSince("o.now")} as due_at from customers k
    where k.organization_id = o.organization_id and k.status <> 'deleted'
      and k.screened_version < ${newestVersion}`),
);

/**
 * Customers that were screened against older lists than those in force, or never while there are lists. They are
 * due since the newest list is in force.
 */
export async function findToScreen(sql: Sql, page: DuePage): Promise<Due[]> {
  return sql.query<Due>(toScreen, dueValues(page));
}

const counted = statement(
  "customers.countScreened",
  screenedCounts("customers c where c.status <> 'deleted'", "c.screened_version"),
);

/** How many customers are to be screened, and how many are behind the newest lists. */
export async function countScreened(sql: Sql): Promise<ScreenedCounts> {
  const [row] = await sql.query<ScreenedCounts>(counted);
  return row ?? { total: 0, behind: 0 };
}

/** Remembers up to which version of the lists a customer was screened. */
export async function markScreened(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  version: bigint,
): Promise<void> {
  await sql.query(mark, [organizationId, id, version]);
}

/** Who put the customer on hold the last time, kind and id; null where nobody ever did. */
export async function lastHolder(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
): Promise<string | null> {
  const [row] = await sql.query<{ who: string }>(holder, [organizationId, id]);
  return row?.who ?? null;
}

const behind = statement(
  "customers.isBehind",
  `select screened_version < $3 as behind from customers where organization_id = $1 and id = $2`,
);

/** Whether a customer was last screened against lists older than that version. */
export async function isBehind(
  sql: Sql,
  { organizationId, id }: Pick<Customer, "organizationId" | "id">,
  version: bigint,
): Promise<boolean> {
  const [row] = await sql.query<{ behind: boolean }>(behind, [organizationId, id, version]);
  return row?.behind === true;
}
