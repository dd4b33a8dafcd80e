import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { transferJobs } from "../../transfers/jobs.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { feeJobs } from "./fees.ts";

const tests = await startCardTests();
const { server } = tests;
const [monthly] = feeJobs as [(typeof feeJobs)[0]];
const [payDues] = transferJobs as [(typeof transferJobs)[0]];

const terms: Fields = { fees: { monthly: 250 } };

const transfersOf = async (own: TestOrganization, query: string): Promise<CardBody[]> =>
  made(await own.call("GET", `/transfers?limit=100&${query}`)).data.toReversed();

const feesOf = async (own: TestOrganization) =>
  (await transfersOf(own, "kind=fee")).filter(({ feeKind }) => feeKind === "monthly");

const duesOf = async (own: TestOrganization, query = ""): Promise<CardBody[]> =>
  made(await own.call("GET", `/due-fees?limit=100&${query}`)).data.toReversed();

const deposit = async (own: TestOrganization, amount: number) =>
  made(await own.call("POST", "/simulations/deposits", { amount, currency: "EUR" }));

/** Moves the organization's now to an instant. */
async function moveTo(own: TestOrganization, at: string): Promise<void> {
  await asOwner(
    server.database.url,
    `update organization_clocks set offset_ms =
       round(extract(epoch from $2::timestamptz - now()) * 1000) where organization_id = $1`,
    [own.id, at],
  );
}

const charge = (own: TestOrganization) => runAll(server, monthly, own.id);

/** An organization with a card that was issued at an instant, and this much left. */
async function issuedAt(at: string, left: number, more: Fields = {}) {
  const own = await tests.organization(0);
  await moveTo(own, at);
  const typeId = await tests.program({ ...terms, ...more });
  const card = made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0 }));
  if (left > 0) await deposit(own, left);
  return { own, typeId, card };
}

test("each month is charged once, on the card's day, from the organization's balance", async () => {
  const { own, card } = await issuedAt("2031-01-31T10:00:00Z", 10_000);
  await moveTo(own, "2031-02-27T23:59:50Z");
  assert.deepEqual(await dueIn(server, monthly, own.id), []);
  await moveTo(own, "2031-02-28T00:00:01Z");
  const [due] = await dueIn(server, monthly, own.id);
  assert.equal(due?.dueAt.toISOString(), "2031-02-28T00:00:00.000Z");
  assert.equal(await charge(own), 1);
  assert.equal(await charge(own), 0);
  const [fee, ...others] = await feesOf(own);
  assert.equal(others.length, 0);
  assert.deepEqual(
    [fee.amount, fee.cardId, fee.from.type, fee.to.type, fee.actor.kind],
    [250, card.id, "organization_available", "fees", "system"],
  );
  assert.equal(await tests.available(own), 9_750);
  await moveTo(own, "2031-03-30T12:00:00Z");
  assert.equal(await charge(own), 0);
  await moveTo(own, "2031-03-31T12:00:00Z");
  assert.equal(await charge(own), 1);
  await tests.lawsHold(own);
});

test("a clock that moved on by months has each missed month charged once, in order", async () => {
  const { own } = await issuedAt("2031-01-31T10:00:00Z", 10_000);
  await moveTo(own, "2031-06-15T00:00:00Z");
  await charge(own);
  assert.equal((await feesOf(own)).length, 4);
  await moveTo(own, "2034-06-15T00:00:00Z");
  await charge(own);
  assert.equal((await feesOf(own)).length, 4 + 36);
  assert.equal(await tests.available(own), 0);
  await tests.lawsHold(own);
});

test("two runs at once charge a month once", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 10_000);
  await moveTo(own, "2031-03-20T00:00:00Z");
  const runs = await Promise.all([1, 2, 3].map(() => runJob(server, monthly, own.id, [card.id])));
  assert.deepEqual(runs.sort(), [0, 0, 1]);
  assert.equal((await feesOf(own)).length, 2);
});

test("a run that dies before its end has charged and marked nothing", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 10_000);
  await moveTo(own, "2031-02-20T00:00:00Z");
  const dying = runJob(server, monthly, own.id, [card.id], async () => {
    throw new Error("killed");
  });
  await assert.rejects(dying, /killed/);
  assert.equal((await feesOf(own)).length, 0);
  assert.equal(await charge(own), 1);
  assert.equal((await feesOf(own)).length, 1);
});

test("a card deleted the day before owes nothing for the day, one deleted on the day does", async () => {
  const before = await issuedAt("2031-01-15T10:00:00Z", 1_000);
  await moveTo(before.own, "2031-02-14T23:59:50Z");
  made(await before.own.call("DELETE", `/cards/${before.card.id}`));
  const on = await issuedAt("2031-01-15T10:00:00Z", 1_000);
  await moveTo(on.own, "2031-02-15T00:00:01Z");
  made(await on.own.call("DELETE", `/cards/${on.card.id}`));
  for (const { own } of [before, on]) await moveTo(own, "2031-09-01T00:00:00Z");
  assert.equal(await charge(before.own), 0);
  assert.equal(await charge(on.own), 1);
  assert.equal((await feesOf(on.own)).length, 1);
});

