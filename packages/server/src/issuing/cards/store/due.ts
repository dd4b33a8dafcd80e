import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";

const expiring = statement(
  "cards.expiring",
  dueInOrder(`select c.id, c.expires_at as due_at from cards c
    where c.organization_id = o.organization_id and c.status <> 'deleted'
      and c.expired_at is null and c.expires_at <= o.now`),
);

/** Cards that have expired and of which nobody has recorded it. */
export const findExpiring = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(expiring, dueValues(page));

const ending = statement(
  "cards.endingRestrictions",
  dueInOrder(`select c.id, min(r.ends_at) as due_at from card_restrictions r
    join cards c on c.organization_id = r.organization_id and c.id = r.card_id
    where r.organization_id = o.organization_id and r.lifted_at is null and r.ends_at <= o.now
      and c.status <> 'deleted'
    group by c.id`),
);

/** Cards with restrictions that have ended and that nobody has lifted. */
export const findEnding = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(ending, dueValues(page));
