import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_PDF_LINES, type Statement, type StatementLine } from "../model.ts";
import { writePdf } from "./pdf.ts";

const balances = { currency: "JPY", posted: 0n, held: 0n, available: 0n, owed: 0n };

const statement: Statement = {
  organizationId: "org_1",
  subject: "card",
  subjectId: "card_1",
  account: { type: "card", ownerId: "card_1", currency: "JPY" },
  period: { from: null, to: new Date("2030-02-01T00:00:00Z") },
  range: { above: 0n, upTo: 9n },
  opening: balances,
  closing: { ...balances, posted: 5n },
};

const line: StatementLine = {
  sequence: 1n,
  recordedAt: new Date("2030-01-31T12:00:00Z"),
  journalId: "jrn_1",
  kind: "refund",
  feeKind: null,
  direction: "credit",
  amount: 1n,
  change: { posted: 1n, owed: 0n },
  after: { posted: 1n, owed: 0n },
  counterpart: { type: "network_settlement", id: "org_1" },
  transferId: null,
  holdId: null,
  cardId: "card_1",
  budgetId: null,
  note: "日本 zażółć ".repeat(40),
};

async function* pagesOf(count: number): AsyncGenerator<readonly StatementLine[]> {
  for (let done = 0; done < count; done += 500) {
    yield Array.from({ length: Math.min(500, count - done) }, () => line);
  }
}

async function bytesOf(count: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of writePdf(statement, pagesOf(count))) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

const pagesIn = (pdf: Buffer) => pdf.toString("latin1").match(/\/Type \/Page\n/g)?.length;

test("a PDF has a page at least, and 24 lines on each", async () => {
  for (const [lines, pages] of [
    [0, 1],
    [1, 1],
    [24, 1],
    [25, 2],
    [48, 2],
    [49, 3],
  ] as const) {
    assert.equal(pagesIn(await bytesOf(lines)), pages, `${lines} lines`);
  }
});

test("a PDF has at most its number of lines; beyond it is a refusal before the first byte", async () => {
  assert.equal(pagesIn(await bytesOf(MAX_PDF_LINES)), Math.ceil(MAX_PDF_LINES / 24));
  await assert.rejects(bytesOf(MAX_PDF_LINES + 1), { code: "statement_too_long", status: 422 });
});
