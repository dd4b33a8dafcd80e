import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const listed = async (own: Pick<TestOrganization, "call">, query: string): Promise<string[]> =>
  made(await own.call("GET", `/cards?${query}`)).data.map(({ id }: Fields) => id);

const DAY_MS = 86_400_000;

test("a card is read by id and by external id, by its organization and by the platform", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "a/b ü" });
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)), card);
  const path = `/cards/external:${encodeURIComponent("a/b ü")}`;
  assert.deepEqual(made(await own.call("GET", path)), card);
  assert.deepEqual(made(await server.call("GET", `/cards/${card.id}`)), card);
  const history = `/cards/${card.id}/status-history`;
  const seen = made(await server.call("GET", history));
  assert.deepEqual(seen, made(await own.call("GET", history)));
  const other = await tests.organization(0);
  for (const each of [`/cards/${card.id}`, path, history, "/cards/card_none"]) {
    const answer = await other.call("GET", each);
    assert.deepEqual([answer.status, answer.body.code], [404, "not_found"], each);
  }
});

test("a list is of one's own cards, newest first, page by page, each filter alone and together", async () => {
  const own = await tests.organization();
  await tests.card(await tests.organization());
  const customerId = await tests.customer(own);
  const typeId = await tests.program({ validityMonths: 1 });
  const issue = async (fields: Fields): Promise<CardBody> =>
    made(await own.call("POST", "/cards", { typeId, ...names, initialBalance: 0, ...fields }));
  const active = await issue({ label: "Travel", externalId: "first" });
  const frozen = await issue({ customerId });
  const blocked = await issue({ label: "Travel" });
  const deleted = await issue({});
  const budget = await tests.budget(own);
  const budgetCard = made(
    await own.call("POST", "/cards", { typeId: budget.typeId, budgetId: budget.id, ...names }),
  );
  made(await own.call("POST", `/cards/${frozen.id}/freeze`, {}));
  made(await server.call("POST", `/cards/${blocked.id}/block`, { reason: "fraud" }));
  made(await own.call("POST", `/cards/${blocked.id}/freeze`, {}));
  made(await own.call("DELETE", `/cards/${deleted.id}`));
  const all = [budgetCard, deleted, blocked, frozen, active].map(({ id }) => id);
  assert.deepEqual(await listed(own, ""), all);
  const cases: [string, CardBody[]][] = [
    ["status=active", [budgetCard, active]],
    ["status=frozen", [frozen]],
    ["status=blocked", [blocked]],
    ["status=deleted", [deleted]],
    ["status=expired", []],
    ["model=budgetCard", [budgetCard]],
    [`typeId=${typeId}&status=active`, [active]],
    [`customerId=${customerId}`, [frozen]],
    [`budgetId=${budget.id}`, [budgetCard]],
    [`lastFour=${active.lastFour}&externalId=first`, [active]],
    ["label=Travel", [blocked, active]],
    ["externalId=first", [active]],
    [`from=${active.createdAt}&to=${active.createdAt}`, []],
    [`from=${active.createdAt}`, [budgetCard, deleted, blocked, frozen, active]],
    [`to=${active.createdAt}`, []],
    ["customerId=cus_none", []],
  ];
  for (const [query, cards] of cases) {
    assert.deepEqual(
      await listed(own, query),
      cards.map(({ id }) => id),
      query,
    );
  }
  const first = made(await own.call("GET", "/cards?limit=2"));
  const second = made(await own.call("GET", `/cards?limit=2&cursor=${first.nextCursor}`));
  const third = made(await own.call("GET", `/cards?limit=2&cursor=${second.nextCursor}`));
  const pages = [first, second, third].flatMap(({ data }) => data.map(({ id }: Fields) => id));
  assert.deepEqual([pages, third.nextCursor], [all, null]);
  await tests.advance(own, 70 * DAY_MS);
  assert.deepEqual(
    await listed(own, "status=expired"),
    [blocked, frozen, active].map(({ id }) => id),
  );
  assert.deepEqual(await listed(own, "status=active"), [budgetCard.id]);
  assert.deepEqual(await listed(own, "status=deleted"), [deleted.id]);
});

