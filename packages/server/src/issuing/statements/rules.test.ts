import assert from "node:assert/strict";
import { test } from "node:test";
import type { PostedSide } from "../../records/ledger/actions.ts";
import { type AccountRef, accountId, receivableOf, ZERO } from "../../records/ledger/model.ts";
import { addLines, NO_LINES, type Statement } from "./model.ts";
import { accountsOf, linesOf, requireClosing } from "./rules.ts";

const account: AccountRef = { type: "card", ownerId: "card_1", currency: "EUR" };
const receivable = receivableOf(account) as AccountRef;
const network: AccountRef = { type: "network_settlement", ownerId: "org_1", currency: "EUR" };

const base: PostedSide = {
  sequence: 1n,
  recordedAt: new Date("2030-01-31T12:00:00Z"),
  journalId: "jrn_1",
  kind: "refund",
  amount: 100n,
  side: "credit",
  accountId: accountId(account),
  numbers: { ...ZERO, creditsPosted: 100n },
  otherId: accountId(network),
  holdId: null,
  transferId: "trf_1",
  cardId: "card_1",
  budgetId: null,
};
const nothing = { posted: 0n, owed: 0n };
const remarks = new Map([["trf_1", { note: "lunch", feeKind: null }]]);

/** Pays 30 of what is owed from the account: both of its sides, as they come from the ledger. */
const repaid: readonly PostedSide[] = [
  {
    ...base,
    ...{ sequence: 2n, kind: "receivable_repaid", amount: 30n, side: "credit", transferId: null },
    accountId: accountId(receivable),
    numbers: { ...ZERO, debitsPosted: 50n, creditsPosted: 30n },
    otherId: accountId(account),
  },
  {
    ...base,
    ...{ sequence: 2n, kind: "receivable_repaid", amount: 30n, side: "debit", transferId: null },
    numbers: { ...ZERO, creditsPosted: 100n, debitsPosted: 30n },
    otherId: accountId(receivable),
  },
];

test("a line has what it changes, what stands after it, its other side and its transfer's note", () => {
  const [line] = linesOf(account, [base], remarks, nothing);
  assert.deepEqual(line?.change, { posted: 100n, owed: 0n });
  assert.deepEqual(line?.after, { posted: 100n, owed: 0n });
  assert.deepEqual(line?.counterpart, { type: "network_settlement", id: "org_1" });
  assert.deepEqual([line?.direction, line?.note, line?.feeKind], ["credit", "lunch", null]);
});

test("a row that pays what is owed from the account is one line, whichever side comes first", () => {
  for (const sides of [repaid, repaid.toReversed()]) {
    const lines = linesOf(account, [base, ...sides], remarks, { posted: 0n, owed: 50n });
    assert.equal(lines.length, 2);
    const [, line] = lines;
    assert.deepEqual(line?.change, { posted: -30n, owed: -30n });
    assert.deepEqual(line?.after, { posted: 70n, owed: 20n });
    assert.deepEqual([line?.direction, line?.counterpart.type], ["debit", "receivable"]);
    assert.equal(line?.note, null);
  }
});

test("a row that moves only what is owed changes nothing that is posted", () => {
  const uncovered: PostedSide = {
    ...base,
    ...{ kind: "forced_debit", side: "debit", accountId: accountId(receivable) },
    numbers: { ...ZERO, debitsPosted: 100n },
  };
  const [line] = linesOf(account, [uncovered], remarks, { posted: 7n, owed: 0n });
  assert.deepEqual(line?.after, { posted: 7n, owed: 100n });
  assert.equal(line?.direction, "debit");
});

test("a side that does not follow from what stood before it is a fault, for posted and for owed", () => {
  const short = { posted: 1n, owed: 0n };
  assert.throws(() => linesOf(account, [base], remarks, short), { name: "Fault" });
  const before = { posted: 100n, owed: 49n };
  assert.throws(() => linesOf(account, repaid, remarks, before), { name: "Fault" });
});

test("what is reached must be the closing, for posted and for owed; of an organization only posted", () => {
  const closing = { currency: "EUR", posted: 70n, held: 0n, available: 70n, owed: 20n };
  const statement = (subject: Statement["subject"]) => ({ subject, closing }) as Statement;
  requireClosing(statement("card"), { posted: 70n, owed: 20n });
  for (const reached of [
    { posted: 71n, owed: 20n },
    { posted: 70n, owed: 19n },
  ]) {
    assert.throws(() => requireClosing(statement("card"), reached), { name: "Fault" });
  }
  requireClosing(statement("organization"), { posted: 70n, owed: 0n });
});

test("totals count lines, and sum debits and credits apart", () => {
  const lines = linesOf(account, [base, ...repaid], remarks, { posted: 0n, owed: 50n });
  assert.deepEqual(addLines(addLines(NO_LINES, lines), lines), {
    lines: 4,
    debits: 60n,
    credits: 200n,
  });
});

test("an organization has no receivable of its own beside its balance", () => {
  assert.deepEqual(accountsOf(account), [account, receivable]);
  const own: AccountRef = { type: "organization_available", ownerId: "org_1", currency: "EUR" };
  assert.deepEqual(accountsOf(own), [own]);
});
