import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { wordsOf } from "../../../../test/harness/database.ts";
import { dueIn, runDue, runJob } from "../../../../test/harness/jobs.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { issueCards } from "../actions/issue.ts";
import type { CardInFull } from "../actions/read.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";
import { blockJobs } from "../jobs/blocks.ts";
import { blockOrderLifecycle } from "../model/blocks.ts";

const tests = await startCardTests();
const { server } = tests;
const [block, finish] = blockJobs as [(typeof blockJobs)[0], (typeof blockJobs)[0]];
const PLATFORM = "org_platform";

const order = (typeId: string, body: Fields = {}) =>
  server.call("POST", `/card-programs/${typeId}/block-cards`, {
    reason: "suspected_breach",
    ...body,
  });
const ordersOf = async (typeId: string): Promise<CardBody[]> =>
  made(await server.call("GET", `/card-programs/${typeId}/block-orders`)).data;
const issue = async (own: TestOrganization, typeId: string): Promise<CardBody> =>
  made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0 }));
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));

/** Carries out what is ordered, as the scheduler does. */
async function carryOut(): Promise<number> {
  const done = await runDue(server, block);
  await runDue(server, finish);
  return done;
}

test("201: every live card of a program is blocked, in every organization, and no other card", async () => {
  const [mine, other] = [await tests.organization(), await tests.organization()];
  const [typeId, elsewhere] = [await tests.program(), await tests.program()];
  const cards = [await issue(mine, typeId), await issue(mine, typeId)];
  const theirs = await issue(other, typeId);
  const untouched = await issue(mine, elsewhere);
  const deleted = await issue(mine, typeId);
  made(await mine.call("DELETE", `/cards/${deleted.id}`));
  made(await mine.call("POST", `/cards/${cards[1].id}/freeze`, {}));
  const answer = await order(typeId, { note: "batch 7" });
  assert.equal(answer.status, 201);
  const given = answer.body;
  assert.match(given.id, /^blk_/);
  assert.deepEqual(
    [given.status, given.blocked, given.total, given.typeId, given.organizationId],
    ["running", 0, 3, typeId, null],
  );
  assert.equal(await carryOut(), 3);
  for (const [own, card] of [
    [mine, cards[0]],
    [mine, cards[1]],
    [other, theirs],
  ] as const) {
    const { status, statusReason, restrictions } = await read(own, card);
    assert.deepEqual([status, statusReason], ["blocked", "suspected_breach"]);
    const mark = restrictions.find(({ owner }: Fields) => owner === "platform");
    assert.deepEqual([mark.note, mark.endsAt, mark.reason], ["batch 7", null, "suspected_breach"]);
    const { data } = made(await own.call("GET", `/cards/${card.id}/status-history`));
    assert.deepEqual([data[0].action, data[0].actor], ["block", given.actor]);
  }
  assert.equal((await read(mine, untouched)).status, "active");
  const [done] = await ordersOf(typeId);
  assert.deepEqual(
    { ...done, doneAt: null },
    { ...given, status: "done", blocked: 3, total: 3, version: 2 },
  );
  await server.sequence();
  const { data } = made(await server.call("GET", "/events?limit=100"));
  const told = data.filter(({ objectId }: Fields) => objectId === given.id);
  assert.deepEqual(
    told.map(({ type, objectVersion }: Fields) => [type, objectVersion]),
    [
      ["block_order.started", 1],
      ["block_order.done", 2],
    ],
  );
});

test("an order may be limited to one organization; an unknown one is refused", async () => {
  const [mine, other] = [await tests.organization(), await tests.organization()];
  const typeId = await tests.program();
  const [card, theirs] = [await issue(mine, typeId), await issue(other, typeId)];
  const unknown = await order(typeId, { organizationId: "org_unknown" });
  assert.deepEqual([unknown.status, unknown.body.code], [422, "organization_not_found"]);
  assert.equal(made(await order(typeId, { organizationId: mine.id })).total, 1);
  assert.equal(await carryOut(), 1);
  assert.equal((await read(mine, card)).status, "blocked");
  assert.equal((await read(other, theirs)).status, "active");
});

test("404 and 403: an unknown program, and an organization's key", async () => {
  const own = await tests.organization(0);
  const typeId = await tests.program();
  assert.equal((await order("prog_unknown")).status, 404);
  assert.equal((await server.call("GET", "/card-programs/prog_unknown/block-orders")).status, 404);
  const path = `/card-programs/${typeId}/block-cards`;
  assert.equal((await own.call("POST", path, { reason: "x" })).status, 403);
});

test("an order that runs is given again by repeating it; when it is done a new one finds nothing", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const card = await issue(own, typeId);
  const [first, second] = await Promise.all([order(typeId), order(typeId, { reason: "other" })]);
  assert.deepEqual(made(first), made(second));
  await carryOut();
  const { version } = await read(own, card);
  const next = made(await order(typeId));
  assert.notEqual(next.id, first.body.id);
  assert.equal(next.total, 0);
  assert.equal(await carryOut(), 0);
  assert.equal((await read(own, card)).version, version, "a card that is blocked stays as it is");
  assert.deepEqual(
    (await ordersOf(typeId)).map(({ status }) => status),
    ["done", "done"],
  );
});

