import assert from "node:assert/strict";
import test from "node:test";
import { dueIn, runAll } from "../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../test/harness/server.ts";
import { inWork } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { settle } from "../cards/actions/settle.ts";
import { type CardBody, made, startCardTests } from "../cards/fixture.ts";
import { receivableJobs } from "./jobs.ts";

const tests = await startCardTests();
const { server } = tests;
const [job] = receivableJobs as [(typeof receivableJobs)[0]];

const deposit = async (own: TestOrganization, amount: number) =>
  made(await own.call("POST", "/simulations/deposits", { amount, currency: "EUR" }));
const force = (own: TestOrganization, { id }: CardBody, amount: bigint) =>
  inWork(server.database.app, own.id as OrganizationId, server.context.keys, (work) =>
    settle(work, id, { verb: "forcedDebit", amount }),
  );
const debts = async (own: TestOrganization): Promise<CardBody[]> => {
  await server.sequence();
  return made(await own.call("GET", "/receivables?outstanding=true")).data;
};
const owed = async (own: TestOrganization) => (await debts(own)).map((debt) => debt.owed);
const payout = (own: TestOrganization, amount: number) =>
  server.call("POST", `/organizations/${own.id}/payouts`, { amount, currency: "EUR" });
const found = async (own: TestOrganization) => (await dueIn(server, job, own.id, 1)).length;
const run = (own: TestOrganization) => runAll(server, job, own.id);

test("what a deleted card owes is paid from the next money of the organization, in parts, and payouts go on", async () => {
  const own = await tests.organization(500);
  const card = await tests.card(own, { initialBalance: 0 });
  made(await own.call("DELETE", `/cards/${card.id}`));
  await force(own, card, 800n);
  assert.deepEqual([await owed(own), await tests.available(own)], [[300], 0]);
  assert.deepEqual([await found(own), await run(own)], [0, 0], "there is no money to collect");
  await deposit(own, 120);
  assert.equal((await payout(own, 1)).body.code, "receivable_outstanding");
  assert.deepEqual([await found(own), await run(own)], [1, 1]);
  assert.deepEqual([await owed(own), await tests.available(own)], [[180], 0]);
  await deposit(own, 200);
  assert.equal(await run(own), 1);
  assert.deepEqual([await owed(own), await tests.available(own)], [[], 20]);
  const [{ kind, amount, cardId, from, to }] = made(await own.call("GET", "/transfers")).data;
  assert.deepEqual(
    [kind, amount, cardId, from.type, to.type],
    ["receivable_recovery", 180, card.id, "organization_available", "receivable"],
  );
  made(await payout(own, 20));
  assert.equal(await found(own), 0);
  await tests.lawsHold(own);
});

test("what an archived budget owes is paid so too; what can still be topped up waits for its own money", async () => {
  const own = await tests.organization(1_000);
  const archived = await tests.budget(own);
  const live = await tests.card(own, { initialBalance: 0 });
  const { typeId, id: budgetId } = archived;
  const names = { firstName: "Ada", lastName: "Example" };
  const card = made(await own.call("POST", "/cards", { typeId, budgetId, ...names }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  made(await own.call("POST", `/budgets/${budgetId}/archive`, {}));
  await force(own, card, 1_300n);
  await force(own, live, 50n);
  assert.deepEqual((await owed(own)).sort(), [300, 50]);
  await deposit(own, 400);
  assert.equal(await run(own), 1);
  assert.deepEqual([await owed(own), await tests.available(own)], [[50], 100]);
  const [{ budgetId: of, cardId }] = made(await own.call("GET", "/transfers")).data;
  assert.deepEqual([of, cardId], [budgetId, null]);
  await tests.lawsHold(own);
});

test("several debts are paid one after the other until the money is used up; another organization's is not touched", async () => {
  const own = await tests.organization(0);
  const other = await tests.organization(70);
  const cards = [
    await tests.card(own, { initialBalance: 0 }),
    await tests.card(own, { initialBalance: 0 }),
  ];
  for (const card of cards) {
    made(await own.call("DELETE", `/cards/${card.id}`));
    await force(own, card, 100n);
  }
  await deposit(own, 150);
  assert.equal(await found(own), 2);
  assert.equal(await run(own), 2);
  assert.deepEqual([await owed(own), await tests.available(own)], [[50], 0]);
  assert.equal(await tests.available(other), 70);
  await tests.lawsHold(own);
});
