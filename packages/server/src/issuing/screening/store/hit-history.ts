import { listRows, type RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Actor } from "../../../foundation/database/work.ts";
import type { Hit, HitChange } from "../model/hits.ts";

const insert = statement(
  "screening.insertHitChange",
  `insert into screening_hit_history (organization_id, hit_id, version, move, from_status, to_status,
     reasons, note, actor_kind, actor_id, at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
);

/** Keeps one move of a hit, whose row is written. */
export async function insertHitChange(
  sql: Sql,
  { organizationId, id }: Pick<Hit, "organizationId" | "id">,
  change: HitChange,
): Promise<void> {
  const { version, move, from, to, reasons, note, actor, at } = change;
  const values = [version, move, from, to, reasons, note, actor.kind, actor.id, at];
  await sql.query(insert, [organizationId, id, ...values]);
}

type Row = Omit<HitChange, "actor"> & {
  readonly actorKind: Actor["kind"];
  readonly actorId: string;
};

/** One page of a hit's moves, newest first. */
export async function listHitChanges(
  sql: Sql,
  { organizationId, id }: Pick<Hit, "organizationId" | "id">,
  page: { readonly after: bigint | undefined; readonly limit: number },
): Promise<RowPage<HitChange>> {
  const { rows, more } = await listRows<Row>(sql, {
    select: `select version, move, from_status as "from", to_status as "to", reasons, note,
       actor_kind as "actorKind", actor_id as "actorId", at from screening_hit_history`,
    conditions: [
      ["organization_id", "=", organizationId],
      ["hit_id", "=", id],
    ],
    key: "version",
    ...page,
  });
  const changes = rows.map(({ actorKind: kind, actorId, ...rest }) => ({
    ...rest,
    actor: { kind, id: actorId },
  }));
  return { rows: changes, more };
}
