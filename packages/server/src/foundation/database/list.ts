import type { Sql } from "./sql.ts";

/** One condition of a list: `column operator value`; left out when the value is undefined. */
export type Condition = readonly [
  column: string,
  operator: "=" | "<" | "<=" | ">" | ">=" | "ilike" | "any" | "@>",
  value: unknown,
];

export type ListQuery = {
  /** `select … from …` without a where clause. */
  readonly select: string;
  readonly conditions: readonly Condition[];
  /** The column that orders the list, newest first: a time-ordered id or a sequence. */
  readonly key: string;
  /** The key of the last row of the page before. */
  readonly after: string | bigint | undefined;
  /** Rows of a page. */
  readonly limit: number;
  /** Oldest first where true. */
  readonly ascending?: boolean;
};

/** One page of rows, and whether more follow. */
export type RowPage<R> = { readonly rows: R[]; readonly more: boolean };

/** Reads one page. Columns and operators are ours; every value travels as a parameter. */
export async function listRows<R>(sql: Sql, list: ListQuery): Promise<RowPage<R>> {
  const cursor: Condition = [list.key, list.ascending ? ">" : "<", list.after];
  const given = [...list.conditions, cursor].filter(([, , value]) => value !== undefined);
  const where = given.map(([column, operator], index) =>
    operator === "any" ? `${column} = any($${index + 1})` : `${column} ${operator} $${index + 1}`,
  );
  const text = [
    list.select,
    where.length === 0 ? "" : `where ${where.join(" and ")}`,
    `order by ${list.key} ${list.ascending ? "asc" : "desc"} limit ${list.limit + 1}`,
  ].join(" ");
  const rows = await sql.query<R>(
    { name: undefined, text },
    given.map(([, , value]) => value),
  );
  return { rows: rows.slice(0, list.limit), more: rows.length > list.limit };
}
