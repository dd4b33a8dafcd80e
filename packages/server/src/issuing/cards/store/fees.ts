import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import type { Card } from "../model.ts";

// The words of the index cards_next_fee, and what isFeeDue says.
const due = statement(
  "cards.feesDue",
  dueInOrder(`select c.id, c.next_fee_at as due_at from cards c
    where c.organization_id = o.organization_id and c.next_fee_at <= o.now
      and c.next_fee_at is not null
      and (c.deleted_at is null
        or (c.next_fee_at <= c.deleted_at and c.deleted_reason not like 'replaced\\_%'))`),
);

/** Cards whose next monthly fee is to be charged, in the order of organization and id. */
export const listFeesDue = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(due, dueValues(page));

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