test("the status in a list is the status of the card: both are made by the same precedence", async () => {
  const own = await tests.organization();
  await tests.card(own, {}, { validityMonths: 1 });
  await tests.advance(own, 70 * DAY_MS);
  await tests.card(own);
  const { data } = made(await own.call("GET", "/cards"));
  assert.deepEqual(
    data.map(({ status }: Fields) => status),
    ["active", "expired"],
  );
  const seen = made(await server.call("GET", `/cards?organizationId=${own.id}`));
  assert.deepEqual(seen.data, data);
});

test("lists by status go by what is true at the organization's now, also where nobody has recorded it", async () => {
  const own = await tests.organization();
  const [thawed, blocked, old] = [
    await tests.card(own),
    await tests.card(own),
    await tests.card(own, {}, { validityMonths: 1 }),
  ];
  const endsAt = new Date(Date.now() + DAY_MS).toISOString();
  made(await own.call("POST", `/cards/${thawed.id}/freeze`, { endsAt }));
  made(await own.call("POST", `/cards/${blocked.id}/freeze`, {}));
  const block = { reason: "review", endsAt };
  made(await server.call("POST", `/cards/${blocked.id}/block`, block));
  await tests.advance(own, 70 * DAY_MS);
  const expected = { active: [thawed], frozen: [blocked], blocked: [], expired: [old] };
  for (const [status, cards] of Object.entries(expected)) {
    const ids = cards.map(({ id }) => id);
    assert.deepEqual(await listed(own, `status=${status}`), ids, status);
    const query = `status=${status}&organizationId=${own.id}`;
    assert.deepEqual(await listed(server, query), ids, `${status}, for the platform`);
  }
});

test("the platform lists the cards of every organization, or of the one it names", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const other = await tests.card(await tests.organization());
  assert.deepEqual((await listed(server, "limit=2")).sort(), [card.id, other.id].sort());
  assert.deepEqual(await listed(server, `organizationId=${own.id}`), [card.id]);
  assert.deepEqual(await listed(server, "organizationId=org_none"), []);
});

test("400: filters and cursors that are none", async () => {
  const own = await tests.organization(0);
  for (const query of [
    "status=lost",
    "lastFour=12",
    "limit=0",
    "limit=101",
    "color=red",
    "cursor=x",
  ]) {
    const answer = await own.call("GET", `/cards?${query}`);
    assert.deepEqual([answer.status, answer.body.code], [400, "invalid_request"], query);
  }
});

test("label and metadata change, null clears, and an equal change is none", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { label: "Travel", metadata: { team: "a", desk: "7" } });
  const patch = async (body: Fields) => made(await own.call("PATCH", `/cards/${card.id}`, body));
  const first = await patch({ label: "Food", metadata: { team: null, floor: "2" } });
  assert.deepEqual(
    [first.label, first.metadata, first.version],
    ["Food", { desk: "7", floor: "2" }, 2],
  );
  assert.deepEqual(await patch({ label: "Food" }), first);
  const second = await patch({ label: null, metadata: null });
  assert.deepEqual([second.label, second.metadata, second.version], [null, {}, 3]);
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)), second);
});

test("400: a change of what does not change, or of nothing", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const bodies = [
    {},
    { status: "frozen" },
    { externalId: "x" },
    { metadata: { a: 1 } },
    { label: "" },
  ];
  for (const body of bodies) {
    const answer = await own.call("PATCH", `/cards/${card.id}`, body);
    assert.deepEqual(
      [answer.status, answer.body.code],
      [400, "invalid_request"],
      JSON.stringify(body),
    );
  }
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)), card);
});
