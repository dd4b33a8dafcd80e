import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { listsSince, newestVersion, screenedCounts } from "../../screening/clauses.ts";
import type { ScreenedCounts } from "../../screening/model.ts";
import type { Card } from "../model.ts";

const toScreen = statement(
  "cards.toScreen",
  dueInOrder(`select c.id, ${listsSince("o.now")} as due_at from cards c
    where c.organization_id = o.organization_id and c.customer_id is null and c.status <> 'deleted'
      and c.screened_version < ${newestVersion}`),
);

/** Cards without a customer that were screened against older lists than those in force, or never. */
export const findToScreen = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toScreen, dueValues(page));

const counted = statement(
  "cards.countScreened",
  screenedCounts(
    "cards c where c.customer_id is null and c.status <> 'deleted'",
    "c.screened_version",
  ),
);

/** How many cards without a customer are to be screened, and how many are behind the newest lists. */
export async function countScreened(sql: Sql): Promise<ScreenedCounts> {
  const [row] = await sql.query<ScreenedCounts>(counted);
  return row ?? { total: 0, behind: 0 };
}

const screened = statement(
  "cards.findScreened",
  "select screened_version as version from cards where organization_id = $1 and id = $2",
);

/** Up to which version of the lists a card was screened; 0: never. */
export async function findScreened(
  sql: Sql,
  { organizationId, id }: Pick<Card, "organizationId" | "id">,
): Promise<bigint> {
  const [row] = await sql.query<{ version: bigint }>(screened, [organizationId, id]);
  return row?.version ?? 0n;
}

const mark = statement(
  "cards.markScreened",
  `update cards c set screened_version = $3
   from unnest($1::text[], $2::text[]) as given (organization_id, id)
   where c.organization_id = given.organization_id and c.id = given.id
     and c.screened_version < $3
   returning c.id`,
);

/**
 * Remembers up to which version of the lists cards were screened; they are locked, or new.
 *
 * @returns those that were behind it.
 */
export async function markScreened(
  sql: Sql,
  cards: readonly Pick<Card, "organizationId" | "id">[],
  version: bigint,
): Promise<Set<string>> {
  if (cards.length === 0) return new Set();
  const organizations = cards.map(({ organizationId }) => organizationId);
  const ids = cards.map(({ id }) => id);
  const rows = await sql.query<{ id: string }>(mark, [organizations, ids, version]);
  return new Set(rows.map(({ id }) => id));
}
