import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Due, DuePage } from "../../../foundation/job/job.ts";
import { dueInOrder, dueValues } from "../../../records/jobs/clauses.ts";
import type { Card } from "../model.ts";

type CardKey = Pick<Card, "organizationId" | "id">;

const write = statement(
  "cards.writeRetention",
  "update cards set retain_until = $3 where organization_id = $1 and id = $2",
);

/** Keeps until when what a deleted card tells of its holder is kept. */
export async function writeRetention(
  sql: Sql,
  { organizationId, id }: CardKey,
  until: Date,
): Promise<void> {
  await sql.query(write, [organizationId, id, until]);
}

const toErase = statement(
  "cards.toErase",
  dueInOrder(`select c.id, c.retain_until as due_at from cards c
    where c.organization_id = o.organization_id and c.retain_until <= o.now
      and c.erased_at is null and c.legal_hold_reason is null`),
);

/** Deleted cards without a customer whose retention is over, and that are under no legal hold. */
export const findRetentionOver = (sql: Sql, page: DuePage): Promise<Due[]> =>
  sql.query<Due>(toErase, dueValues(page));

const mark = statement(
  "cards.markErased",
  `update cards c set erased_at = $3
   from unnest($1::text[], $2::text[]) as given (organization_id, id)
   where c.organization_id = given.organization_id and c.id = given.id
     and c.retain_until <= $3 and c.erased_at is null and c.legal_hold_reason is null
   returning c.id`,
);

/**
 * Remembers of locked cards whose retention is over, and that are under no legal hold, that they are erased.
 *
 * @returns which they are.
 */
export async function markErased(
  sql: Sql,
  cards: readonly CardKey[],
  now: Date,
): Promise<Set<string>> {
  if (cards.length === 0) return new Set();
  const organizations = cards.map(({ organizationId }) => organizationId);
  const ids = cards.map(({ id }) => id);
  const rows = await sql.query<{ id: string }>(mark, [organizations, ids, now]);
  return new Set(rows.map(({ id }) => id));
}
