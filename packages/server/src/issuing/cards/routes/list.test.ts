import assert from "node:assert/strict";
import test from "node:test";
import { runDue } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";
import { cardJobs } from "../jobs.ts";
import { cardLifecycle } from "../model.ts";

const tests = await startCardTests();
const { server } = tests;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Caller = Pick<TestOrganization, "call">;

const post = async (who: Caller, { id }: CardBody, verb: string, body: Fields = {}) =>
  made(await who.call("POST", `/cards/${id}/${verb}`, body));
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

/** Every card by status as it is listed: fails where a card shows another one than it was listed by. */
async function byStatus(who: Caller, query = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const status of cardLifecycle.states) {
    const { data } = made(await who.call("GET", `/cards?limit=100&status=${status}${query}`));
    for (const card of data) {
      assert.equal(card.status, status);
      assert.ok(!found.has(card.id), `${card.id} is in two lists`);
      found.set(card.id, status);
    }
  }
  const { data } = made(await who.call("GET", `/cards?limit=100${query}`));
  const shown = data.map((card: CardBody) => [card.id, card.status]);
  assert.deepEqual([...found].sort(), shown.sort(), "each card is in the list of its status");
  return found;
}

/** A card of each kind of restriction with and without an end, and one that will expire. */
async function cardsOf(own: TestOrganization): Promise<Record<string, CardBody>> {
  const soon = { endsAt: inHours(2) };
  const block = { reason: "velocity" };
  const make = () => tests.card(own);
  const cards = {
    plain: await make(),
    frozen: await make(),
    thawing: await make(),
    blocked: await make(),
    unblocking: await make(),
    both: await make(),
    frozenBelow: await make(),
    deleted: await make(),
    short: await tests.card(own, {}, { validityMonths: 1 }),
    shortFrozen: await tests.card(own, {}, { validityMonths: 1 }),
  };
  await post(own, cards.frozen, "freeze");
  await post(own, cards.thawing, "freeze", soon);
  await post(server, cards.blocked, "block", block);
  await post(server, cards.unblocking, "block", { ...block, ...soon });
  await post(own, cards.both, "freeze", soon);
  await post(server, cards.both, "block", { ...block, ...soon });
  await post(own, cards.frozenBelow, "freeze");
  await post(server, cards.frozenBelow, "block", { ...block, ...soon });
  await post(own, cards.shortFrozen, "freeze");
  made(await own.call("DELETE", `/cards/${cards.deleted.id}`));
  return cards;
}

const stands = (cards: Record<string, CardBody>, listed: ReadonlyMap<string, string>) =>
  Object.fromEntries(Object.entries(cards).map(([name, { id }]) => [name, listed.get(id)]));

const atFirst = {
  plain: "active",
  frozen: "frozen",
  thawing: "frozen",
  blocked: "blocked",
  unblocking: "blocked",
  both: "blocked",
  frozenBelow: "blocked",
  deleted: "deleted",
  short: "active",
  shortFrozen: "frozen",
};
const afterHours = {
  ...atFirst,
  thawing: "active",
  unblocking: "active",
  both: "active",
  frozenBelow: "frozen",
};
const afterMonths = { ...afterHours, short: "expired", shortFrozen: "expired" };

test("the status that a list is of is the one each card shows, before and after the jobs have run", async () => {
  const own = await tests.organization();
  const cards = await cardsOf(own);
  const now = async () => stands(cards, await byStatus(own));
  assert.deepEqual(await now(), atFirst);
  await tests.advance(own, 3 * HOUR_MS);
  assert.deepEqual(await now(), afterHours);
  await tests.advance(own, 70 * DAY_MS);
  assert.deepEqual(await now(), afterMonths);
  for (const job of cardJobs) await runDue(server, job);
  assert.deepEqual(await now(), afterMonths);
  await post(own, cards.short, "renew");
  assert.deepEqual(await now(), { ...afterMonths, short: "active" });
});

test("for the platform each card is listed by the clock of its own organization", async () => {
  const [here, ahead] = [await tests.organization(), await tests.organization()];
  const [mine, theirs] = [await cardsOf(here), await cardsOf(ahead)];
  await tests.advance(ahead, 70 * DAY_MS);
  const listed = await byStatus(server);
  assert.deepEqual(stands(mine, listed), atFirst);
  assert.deepEqual(stands(theirs, listed), afterMonths);
  for (const { id } of [here, ahead]) {
    const some = await byStatus(server, `&organizationId=${id}`);
    for (const [card, status] of some) assert.equal(listed.get(card), status);
  }
  const seen = async (who: Caller, id: string) => made(await who.call("GET", `/cards/${id}`));
  for (const { id } of Object.values(theirs)) {
    assert.equal((await seen(server, id)).status, listed.get(id));
    assert.equal((await seen(ahead, id)).status, listed.get(id));
  }
});

test("a page is full although ended restrictions lie between, and the cursor goes on behind it", async () => {
  const own = await tests.organization();
  const cards: CardBody[] = [];
  for (let count = 0; count < 6; count += 1) cards.push(await tests.card(own));
  for (const card of cards.slice(2, 4)) await post(own, card, "freeze", { endsAt: inHours(2) });
  await post(own, cards[1], "freeze");
  await tests.advance(own, 3 * HOUR_MS);
  const page = async (more: string) =>
    made(await own.call("GET", `/cards?status=active&limit=3${more}`));
  const first = await page("");
  const second = await page(`&cursor=${first.nextCursor}`);
  const ids = [...first.data, ...second.data].map(({ id }: Fields) => id);
  assert.deepEqual(
    ids,
    [5, 4, 3, 2, 0].map((place) => cards[place].id),
  );
  assert.deepEqual([first.data.length, second.nextCursor], [3, null]);
});
