import assert from "node:assert/strict";
import test from "node:test";
import { runJob } from "../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../test/harness/server.ts";
import { assert as must } from "../../foundation/errors/errors.ts";
import type { Due } from "../../foundation/job/job.ts";
import { type CardBody, type Fields, made, startCardTests } from "../cards/fixture.ts";
import { budgetTests } from "./fixture.ts";
import { budgetJobs } from "./jobs.ts";

const tests = await startCardTests();
const { server } = tests;
const { budget, chain, read, post } = budgetTests(tests);
const [job] = budgetJobs;
must(job !== undefined, "There is a job.");

const due = (after: Due | null = null, limit = 1_000) =>
  job.findDue(server.database.app, { after, limit });
const dueOf = async ({ id }: TestOrganization) =>
  (await due()).filter(({ organizationId }) => organizationId === id).map((one) => one.id);
const run = (own: TestOrganization, ...ids: string[]) => runJob(server, job, own.id, ids);
const setRule = (own: TestOrganization, id: string, body: Fields) =>
  own.call("PUT", `/budgets/${id}/refill`, body);
const available = async (own: TestOrganization, id: string) =>
  (await read(own, id)).balances.available;
const rule = { threshold: 100, amount: 40 };

test("200: a rule is set, shown, changed and removed; the same again changes nothing", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(own);
  const set = made(await setRule(own, id, { ...rule, monthlyCap: 120, timeZone: "Asia/Tokyo" }));
  assert.deepEqual(set.refill, {
    threshold: 100,
    amount: 40,
    monthlyCap: 120,
    timeZone: "Asia/Tokyo",
    status: "active",
    stoppedReason: null,
    stoppedAt: null,
    refilledThisMonth: 0,
  });
  assert.equal(set.version, 2);
  const again = { ...rule, monthlyCap: 120, timeZone: "Asia/Tokyo" };
  assert.deepEqual(made(await setRule(own, id, again)), set);
  const plain = made(await setRule(own, id, rule));
  assert.deepEqual(
    [plain.version, plain.refill.monthlyCap, plain.refill.timeZone],
    [3, null, "UTC"],
  );
  const removed = made(await own.call("DELETE", `/budgets/${id}/refill`));
  assert.deepEqual([removed.version, removed.refill], [4, null]);
  assert.deepEqual(made(await own.call("DELETE", `/budgets/${id}/refill`)), removed);
});

test("a rule that contradicts itself is a 422 with its field, on an archived budget a 409", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(own);
  const refused = async (body: Fields, status: number, code: string, field?: string) => {
    const answer = await setRule(own, id, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
    if (field !== undefined) assert.equal(answer.body.errors[0].field, field);
  };
  await refused({ ...rule, monthlyCap: 39 }, 422, "budget_refill_invalid", "monthlyCap");
  await refused({ ...rule, timeZone: "Mars" }, 422, "budget_refill_invalid", "timeZone");
  await refused({ ...rule, threshold: 0 }, 400, "invalid_request", "threshold");
  await refused({ ...rule, amount: 1_000_000_000_001 }, 400, "invalid_request", "amount");
  made(await post(own, id, "archive"));
  await refused(rule, 409, "budget_archived");
  const removal = await own.call("DELETE", `/budgets/${id}/refill`);
  assert.equal(removal.body.code, "budget_archived");
});

test("a budget is due below its threshold and not at it, and a refill is a transfer of the system", async () => {
  const own = await tests.organization(1_000);
  const { id } = await budget(own);
  made(await setRule(own, id, rule));
  made(await post(own, id, "top-up", { amount: 100 }));
  assert.deepEqual(await dueOf(own), []);
  made(await post(own, id, "withdraw", { amount: 1 }));
  assert.deepEqual(await dueOf(own), [id]);
  assert.equal(await run(own, id), 1);
  assert.equal(await available(own, id), 139);
  assert.equal(await run(own, id), 0, "found by two processes, done by one");
  assert.deepEqual(await dueOf(own), []);
  const { data } = made(await own.call("GET", `/budgets/${id}/transactions?actor=system`));
  assert.equal(data.length, 1);
  const { direction, balanceAfter, transfer } = data[0];
  assert.deepEqual(
    [direction, balanceAfter, transfer.kind, transfer.actor.kind, transfer.actor.id, transfer.note],
    ["credit", 139, "budget_top_up", "system", "budgets.refill", "Automatic refill"],
  );
  const shown = await read(own, id);
  assert.deepEqual([shown.refill.refilledThisMonth, shown.version], [40, 2]);
  await tests.lawsHold(own);
});

test("a sub-budget is refilled from its parent, and what the parent got in the same run reaches it", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await setRule(own, sub.id, rule));
  made(await setRule(own, root.id, rule));
  assert.equal(await run(own, sub.id, root.id), 2);
  assert.deepEqual([await available(own, root.id), await available(own, sub.id)], [0, 40]);
  assert.equal(await tests.available(own), 960);
});

