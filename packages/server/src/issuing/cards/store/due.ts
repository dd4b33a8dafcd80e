import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import { customerStands } from "../../customers/clauses.ts";
import { isActive } from "../../organizations/clauses.ts";
import { renewingPrograms } from "../../programs/clauses.ts";
import { servedStandings } from "../rules/funds.ts";
import { MAX_SEQUENCE } from "../rules/renewal.ts";

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

const holder = { organizationId: "c.organization_id", id: "c.customer_id" };

const renewing = statement(
  "cards.renewing",
  dueInOrder(`select c.id, c.expires_at - p.renewal_days * interval '24 hours' as due_at
    from ${renewingPrograms} p
    join cards c on c.program_id = p.id and c.organization_id = o.organization_id
      and c.status <> 'deleted'
      and c.expires_at between o.now - p.renewal_days * interval '24 hours'
        and o.now + p.renewal_days * interval '24 hours'
    where ${isActive("c.organization_id")} and c.pan_sequence < ${MAX_SEQUENCE}
      and (c.status <> 'blocked' or not exists (select from card_restrictions r
        where r.organization_id = c.organization_id and r.card_id = c.id and r.kind = 'block'
          and r.lifted_at is null and (r.ends_at is null or r.ends_at > o.now)))
      and (c.customer_id is null
        or ${customerStands(holder, servedStandings, "p.information_days", "o.now")})`),
);

/** Cards that renew by themselves now: as `renewsByItself` says. */
export const findRenewing = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(renewing, dueValues(page));