test("frozen, blocked and budget cards pay, and suspended organizations too", async () => {
  const own = await tests.organization(100_000);
  const { id: budgetId, typeId } = await tests.budget(own);
  made(await server.call("PATCH", `/card-programs/${typeId}`, terms));
  const budgetCard = made(await own.call("POST", "/cards", { typeId, budgetId, ...names }));
  const blocked = await tests.card(own, {}, { ...terms, initialCardStatus: "blocked" });
  const frozen = await tests.card(own, {}, terms);
  made(await own.call("POST", `/cards/${frozen.id}/freeze`, {}));
  made(await server.call("POST", `/organizations/${own.id}/suspend`));
  const before = await tests.available(own);
  await tests.advance(own, 32 * 86_400_000);
  assert.equal(await charge(own), 3);
  const charged = (await feesOf(own)).map(({ cardId }) => cardId).sort();
  assert.deepEqual(charged, [budgetCard.id, blocked.id, frozen.id].sort());
  assert.equal(await tests.available(own), before - 750);
  const [fee] = await transfersOf(own, `kind=fee&cardId=${budgetCard.id}`);
  assert.equal(fee.budgetId, budgetId);
});

test("a free month makes nothing, and a new fee counts from the next anniversary", async () => {
  const { own, typeId } = await issuedAt("2031-01-15T10:00:00Z", 1_000, { fees: { monthly: 0 } });
  await moveTo(own, "2031-03-20T00:00:00Z");
  assert.equal(await charge(own), 1);
  assert.deepEqual(await feesOf(own), []);
  assert.deepEqual(await duesOf(own), []);
  made(await server.call("PATCH", `/card-programs/${typeId}`, { fees: { monthly: 70 } }));
  assert.equal(await charge(own), 0);
  await moveTo(own, "2031-04-15T00:00:01Z");
  await charge(own);
  assert.deepEqual(
    (await feesOf(own)).map(({ amount }) => amount),
    [70],
  );
});

test("the day begins in the program's time zone", async () => {
  const { own } = await issuedAt("2031-02-27T10:00:00Z", 1_000, { timeZone: "Europe/Berlin" });
  // Summer time begins on 30 March 2031: midnight of the 27th is 23:00 UTC, a month later 22:00 UTC.
  for (const [at, count] of [
    ["2031-03-26T22:59:50Z", 0],
    ["2031-03-26T23:00:01Z", 1],
    ["2031-04-26T21:59:50Z", 1],
    ["2031-04-26T22:00:01Z", 2],
  ] as const) {
    await moveTo(own, at);
    await charge(own);
    assert.equal((await feesOf(own)).length, count, at);
  }
});

test("a fee that cannot be paid waits, stops nothing, and is taken from the next deposit, oldest first", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 300);
  await moveTo(own, "2031-04-20T00:00:00Z");
  await charge(own);
  assert.equal((await feesOf(own)).length, 1);
  const dues = await duesOf(own);
  assert.deepEqual(
    dues.map(({ status, amount, dueAt, cardId, feeKind }) => [
      status,
      amount,
      dueAt,
      cardId,
      feeKind,
    ]),
    [
      ["due", 250, "2031-03-15T00:00:00.000Z", card.id, "monthly"],
      ["due", 250, "2031-04-15T00:00:00.000Z", card.id, "monthly"],
    ],
  );
  // Nothing is stopped: the 50 that are left go on the card.
  made(await own.call("POST", `/cards/${card.id}/top-up`, { amount: 50 }));
  const first = await deposit(own, 249);
  assert.deepEqual((await duesOf(own, "status=due")).length, 2);
  const second = await deposit(own, 200);
  const [paid, waiting] = await duesOf(own);
  assert.deepEqual([paid.status, waiting.status], ["paid", "due"]);
  assert.equal(await tests.available(own), 199);
  const fee = made(await own.call("GET", `/transfers/${paid.transferId}`));
  assert.deepEqual(
    [fee.kind, fee.feeKind, fee.amount, fee.relatedTransferId, fee.cardId],
    ["fee", "monthly", 250, second.id, card.id],
  );
  assert.notEqual(fee.relatedTransferId, first.id);
  assert.deepEqual(fee.actor, { kind: "system", id: "due_fees" });
  await deposit(own, 51);
  assert.equal((await duesOf(own, "status=due")).length, 0);
  assert.equal(await tests.available(own), 0);
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const told = data
    .map(({ type }: CardBody) => type)
    .filter((type: string) => type.startsWith("fee."));
  assert.deepEqual(told, ["fee.due", "fee.due", "fee.paid", "fee.paid"]);
  await tests.lawsHold(own);
});

