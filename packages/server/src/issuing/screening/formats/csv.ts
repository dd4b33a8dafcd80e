import { pipeline, Readable } from "node:stream";
import { CsvError, type Options, parse } from "csv-parse";
import { MalformedList, type Pieces } from "./malformed.ts";

/** One line of a CSV file, and where it is. */
export type Row = { readonly line: number; readonly cells: readonly string[] };

/** What sets one dialect of CSV apart from another. */
export type Dialect = Pick<Options, "delimiter">;

/** OFAC ends its files with a line of this one control character. */
const END_OF_FILE = "\u001a";
const LONGEST_ROW = 1_000_000;

/**
 * The rows of a CSV file of any size.
 *
 * @throws MalformedList for an open quote, a quote inside a plain text, or a row that is too long.
 */
export async function* readRows(pieces: Pieces, dialect: Dialect = {}): AsyncGenerator<Row> {
  const parser = parse({
    ...dialect,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
  });
  // What goes wrong comes out of the loop below.
  pipeline(Readable.from(pieces), parser, () => undefined);
  try {
    for await (const { info, record } of parser as AsyncIterable<Parsed>) {
      if (record.length === 1 && record[0]?.trim() === END_OF_FILE) continue;
      yield { line: info.lines, cells: record };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new MalformedList(Number(error.lines ?? 0), error.message);
  }
}

type Parsed = { readonly info: { readonly lines: number }; readonly record: readonly string[] };
