import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { organizationsNow } from "../../../records/sequencer/clauses.ts";
import type { Card } from "../model.ts";

// The words of the index cards_next_fee, and what isFeeDue says. For each organization it is one look at the
// beginning of its part of the index; `offset 0` keeps the planner from walking over all cards in the
// order of their ids instead, in the hope of finding enough that are due.
const due = statement(
  "cards.feesDue",
  `select o.organization_id as "organizationId", f.id, f.next_fee_at as "dueAt"
   from ${organizationsNow} o cross join lateral (select * from (
     select c.id, c.next_fee_at from cards c
     where c.organization_id = o.organization_id and c.next_fee_at <= o.now
       and c.next_fee_at is not null
       and (c.deleted_at is null
         or (c.next_fee_at <= c.deleted_at and c.deleted_reason not like 'replaced\\_%'))
       and (o.organization_id > $1 or c.id > $2)
     offset 0) found
     order by found.id limit $3) f
   where o.organization_id >= $1
   order by o.organization_id, f.id limit $3`,
);

/** Cards whose next monthly fee is to be charged, in the order of organization and id. */
export function listFeesDue(sql: Sql, { after, limit }: DuePage): Promise<Due[]> {
  return sql.query<Due>(due, [after?.organizationId ?? "", after?.id ?? "", limit]);
}

const pass = statement(
  "cards.passFees",
  `update cards c set fee_months = given.fee_months, next_fee_at = given.next_fee_at
   from unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[])
     as given (organization_id, id, fee_months, next_fee_at)
   where c.organization_id = given.organization_id and c.id = given.id`,
);

/** Writes where cards, which the caller has locked, stand with their monthly fees. */
export async function writeFees(
  sql: Sql,
  cards: readonly Pick<Card, "organizationId" | "id" | "feeMonths" | "nextFeeAt">[],
): Promise<void> {
  if (cards.length === 0) return;
  await sql.query(pass, [
    cards.map(({ organizationId }) => organizationId),
    cards.map(({ id }) => id),
    cards.map(({ feeMonths }) => feeMonths),
    cards.map(({ nextFeeAt }) => nextFeeAt),
  ]);
}
