import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import type { Work } from "../../../foundation/database/work.ts";
import type { HoldId } from "../../../foundation/ids/ids.ts";
import { openBook, writeBook } from "../../../records/ledger/actions.ts";
import { isRefused } from "../../../records/ledger/errors.ts";
import type { AccountRef } from "../../../records/ledger/model.ts";
import type { Answer, Book } from "../../../records/ledger/rules.ts";
import { type CardBody, made, startCardTests } from "../../cards/fixture.ts";
import { budgetTests } from "../fixture.ts";
import { budgetAccount, type PlacedBudget, refundAccountOf } from "../model.ts";
import { findBudget } from "./read.ts";

const tests = await startCardTests();
const { budget, chain, read, post, asJob } = budgetTests(tests);

/** What the network will do once there are purchases: straight in the books of a budget. */
async function inBooks(
  own: TestOrganization,
  id: string,
  act: (book: Book, work: Work, found: PlacedBudget, network: AccountRef) => Answer,
  holdIds: readonly HoldId[] = [],
): Promise<void> {
  await asJob(own, async (work) => {
    const { sql, organizationId } = work;
    const found = await findBudget(sql, organizationId, id);
    assert.ok(found);
    const refs = [budgetAccount(found), refundAccountOf(found)];
    const book = await openBook(
      sql,
      refs.map((ref) => ({ organizationId, ref })),
      holdIds.map((holdId) => ({ organizationId, holdId })),
    );
    const { currency } = found;
    const network = { type: "network_settlement", ownerId: organizationId, currency } as const;
    const answer = act(book, work, found, network);
    assert.ok(
      !isRefused(answer),
      JSON.stringify(answer, (_, value) => String(value)),
    );
    await writeBook(sql, book);
  });
}

test("409: a budget with an open hold is not archived, and once it is released it is", async () => {
  const own = await tests.organization(1_000);
  const { id } = await budget(own);
  made(await post(own, id, "top-up", { amount: 50 }));
  const holdId = "hold_test_1" as HoldId;
  await inBooks(own, id, (book, work, found, credit) =>
    book.openHold(work, {
      ...{ holdId, debit: budgetAccount(found), credit, amount: 50n, expiresAt: null },
    }),
  );
  const { body } = await post(own, id, "archive");
  assert.deepEqual([body.code, body.detail], ["budget_not_empty", "50 minor units are held."]);
  await inBooks(own, id, (book, work) => book.releaseHold(work, { holdId, amount: "all" }), [
    holdId,
  ]);
  made(await post(own, id, "withdraw", { amount: 50 }));
  made(await post(own, id, "archive"));
  await tests.lawsHold(own);
});

test("409: a budget that owes is not archived; what its parent gives it pays the debt first", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 100 }));
  await inBooks(own, sub.id, (book, work, found, credit) =>
    book.forcedDebit(work, {
      ...{ kind: "forced_debit", debit: budgetAccount(found), credit, amount: 30n },
    }),
  );
  assert.equal((await read(own, sub.id)).balances.owed, 30);
  assert.equal((await post(own, sub.id, "archive")).body.code, "receivable_outstanding");
  assert.equal(
    (await post(own, sub.id, "withdraw", { amount: 1 })).body.code,
    "receivable_outstanding",
  );
  made(await post(own, sub.id, "top-up", { amount: 30 }));
  const { balances } = await read(own, sub.id);
  assert.deepEqual([balances.owed, balances.available], [0, 0]);
  const { data } = made(await own.call("GET", `/budgets/${sub.id}/transactions`));
  assert.deepEqual(
    data.map((line: CardBody) => [line.direction, line.balanceAfter, line.transfer.kind]),
    [
      ["debit", 0, "receivable_recovery"],
      ["credit", 30, "budget_top_up"],
    ],
  );
  made(await post(own, sub.id, "archive"));
  await tests.lawsHold(own);
});

test("a refund to an archived budget goes to the organization, to a live one it stays there", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  const refund = (id: string) =>
    inBooks(own, id, (book, work, found, debit) =>
      book.post(work, [{ kind: "refund", debit, credit: refundAccountOf(found), amount: 7n }]),
    );
  await refund(sub.id);
  assert.equal((await read(own, sub.id)).balances.available, 7);
  made(await post(own, sub.id, "withdraw", { amount: 7 }));
  made(await post(own, sub.id, "archive"));
  await refund(sub.id);
  assert.equal((await read(own, sub.id)).balances.posted, 0);
  assert.equal((await read(own, root.id)).balances.available, 7);
  assert.equal(await tests.available(own), 1_007);
  await tests.lawsHold(own);
});
