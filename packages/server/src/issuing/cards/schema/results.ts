import { type Static, Type } from "typebox";
import { type CsvCell, csvRecord } from "../../../foundation/route/csv.ts";
import { object } from "../../../foundation/route/schemas.ts";
import type { BatchRow, CardBatch } from "../model/batches.ts";
import { batchRowSchema, batchSchema, showBatch, showBatchRow } from "./batches.ts";

/** What became of all rows of a batch in one answer, and the batch as it was behind the last of them. */
export const batchResultsSchema = object({ rows: Type.Array(batchRowSchema), batch: batchSchema });

/** The formats that results are written in. */
export const resultFormats = ["json", "csv"] as const;

/** Writes results page by page. */
type ResultsWriter = (
  pages: AsyncIterable<readonly BatchRow[]>,
  closing: () => Promise<CardBatch>,
) => AsyncGenerator<string>;

const writeJson: ResultsWriter = async function* (pages, closing) {
  let lead = '{"rows":[';
  for await (const rows of pages) {
    yield lead + rows.map((row) => JSON.stringify(showBatchRow(row))).join(",");
    lead = ",";
  }
  yield `],"batch":${JSON.stringify(showBatch(await closing()))}}`;
};

type Shown = Static<typeof batchRowSchema>;

/** The columns of a row, in order. */
const columns: Readonly<Record<string, (row: Shown) => CsvCell>> = {
  record: () => "row",
  row: ({ row }) => row,
  status: ({ status }) => status,
  cardId: ({ cardId }) => cardId,
  fields: ({ errors }) => errors.map(({ field }) => field ?? "-").join(" "),
  codes: ({ errors }) => errors.map(({ code }) => code).join(" "),
  messages: ({ errors }) => errors.map(({ message }) => message).join(" "),
};

const names = Object.keys(columns);
const cells = Object.values(columns);

/** RFC 4180 with a header. The last record is the closing: how many rows, and the batch's status. */
const writeCsv: ResultsWriter = async function* (pages, closing) {
  yield csvRecord(names);
  for await (const rows of pages) {
    yield rows
      .map(showBatchRow)
      .map((row) => csvRecord(cells.map((cell) => cell(row))))
      .join("");
  }
  const { size, status } = await closing();
  const known: Readonly<Record<string, CsvCell>> = { record: "closing", row: size, status };
  yield csvRecord(names.map((name) => known[name] ?? null));
};

export const resultWriters: Readonly<Record<(typeof resultFormats)[number], ResultsWriter>> = {
  json: writeJson,
  csv: writeCsv,
};