test("a block of an operator without an end is kept, one with an end gets none, others stay beside it", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const [kept, timed, legal] = [
    await issue(own, typeId),
    await issue(own, typeId),
    await issue(own, typeId),
  ];
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  made(await server.call("POST", `/cards/${kept.id}/block`, { reason: "own" }));
  made(await server.call("POST", `/cards/${timed.id}/block`, { reason: "short", endsAt }));
  made(
    await server.call("POST", `/cards/${legal.id}/block`, { reason: "law", owner: "compliance" }),
  );
  assert.equal(made(await order(typeId)).total, 2);
  assert.equal(await carryOut(), 2);
  const marks = async (card: CardBody) =>
    (await read(own, card)).restrictions.map(({ reason, endsAt: end }: Fields) => [reason, end]);
  assert.deepEqual(await marks(kept), [["own", null]]);
  assert.deepEqual(await marks(timed), [["suspected_breach", null]]);
  assert.deepEqual((await marks(legal)).map(([reason]: string[]) => reason).sort(), [
    "law",
    "suspected_breach",
  ]);
});

test("cards that are issued while an order runs are blocked too, later ones are not", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  await issue(own, typeId);
  made(await order(typeId));
  assert.equal(await runDue(server, block), 1);
  const meanwhile = await issue(own, typeId);
  assert.deepEqual(await dueIn(server, finish, PLATFORM), [], "not while a card is left");
  assert.equal(await carryOut(), 1);
  assert.equal((await read(own, meanwhile)).status, "blocked");
  const [done] = await ordersOf(typeId);
  assert.deepEqual([done.status, done.blocked, done.total], ["done", 2, 2]);
  const later = await issue(own, typeId);
  assert.equal(await carryOut(), 0);
  assert.equal((await read(own, later)).status, "active");
});

test("an order does not end while a card of the program is being issued", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const { id } = made(await order(typeId));
  const issued = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { app } = server.database;
  const issuing = inWork(app, own.id as OrganizationId, server.context.keys, async (work) => {
    const request = { typeId, ...names, initialBalance: 0n };
    const [card] = await issueCards([{ work, request }]);
    issued.resolve();
    await released.promise;
    return card as CardInFull;
  });
  await issued.promise;
  const finishing = runJob(server, finish, PLATFORM, [id]);
  await sleep(150);
  const [{ status }] = await ordersOf(typeId);
  released.resolve();
  assert.equal(status, "running");
  const { card } = await issuing;
  assert.equal(await finishing, 0, "it saw the card that came while it waited");
  await carryOut();
  assert.equal((await read(own, card)).status, "blocked");
});

test("a run that dies has blocked nothing and counted nothing; the next one goes on", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const cards = [await issue(own, typeId), await issue(own, typeId), await issue(own, typeId)];
  const ids = cards.map(({ id }) => id);
  made(await order(typeId));
  assert.equal(await runJob(server, block, own.id, ids.slice(0, 1)), 1);
  const dying = runJob(server, block, own.id, ids, async () => {
    throw new Error("killed");
  });
  await assert.rejects(dying, /killed/);
  assert.deepEqual(
    (await ordersOf(typeId)).map(({ blocked }) => blocked),
    [1],
  );
  assert.equal((await dueIn(server, block, own.id)).length, 2);
  assert.equal(await carryOut(), 2);
  assert.equal((await ordersOf(typeId))[0].blocked, 3);
});

test("two processes that carry out an order block each card once", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const ids = [(await issue(own, typeId)).id, (await issue(own, typeId)).id];
  const { id } = made(await order(typeId));
  const done = await Promise.all([1, 2, 3].map(() => runJob(server, block, own.id, ids)));
  assert.deepEqual(done.sort(), [0, 0, 2]);
  const ended = await Promise.all([1, 2, 3].map(() => runJob(server, finish, PLATFORM, [id])));
  assert.deepEqual(ended.sort(), [0, 0, 1]);
  assert.equal((await ordersOf(typeId))[0].blocked, 2);
});

test("a block that is lifted while the order runs is put again, afterwards it stays lifted", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const card = await issue(own, typeId);
  made(await order(typeId));
  await runDue(server, block);
  made(await server.call("POST", `/cards/${card.id}/unblock`, {}));
  await carryOut();
  assert.equal((await read(own, card)).status, "blocked");
  made(await server.call("POST", `/cards/${card.id}/unblock`, {}));
  assert.equal(await carryOut(), 0);
  assert.equal((await read(own, card)).status, "active");
});

test("the orders of a program are listed newest first, by status and page by page", async () => {
  const typeId = await tests.program();
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.unshift(made(await order(typeId)).id);
    if (count < 2) await carryOut();
  }
  const list = async (query: string) =>
    made(await server.call("GET", `/card-programs/${typeId}/block-orders${query}`));
  assert.deepEqual(
    (await list("")).data.map(({ id }: Fields) => id),
    ids,
  );
  assert.deepEqual(
    (await list("?status=running")).data.map(({ id }: Fields) => id),
    ids.slice(0, 1),
  );
  const page = await list("?limit=2");
  const rest = await list(`?limit=2&cursor=${page.nextCursor}`);
  assert.deepEqual(
    [...page.data, ...rest.data].map(({ id }: Fields) => id),
    ids,
  );
});

test("the constraint of the table and the life cycle name the same statuses", async () => {
  const words = await wordsOf(server.database.url, "card_block_orders_status_check");
  assert.deepEqual(words, [...blockOrderLifecycle.states].sort());
});
