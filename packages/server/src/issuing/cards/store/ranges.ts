import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { NumberRange } from "../../programs/model.ts";
import type { DrawnNumbers } from "../../programs/rules.ts";

// Numbers of deleted cards count: none is ever free again. One look at the index alone.
const counted = `select c.pan_length as "panLength", c.number_first as from, c.number_last as to,
  count(*) as count, statement_timestamp() as at from cards c`;
const grouped = "group by c.pan_length, c.number_first, c.number_last";

const all = statement("cards.drawn", `${counted} ${grouped}`);
const meeting = statement(
  "cards.drawnFrom",
  `${counted} where c.pan_length = $1 and c.number_first <= $3 and c.number_last >= $2 ${grouped}`,
);

/** How many numbers were drawn from a range, and when that was counted. */
export type Counted = DrawnNumbers & { readonly at: Date };

/** How many numbers were drawn from which range, over all programs. */
export const countDrawn = (sql: Sql): Promise<Counted[]> => sql.query<Counted>(all);

/** How many numbers were drawn from ranges that overlap this one: see `numbersOf`. */
export const countDrawnFrom = (
  sql: Sql,
  panLength: number,
  { from, to }: NumberRange,
): Promise<Counted[]> => sql.query<Counted>(meeting, [panLength, from, to]);
