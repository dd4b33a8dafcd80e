import { setImmediate } from "node:timers/promises";
import PDFDocument from "pdfkit";
import { toDecimalText } from "../../../foundation/money/money.ts";
import { accountId } from "../../../records/ledger/model.ts";
import { statementErrors } from "../errors.ts";
import {
  addLines,
  MAX_PDF_LINES,
  NO_LINES,
  type Statement,
  type StatementLine,
  type Totals,
} from "../model.ts";
import type { StatementWriter } from "./writer.ts";

/** Lengths in points; A4 upright. */
const MARGIN = 40;
const WIDTH = 595.28 - 2 * MARGIN;
const FOOT_Y = 800;
const LINES_Y = 232;
const LINE_HEIGHT = 22;
const LINES_OF_PAGE = Math.floor((FOOT_Y - LINES_Y - LINE_HEIGHT) / LINE_HEIGHT);
const SMALL = 7;
const PLAIN = 9;

/** Characters of a text that are laid out at all: no column is as wide. */
const MAX_TEXT = 150;

/** Where the columns are. */
const columns = {
  when: { x: MARGIN, width: 90, align: "left" },
  what: { x: MARGIN + 95, width: 220, align: "left" },
  amount: { x: MARGIN + 315, width: 95, align: "right" },
  posted: { x: MARGIN + 415, width: WIDTH - 415, align: "right" },
} as const;

type Drawing = InstanceType<typeof PDFDocument>;

/**
 * For people, up to `MAX_PDF_LINES` lines. Characters that its fonts lack (what is beyond Western
 * European) are shown as `?`; the other formats have them.
 *
 * @throws Refusal `statement_too_long`, before anything is written.
 */
export const writePdf: StatementWriter = async function* (statement, pages) {
  const lines: StatementLine[] = [];
  for await (const page of pages) {
    lines.push(...page);
    if (lines.length > MAX_PDF_LINES) {
      throw statementErrors.refusal(
        "statement_too_long",
        `A PDF has at most ${MAX_PDF_LINES} lines.`,
      );
    }
  }
  const { period } = statement;
  const document = new PDFDocument({
    size: "A4",
    margin: MARGIN,
    autoFirstPage: false,
    // Nothing of the hour at which it is made: the same statement has the same bytes.
    info: { Title: titleOf(statement), Creator: "Cardwright", CreationDate: period.to },
  });
  const totals = addLines(NO_LINES, lines);
  const count = Math.max(1, Math.ceil(lines.length / LINES_OF_PAGE));
  for (let page = 0; page < count; page += 1) {
    document.addPage();
    drawHead(document, statement, totals);
    const own = lines.slice(page * LINES_OF_PAGE, (page + 1) * LINES_OF_PAGE);
    for (const [at, line] of own.entries()) {
      drawLine(document, statement, line, LINES_Y + at * LINE_HEIGHT);
    }
    if (page === count - 1) drawClosing(document, statement, own.length);
    put(document, `Page ${page + 1} of ${count}`, MARGIN, FOOT_Y, { width: WIDTH, align: "right" });
    // Hundreds of pages at once would keep every other caller waiting.
    await setImmediate();
  }
  document.end();
  yield* document as AsyncIterable<Uint8Array>;
};

const titleOf = ({ subject, subjectId, account }: Statement): string =>
  `Statement of ${subject} ${subjectId}, ${account.currency}`;

const instant = (at: Date): string => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** What the standard fonts of PDF have. */
const shown = (text: string): string =>
  text.slice(0, MAX_TEXT).replaceAll(/[^\x20-\x7e\u00a0-\u00ff]/gu, "?");

type Place = { readonly width: number; readonly align?: "left" | "right"; readonly size?: number };

/** One line of text, cut where the space ends. */
function put(document: Drawing, text: string, x: number, y: number, place: Place): void {
  const { width, align = "left", size = SMALL } = place;
  document.fontSize(size);
  document.text(shown(text), x, y, { width, align, height: size + 2, ellipsis: true });
}

