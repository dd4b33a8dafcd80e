import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { asOwner } from "../../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { schedulerFor, until } from "../../../interfaces/worker/fixture.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { cardJobs } from "../jobs.ts";

const tests = await startCardTests();
const { server } = tests;

const jobNamed = (name: string) => {
  const found = cardJobs.find((each) => each.name === name);
  assert.ok(found);
  return found;
};
const [renew, expire] = [jobNamed("cards.renew"), jobNamed("cards.expire")];

const automatic = { renewal: "automatic", renewalDays: 30, validityMonths: 12 };
const ISSUED = "2031-03-10T10:00:00Z";
/** 30 days before 2032-04-01. */
const WINDOW = Date.parse("2032-03-02T00:00:00Z");

async function moveTo(own: TestOrganization, at: string | number): Promise<void> {
  await asOwner(
    server.database.url,
    `update organization_clocks set offset_ms =
       round(extract(epoch from $2::timestamptz - now()) * 1000) where organization_id = $1`,
    [own.id, new Date(at).toISOString()],
  );
}

const post = (own: Pick<TestOrganization, "call">, path: string, body: Fields = {}) =>
  own.call("POST", path, body);
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const dueCards = async (own: TestOrganization): Promise<string[]> =>
  (await dueIn(server, renew, own.id, 2)).map(({ id }) => id);

/** An organization at the time of issue, and a program; cards of it expire at the end of March 2032. */
async function begin(terms: Fields = {}) {
  const own = await tests.organization();
  await moveTo(own, ISSUED);
  const typeId = await tests.program({ ...automatic, ...terms });
  const issue = async (fields: Fields = {}): Promise<CardBody> =>
    made(await post(own, "/cards", { typeId, ...names, initialBalance: 0, ...fields }));
  return { own, typeId, issue };
}

test("a card is renewed 30 days before it expires, once, with the next number of its sequence", async () => {
  const { own, issue } = await begin();
  const card = await issue();
  assert.equal(card.expiresAt, "2032-04-01T00:00:00.000Z");
  await moveTo(own, WINDOW - 10_000);
  assert.deepEqual(await dueCards(own), []);
  await moveTo(own, WINDOW + 1_000);
  const [due] = await dueIn(server, renew, own.id);
  assert.deepEqual([due?.id, due?.dueAt], [card.id, new Date(WINDOW)]);
  assert.equal(await runAll(server, renew, own.id), 1);
  assert.deepEqual(await dueCards(own), []);
  assert.equal(await runJob(server, renew, own.id, [card.id]), 0);
  const after = await read(own, card);
  assert.deepEqual(
    [after.id, after.panSequence, after.expiryMonth, after.expiryYear, after.version],
    [card.id, 1, 3, 2033, 2],
  );
  assert.equal(after.previousExpiry.expiresAt, card.expiresAt);
  const [line] = made(await own.call("GET", `/cards/${card.id}/status-history`)).data;
  assert.deepEqual(
    [line.action, line.reason, line.actor],
    ["renew", "automatic", { kind: "system", id: "cards.renew" }],
  );
  await server.sequence();
  const { data } = made(await own.call("GET", `/events?objectId=${card.id}`));
  assert.deepEqual(
    data.map(({ type }: Fields) => type),
    ["card.issued", "card.renewed"],
  );
  await moveTo(own, "2033-03-05T00:00:00Z");
  assert.equal(await runAll(server, renew, own.id), 1, "each expiry has its renewal");
  assert.equal((await read(own, card)).panSequence, 2);
});

test("deleted and blocked cards are not renewed, frozen ones are, also a budget card", async () => {
  const { own, issue } = await begin();
  const budget = await tests.budget(own);
  const terms = { renewal: "automatic" };
  made(await server.call("PATCH", `/card-programs/${budget.typeId}`, terms));
  const cards = {
    frozen: await issue(),
    deleted: await issue(),
    blocked: await issue(),
    held: await issue(),
    released: await issue(),
  };
  const { id: budgetId, typeId } = budget;
  made(await server.call("PATCH", `/card-programs/${typeId}`, { validityMonths: 12 }));
  const ofBudget = made(await post(own, "/cards", { ...names, typeId, budgetId }));
  await moveTo(own, WINDOW + 1_000);
  made(await post(own, `/cards/${cards.frozen.id}/freeze`));
  made(await own.call("DELETE", `/cards/${cards.deleted.id}`));
  const endsAt = new Date(WINDOW + 86_400_000).toISOString();
  const block = (card: CardBody, more: Fields = {}) =>
    post(server, `/cards/${card.id}/block`, { reason: "velocity", ...more });
  made(await block(cards.blocked));
  made(await block(cards.held, { owner: "compliance" }));
  made(await block(cards.released, { endsAt }));
  assert.deepEqual(await dueCards(own), [cards.frozen.id, ofBudget.id]);
  const all = [...Object.values(cards), ofBudget].map(({ id }) => id);
  assert.equal(await runJob(server, renew, own.id, all), 2, "who runs it looks again");
  assert.equal((await read(own, cards.frozen)).status, "frozen");
  await moveTo(own, WINDOW + 2 * 86_400_000);
  assert.deepEqual(await dueCards(own), [cards.released.id], "its block has ended");
  assert.equal(await runAll(server, renew, own.id), 1);
});

