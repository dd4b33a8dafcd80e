import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { type CardBody, made, names, startCardTests } from "../../cards/fixture.ts";
import { budgetTests } from "../fixture.ts";

const tests = await startCardTests();
const { budget, chain, read, post } = budgetTests(tests);
const rounds = Array.from({ length: 8 }, (_, n) => n);

test("B6: parallel top-ups and withdrawals over three levels: no deadlock, no money made or lost", async () => {
  const own = await tests.organization(10_000);
  const levels = await chain(own, 3);
  for (const { id } of levels) made(await post(own, id, "top-up", { amount: 900 }));
  const before = await deadlocks();
  const answers = await Promise.all(
    Array.from({ length: 180 }, (_, n) => {
      const { id } = levels[n % 3] as CardBody;
      return post(own, id, n % 2 === 0 ? "top-up" : "withdraw", { amount: 1 + (n % 7) });
    }),
  );
  assert.deepEqual(
    answers.filter(({ status }) => status !== 201 && status !== 422).map(({ body }) => body),
    [],
  );
  assert.equal((await deadlocks()) - before, 0);
  const balances = await Promise.all(levels.map(({ id }) => read(own, id)));
  const inBudgets = balances.reduce((sum, one) => sum + one.balances.available, 0);
  assert.equal(inBudgets + (await tests.available(own)), 10_000);
  await tests.lawsHold(own);
});

test("a budget is archived or gets a sub-budget, never both, however the two race", async () => {
  const own = await tests.organization();
  for (const _ of rounds) {
    const parent = await budget(own);
    const sub = { currency: "EUR", typeIds: parent.typeIds, parentId: parent.id };
    const [created, archived] = await Promise.all([
      own.call("POST", "/budgets", { name: `Sub of ${parent.id}`, ...sub }),
      post(own, parent.id, "archive"),
    ]);
    const statuses = [created.status, archived.status];
    const { status } = await read(own, parent.id);
    assert.deepEqual(
      [...statuses, status],
      created.status === 201 ? [201, 409, "active"] : [409, 200, "archived"],
    );
  }
});

test("a sub-budget is archived or topped up, never both, however the two race", async () => {
  const own = await tests.organization();
  for (const _ of rounds) {
    const [root, sub] = await chain(own, 2);
    made(await post(own, root.id, "top-up", { amount: 10 }));
    const [topped, archived] = await Promise.all([
      post(own, sub.id, "top-up", { amount: 10 }),
      post(own, sub.id, "archive"),
    ]);
    const { status, balances } = await read(own, sub.id);
    assert.deepEqual(
      [topped.status, archived.status, status, balances.available],
      topped.status === 201 ? [201, 409, "active", 10] : [409, 200, "archived", 0],
    );
  }
  await tests.lawsHold(own);
});

test("once the freeze of a root has answered no card is issued on a leaf, however the two race", async () => {
  const own = await tests.organization();
  const [root, , leaf] = await chain(own, 3);
  const issue = () =>
    own.call("POST", "/cards", { typeId: leaf.typeIds[0], budgetId: leaf.id, ...names });
  for (const _ of rounds) {
    const early = Promise.all([issue(), issue(), issue()]);
    const freezing = post(own, root.id, "freeze");
    made(await freezing);
    const late = await issue();
    assert.deepEqual(
      [late.status, late.body.code, late.body.errors[0].code],
      [422, "card_not_issuable", "budget_frozen"],
    );
    for (const { status } of await early) assert.ok(status === 201 || status === 422);
    made(await post(own, root.id, "unfreeze"));
  }
});

test("a program is taken from a parent or given to its sub-budget, never both", async () => {
  const own = await tests.organization();
  const [kept, moving] = await Promise.all(
    [1, 2].map(() => tests.program({ model: "budgetCard" })),
  );
  for (const _ of rounds) {
    const root = await budget(own, { typeIds: [kept, moving] });
    const sub = await budget(own, { typeIds: [kept] }, root);
    const patch = (id: string, typeIds: unknown[]) =>
      own.call("PATCH", `/budgets/${id}`, { typeIds });
    const [taken, given] = await Promise.all([
      patch(root.id, [kept]),
      patch(sub.id, [kept, moving]),
    ]);
    assert.deepEqual(
      [taken.status, given.status].sort(),
      taken.status === 200 ? [200, 422] : [200, 409],
    );
  }
});

async function deadlocks(): Promise<number> {
  const [row] = await asOwner<{ deadlocks: string }>(
    tests.server.database.url,
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(row?.deadlocks);
}
