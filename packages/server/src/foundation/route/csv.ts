/** A cell of a CSV file: a number is written as it is; a text cannot become a formula. */
export type CsvCell = string | number | bigint | null;

/**
 * What makes a spreadsheet take a text for a formula, where a text begins with it: also behind spaces, and in
 * full width, which those of East Asian languages take too.
 */
const FORMULA_START = /^(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])/;

const NEEDS_QUOTES = /[",\r\n]/;

/**
 * One record of a CSV file (RFC 4180), with its line end. A text that begins with `=`, `+`, `-`, `@`, a
 * tab or a line end gets an apostrophe in front, so that a spreadsheet shows it and runs
 * nothing. Numbers stay numbers, negative ones too.
 */
export function csvRecord(cells: readonly CsvCell[]): string {
  return `${cells.map(cellText).join(",")}\r\n`;
}

function cellText(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const inert = FORMULA_START.test(cell) ? `'${cell}` : cell;
  return NEEDS_QUOTES.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
