import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../cards/fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const post = (own: TestOrganization, id: string, verb: string, body: Fields = {}) =>
  own.call("POST", `/budgets/${id}/${verb}`, body);
const read = async (own: TestOrganization, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/budgets/${id}`));

test("201: a budget starts empty and active, for programs of its model and currency", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ model: "budgetCard" });
  const body = { name: "Team", currency: "EUR", typeIds: [typeId], label: "A", externalId: "t/1" };
  const answer = await own.call("POST", "/budgets", body);
  assert.equal(answer.status, 201);
  const { id, createdAt, ...rest } = answer.body;
  assert.match(id, /^bud_/);
  assert.deepEqual(rest, {
    organizationId: own.id,
    externalId: "t/1",
    name: "Team",
    label: "A",
    currency: "EUR",
    parentId: null,
    depth: 1,
    typeIds: [typeId],
    status: "active",
    statusReason: null,
    frozenBy: null,
    limits: [],
    refill: null,
    balances: { currency: "EUR", posted: 0, held: 0, available: 0, owed: 0 },
    version: 1,
  });
  assert.deepEqual(await read(own, "external:t%2F1"), answer.body);
  assert.deepEqual(made(await server.call("GET", `/budgets/${id}`)), answer.body);
});

test("422: programs that cannot be a budget's are named one by one", async () => {
  const own = await tests.organization();
  const good = await tests.program({ model: "budgetCard" });
  const listedFor = { availability: "listed", organizationIds: [] };
  const cases: [Fields, string][] = [
    [{ typeIds: [good, "prog_none"] }, "program_not_found"],
    [{ typeIds: [good, await tests.program()] }, "budget_type_invalid"],
    [
      { typeIds: [good, await tests.program({ model: "budgetCard", currency: "USD" })] },
      "budget_type_invalid",
    ],
    [
      { typeIds: [good, await tests.program({ model: "budgetCard", ...listedFor })] },
      "program_not_available",
    ],
  ];
  for (const [fields, code] of cases) {
    const answer = await own.call("POST", "/budgets", { name: "Team", currency: "EUR", ...fields });
    assert.deepEqual([answer.status, answer.body.code], [422, code], JSON.stringify(answer.body));
    assert.deepEqual(
      answer.body.errors.map((line: Fields) => [line.code, line.field]),
      [[code, "typeIds.1"]],
    );
  }
  assert.deepEqual(made(await own.call("GET", "/budgets")).data, []);
});

test("409: name and external id are unique in an organization, archived budgets included", async () => {
  const own = await tests.organization();
  const { id } = await tests.budget(own, { name: "Team", externalId: "one" });
  const other = await tests.budget(own, { name: "Other" });
  made(await post(own, id, "archive"));
  const typeIds = [other.typeId];
  const create = (name: string, externalId: string) =>
    own.call("POST", "/budgets", { name, externalId, currency: "EUR", typeIds });
  const refused = async (answer: Promise<{ status: number; body: CardBody }>, code: string) => {
    const { status, body } = await answer;
    assert.deepEqual([status, body.code], [409, code]);
  };
  await refused(create("Team", "two"), "budget_name_taken");
  await refused(create("New", "one"), "external_id_taken");
  await refused(own.call("PATCH", `/budgets/${other.id}`, { name: "Team" }), "budget_name_taken");
  await tests.budget(await tests.organization(0), { name: "Team", externalId: "one" });
});

test("one of two budgets that want the same name at the same moment gets it", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ model: "budgetCard" });
  const body = { name: "Team", currency: "EUR", typeIds: [typeId] };
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => own.call("POST", "/budgets", body)),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array.from({ length: 9 }, () => 409)]);
});

test("a budget is changed, frozen and unfrozen; repeating it is 200 and changes nothing", async () => {
  const own = await tests.organization();
  const { id } = await tests.budget(own, { label: "A" });
  const changed = made(await own.call("PATCH", `/budgets/${id}`, { name: "New", label: null }));
  assert.deepEqual([changed.name, changed.label, changed.version], ["New", null, 2]);
  assert.deepEqual(made(await own.call("PATCH", `/budgets/${id}`, { name: "New" })), changed);
  const frozen = made(await post(own, id, "freeze", { reason: "audit" }));
  assert.deepEqual([frozen.status, frozen.statusReason, frozen.version], ["frozen", "audit", 3]);
  assert.deepEqual(made(await post(own, id, "freeze", { reason: "other" })), frozen);
  const active = made(await post(own, id, "unfreeze"));
  assert.deepEqual([active.status, active.statusReason, active.version], ["active", null, 4]);
  assert.deepEqual(made(await post(own, id, "unfreeze")), active);
  await server.sequence();
  const { data } = made(await own.call("GET", "/events"));
  const types = data.filter(({ objectId }: Fields) => objectId === id);
  assert.deepEqual(
    types.map(({ type, objectVersion }: Fields) => [type, objectVersion]),
    [
      ["budget.created", 1],
      ["budget.updated", 2],
      ["budget.frozen", 3],
      ["budget.unfrozen", 4],
    ],
  );
});

test("201: money goes to a budget and back, each way a transfer with both balances", async () => {
  const own = await tests.organization(1_000);
  const { id } = await tests.budget(own, { externalId: "team" });
  const up = made(await post(own, "external:team", "top-up", { amount: 600, note: "May" }));
  assert.deepEqual([up.kind, up.budgetId, up.note, up.cardId], ["budget_top_up", id, "May", null]);
  assert.deepEqual([up.from.balanceAfter, up.to.balanceBefore, up.to.balanceAfter], [400, 0, 600]);
  const back = made(await post(own, id, "withdraw", { amount: 250, currency: "EUR" }));
  assert.deepEqual(
    [back.kind, back.from.balanceAfter, back.to.balanceAfter],
    ["budget_withdrawal", 350, 650],
  );
  const budget = await read(own, id);
  assert.deepEqual([budget.balances.available, budget.version], [350, 1]);
  await tests.lawsHold(own);
});

test("funds of a budget are refused by name, and nothing moves", async () => {
  const own = await tests.organization(1_000);
  const { id } = await tests.budget(own);
  made(await post(own, id, "top-up", { amount: 400 }));
  const refused = async (verb: string, body: Fields, status: number, code: string) => {
    const answer = await post(own, id, verb, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code]);
    assert.equal((await read(own, id)).balances.available, 400);
  };
  await refused("top-up", { amount: 601 }, 422, "insufficient_organization_balance");
  await refused("withdraw", { amount: 401 }, 422, "insufficient_budget_balance");
  await refused("top-up", { amount: 1, currency: "USD" }, 422, "currency_mismatch");
  await refused("top-up", { amount: 0 }, 400, "invalid_request");
  made(await post(own, id, "freeze"));
  made(await post(own, id, "top-up", { amount: 5 }));
  made(await post(own, id, "withdraw", { amount: 5 }));
  const suspended = await server.call("POST", `/organizations/${own.id}/suspend`, {});
  assert.equal(suspended.status, 200);
  const answer = await post(own, id, "top-up", { amount: 1 });
  assert.equal(answer.body.code, "organization_suspended");
  made(await post(own, id, "withdraw", { amount: 400 }));
});

test("409: a budget is archived only without live cards and money, and then takes nothing", async () => {
  const own = await tests.organization();
  const { id: budgetId, typeId } = await tests.budget(own);
  const body = { typeId, budgetId, ...names };
  const card = made(await own.call("POST", "/cards", body));
  made(await post(own, budgetId, "top-up", { amount: 5 }));
  const refused = async (verb: string, code: string, fields: Fields = {}) => {
    const answer = await post(own, budgetId, verb, fields);
    assert.deepEqual([answer.status, answer.body.code], [409, code], verb);
  };
  await refused("archive", "budget_not_empty");
  made(await post(own, budgetId, "withdraw", { amount: 5 }));
  await refused("archive", "budget_not_empty");
  made(await post(own, budgetId, "top-up", { amount: 5 }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  await refused("archive", "budget_not_empty");
  made(await post(own, budgetId, "withdraw", { amount: 5 }));
  const archived = made(await post(own, budgetId, "archive", { reason: "over" }));
  assert.deepEqual([archived.status, archived.statusReason], ["archived", "over"]);
  await refused("archive", "budget_archived");
  await refused("top-up", "budget_archived", { amount: 5 });
  await refused("withdraw", "budget_archived", { amount: 5 });
  await refused("freeze", "budget_archived");
  await refused("unfreeze", "budget_archived");
  const patch = await own.call("PATCH", `/budgets/${budgetId}`, { label: "x" });
  assert.equal(patch.body.code, "budget_archived");
  await tests.lawsHold(own);
});

test("a budget is archived or gets a card, never both, however the two race", async () => {
  const own = await tests.organization();
  for (let round = 0; round < 8; round += 1) {
    const { id: budgetId, typeId } = await tests.budget(own);
    const [issued, archived] = await Promise.all([
      own.call("POST", "/cards", { typeId, budgetId, ...names }),
      post(own, budgetId, "archive"),
    ]);
    const { status } = await read(own, budgetId);
    assert.deepEqual(
      [issued.status, archived.status, status],
      issued.status === 201 ? [201, 409, "active"] : [422, 200, "archived"],
    );
  }
});

test("budgets are listed newest first with each filter; others' are not there", async () => {
  const own = await tests.organization();
  await tests.budget(await tests.organization(0));
  const first = await tests.budget(own, { externalId: "one" });
  const second = await tests.budget(own);
  const usd = await tests.program({ model: "budgetCard", currency: "USD" });
  const third = await tests.budget(own, { name: "Dollars", currency: "USD", typeIds: [usd] });
  made(await post(own, second.id, "freeze"));
  const cases: [string, string[]][] = [
    ["", [third.id, second.id, first.id]],
    ["status=frozen", [second.id]],
    ["currency=USD", [third.id]],
    ["name=Dollars", [third.id]],
    [`typeId=${first.typeId}`, [first.id]],
    ["externalId=one", [first.id]],
    ["from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", []],
    ["limit=1", [third.id]],
  ];
  for (const [query, ids] of cases) {
    const { data } = made(await own.call("GET", `/budgets?${query}`));
    assert.deepEqual(
      data.map(({ id }: Fields) => id),
      ids,
      query,
    );
  }
  const seen = made(await server.call("GET", `/budgets?organizationId=${own.id}&status=frozen`));
  assert.deepEqual(
    seen.data.map(({ id }: Fields) => id),
    [second.id],
  );
  for (const path of [`/budgets/${first.id}`, "/budgets/external:one"]) {
    const other = await tests.organization(0);
    assert.equal((await other.call("GET", path)).status, 404);
  }
});
