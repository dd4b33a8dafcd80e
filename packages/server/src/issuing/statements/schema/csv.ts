import { type CsvCell, csvRecord } from "../../../foundation/route/csv.ts";
import type { Balances } from "../../../records/ledger/model.ts";
import { addLines, NO_LINES, type Statement, type StatementLine } from "../model.ts";
import { showLine } from "../schema.ts";
import type { StatementWriter } from "./writer.ts";

type Line = ReturnType<typeof showLine>;

/** The columns of a line, in order; amounts are minor units of `currency`. */
const columns: Readonly<Record<string, (line: Line, statement: Statement) => CsvCell>> = {
  record: () => "line",
  sequence: ({ sequence }) => sequence,
  recordedAt: ({ recordedAt }) => recordedAt,
  kind: ({ kind }) => kind,
  feeKind: ({ feeKind }) => feeKind,
  direction: ({ direction }) => direction,
  amount: ({ amount }) => amount,
  postedChange: ({ postedChange }) => postedChange,
  owedChange: ({ owedChange }) => owedChange,
  posted: ({ posted }) => posted,
  owed: ({ owed }) => owed,
  currency: (_, { account }) => account.currency,
  counterpartType: ({ counterpart }) => counterpart.type,
  counterpartId: ({ counterpart }) => counterpart.id,
  transferId: ({ transferId }) => transferId,
  holdId: ({ holdId }) => holdId,
  cardId: ({ cardId }) => cardId,
  budgetId: ({ budgetId }) => budgetId,
  journalId: ({ journalId }) => journalId,
  note: ({ note }) => note,
};

const names = Object.keys(columns);
const cells = Object.values(columns);

/** RFC 4180 with a header. First the opening, last the closing, without which it is not whole. */
export const writeCsv: StatementWriter = async function* (statement, pages) {
  const { opening, closing, period } = statement;
  yield csvRecord(names) + bound(statement, "opening", opening, period.from, null);
  let totals = NO_LINES;
  for await (const lines of pages) {
    yield lines.map((line) => lineRecord(statement, line)).join("");
    totals = addLines(totals, lines);
  }
  yield bound(statement, "closing", closing, period.to, totals.lines);
};

function lineRecord(statement: Statement, line: StatementLine): string {
  const shown = showLine(statement, line);
  return csvRecord(cells.map((cell) => cell(shown, statement)));
}

/** The record of a bound: its balances in the columns of the lines; `note` says how many lines. */
function bound(
  { subject, account }: Statement,
  record: "opening" | "closing",
  { posted, owed }: Balances,
  at: Date | null,
  lines: number | null,
): string {
  const known: Readonly<Record<string, CsvCell>> = {
    record,
    recordedAt: at?.toISOString() ?? null,
    posted,
    owed: subject === "organization" ? null : owed,
    currency: account.currency,
    note: lines === null ? null : `${lines} lines`,
  };
  return csvRecord(names.map((name) => known[name] ?? null));
}
