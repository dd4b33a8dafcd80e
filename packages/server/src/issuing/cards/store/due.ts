import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { organizationsNow } from "../../../records/sequencer/clauses.ts";

/**
 * What is due by each organization's now, in the order of organization and id.
 *
 * @param rows selects `id` and `due_at` of one organization `o`, with its own now `o.now`, behind the id
 *   in `$2` where `o` is the organization in `$1`.
 */
const dueRows = (rows: string) => `select o.organization_id as "organizationId", due.id,
    due.due_at as "dueAt"
  from ${organizationsNow} o
  cross join lateral (${rows} order by id limit $3) due
  where o.organization_id >= $1
  order by o.organization_id, due.id limit $3`;

const behind = (id: string) => `(o.organization_id > $1 or ${id} > $2)`;

const expiring = statement(
  "cards.expiring",
  dueRows(`select c.id, c.expires_at as due_at from cards c
    where c.organization_id = o.organization_id and c.status <> 'deleted'
      and c.expired_at is null and c.expires_at <= o.now and ${behind("c.id")}`),
);

/** Cards that have expired and of which nobody has recorded it. */
export const findExpiring = (sql: Sql, page: DuePage): Promise<Due[]> =>
  findDue(sql, expiring, page);

const ending = statement(
  "cards.endingRestrictions",
  dueRows(`select c.id, min(r.ends_at) as due_at from card_restrictions r
    join cards c on c.organization_id = r.organization_id and c.id = r.card_id
    where r.organization_id = o.organization_id and r.lifted_at is null and r.ends_at <= o.now
      and c.status <> 'deleted' and ${behind("c.id")}
    group by c.id`),
);

/** Cards with restrictions that have ended and that nobody has lifted. */
export const findEnding = (sql: Sql, page: DuePage): Promise<Due[]> => findDue(sql, ending, page);

function findDue(sql: Sql, wanted: typeof expiring, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(wanted, [after?.organizationId ?? "", after?.id ?? "", limit]);
}
