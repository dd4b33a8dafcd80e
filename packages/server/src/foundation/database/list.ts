import type { Sql } from "./sql.ts";

/** `column operator value`; left out when the value is undefined. */
export type Comparison = readonly [
  column: string,
  operator: "=" | "<" | "<=" | ">" | ">=" | "ilike" | "any" | "@>",
  value: unknown,
];

/** A condition that is more than one comparison. `put` makes a parameter of a value: `$3`. */
export type ComposedCondition = (put: (value: unknown) => string) => string;

/** One condition of a list. */
export type Condition = Comparison | ComposedCondition;

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
  const values: unknown[] = [];
  const put = (value: unknown) => `$${values.push(value)}`;
  const cursor: Comparison = [list.key, list.ascending ? ">" : "<", list.after];
  const where = [...list.conditions, cursor].flatMap((condition) => {
    if (typeof condition === "function") return [condition(put)];
    const [column, operator, value] = condition;
    if (value === undefined) return [];
    const parameter = put(value);
    return [
      operator === "any"
        ? `${column} = any(${parameter})`
        : [column, operator, parameter].join(" "),
    ];
  });
  const text = [
    list.select,
    where.length === 0 ? "" : `where ${where.join(" and ")}`,
    `order by ${list.key} ${list.ascending ? "asc" : "desc"} limit ${list.limit + 1}`,
  ].join(" ");
  const rows = await sql.query<R>({ name: undefined, text }, values);
  return { rows: rows.slice(0, list.limit), more: rows.length > list.limit };
}