const money = (amount: bigint, { account }: Statement): string =>
  toDecimalText(amount, account.currency).replace(/\B(?=(\d{3})+(?!\d)(?=\.|$))/g, "\u00a0");

function drawHead(document: Drawing, statement: Statement, totals: Totals): void {
  const { organizationId, account, period, opening, closing } = statement;
  const from = period.from === null ? "the beginning" : instant(period.from);
  document.font("Helvetica-Bold");
  put(document, titleOf(statement), MARGIN, MARGIN, { width: WIDTH, size: 13 });
  document.font("Helvetica");
  const facts: readonly (readonly [string, string])[] = [
    ["Organization", organizationId],
    ["Account", accountId(account)],
    ["Period", `from ${from}, before ${instant(period.to)}`],
    ["Currency", account.currency],
    ["Opening balance", `${money(opening.posted, statement)}${owedText(statement, opening.owed)}`],
    ["Credits", money(totals.credits, statement)],
    ["Debits", money(totals.debits, statement)],
    ["Closing balance", `${money(closing.posted, statement)}${owedText(statement, closing.owed)}`],
  ];
  for (const [at, [name, value]] of facts.entries()) {
    const y = MARGIN + 26 + at * 15;
    put(document, name, MARGIN, y, { width: 90, size: PLAIN });
    put(document, value, columns.what.x, y, { width: WIDTH - 95, size: PLAIN });
  }
  document.font("Helvetica-Bold");
  const y = LINES_Y - 22;
  const names = { when: "Recorded (UTC)", what: "Movement", amount: "Amount", posted: "Balance" };
  for (const [name, { x, ...place }] of Object.entries(columns)) {
    put(document, names[name as keyof typeof names], x, y, { ...place, size: PLAIN });
  }
  document.font("Helvetica");
  rule(document, LINES_Y - 8);
}

const owedText = (statement: Statement, owed: bigint): string =>
  statement.subject === "organization" || owed === 0n ? "" : `; owed ${money(owed, statement)}`;

function drawLine(
  document: Drawing,
  statement: Statement,
  { recordedAt, kind, counterpart, note, amount, direction, after, change }: StatementLine,
  y: number,
): void {
  const { when, what, amount: moved, posted } = columns;
  put(document, instant(recordedAt).slice(0, 19), when.x, y, { ...when, size: PLAIN });
  put(document, kind.replaceAll("_", " "), what.x, y, { ...what, size: PLAIN });
  const signed = `${direction === "debit" ? "-" : "+"}${money(amount, statement)}`;
  put(document, signed, moved.x, y, { ...moved, size: PLAIN });
  put(document, money(after.posted, statement), posted.x, y, { ...posted, size: PLAIN });
  const about = [note ?? "", `${counterpart.type.replaceAll("_", " ")} ${counterpart.id}`];
  put(document, about.filter((text) => text !== "").join(" · "), what.x, y + 10, what);
  if (change.owed === 0n) return;
  put(document, `owed ${money(after.owed, statement)}`, posted.x, y + 10, posted);
}

function drawClosing(document: Drawing, statement: Statement, lines: number): void {
  const y = LINES_Y + lines * LINE_HEIGHT;
  const { posted, owed } = statement.closing;
  rule(document, y - 2);
  document.font("Helvetica-Bold");
  put(document, "Closing balance", columns.what.x, y + 4, { ...columns.what, size: PLAIN });
  const text = `${money(posted, statement)}${owedText(statement, owed)}`;
  put(document, text, columns.amount.x, y + 4, {
    width: WIDTH - (columns.amount.x - MARGIN),
    align: "right",
    size: PLAIN,
  });
  document.font("Helvetica");
}

function rule(document: Drawing, y: number): void {
  document
    .moveTo(MARGIN, y)
    .lineTo(MARGIN + WIDTH, y)
    .lineWidth(0.5)
    .stroke();
}
