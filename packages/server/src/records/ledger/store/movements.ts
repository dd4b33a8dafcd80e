import { type Sql, statement } from "../../../foundation/database/sql.ts";
import type {
  AccountId,
  BudgetId,
  CardId,
  HoldId,
  JournalId,
  OrganizationId,
  TransferId,
} from "../../../foundation/ids/ids.ts";
import { recordedAtOf } from "../../sequencer/clauses.ts";
import type { MovementKind, Numbers, Side } from "../model.ts";
import { type NumberColumns, numbersOf, toNumbers } from "../store.ts";

/** Sequences after the one and up to the other. */
export type SequenceRange = { readonly above: bigint; readonly upTo: bigint };

/** One side of a sealed row that posted something, as the account's own. */
export type PostedSide = {
  readonly sequence: bigint;
  readonly recordedAt: Date;
  readonly journalId: JournalId;
  readonly kind: MovementKind;
  /** Minor units. */
  readonly amount: bigint;
  readonly side: Side;
  readonly accountId: AccountId;
  /** The account right after the row. */
  readonly numbers: Numbers;
  /** The account on the row's other side. */
  readonly otherId: AccountId;
  readonly holdId: HoldId | null;
  readonly transferId: TransferId | null;
  readonly cardId: CardId | null;
  readonly budgetId: BudgetId | null;
};

type Row = Omit<PostedSide, "numbers"> & NumberColumns;

// Each account is read along its own index and only as far as the page; read as one set, all that
// both have would be sorted for each page.
const selectPosted = statement(
  "ledger.postedSides",
  `select page.*, ${recordedAtOf("$1", "page.sequence")} as "recordedAt"
   from (select one.* from unnest($2::text[]) as asked(id) cross join lateral (
       select e.sequence, e.side, e.account_id as "accountId", ${numbersOf("e")},
         j.id as "journalId", j.kind, j.amount, j.hold_id as "holdId",
         case e.side when 'debit' then j.credit_account else j.debit_account end as "otherId",
         j.transfer_id as "transferId", j.card_id as "cardId", j.budget_id as "budgetId"
       from ledger_entries e
       join journal j on j.organization_id = e.organization_id and j.id = e.journal_id
       where e.organization_id = $1 and e.account_id = asked.id and e.sequence > $3
         and e.sequence <= $4 and j.effect in ('post', 'capture')
       order by e.sequence limit $5) one
     order by one.sequence, one.side limit $5) page
   order by page.sequence, page.side`,
);

/** The first sides in a range of what was posted on some accounts, by sequence; at most so many. */
export async function readPostedSides(
  sql: Sql,
  organizationId: OrganizationId,
  accounts: readonly AccountId[],
  { above, upTo }: SequenceRange,
  limit: number,
): Promise<PostedSide[]> {
  const values = [organizationId, accounts, above, upTo, limit];
  const rows = await sql.query<Row>(selectPosted, values);
  return rows.map((row) => ({ ...row, numbers: toNumbers(row) }));
}
