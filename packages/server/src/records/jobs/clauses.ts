import type { DuePage } from "../../foundation/job/job.ts";
import { organizationsNow } from "../sequencer/clauses.ts";

/**
 * The statement of a job's `findDue`: what is due by each organization's now, in the order of
 * organization and id. Its values are `dueValues`.
 *
 * For each organization it is one look into the index that tells what is due; `offset 0` keeps the planner
 * from walking over all rows in the order of their ids instead, in the hope of finding enough.
 *
 * @param rows selects `id` and `due_at` of one organization `o.organization_id`, by its own now `o.now`.
 */
export const dueInOrder = (rows: string): string => `select o.organization_id as "organizationId",
    due.id, due.due_at as "dueAt"
  from ${organizationsNow} o
  cross join lateral (
    select * from (${rows} offset 0) as found
    where o.organization_id > $1 or found.id > $2 order by found.id limit $3) due
  where o.organization_id >= $1
  order by o.organization_id, due.id limit $3`;

/** Values of a statement made by `dueInOrder`. */
export const dueValues = ({ after, limit }: DuePage): unknown[] => [
  after?.organizationId ?? "",
  after?.id ?? "",
  limit,
];