test("a program that renews by hand or is retired renews nothing; an inactive one goes on", async () => {
  for (const [change, expected] of [
    [["PATCH", { renewal: "manual" }], 0],
    [["PATCH", { status: "inactive" }], 1],
    [["POST", {}], 0],
  ] as const) {
    const { own, typeId, issue } = await begin();
    const card = await issue();
    const [method, body] = change;
    const path = `/card-programs/${typeId}${method === "POST" ? "/retire" : ""}`;
    made(await server.call(method, path, body));
    await moveTo(own, WINDOW + 1_000);
    assert.equal((await dueCards(own)).length, expected);
    assert.equal(await runJob(server, renew, own.id, [card.id]), expected);
  }
});

test("a customer on hold, or whose information is overdue, and a suspended organization wait", async () => {
  const { own, issue } = await begin({ informationDays: 10 });
  const customerId = await tests.customer(own);
  const verdict = async (verb: string, body: Fields = {}) =>
    made(await post(server, `/customers/${customerId}/${verb}`, body));
  const card = await issue({ customerId, firstName: undefined, lastName: undefined });
  await moveTo(own, WINDOW + 1_000);
  await verdict("hold", { reason: "investigation" });
  assert.deepEqual(await dueCards(own), []);
  assert.equal(await runJob(server, renew, own.id, [card.id]), 0);
  await verdict("release");
  assert.deepEqual(await dueCards(own), [card.id]);
  await verdict("request-information", { reasons: ["A newer document."] });
  assert.deepEqual(await dueCards(own), [card.id], "there is time until the due date");
  await moveTo(own, WINDOW + 11 * 86_400_000);
  assert.deepEqual(await dueCards(own), []);
  assert.equal(await runJob(server, renew, own.id, [card.id]), 0);
  const other = await issue();
  await asOwner(
    server.database.url,
    "update cards set expires_at = $2, expiry_month = 3, expiry_year = 2032 where id = $1",
    [other.id, card.expiresAt],
  );
  assert.deepEqual(await dueCards(own), [other.id]);
  made(await post(server, `/organizations/${own.id}/suspend`));
  assert.deepEqual(await dueCards(own), []);
  assert.equal(await runJob(server, renew, own.id, [other.id]), 0);
  made(await post(server, `/organizations/${own.id}/activate`));
  assert.equal(await runAll(server, renew, own.id), 1);
});

test("a stop over the expiry is caught up with; what expired longer ago stays expired", async () => {
  const late = await begin();
  const card = await late.issue();
  await moveTo(late.own, "2032-04-20T00:00:00Z");
  await runAll(server, expire, late.own.id);
  assert.equal((await read(late.own, card)).status, "expired");
  assert.equal(await runAll(server, renew, late.own.id), 1);
  const after = await read(late.own, card);
  assert.deepEqual([after.status, after.previousExpiry], ["active", null]);
  const gone = await begin();
  const old = await gone.issue();
  await moveTo(gone.own, "2032-05-02T00:00:00Z");
  assert.deepEqual(await dueCards(gone.own), []);
  assert.equal(await runJob(server, renew, gone.own.id, [old.id]), 0);
});

test("processes that found the same card renew it once", async () => {
  const { own, issue } = await begin();
  const cards = [await issue(), await issue()];
  await moveTo(own, WINDOW + 1_000);
  const ids = cards.map(({ id }) => id);
  const done = await Promise.all(
    Array.from({ length: 4 }, (_, turn) =>
      runJob(server, renew, own.id, turn % 2 === 0 ? ids : ids.toReversed()),
    ),
  );
  assert.equal(
    done.reduce((sum, each) => sum + each, 0),
    2,
  );
  for (const card of cards) assert.equal((await read(own, card)).panSequence, 1);
});

test("who comes while another is renewing waits for it, and finds it done", async () => {
  const { own, issue } = await begin();
  const card = await issue();
  await moveTo(own, WINDOW + 1_000);
  let second: Promise<number> | undefined;
  const first = await runJob(server, renew, own.id, [card.id], async () => {
    second = runJob(server, renew, own.id, [card.id]);
    await delay(200);
  });
  assert.deepEqual([first, await second], [1, 0]);
});

test("renewing by hand at the same time makes one renewal, and the other finds it done", async () => {
  const { own, issue } = await begin();
  const card = await issue();
  await moveTo(own, WINDOW + 1_000);
  const [byHand, byJob] = await Promise.all([
    post(own, `/cards/${card.id}/renew`),
    runJob(server, renew, own.id, [card.id]),
  ]);
  assert.equal((byHand.status === 200 ? 1 : 0) + byJob, 1, JSON.stringify(byHand.body));
  if (byHand.status !== 200) assert.equal(byHand.body.code, "renewal_too_early");
  assert.equal((await read(own, card)).panSequence, 1);
});

test("a card whose renewal fails fails alone; the others are renewed", async (t) => {
  const { own, issue } = await begin();
  const [first, poisoned, last] = [await issue(), await issue(), await issue()];
  // The line of its history that the renewal would write is there already.
  await asOwner(
    server.database.url,
    `insert into card_status_history (organization_id, card_id, version, action, to_status,
       actor_kind, actor_id, at) values ($1, $2, 2, 'renew', 'active', 'system', 'test', now())`,
    [own.id, poisoned.id],
  );
  await moveTo(own, WINDOW + 1_000);
  schedulerFor(t, server.database, { jobs: [renew], keys: server.context.keys });
  await until(async () => (await read(own, last)).panSequence === 1);
  await until(async () => (await read(own, first)).panSequence === 1);
  assert.equal((await read(own, poisoned)).panSequence, 0);
  await until(async () => {
    const { body } = await server.call("GET", "/jobs/cards.renew");
    return body.failuresInRow > 0 || /23505/.test(JSON.stringify(body));
  });
});
