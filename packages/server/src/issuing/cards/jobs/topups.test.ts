import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { spendingOf } from "../../../../test/harness/spending.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { onBell } from "../../../foundation/job/bell.ts";
import { schedulerFor, until } from "../../../interfaces/worker/fixture.ts";
import { settle } from "../actions/settle.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { topUpJobs } from "./topups.ts";

const tests = await startCardTests();
const { server } = tests;
const [job] = topUpJobs as [(typeof topUpJobs)[0]];
const DAY_MS = 86_400_000;

type Caller = Pick<TestOrganization, "call">;
const set = (own: Caller, { id }: CardBody, body: Fields): Promise<CallAnswer> =>
  own.call("PUT", `/cards/${id}/auto-top-up`, body);
const post = (own: Caller, { id }: CardBody, verb: string, body: Fields = {}) =>
  own.call("POST", `/cards/${id}/${verb}`, body);
const read = async (own: Caller, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const balance = async (own: Caller, card: CardBody) => (await read(own, card)).balances.available;
const deposit = async (own: Caller, amount: number) =>
  made(await own.call("POST", "/simulations/deposits", { amount, currency: "EUR" }));
const due = async (own: TestOrganization): Promise<string[]> =>
  (await dueIn(server, job, own.id, 1)).map(({ id }) => id);
const run = (own: TestOrganization) => runAll(server, job, own.id);
const eventsOf = async (own: TestOrganization, { id }: CardBody): Promise<CardBody[]> => {
  await server.sequence();
  return made(await own.call("GET", `/events?objectId=${id}&limit=100`)).data;
};
const typesOf = async (own: TestOrganization, card: CardBody) =>
  (await eventsOf(own, card)).map(({ type }) => type);

const rule = { threshold: 100, amount: 40 };

test("200: a rule is set, read, shown on the card, changed and removed; the same again changes nothing", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "mine" }, { timeZone: "Asia/Tokyo" });
  const shown = {
    ...rule,
    monthlyCap: 120,
    currency: "EUR",
    timeZone: "Asia/Tokyo",
    status: "active",
    stoppedReason: null,
    stoppedAt: null,
    toppedUpThisMonth: 0,
  };
  const body = { ...rule, monthlyCap: 120, currency: "EUR" };
  assert.deepEqual(made(await set(own, card, body)), shown);
  assert.deepEqual(made(await set(own, { id: "external:mine" }, body)), shown);
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}/auto-top-up`)), shown);
  assert.deepEqual(made(await server.call("GET", `/cards/${card.id}/auto-top-up`)), shown);
  const seen = await read(own, card);
  assert.deepEqual([seen.autoTopUp, seen.version], [shown, 2]);
  assert.equal(made(await set(own, card, rule)).monthlyCap, null);
  const removed = made(await own.call("DELETE", `/cards/${card.id}/auto-top-up`));
  assert.deepEqual([removed.autoTopUp, removed.version], [null, 4]);
  assert.deepEqual(made(await own.call("DELETE", `/cards/${card.id}/auto-top-up`)), removed);
  assert.equal((await own.call("GET", `/cards/${card.id}/auto-top-up`)).status, 404);
  const [, first] = await eventsOf(own, card);
  assert.deepEqual(
    [first.type, first.data.object.autoTopUp, first.data.previous],
    ["card.updated", shown, { autoTopUp: null }],
  );
});

test("refused: budget cards, deleted cards, another currency, terms that the program does not allow", async () => {
  const own = await tests.organization();
  const card = await tests.card(
    own,
    { initialBalance: 0 },
    { maximumBalance: 500, minimumTransfer: 10 },
  );
  const { id: budgetId, typeId } = await tests.budget(own);
  const ofBudget = made(await own.call("POST", "/cards", { ...names, typeId, budgetId }));
  const refused = async (each: CardBody, body: Fields, status: number, code: string) => {
    const answer = await set(own, each, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
  };
  await refused(ofBudget, rule, 409, "budget_card_not_fundable");
  await refused(card, { ...rule, currency: "USD" }, 422, "currency_mismatch");
  await refused(card, { ...rule, amount: 9 }, 422, "amount_too_low");
  await refused(card, { ...rule, monthlyCap: 39 }, 422, "auto_top_up_invalid");
  await refused(card, { ...rule, threshold: 501 }, 422, "auto_top_up_invalid");
  await refused(card, { ...rule, threshold: 0 }, 400, "invalid_request");
  await refused(card, { ...rule, amount: 1_000_000_000_001 }, 400, "invalid_request");
  assert.equal((await set(await tests.organization(0), card, rule)).status, 404);
  made(await own.call("DELETE", `/cards/${card.id}`));
  await refused(card, rule, 409, "card_deleted");
  const removal = await own.call("DELETE", `/cards/${card.id}/auto-top-up`);
  assert.equal(removal.body.code, "card_deleted");
});

test("below its threshold and not at it a card is topped up, once, with the program's fee beside it", async () => {
  const own = await tests.organization(1_000);
  const card = await tests.card(own, { initialBalance: 100 }, { fees: { topUp: 3 } });
  made(await set(own, card, rule));
  assert.deepEqual(await due(own), []);
  made(await post(own, card, "withdraw", { amount: 1 }));
  assert.deepEqual(await due(own), [card.id]);
  assert.equal(await run(own), 1);
  assert.deepEqual(await due(own), []);
  assert.deepEqual([await balance(own, card), await tests.available(own)], [139, 858]);
  const { data } = made(await own.call("GET", `/transfers?cardId=${card.id}&limit=2`));
  assert.deepEqual(
    data
      .map((one: CardBody) => [one.kind, one.feeKind, one.amount, one.note, one.actor.id])
      .reverse(),
    [
      ["card_top_up", null, 40, "Automatic top-up", "cards.topUp"],
      ["fee", "top_up", 3, null, "cards.topUp"],
    ],
  );
  const seen = await read(own, card);
  assert.deepEqual([seen.autoTopUp.toppedUpThisMonth, seen.version], [40, 2]);
  assert.deepEqual(await typesOf(own, card), ["card.issued", "card.updated"]);
  await tests.lawsHold(own);
});

test("the cap of a calendar month is used to the last unit; then the rule rests until the next", async () => {
  const own = await tests.organization(10_000);
  const card = await tests.card(own, { initialBalance: 0 });
  made(await set(own, card, { threshold: 1_000, amount: 40, monthlyCap: 100 }));
  assert.equal(await run(own), 4, "40, 40, 20, and rest");
  assert.equal(await balance(own, card), 100);
  assert.equal((await read(own, card)).autoTopUp.status, "active");
  assert.deepEqual(await due(own), []);
  await tests.advance(own, 32 * DAY_MS);
  await run(own);
  assert.equal(await balance(own, card), 200);
  made(await set(own, card, { threshold: 1_000, amount: 40, monthlyCap: 150 }));
  await run(own);
  assert.equal(await balance(own, card), 250, "what this month had still counts");
});

test("without money the rule stops and says so, tries no more, and goes on when money has come", async () => {
  const own = await tests.organization(142);
  const card = await tests.card(own, { initialBalance: 100 }, { fees: { topUp: 3 } });
  made(await set(own, card, { threshold: 101, amount: 40 }));
  assert.equal(await run(own), 1);
  const stopped = (await read(own, card)).autoTopUp;
  assert.deepEqual(
    [stopped.status, stopped.stoppedReason, stopped.toppedUpThisMonth],
    ["stopped", "insufficient_organization_balance", 0],
  );
  assert.ok(stopped.stoppedAt);
  assert.deepEqual([await balance(own, card), await tests.available(own)], [100, 42]);
  assert.deepEqual(await due(own), [], "the amount is there, the fee is not");
  assert.equal(await runJob(server, job, own.id, [card.id]), 0, "who runs it sees that too");
  await deposit(own, 1);
  assert.deepEqual(await due(own), [card.id]);
  assert.equal(await run(own), 1);
  assert.deepEqual([await balance(own, card), await tests.available(own)], [140, 0]);
  const [, , told, again, ...others] = await eventsOf(own, card);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [told.type, again.type],
    ["card.auto_top_up_stopped", "card.auto_top_up_resumed"],
  );
  assert.deepEqual(told.data.object.autoTopUp, stopped);
  assert.equal(told.data.previous.autoTopUp.status, "active");
  assert.deepEqual(again.data.previous.autoTopUp, stopped);
  await tests.lawsHold(own);
});

test("money for one goes to one: the others stay stopped; a rule that needs none any more goes on, too", async () => {
  const own = await tests.organization(0);
  const typeId = await tests.program();
  const make = async (): Promise<CardBody> =>
    made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0 }));
  const cards = [await make(), await make()];
  for (const card of cards) made(await set(own, card, rule));
  assert.equal(await run(own), 2);
  await deposit(own, 40);
  const states = async () => {
    const all = await Promise.all(cards.map((card) => read(own, card)));
    return all.map(({ autoTopUp, balances }) => [autoTopUp.status, balances.available]);
  };
  const ids = cards.map(({ id }) => id);
  assert.deepEqual(await due(own), ids, "there is enough for either");
  assert.equal(await runJob(server, job, own.id, ids), 1);
  assert.deepEqual(await states(), [
    ["active", 40],
    ["stopped", 0],
  ]);
  await run(own);
  assert.deepEqual(await states(), [
    ["stopped", 40],
    ["stopped", 0],
  ]);
  await deposit(own, 200);
  for (const card of cards) made(await post(own, card, "top-up", { amount: 100 }));
  await deposit(own, 40);
  await run(own);
  assert.deepEqual(await states(), [
    ["active", 140],
    ["active", 100],
  ]);
});

test("setting a stopped rule again starts it again", async () => {
  const own = await tests.organization(0);
  const card = await tests.card(own, { initialBalance: 0 });
  made(await set(own, card, rule));
  await run(own);
  assert.equal((await read(own, card)).autoTopUp.status, "stopped");
  assert.equal(made(await set(own, card, rule)).status, "active");
});

test("a blocked or expired card, a customer on hold and a suspended organization wait; a frozen card does not", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const card = await tests.card(
    own,
    { customerId, initialBalance: 0, firstName: undefined, lastName: undefined },
    { validityMonths: 1 },
  );
  made(await set(own, card, rule));
  const as = (path: string, body: Fields = {}) => server.call("POST", path, body);
  const waits: [() => Promise<CallAnswer>, () => Promise<CallAnswer>][] = [
    [() => as(`/cards/${card.id}/block`, { reason: "x" }), () => as(`/cards/${card.id}/unblock`)],
    [
      () => as(`/customers/${customerId}/hold`, { reason: "investigation" }),
      () => as(`/customers/${customerId}/release`),
    ],
    [() => as(`/organizations/${own.id}/suspend`), () => as(`/organizations/${own.id}/activate`)],
  ];
  for (const [stop, release] of waits) {
    made(await stop());
    assert.deepEqual(await due(own), []);
    assert.equal(await runJob(server, job, own.id, [card.id]), 0);
    made(await release());
  }
  made(await post(own, card, "freeze"));
  assert.deepEqual(await due(own), [card.id]);
  assert.equal(await runJob(server, job, own.id, [card.id]), 1);
  await tests.advance(own, 70 * DAY_MS);
  assert.deepEqual(await due(own), []);
  assert.equal(await runJob(server, job, own.id, [card.id]), 0);
  assert.equal((await read(own, card)).autoTopUp.status, "active");
});

test("the rule passes to the replacement with what the month had, and ends with the card", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 0 });
  made(await set(own, card, { threshold: 1_000, amount: 40, monthlyCap: 60 }));
  await runJob(server, job, own.id, [card.id]);
  const before = (await read(own, card)).autoTopUp;
  const fresh = made(await post(own, card, "replace", { reason: "lost" }));
  assert.deepEqual([fresh.autoTopUp, before.toppedUpThisMonth], [before, 40]);
  const old = await read(own, card);
  assert.equal(old.autoTopUp, null);
  await run(own);
  assert.equal(await balance(own, fresh), 60);
  const { data } = made(await own.call("GET", `/transfers?cardId=${fresh.id}`));
  assert.deepEqual(
    data.map(({ amount }: Fields) => amount),
    [20],
  );
  const deleted = made(await own.call("DELETE", `/cards/${fresh.id}`));
  assert.equal(deleted.card.autoTopUp, null);
  const { database } = server;
  const left = await asOwner(
    database.url,
    "select from card_auto_top_ups where organization_id = $1",
    [own.id],
  );
  assert.equal(left.length, 0);
  await tests.advance(own, 32 * DAY_MS);
  assert.deepEqual(await due(own), []);
  assert.equal(await runJob(server, job, own.id, [card.id]), 0);
});

test("the balance never comes above the program's maximum, holds included", async () => {
  const own = await tests.organization();
  const card = await tests.card(
    own,
    { initialBalance: 480 },
    { maximumBalance: 500, minimumTransfer: 10 },
  );
  const spending = spendingOf(server, own.id, { type: "card", ownerId: card.id, currency: "EUR" });
  made(await set(own, card, { threshold: 100, amount: 40 }));
  const hold = await spending.hold(470n);
  assert.equal(await run(own), 1);
  assert.equal((await read(own, card)).balances.posted, 500);
  assert.deepEqual(await due(own), [], "nothing more fits, and nothing is late");
  await spending.capture(hold, 470n);
  await run(own);
  assert.equal(await balance(own, card), 110);
});

test("what a full card owes is paid by its rule: that money does not stay on the card", async () => {
  const own = await tests.organization();
  const terms = { maximumBalance: 500, minimumTransfer: 10 };
  const card = await tests.card(own, { initialBalance: 500 }, terms);
  const spending = spendingOf(server, own.id, { type: "card", ownerId: card.id, currency: "EUR" });
  await spending.hold(500n);
  await spending.force(30n);
  made(await set(own, card, { threshold: 100, amount: 40 }));
  assert.deepEqual(await due(own), [card.id]);
  assert.equal(await run(own), 1);
  const { posted, owed } = (await read(own, card)).balances;
  assert.deepEqual([posted, owed], [500, 0]);
  assert.deepEqual(await due(own), []);
});

test("races with top-ups by hand and with itself: cap and maximum hold, each top-up counts once", async () => {
  const own = await tests.organization(100_000);
  const card = await tests.card(own, { initialBalance: 0 }, { maximumBalance: 1_000 });
  made(await set(own, card, { threshold: 900, amount: 70, monthlyCap: 400 }));
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, turn) => {
      if (turn % 3 === 0) return (await post(own, card, "top-up", { amount: 100 })).status;
      await runJob(server, job, own.id, [card.id]);
      return 0;
    }),
  );
  await run(own);
  const byHand = answers.filter((status) => status === 201).length;
  assert.equal(byHand, 4);
  const { balances, autoTopUp } = await read(own, card);
  assert.equal(autoTopUp.toppedUpThisMonth, 400);
  assert.equal(balances.posted, 800);
  const many = await Promise.all(
    Array.from({ length: 8 }, () => post(own, card, "top-up", { amount: 50 })),
  );
  assert.equal(many.filter(({ status }) => status === 201).length, 4);
  assert.equal((await read(own, card)).balances.posted, 1_000);
  await tests.lawsHold(own);
});

test("cards of one organization in one go: in the order of their ids, each once", async () => {
  const own = await tests.organization(100);
  const typeId = await tests.program();
  const make = async (): Promise<CardBody> =>
    made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0 }));
  const cards = [await make(), await make(), await make()];
  for (const card of cards) made(await set(own, card, rule));
  const ids = cards.map(({ id }) => id);
  const done = await Promise.all([
    runJob(server, job, own.id, ids),
    runJob(server, job, own.id, ids.toReversed()),
  ]);
  assert.ok(Math.max(...done) === 3, `${done}`);
  assert.equal(await tests.available(own), 20);
  assert.deepEqual(await Promise.all(cards.map((card) => balance(own, card))), [40, 40, 0]);
  await tests.lawsHold(own);
});

test("a debit that leaves less than the threshold has the rule looked at, under an old number too; no other does", async (t) => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 300 });
  const fresh = made(await post(own, card, "replace", { reason: "damaged" }));
  const heard: string[] = [];
  t.after(onBell((name) => void heard.push(name ?? "all")));
  const { database, context } = server;
  const debit = (amount: bigint) =>
    inWork(database.app, own.id as OrganizationId, context.keys, (work) =>
      settle(work, card.id, { verb: "forcedDebit", amount }),
    );
  const rings = () => heard.splice(0).filter((name) => name === job.name).length;
  await debit(10n);
  made(await set(own, fresh, rule));
  await debit(100n);
  made(await post(own, fresh, "withdraw", { amount: 90 }));
  assert.equal(rings(), 0, "without a rule, and at the threshold");
  made(await post(own, fresh, "withdraw", { amount: 1 }));
  assert.equal(rings(), 1);
  await debit(5n);
  assert.equal(rings(), 1);
  made(await post(own, fresh, "top-up", { amount: 2 }));
  assert.equal(rings(), 0, "a top-up is no debit");
  schedulerFor(t, database, { jobs: [job], keys: context.keys });
  await until(async () => (await balance(own, fresh)) === 136);
  await debit(37n);
  const tookMs = await until(async () => (await balance(own, fresh)) === 139);
  assert.ok(tookMs < 5_000, "at once, not at the next look in 15 seconds");
});

test("a rule is due by its threshold of now, whether it was raised, lowered, or set on a card that is low", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 90 });
  made(await set(own, card, { threshold: 90, amount: 10 }));
  assert.deepEqual(await due(own), []);
  made(await set(own, card, { threshold: 91, amount: 10 }));
  assert.deepEqual(await due(own), [card.id]);
  made(await set(own, card, { threshold: 90, amount: 10 }));
  assert.deepEqual(await due(own), []);
  made(await own.call("DELETE", `/cards/${card.id}/auto-top-up`));
  made(await set(own, card, { threshold: 200, amount: 10 }));
  assert.deepEqual(await due(own), [card.id]);
});
