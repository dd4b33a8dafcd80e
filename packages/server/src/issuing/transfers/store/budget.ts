import type { RowPage } from "../../../foundation/database/list.ts";
import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type { Transfer, TransferKind } from "../model.ts";
import { type Row, read, select } from "../store.ts";

/** Which of a budget's transfers a list shows. */
export type BudgetTransferFilter = {
  readonly kind?: TransferKind | undefined;
  readonly cardId?: string | undefined;
  /** Who asked: a key, or the platform by itself. */
  readonly actor?: Transfer["actor"]["kind"] | undefined;
  /** From this instant on, and before that one, in the organization's time. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

// A transfer has the budget on one side or on the other, each with an index in the order of the list.
const side = (end: "from" | "to") => `(${select}
  where organization_id = $1 and ${end}_type = 'budget' and ${end}_id = $2
    and ($3::text is null or id < $3) and ($4::text is null or kind = $4)
    and ($5::text is null or card_id = $5)
    and ($6::text is null or actor_kind = $6)
    and ($7::timestamptz is null or created_at >= $7)
    and ($8::timestamptz is null or created_at < $8)
  order by id desc limit $9)`;

const list = statement(
  "transfers.listOfBudget",
  `${side("from")} union all ${side("to")} order by id desc limit $9`,
);

/** One page of what moved on a budget's account, newest first. */
export async function listOfBudget(
  sql: Sql,
  organizationId: string,
  budgetId: string,
  { kind, cardId, actor, from, to }: BudgetTransferFilter,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Transfer>> {
  const values = [organizationId, budgetId, after, kind, cardId, actor, from, to, limit + 1];
  const rows = await sql.query<Row>(list, values);
  return { rows: rows.slice(0, limit).map(read), more: rows.length > limit };
}
