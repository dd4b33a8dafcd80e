import type { StreamFormat } from "../../../foundation/route/formats.ts";
import { writeCsv } from "./csv.ts";
import { writeJson, writeJsonLines } from "./json.ts";
import { writePdf } from "./pdf.ts";
import type { StatementWriter } from "./writer.ts";

/** Every way to write a statement. */
export const statementWriters: Readonly<Record<StreamFormat, StatementWriter>> = {
  json: writeJson,
  jsonl: writeJsonLines,
  csv: writeCsv,
  pdf: writePdf,
};
