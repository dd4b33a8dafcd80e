import { type Sql, statement } from "../../../foundation/database/sql.ts";
import { assert } from "../../../foundation/errors/errors.ts";
import type { BudgetId, OrganizationId } from "../../../foundation/ids/ids.ts";
import type { Usage, Window } from "../model.ts";
import { piecesOf, spansAt } from "../rules/windows.ts";

/** A window in which a budget's spending is asked for. */
export type Asked = {
  readonly organizationId: OrganizationId;
  readonly budgetId: BudgetId;
  readonly window: Window;
};

const sumPieces = statement(
  "budgets.sumSpending",
  `select coalesce(sum(s.amount), 0)::bigint as amount, coalesce(sum(s.count), 0)::bigint as count
   from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
     as asked (place, organization_id, budget_id, span, starts_from, starts_until)
   left join budget_spending s on s.organization_id = asked.organization_id
     and s.budget_id = asked.budget_id and s.span = asked.span
     and s.starts_at >= asked.starts_from and s.starts_at < asked.starts_until
   group by asked.place order by asked.place`,
);

/** What was spent from budgets and their descendants in windows, in the order asked for. */
export async function readUsages(sql: Sql, asked: readonly Asked[]): Promise<Usage[]> {
  if (asked.length === 0) return [];
  const pieces = asked.flatMap(({ window, ...of }, place) =>
    piecesOf(window).map((piece) => ({ ...of, ...piece, place })),
  );
  return sql.query<Usage>(sumPieces, [
    pieces.map(({ place }) => place),
    pieces.map(({ organizationId }) => organizationId),
    pieces.map(({ budgetId }) => budgetId),
    pieces.map(({ span }) => span),
    pieces.map(({ from }) => from),
    pieces.map(({ until }) => until),
  ]);
}

const rows = `unnest($2::text[], $3::text[], $4::timestamptz[])
  as counted (budget_id, span, starts_at)`;

const add = statement(
  "budgets.addSpending",
  `insert into budget_spending as s (organization_id, budget_id, span, starts_at, amount, count)
   select $1, budget_id, span, starts_at, $5, $6 from ${rows}
   on conflict (organization_id, budget_id, span, starts_at) do update
     set amount = s.amount + excluded.amount, count = s.count + excluded.count
   returning 1`,
);

// What is given back was counted before, so its rows are there; an insert of less than nothing is none.
const giveBack = statement(
  "budgets.giveBackSpending",
  `update budget_spending s set amount = s.amount + $5, count = s.count + $6 from ${rows}
   where s.organization_id = $1 and s.budget_id = counted.budget_id and s.span = counted.span
     and s.starts_at = counted.starts_at
   returning 1`,
);

/**
 * Adds to what was spent from budgets at an instant, or gives back where negative. The caller has locked
 * them for a change.
 *
 * @throws Fault when something is given back at an instant at which nothing was counted.
 */
export async function writeSpending(
  sql: Sql,
  organizationId: OrganizationId,
  budgetIds: readonly BudgetId[],
  { amount, count, at }: Usage & { readonly at: Date },
): Promise<void> {
  const spans = budgetIds.flatMap((budgetId) => spansAt(at).map((span) => ({ ...span, budgetId })));
  const write = amount < 0n || count < 0n ? giveBack : add;
  const written = await sql.query(write, [
    organizationId,
    spans.map(({ budgetId }) => budgetId),
    spans.map(({ span }) => span),
    spans.map(({ startsAt }) => startsAt),
    amount,
    count,
  ]);
  assert(written.length === spans.length, "Only what was counted is given back.");
}
