import assert from "node:assert/strict";
import test from "node:test";
import { type CardBody, type Fields, made, names, startCardTests } from "../../cards/fixture.ts";
import { budgetTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;
const { budget, chain, post } = budgetTests(tests);

test("what moved on a budget is listed newest first, from its side, with each filter", async () => {
  const own = await tests.organization(10_000);
  const [root, sub] = await chain(own, 2);
  const other = await budget(own);
  made(await post(own, other.id, "top-up", { amount: 7 }));
  const first = made(await post(own, root.id, "top-up", { amount: 600 }));
  const second = made(await post(own, sub.id, "top-up", { amount: 250 }));
  const third = made(await post(own, sub.id, "withdraw", { amount: 50 }));
  const fourth = made(await post(own, root.id, "withdraw", { amount: 10 }));
  const list = async (id: string, query = "") =>
    made(await own.call("GET", `/budgets/${id}/transactions?${query}`));
  const lines = (body: CardBody) =>
    body.data.map((line: CardBody) => [line.transfer.id, line.direction, line.balanceAfter]);
  assert.deepEqual(lines(await list(root.id)), [
    [fourth.id, "debit", 390],
    [third.id, "credit", 400],
    [second.id, "debit", 350],
    [first.id, "credit", 600],
  ]);
  assert.deepEqual(lines(await list(sub.id)), [
    [third.id, "debit", 200],
    [second.id, "credit", 250],
  ]);
  const ids = async (query: string) =>
    (await list(root.id, query)).data.map((line: CardBody) => line.transfer.id);
  assert.deepEqual(await ids("kind=budget_withdrawal"), [fourth.id, third.id]);
  assert.deepEqual(await ids("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z"), []);
  assert.deepEqual(await ids(`from=${third.createdAt}&to=2040-01-01T00:00:00Z`), [
    fourth.id,
    third.id,
  ]);
  assert.deepEqual(await ids("cardId=card_none"), []);
  assert.deepEqual(await ids("actor=system"), []);
  assert.equal((await ids("actor=key")).length, 4);
  const page = await list(root.id, "limit=3");
  assert.equal(page.data.length, 3);
  assert.deepEqual(await ids(`limit=3&cursor=${page.nextCursor}`), [first.id]);
  const seen = made(await server.call("GET", `/budgets/${root.id}/transactions`));
  assert.equal(seen.data.length, 4);
});

test("a fee of the organization for a budget card is not something that moved on the budget", async () => {
  const own = await tests.organization(10_000);
  const typeId = await tests.program({ model: "budgetCard", fees: { issuance: 100 } });
  const { id } = await budget(own, { typeIds: [typeId] });
  made(await own.call("POST", "/cards", { typeId, budgetId: id, ...names }));
  const { data } = made(await own.call("GET", `/transfers?budgetId=${id}`));
  assert.deepEqual(
    data.map(({ kind }: Fields) => kind),
    ["fee"],
  );
  assert.deepEqual(made(await own.call("GET", `/budgets/${id}/transactions`)).data, []);
});

test("404: transactions and trees of a budget that is not the caller's", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(await tests.organization(0));
  for (const path of [`/budgets/${id}/transactions`, `/budgets/${id}/tree`]) {
    assert.equal((await own.call("GET", path)).status, 404, path);
  }
});
