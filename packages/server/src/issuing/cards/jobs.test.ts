import assert from "node:assert/strict";
import test from "node:test";
import { runDue, runJob } from "../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../test/harness/server.ts";
import { type CardBody, type Fields, made, startCardTests } from "./fixture.ts";
import { cardJobs } from "./jobs.ts";

const tests = await startCardTests();
const { server } = tests;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const job = (name: string) => {
  const found = cardJobs.find((each) => each.name === name);
  assert.ok(found);
  return found;
};
const [expire, end] = [job("cards.expire"), job("cards.endRestrictions")];

const post = (own: TestOrganization, { id }: CardBody, verb: string, body: Fields = {}) =>
  own.call("POST", `/cards/${id}/${verb}`, body);
const block = (card: CardBody, body: Fields) =>
  server.call("POST", `/cards/${card.id}/block`, body);
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const history = async (own: TestOrganization, { id }: CardBody): Promise<unknown[][]> =>
  made(await own.call("GET", `/cards/${id}/status-history`)).data.map(
    ({ action, from, to, reason, actor }: CardBody) => [action, from, to, reason, actor.kind],
  );
const typesOf = async (own: TestOrganization, { id }: CardBody): Promise<string[]> => {
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?after=0&limit=100"));
  return data.filter((one: Fields) => one.objectId === id).map(({ type }: Fields) => type);
};

/** An instant in the organization's time from its real now. */
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

test("a card's expiry is recorded once, in its organization's time, and told", async () => {
  const own = await tests.organization();
  const other = await tests.organization();
  const terms = { validityMonths: 1 };
  const [card, frozen] = [await tests.card(own, {}, terms), await tests.card(own, {}, terms)];
  const elsewhere = await tests.card(other, {}, terms);
  made(await post(own, frozen, "freeze"));
  assert.equal(await runDue(server, expire), 0);
  await tests.advance(own, 70 * DAY_MS);
  assert.equal(await runDue(server, expire), 2);
  assert.equal(await runDue(server, expire), 0);
  assert.deepEqual(await history(own, card), [
    ["expire", "active", "expired", null, "system"],
    ["issue", null, "active", null, "key"],
  ]);
  assert.deepEqual((await history(own, frozen))[0]?.slice(1, 3), ["frozen", "expired"]);
  assert.deepEqual(await typesOf(own, card), ["card.issued", "card.expired"]);
  assert.equal((await read(own, card)).version, 2);
  assert.equal((await read(other, elsewhere)).version, 1);
  made(await post(own, card, "renew"));
  await tests.advance(own, 70 * DAY_MS);
  assert.equal(await runDue(server, expire), 1, "a renewed card expires again");
});

test("deleted cards do not expire any more", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { validityMonths: 1 });
  made(await own.call("DELETE", `/cards/${card.id}`));
  await tests.advance(own, 70 * DAY_MS);
  assert.equal(await runDue(server, expire), 0);
});

test("two processes that found the same expired card record it once", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { validityMonths: 1 });
  await tests.advance(own, 70 * DAY_MS);
  const done = await Promise.all(
    Array.from({ length: 4 }, () => runJob(server, expire, own.id, [card.id])),
  );
  assert.deepEqual(done.sort(), [0, 0, 0, 1]);
  assert.equal((await history(own, card)).length, 2);
});

test("a freeze with an end works until then, to the instant, and is lifted by itself", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const endsAt = inHours(2);
  const frozen = made(await post(own, card, "freeze", { endsAt, reason: "asleep" }));
  assert.deepEqual([frozen.status, frozen.restrictions[0].endsAt], ["frozen", endsAt]);
  assert.equal(await runDue(server, end), 0);
  await tests.advance(own, 3 * HOUR_MS);
  const ended = await read(own, card);
  assert.deepEqual([ended.status, ended.restrictions, ended.version], ["active", [], 2]);
  assert.equal(await runDue(server, end), 1);
  assert.equal(await runDue(server, end), 0);
  assert.deepEqual((await history(own, card))[0]?.slice(0, 4), [
    "unfreeze",
    "active",
    "active",
    "ended",
  ]);
  assert.deepEqual(await typesOf(own, card), ["card.issued", "card.frozen", "card.unfrozen"]);
});

test("of several restrictions each ends by itself; the card works when none is left", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "freeze", { requestedBy: "cardholder" }));
  made(await post(own, card, "freeze", { endsAt: inHours(1) }));
  made(await block(card, { reason: "velocity", endsAt: inHours(5) }));
  await tests.advance(own, 2 * HOUR_MS);
  await runDue(server, end);
  const kinds = async () => {
    const { status, restrictions } = await read(own, card);
    return [status, ...restrictions.map(({ owner }: Fields) => owner)];
  };
  assert.deepEqual(await kinds(), ["blocked", "cardholder", "platform"]);
  await tests.advance(own, 4 * HOUR_MS);
  await runDue(server, end);
  assert.deepEqual(await kinds(), ["frozen", "cardholder"]);
  made(await post(own, card, "unfreeze", { requestedBy: "cardholder" }));
  assert.deepEqual(await kinds(), ["active"]);
});

test("another end takes the place of the first; repeating without one changes nothing", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const [soon, late] = [inHours(1), inHours(9)];
  made(await post(own, card, "freeze", { endsAt: soon }));
  const same = made(await post(own, card, "freeze", { endsAt: soon }));
  const silent = made(await post(own, card, "freeze"));
  assert.deepEqual([same.version, silent.version], [2, 2]);
  const longer = made(await post(own, card, "freeze", { endsAt: late }));
  assert.deepEqual([longer.version, longer.restrictions[0].endsAt], [3, late]);
  const open = made(await post(own, card, "freeze", { endsAt: null }));
  assert.deepEqual([open.version, open.restrictions[0].endsAt], [4, null]);
  assert.equal(open.restrictions.length, 1);
});

test("an end that has come does not stand in the way of the next freeze", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "freeze", { endsAt: inHours(1) }));
  await tests.advance(own, 2 * HOUR_MS);
  const again = made(await post(own, card, "freeze"));
  assert.deepEqual([again.status, again.restrictions.length], ["frozen", 1]);
  assert.equal(await runDue(server, end), 0);
});

test("422: an end that is not in the future is refused, by the organization's clock", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  await tests.advance(own, 2 * HOUR_MS);
  for (const answer of [
    await post(own, card, "freeze", { endsAt: inHours(1) }),
    await block(card, { reason: "velocity", endsAt: inHours(-1) }),
  ]) {
    assert.deepEqual([answer.status, answer.body.code], [422, "ends_at_in_past"]);
    assert.equal(answer.body.errors[0].field, "endsAt");
  }
  assert.equal((await read(own, card)).version, 1);
});