test("the cap of a calendar month is kept, and with the next month refills begin again", async () => {
  const own = await tests.organization(1_000);
  const { id } = await budget(own);
  made(await setRule(own, id, { ...rule, threshold: 1_000, monthlyCap: 100 }));
  for (const balance of [40, 80, 100]) {
    assert.equal(await run(own, id), 1);
    assert.equal(await available(own, id), balance);
  }
  assert.equal(await run(own, id), 1, "it rests");
  assert.equal(await available(own, id), 100);
  assert.deepEqual(await dueOf(own), []);
  assert.equal((await read(own, id)).refill.refilledThisMonth, 100);
  await tests.advance(own, 32 * 86_400_000);
  assert.equal((await read(own, id)).refill.refilledThisMonth, 0);
  assert.deepEqual(await dueOf(own), [id]);
  await run(own, id);
  assert.equal(await available(own, id), 140);
});

test("without enough money the rule stops with an event, until it is set again", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 39 }));
  made(await setRule(own, sub.id, rule));
  assert.equal(await run(own, sub.id), 1);
  const { refill, version } = await read(own, sub.id);
  assert.deepEqual(
    [refill.status, refill.stoppedReason, version],
    ["stopped", "insufficient_budget_balance", 3],
  );
  made(await post(own, root.id, "top-up", { amount: 100 }));
  assert.deepEqual(await dueOf(own), []);
  assert.equal(await run(own, sub.id), 0);
  const again = made(await setRule(own, sub.id, rule));
  assert.deepEqual([again.refill.status, again.refill.stoppedReason], ["active", null]);
  assert.equal(await run(own, sub.id), 1);
  assert.equal(await available(own, sub.id), 40);
  const poor = await tests.organization(39);
  const lonely = await budget(poor);
  made(await setRule(poor, lonely.id, rule));
  await run(poor, lonely.id);
  const { stoppedReason } = (await read(poor, lonely.id)).refill;
  assert.equal(stoppedReason, "insufficient_organization_balance");
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const stops = data.filter(({ type }: Fields) => type === "budget.refill_stopped");
  assert.equal(stops.length, 1);
  const [{ objectId, objectVersion, data: told }] = stops as CardBody;
  assert.deepEqual([objectId, objectVersion], [sub.id, 3]);
  assert.deepEqual(
    [told.object.refill.stoppedReason, told.previous.refill.status],
    ["insufficient_budget_balance", "active"],
  );
});

test("frozen budgets, those below a frozen one and suspended organizations wait without stopping", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 500 }));
  made(await setRule(own, sub.id, rule));
  const waits = async () => {
    assert.deepEqual(await dueOf(own), []);
    assert.equal(await run(own, sub.id), 0);
  };
  for (const { id } of [root, sub]) {
    made(await post(own, id, "freeze"));
    await waits();
    made(await post(own, id, "unfreeze"));
  }
  made(await server.call("POST", `/organizations/${own.id}/suspend`, {}));
  await waits();
  made(await server.call("POST", `/organizations/${own.id}/activate`, {}));
  assert.deepEqual(await dueOf(own), [sub.id]);
  assert.equal(await run(own, sub.id), 1);
});

test("what is due comes in pages, in the order of organization and id, each once", async () => {
  const owners = [await tests.organization(100), await tests.organization(100)];
  for (const own of owners) {
    for (let n = 0; n < 3; n += 1) made(await setRule(own, (await budget(own)).id, rule));
  }
  const whole = await due();
  const paged: Due[] = [];
  for (;;) {
    const page = await due(paged.at(-1) ?? null, 2);
    if (page.length === 0) break;
    paged.push(...page);
  }
  const keys = (list: readonly Due[]) => list.map((one) => `${one.organizationId}/${one.id}`);
  assert.deepEqual(keys(paged), keys(whole));
  assert.deepEqual(keys(whole), keys(whole).sort());
  assert.ok(whole.length >= 6 && whole.every(({ dueAt }) => dueAt instanceof Date));
});

test("two processes that refill the same budgets at once refill each once", async () => {
  const own = await tests.organization(10_000);
  const root = await budget(own);
  made(await post(own, root.id, "top-up", { amount: 5_000 }));
  const subs: string[] = [];
  for (let n = 0; n < 5; n += 1) subs.push((await budget(own, {}, root)).id);
  for (const id of subs) made(await setRule(own, id, { threshold: 40, amount: 40 }));
  const done = await Promise.all([1, 2, 3, 4].map(() => run(own, ...subs)));
  assert.equal(
    done.reduce((sum, one) => sum + one, 0),
    5,
  );
  for (const id of subs) assert.equal(await available(own, id), 40);
  await tests.lawsHold(own);
});

test("a month's cap is kept when many processes refill at once", async () => {
  const own = await tests.organization(10_000);
  const { id } = await budget(own);
  made(await setRule(own, id, { threshold: 1_000, amount: 40, monthlyCap: 100 }));
  await Promise.all(Array.from({ length: 8 }, () => run(own, id)));
  const { balances, refill } = await read(own, id);
  assert.deepEqual([balances.available, refill.refilledThisMonth], [100, 100]);
});

test("an archived budget has no rule any more", async () => {
  const own = await tests.organization(1_000);
  const { id } = await budget(own);
  made(await setRule(own, id, rule));
  assert.equal(made(await post(own, id, "archive")).refill, null);
  assert.deepEqual(await dueOf(own), []);
  assert.equal(await run(own, id), 0);
});
