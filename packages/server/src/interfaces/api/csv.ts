import { CsvError, parse } from "csv-parse/sync";
import type { TSchema } from "typebox";
import type { Problem } from "../../foundation/errors/errors.ts";
import { fieldErrors } from "./errors.ts";
import { forbiddenNames, isWhole, MAX_PROBLEMS, type ParsedJson } from "./json.ts";

/**
 * Reads a list of rows from CSV (RFC 4180) by the schema that the same rows have in JSON: a column is a
 * field, a field of an inner object is `cardholder.email`, an entry of a record `metadata.<name>`. The
 * value made here goes through the schema's check afterwards, as one that came as JSON does.
 */

/** What a column fills. */
type Column = { readonly path: readonly string[]; readonly isNumber: boolean };

type Schema = {
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
};

/** The columns that rows of a body may have, and what stands for any name in the one of a record. */
export function columnsOf(body: TSchema): string[] {
  return Object.keys(rowSchema(body).properties ?? {}).flatMap((name) => {
    const field = rowSchema(body).properties?.[name] as Schema;
    if (field.patternProperties !== undefined) return [`${name}.<name>`];
    if (field.properties === undefined) return [name];
    return Object.keys(field.properties).map((inner) => `${name}.${inner}`);
  });
}

const rowSchema = (body: TSchema): Schema =>
  (body as unknown as Schema).properties?.rows?.items ?? {};

/** A body `{ rows }` from the text of a CSV file; every breach comes back with its row and column. */
export function parseRows(text: string, body: TSchema): ParsedJson {
  const most = (body as unknown as Schema).properties?.rows?.maxItems ?? 0;
  const read = recordsOf(text, most);
  if ("problem" in read) return { ok: false, problems: [read.problem] };
  const [header = [], ...records] = read.records;
  const { columns, problems } = columnsNamed(header, rowSchema(body));
  if (problems.length > 0) return { ok: false, problems };
  const rows: unknown[] = [];
  for (const [index, record] of records.entries()) {
    rows.push(rowOf(record, columns, `rows.${index}`, problems));
    if (problems.length >= MAX_PROBLEMS) break;
  }
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
  return { ok: true, value: { rows } };
}

/** The records of a file, its header first; one more than may be, so that too many are seen. */
function recordsOf(text: string, most: number): { records: string[][] } | { problem: Problem } {
  try {
    const records = parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: true,
      to: most + 2,
    });
    return { records };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = (error as CsvError & { readonly lines?: number }).lines;
    const where = line === undefined ? "" : ` Line ${line} cannot be read.`;
    const problem = fieldErrors.problem("csv_malformed");
    return { problem: { ...problem, message: `${problem.message}${where}` } };
  }
}

/** Most columns of a file: a row has far fewer fields, but rows need not have the same. */
const MAX_COLUMNS = 1_000;

function columnsNamed(header: readonly string[], row: Schema) {
  if (header.length > MAX_COLUMNS) {
    const message = `The header has ${header.length} columns, of at most ${MAX_COLUMNS}.`;
    return { columns: [], problems: [fieldErrors.problem("field_count", "rows", message)] };
  }
  const problems: Problem[] = [];
  const columns = header.map((name) => {
    const column = columnOf(name, row);
    const field = name.slice(0, MAX_NAME);
    if (column === null) problems.push(fieldErrors.problem("field_unknown", field, NO_COLUMN));
    return column;
  });
  for (const [index, name] of header.entries()) {
    if (header.indexOf(name) < index) problems.push(fieldErrors.problem("field_repeated", name));
  }
  if (header.length === 0) problems.push(fieldErrors.problem("csv_malformed"));
  return { columns: columns as readonly Column[], problems: problems.slice(0, MAX_PROBLEMS) };
}

/** Longest name of a column in an answer. */
const MAX_NAME = 200;
const NO_COLUMN = "There is no such column.";

function columnOf(name: string, row: Schema): Column | null {
  const [first = "", ...rest] = name.split(".");
  const field = Object.hasOwn(row.properties ?? {}, first) ? row.properties?.[first] : undefined;
  if (field === undefined) return null;
  const inner = rest.join(".");
  const [pattern] = Object.keys(field.patternProperties ?? {});
  if (pattern !== undefined) {
    const fits = new RegExp(pattern, "u").test(inner) && !forbiddenNames.has(inner);
    return fits ? { path: [first, inner], isNumber: false } : null;
  }
  if (field.properties !== undefined) {
    const known = Object.hasOwn(field.properties, inner) ? field.properties[inner] : undefined;
    return known === undefined ? null : { path: [first, inner], isNumber: isNumber(known) };
  }
  return rest.length === 0 ? { path: [first], isNumber: isNumber(field) } : null;
}

const isNumber = ({ type, anyOf = [] }: Schema): boolean =>
  type === "integer" || anyOf.some((each) => each.type === "integer");

/** A cell that is empty is a field that is not given. */
function rowOf(
  record: readonly string[],
  columns: readonly Column[],
  at: string,
  problems: Problem[],
): unknown {
  const row: Record<string, unknown> = {};
  if (record.length !== columns.length) {
    const message = `It has ${record.length} cells, and the header ${columns.length}.`;
    problems.push(fieldErrors.problem("field_count", at, message));
    return row;
  }
  for (const [index, { path, isNumber }] of columns.entries()) {
    const cell = record[index] ?? "";
    if (cell === "") continue;
    const [name = "", inner] = path;
    const field = `${at}.${path.join(".")}`;
    if (cell.includes("\u0000")) problems.push(fieldErrors.problem("field_nul", field));
    if (isNumber && !isWhole(cell)) problems.push(fieldErrors.problem("field_number", field));
    const value = isNumber ? Number(cell) : cell;
    if (inner === undefined) row[name] = value;
    else {
      row[name] ??= {};
      (row[name] as Record<string, unknown>)[inner] = value;
    }
  }
  return row;
}

/** A problem of a row says which row it is, as people count. */
export function inRows(problem: Problem): Problem {
  const [, index, column] = /^rows\.(\d+)(?:\.(.+))?$/.exec(problem.field ?? "") ?? [];
  if (index === undefined) return problem;
  const where = `Row ${Number(index) + 1}${column === undefined ? "" : `, ${column}`}`;
  return { ...problem, message: `${where}: ${problem.message}` };
}
