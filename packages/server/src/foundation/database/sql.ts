import pg from "pg";

/** A statement with a name is prepared once a connection; one without is sent as it is. */
export type Statement = { readonly name: string | undefined; readonly text: string };

/** Declares a prepared statement. Names are unique over the server: `<module>.<verb>`. */
export function statement(name: string, text: string): Statement {
  return { name, text };
}

/** Something that answers statements: a pool (each on its own) or a transaction. */
export type Sql = {
  query<R>(statement: Statement, values?: readonly unknown[]): Promise<R[]>;
};

/**
 * A value as it goes to the driver. Arrays of bigints are written here: the driver would quote and
 * escape each number, and a batch of movements has hundreds.
 */
export function toParameter(value: unknown): unknown {
  if (!Array.isArray(value) || typeof value.find((item) => item !== null) !== "bigint")
    return value;
  return `{${value.map((item) => item ?? "NULL").join(",")}}`;
}

/**
 * Parameters for `unnest`, from $1 on: rows travel as one array a column.
 *
 * @param types of the columns as arrays, where they are not text.
 */
export const arraysOf = (
  columns: readonly string[],
  types: Readonly<Partial<Record<string, string>>>,
): string => columns.map((name, index) => `$${index + 1}::${types[name] ?? "text[]"}`).join(", ");

/** PostgreSQL's type numbers that we read in our own way. */
const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;

const toBigints = (text: string): (bigint | null)[] =>
  text === "{}"
    ? []
    : text
        .slice(1, -1)
        .split(",")
        .map((item) => (item === "NULL" ? null : BigInt(item)));

/** How columns become values: int8 is a bigint, a date is its text (no time zone can move it). */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser(id, format) {
    if (id === INT8) return BigInt;
    if (Number(id) === INT8_ARRAY) return toBigints;
    if (id === DATE) return (text: string) => text;
    // biome-ignore lint/suspicious/noExplicitAny: the driver's own table has this open type.
    return pg.types.getTypeParser(id, format as any);
  },
};