test("a fee waits behind an older one that is larger than the balance", async () => {
  const { own, typeId } = await issuedAt("2031-01-15T10:00:00Z", 200);
  await moveTo(own, "2031-02-20T00:00:00Z");
  await charge(own);
  made(await server.call("PATCH", `/card-programs/${typeId}`, { fees: { monthly: 10 } }));
  await moveTo(own, "2031-03-20T00:00:00Z");
  await charge(own);
  assert.deepEqual(
    (await duesOf(own, "status=due")).map(({ amount }) => amount),
    [250, 10],
  );
  assert.equal(await tests.available(own), 200);
  await deposit(own, 49);
  assert.equal((await duesOf(own, "status=due")).length, 2);
  assert.deepEqual(await dueIn(server, payDues, own.id), []);
  await deposit(own, 10);
  assert.deepEqual(
    (await duesOf(own, "status=due")).map(({ amount }) => amount),
    [10],
  );
});

test("money that comes back otherwise pays what waits by the job, once", async () => {
  const own = await tests.organization(1_000);
  const card = await tests.card(own, { initialBalance: 1_000 }, terms);
  await tests.advance(own, 32 * 86_400_000);
  await charge(own);
  const [due] = await duesOf(own, "status=due");
  assert.deepEqual(await dueIn(server, payDues, own.id), []);
  made(await own.call("POST", `/cards/${card.id}/withdraw`, { amount: 249 }));
  assert.deepEqual(await dueIn(server, payDues, own.id), []);
  made(await own.call("POST", `/cards/${card.id}/withdraw`, { amount: 1 }));
  const found = await dueIn(server, payDues, own.id);
  assert.deepEqual(
    found.map(({ id }) => id),
    [due.id],
  );
  const runs = await Promise.all([1, 2, 3].map(() => runJob(server, payDues, own.id, [due.id])));
  assert.deepEqual(runs.sort(), [0, 0, 1]);
  assert.equal(await tests.available(own), 0);
  assert.equal((await duesOf(own))[0].status, "paid");
  await tests.lawsHold(own);
});

test("the platform reverses a fee, also of a card that is deleted, and nothing is charged again", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 250);
  await moveTo(own, "2031-02-20T00:00:00Z");
  await charge(own);
  const [fee] = await feesOf(own);
  made(await own.call("DELETE", `/cards/${card.id}`));
  assert.equal((await own.call("POST", `/transfers/${fee.id}/reverse`, {})).status, 409);
  const reversal = made(await server.call("POST", `/transfers/${fee.id}/reverse`, {}));
  assert.deepEqual([reversal.to.type, reversal.amount], ["organization_available", 250]);
  assert.equal(await tests.available(own), 250);
  assert.equal(await charge(own), 0);
  await tests.lawsHold(own);
});

test("a card that takes another's place keeps the day, and the chain pays each month once", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 10_000);
  await moveTo(own, "2031-02-15T12:00:00Z");
  // On the day, before the fee is charged.
  const second = made(await own.call("POST", `/cards/${card.id}/replace`, { reason: "lost" }));
  assert.equal(await charge(own), 1);
  await moveTo(own, "2031-03-14T12:00:00Z");
  const third = made(await own.call("POST", `/cards/${second.id}/replace`, { reason: "damaged" }));
  assert.equal(await charge(own), 0);
  await moveTo(own, "2031-04-20T12:00:00Z");
  assert.equal(await charge(own), 1);
  assert.deepEqual(
    (await feesOf(own)).map(({ cardId }) => cardId),
    [second.id, third.id, third.id],
  );
  await tests.lawsHold(own);
});

test("a closed organization's cards pay no more", async () => {
  const { own, card } = await issuedAt("2031-01-15T10:00:00Z", 0);
  await moveTo(own, "2031-02-20T00:00:00Z");
  made(await own.call("DELETE", `/cards/${card.id}`));
  made(await server.call("POST", `/organizations/${own.id}/close`));
  assert.equal(await charge(own), 1);
  assert.deepEqual([await feesOf(own), await duesOf(own)], [[], []]);
  assert.deepEqual(await dueIn(server, monthly, own.id), []);
});

test("pages of what is due follow one another without gap or repetition", async () => {
  const own = await tests.organization(100_000);
  const typeId = await tests.program(terms);
  for (let count = 0; count < 5; count += 1) {
    made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0 }));
  }
  await tests.advance(own, 32 * 86_400_000);
  const whole = await dueIn(server, monthly, own.id);
  assert.equal(whole.length, 5);
  assert.deepEqual(await dueIn(server, monthly, own.id, 2), whole);
  assert.deepEqual(
    whole,
    whole.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
});
