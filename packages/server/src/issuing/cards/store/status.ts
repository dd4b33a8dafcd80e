import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Actor } from "../../../foundation/database/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Card, Restriction, StatusChange } from "../model.ts";

type CardKey = Pick<Card, "organizationId" | "id">;

const addRestrictions = statement(
  "cards.addRestrictions",
  `insert into card_restrictions (organization_id, card_id, id, kind, owner, reason, note,
     actor_kind, actor_id, created_at, ends_at)
   select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
     $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[])`,
);

/** Writes new restrictions as one set. */
export async function insertRestrictions(
  sql: Sql,
  added: readonly { readonly card: CardKey; readonly restriction: Restriction }[],
): Promise<void> {
  if (added.length === 0) return;
  const rows = added.map(({ card, restriction }) => [
    card.organizationId,
    card.id,
    restriction.id,
    restriction.kind,
    restriction.owner,
    restriction.reason,
    restriction.note,
    restriction.actor.kind,
    restriction.actor.id,
    restriction.createdAt,
    restriction.endsAt,
  ]);
  await sql.query(addRestrictions, columnsOf(rows));
}

/** Rows of equal length as one array a column. */
function columnsOf(rows: readonly (readonly unknown[])[]): unknown[][] {
  return (rows[0] ?? []).map((_, index) => rows.map((row) => row[index]));
}

const lift = statement(
  "cards.liftRestrictions",
  `update card_restrictions set lifted_at = $3, lifted_by = $4
   where organization_id = $1 and id = any($2::text[])`,
);

/** Lifts restrictions as one set; the rows stay, as they were and until when. */
export async function liftRestrictions(
  sql: Sql,
  organizationId: OrganizationId,
  restrictions: readonly Restriction[],
  { at, by }: { readonly at: Date; readonly by: Actor },
): Promise<void> {
  if (restrictions.length === 0) return;
  await sql.query(lift, [organizationId, restrictions.map(({ id }) => id), at, by.id]);
}

const addChanges = statement(
  "cards.addStatusChanges",
  `insert into card_status_history (organization_id, card_id, version, action, from_status,
     to_status, reason, note, actor_kind, actor_id, at)
   select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[],
     $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[])`,
);

/** Writes lines of status histories as one set. */
export async function insertStatusChanges(
  sql: Sql,
  added: readonly { readonly card: CardKey; readonly change: StatusChange }[],
): Promise<void> {
  if (added.length === 0) return;
  const rows = added.map(({ card, change }) => [
    card.organizationId,
    card.id,
    change.version,
    change.action,
    change.from,
    change.to,
    change.reason,
    change.note,
    change.actor.kind,
    change.actor.id,
    change.at,
  ]);
  await sql.query(addChanges, columnsOf(rows));
}

/** One page of a card's status changes, newest first. */
export function listChanges(
  sql: Sql,
  { organizationId, id }: Pick<Card, "organizationId" | "id">,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<StatusChange>> {
  return listRows<StatusChange>(sql, {
    select: `select version, action, from_status as "from", to_status as "to", reason, note,
      jsonb_build_object('kind', actor_kind, 'id', actor_id) as actor, at from card_status_history`,
    conditions: [
      ["organization_id", "=", organizationId],
      ["card_id", "=", id],
    ],
    key: "version",
    ...page,
  });
}
