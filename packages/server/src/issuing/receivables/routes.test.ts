import assert from "node:assert/strict";
import test from "node:test";
import { furnish } from "../../../test/harness/furnish.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { spendingOf } from "../../../test/harness/spending.ts";

const server = await startTestServer();

async function furnished() {
  const own = await furnish(server);
  const { card, budget } = own.objects;
  const spending = (type: "card" | "budget", ownerId: string) =>
    spendingOf(server, own.id, { type, ownerId, currency: "EUR" });
  const list = async (query = "") => {
    await server.sequence();
    const { status, body } = await own.call("GET", `/receivables${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.data;
  };
  const topUp = async (amount: number) =>
    (await own.call("POST", `/cards/${card}/top-up`, { amount })).body.id as string;
  return { ...own, list, topUp, card: spending("card", card), budget: spending("budget", budget) };
}

test("200: nothing is listed before anything was owed", async () => {
  const { list, topUp, card } = await furnished();
  await topUp(5);
  await card.force(10n);
  assert.deepEqual(await list(), []);
});

test("200: a debt shows what is owed since when, and each payment with the top-up that brought it", async () => {
  const { call, list, topUp, objects, card } = await furnished();
  await card.force(10_400n);
  const [owing] = await list();
  assert.equal(owing.cardId, objects.card);
  assert.deepEqual(
    [owing.budgetId, owing.currency, owing.owed, owing.incurred, owing.settled],
    [null, "EUR", 400, "400", "0"],
  );
  assert.deepEqual([owing.recoveries, owing.moreRecoveries], [[], false]);
  const made = (await call("GET", `/ledger/entries?accountId=${owing.id}`)).body.data[0];
  assert.equal(owing.since, made.recordedAt);
  const [first, second] = [await topUp(150), await topUp(300)];
  const [paid] = await list();
  assert.deepEqual([paid.owed, paid.since, paid.settled], [0, null, "400"]);
  assert.deepEqual(
    paid.recoveries.map((each: { amount: number; settledBy: string }) => [
      each.amount,
      each.settledBy,
    ]),
    [
      [250, second],
      [150, first],
    ],
  );
  const transfer = (await call("GET", `/transfers/${paid.recoveries[0].transferId}`)).body;
  assert.deepEqual([transfer.kind, transfer.amount], ["receivable_recovery", 250]);
  await card.force(51n);
  const [again] = await list();
  assert.deepEqual([again.owed, again.incurred], [1, "401"]);
  assert.ok(again.since > owing.since, "a new debt counts from its own beginning");
});

test("A6: 200: receivables as of the past are what they were", async () => {
  const { list, topUp, card } = await furnished();
  await card.force(10_400n);
  const [owing] = await list();
  await topUp(1_000);
  const then = await list(`?at=${owing.since}`);
  assert.deepEqual(then, [owing]);
  assert.deepEqual(await list("?sequence=0"), []);
});

test("200: filters find by card, budget, currency and what is outstanding; pages repeat nothing", async () => {
  const { call, list, topUp, objects, card, budget } = await furnished();
  await card.force(10_001n);
  await budget.force(50_002n);
  await topUp(10);
  const owed = async (query: string) =>
    (await list(query)).map((each: { owed: number }) => each.owed);
  assert.deepEqual((await owed("")).sort(), [0, 2]);
  assert.deepEqual(await owed("?outstanding=true"), [2]);
  assert.deepEqual(await owed("?outstanding=false"), [0]);
  assert.deepEqual(await owed(`?cardId=${objects.card}`), [0]);
  assert.deepEqual(await owed(`?budgetId=${objects.budget}`), [2]);
  assert.deepEqual(await owed(`?cardId=${objects.budgetCard}`), []);
  assert.deepEqual(await owed("?cardId=card_unknown"), []);
  assert.deepEqual(await owed("?currency=USD"), []);
  const first = (await call("GET", "/receivables?limit=1")).body;
  const rest = (await call("GET", `/receivables?limit=1&cursor=${first.nextCursor}`)).body;
  assert.notEqual(first.data[0].id, rest.data[0].id);
  assert.equal(rest.nextCursor, null);
});

test("200: of more than ten payments the last ten are shown, and that there are more", async () => {
  const { list, topUp, card } = await furnished();
  await card.force(10_020n);
  for (let paid = 0; paid < 10; paid += 1) await topUp(1);
  const [ten] = await list();
  assert.deepEqual([ten.recoveries.length, ten.moreRecoveries], [10, false]);
  await topUp(2);
  const [eleven] = await list();
  assert.deepEqual([eleven.recoveries.length, eleven.moreRecoveries], [10, true]);
  assert.equal(eleven.recoveries[0].amount, 2);
});

test("the platform reads those of the organization that it names, and must name one", async () => {
  const { id, list, card } = await furnished();
  await card.force(10_020n);
  await list();
  const { body } = await server.call("GET", `/receivables?organizationId=${id}`);
  assert.equal(body.data[0].owed, 20);
  const unnamed = await server.call("GET", "/receivables");
  assert.deepEqual([unnamed.status, unnamed.body.errors[0].field], [400, "organizationId"]);
});

test("while something is owed, payouts, withdrawals and undoing a deposit are refused; paid, they work", async () => {
  const { id, call, list, topUp, objects, card, budget } = await furnished();
  await budget.force(50_010n);
  const payout = { amount: 10, currency: "EUR" };
  const path = `/organizations/${id}/payouts`;
  const code = async (answer: Promise<{ status: number; body: { code?: string } }>) => {
    const { status, body } = await answer;
    return [status, body.code];
  };
  const refused = [409, "receivable_outstanding"];
  assert.deepEqual(await code(server.call("POST", path, payout)), refused);
  const undo = () => call("POST", `/transfers/${objects.transfer}/reverse`, {});
  assert.deepEqual(await code(undo()), refused);
  const withdraw = () => call("POST", `/budgets/${objects.budget}/withdraw`, { amount: 1 });
  assert.deepEqual(await code(withdraw()), refused);
  await call("POST", `/budgets/${objects.budget}/top-up`, { amount: 11 });
  assert.deepEqual(await code(withdraw()), [201, undefined]);
  assert.deepEqual(await code(server.call("POST", path, payout)), [201, undefined]);
  await card.force(10_001n);
  assert.deepEqual(await code(server.call("POST", path, payout)), refused);
  await topUp(1);
  assert.deepEqual(await code(server.call("POST", path, payout)), [201, undefined]);
  assert.deepEqual(await list("?outstanding=true"), []);
});
