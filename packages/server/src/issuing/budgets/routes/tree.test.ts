import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../../cards/fixture.ts";
import { budgetTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;
const { budget, chain, read, post } = budgetTests(tests);

const refused = async (
  answer: Promise<{ status: number; body: CardBody }>,
  status: number,
  code: string,
): Promise<CardBody> => {
  const { status: got, body } = await answer;
  assert.deepEqual([got, body.code], [status, code], JSON.stringify(body));
  return body;
};
const fieldsOf = ({ errors }: CardBody) => errors.map(({ field }: Fields) => field);

test("201: a sub-budget has its parent, and five levels are the most", async () => {
  const own = await tests.organization();
  const levels = await chain(own, 5);
  assert.deepEqual(
    levels.map(({ depth, parentId }) => [depth, parentId]),
    levels.map((_, index) => [index + 1, levels[index - 1]?.id ?? null]),
  );
  const last = levels[4];
  const body = { name: "Too deep", currency: "EUR", typeIds: last.typeIds, parentId: last.id };
  const answer = await refused(own.call("POST", "/budgets", body), 422, "budget_too_deep");
  assert.deepEqual(fieldsOf(answer), ["parentId"]);
  assert.ok(answer.errors[0].remedy.length > 10);
  const below = made(await own.call("GET", `/budgets?parentId=${levels[2].id}`));
  assert.deepEqual(
    below.data.map(({ id }: Fields) => id),
    [levels[3].id],
  );
});

test("422: a sub-budget of an unknown parent, in another currency, or with programs of its own", async () => {
  const own = await tests.organization();
  const parent = await budget(own);
  const typeId = await tests.program({ model: "budgetCard" });
  const usd = await tests.program({ model: "budgetCard", currency: "USD" });
  const create = (fields: Fields) =>
    own.call("POST", "/budgets", {
      name: "Sub",
      currency: "EUR",
      typeIds: parent.typeIds,
      parentId: parent.id,
      ...fields,
    });
  const foreign = await budget(await tests.organization(0));
  for (const parentId of ["bud_unknown", foreign.id]) {
    const answer = await refused(create({ parentId }), 422, "budget_not_found");
    assert.deepEqual(fieldsOf(answer), ["parentId"]);
  }
  await refused(create({ currency: "USD", typeIds: [usd] }), 422, "currency_mismatch");
  const typeIds = [...parent.typeIds, typeId];
  const answer = await refused(create({ typeIds }), 422, "budget_type_not_in_parent");
  assert.deepEqual(fieldsOf(answer), ["typeIds.1"]);
  made(await post(own, parent.id, "archive"));
  assert.deepEqual(fieldsOf(await refused(create({}), 409, "budget_archived")), ["parentId"]);
});

test("201: money of a sub-budget comes from its parent and goes back there, budgets on both sides", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 600 }));
  const up = made(await post(own, sub.id, "top-up", { amount: 250, note: "May" }));
  assert.deepEqual(
    [up.kind, up.budgetId, up.from.type, up.from.id, up.to.type, up.to.id, up.note],
    ["budget_top_up", sub.id, "budget", root.id, "budget", sub.id, "May"],
  );
  assert.deepEqual(
    [up.from.balanceBefore, up.from.balanceAfter, up.to.balanceBefore, up.to.balanceAfter],
    [600, 350, 0, 250],
  );
  const back = made(await post(own, sub.id, "withdraw", { amount: 50 }));
  assert.deepEqual(
    [back.kind, back.from.id, back.to.id, back.from.balanceAfter, back.to.balanceAfter],
    ["budget_withdrawal", sub.id, root.id, 200, 400],
  );
  assert.equal(await tests.available(own), 400);
  await server.sequence();
  const { data } = made(await own.call("GET", `/ledger/entries?transferId=${up.id}`));
  assert.deepEqual(
    data.map(({ kind }: Fields) => kind),
    ["sub_budget_top_up"],
  );
});

test("a top-up of a sub-budget can be undone once its money is there, and goes back to the parent", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 600 }));
  const up = made(await post(own, sub.id, "top-up", { amount: 250 }));
  const reversal = made(await own.call("POST", `/transfers/${up.id}/reverse`, {}));
  assert.deepEqual(
    [reversal.kind, reversal.from.id, reversal.to.id, reversal.to.balanceAfter],
    ["reversal", sub.id, root.id, 600],
  );
  await tests.lawsHold(own);
});

test("422: a parent that has too little is named, and nothing moves", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  made(await post(own, root.id, "top-up", { amount: 100 }));
  const poor = await refused(
    post(own, sub.id, "top-up", { amount: 101 }),
    422,
    "insufficient_budget_balance",
  );
  assert.match(poor.detail, new RegExp(`${root.id}: 100 minor units of EUR`));
  made(await post(own, sub.id, "top-up", { amount: 100 }));
  const empty = await refused(
    post(own, sub.id, "withdraw", { amount: 101 }),
    422,
    "insufficient_budget_balance",
  );
  assert.doesNotMatch(empty.detail, new RegExp(root.id));
  await refused(
    post(own, sub.id, "top-up", { amount: 1, currency: "USD" }),
    422,
    "currency_mismatch",
  );
  made(await server.call("POST", `/organizations/${own.id}/suspend`, {}));
  await refused(post(own, sub.id, "top-up", { amount: 1 }), 409, "organization_suspended");
  made(await post(own, sub.id, "withdraw", { amount: 100 }));
  assert.equal((await read(own, root.id)).balances.available, 100);
});

test("a frozen budget blocks all below it by name, money moves on, and unfreezing lifts it", async () => {
  const own = await tests.organization(1_000);
  const [root, middle, leaf] = await chain(own, 3);
  made(await post(own, root.id, "top-up", { amount: 300 }));
  const body = { typeId: leaf.typeIds[0], budgetId: leaf.id, ...names };
  const preflight = async () =>
    made(await own.call("POST", "/cards/preflight", body)).unmet.map(
      ({ code, field, message }: Fields) => [code, field, message],
    );
  assert.deepEqual(await preflight(), []);
  made(await post(own, root.id, "freeze"));
  const [[code, field, message]] = await preflight();
  assert.deepEqual([code, field], ["budget_frozen", "budgetId"]);
  assert.match(message, new RegExp(root.id));
  const issue = await refused(own.call("POST", "/cards", body), 422, "card_not_issuable");
  assert.deepEqual(issue.errors[0].code, "budget_frozen");
  const { status, frozenBy, version } = await read(own, leaf.id);
  assert.deepEqual([status, frozenBy, version], ["active", root.id, 1]);
  made(await post(own, middle.id, "freeze"));
  assert.equal((await read(own, leaf.id)).frozenBy, middle.id);
  made(await post(own, middle.id, "top-up", { amount: 200 }));
  made(await post(own, leaf.id, "top-up", { amount: 100 }));
  made(await post(own, leaf.id, "withdraw", { amount: 100 }));
  const unfrozen = made(await post(own, middle.id, "unfreeze"));
  assert.deepEqual([unfrozen.status, unfrozen.frozenBy], ["active", root.id]);
  made(await post(own, root.id, "unfreeze"));
  assert.equal((await read(own, leaf.id)).frozenBy, null);
  made(await own.call("POST", "/cards", body));
  const listed = made(await own.call("GET", "/budgets"));
  assert.ok(listed.data.every((one: Fields) => one.frozenBy === null));
});

test("409: a budget with live sub-budgets, cards, money or a hold is not archived; all is named", async () => {
  const own = await tests.organization(1_000);
  const [root, sub] = await chain(own, 2);
  const body = { typeId: root.typeIds[0], budgetId: root.id, ...names };
  const card = made(await own.call("POST", "/cards", body));
  made(await post(own, root.id, "top-up", { amount: 40 }));
  const messages = async () => {
    const { errors } = await refused(post(own, root.id, "archive"), 409, "budget_not_empty");
    return errors.map(({ message }: Fields) => message);
  };
  assert.deepEqual(await messages(), [
    "1 sub-budgets are not archived.",
    "1 cards of the budget are not deleted.",
    "40 minor units are on the budget.",
  ]);
  made(await post(own, sub.id, "archive"));
  made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual(await messages(), ["40 minor units are on the budget."]);
  made(await post(own, root.id, "withdraw", { amount: 40 }));
  made(await post(own, root.id, "archive"));
  await refused(post(own, sub.id, "top-up", { amount: 1 }), 409, "budget_archived");
  await tests.lawsHold(own);
});

test("programs are added within the parent's and leave only when nothing below or on it has them", async () => {
  const own = await tests.organization();
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(() => tests.program({ model: "budgetCard" })),
  );
  const root = await budget(own, { typeIds: [first, second] });
  const sub = await budget(own, { typeIds: [first] }, root);
  const patch = (id: string, typeIds: unknown[]) =>
    own.call("PATCH", `/budgets/${id}`, { typeIds });
  await refused(patch(sub.id, [first, third]), 422, "budget_type_not_in_parent");
  const grown = made(await patch(sub.id, [first, second]));
  assert.deepEqual([grown.typeIds, grown.version], [[first, second], 2]);
  assert.deepEqual(made(await patch(sub.id, [first, second])), grown);
  await refused(patch(root.id, [first]), 409, "budget_type_in_use");
  made(await patch(sub.id, [first]));
  const card = made(
    await own.call("POST", "/cards", { typeId: second, budgetId: root.id, ...names }),
  );
  const used = await refused(patch(root.id, [first]), 409, "budget_type_in_use");
  assert.match(used.errors[0].message, /1 cards/);
  made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual(made(await patch(root.id, [first])).typeIds, [first]);
  await refused(patch(root.id, [first, "prog_none"]), 422, "program_not_found");
  await refused(patch(root.id, [first, await tests.program()]), 422, "budget_type_invalid");
  await refused(patch(root.id, []), 400, "invalid_request");
  await server.sequence();
  const { data } = made(await own.call("GET", "/events?limit=100"));
  const changes = data.filter(
    ({ objectId, type }: Fields) => objectId === sub.id && type === "budget.updated",
  );
  assert.deepEqual(changes[0].data.previous, { typeIds: [first] });
});

test("a program that is no longer available may stay on a budget while others are added", async () => {
  const own = await tests.organization();
  const listed = { model: "budgetCard", availability: "listed", organizationIds: [own.id] };
  const gone = await tests.program(listed);
  const fresh = await tests.program({ model: "budgetCard" });
  const root = await budget(own, { typeIds: [gone] });
  made(await server.call("PATCH", `/card-programs/${gone}`, { organizationIds: [] }));
  const answer = await own.call("PATCH", `/budgets/${root.id}`, { typeIds: [gone, fresh] });
  assert.deepEqual(made(answer).typeIds, [gone, fresh]);
});

test("the tree is read at once, with balances and totals; archived and others' budgets are not in it", async () => {
  const own = await tests.organization(1_000);
  const root = await budget(own, { name: "Root" });
  const b = await budget(own, { name: "B" }, root);
  const a = await budget(own, { name: "A" }, root);
  const c = await budget(own, { name: "C" }, a);
  const gone = await budget(own, { name: "Gone" }, root);
  const other = await budget(own, { name: "Other root" });
  await budget(await tests.organization(0), { name: "Not ours" });
  made(await post(own, gone.id, "archive"));
  made(await post(own, root.id, "top-up", { amount: 500 }));
  made(await post(own, a.id, "top-up", { amount: 300 }));
  made(await post(own, c.id, "top-up", { amount: 100 }));
  made(await post(own, a.id, "freeze"));
  made(await own.call("POST", "/cards", { typeId: b.typeIds[0], budgetId: b.id, ...names }));
  const { data } = made(await own.call("GET", `/budgets/${root.id}/tree`));
  const rows = data.map((node: CardBody) => [
    node.name,
    node.depth,
    node.frozenBy,
    node.balances.available,
    node.liveCards,
    node.totals.available,
    node.totals.budgets,
    node.totals.liveCards,
  ]);
  assert.deepEqual(rows, [
    ["Root", 1, null, 200, 0, 500, 4, 1],
    ["A", 2, null, 200, 0, 300, 2, 0],
    ["C", 3, a.id, 100, 0, 100, 1, 0],
    ["B", 2, null, 0, 1, 0, 1, 1],
  ]);
  const below = made(await own.call("GET", `/budgets/${a.id}/tree`));
  assert.deepEqual(
    below.data.map(({ name }: Fields) => name),
    ["A", "C"],
  );
  assert.deepEqual(made(await server.call("GET", `/budgets/${root.id}/tree`)).data, data);
  const forest = made(await own.call("GET", "/budgets/tree"));
  assert.deepEqual(
    forest.data.map(({ name }: Fields) => name),
    ["Other root", "Root", "A", "C", "B"],
  );
  const first = made(await own.call("GET", "/budgets/tree?limit=1"));
  assert.deepEqual(
    first.data.map(({ id }: Fields) => id),
    [other.id],
  );
  const second = made(await own.call("GET", `/budgets/tree?limit=1&cursor=${first.nextCursor}`));
  assert.deepEqual([second.data.length, second.nextCursor], [4, null]);
});

test("422: a tree of more than 1000 budgets is refused with what to do; one of 1000 is read", async () => {
  const own = await tests.organization(0);
  const [root, sub] = await chain(own, 2);
  await spread(own.id, sub.id, 998);
  const { data } = made(await own.call("GET", `/budgets/${root.id}/tree`));
  assert.equal(data.length, 1_000);
  assert.equal(data[0].totals.budgets, 1_000);
  await spread(own.id, sub.id, 1);
  const answer = await refused(
    own.call("GET", `/budgets/${root.id}/tree`),
    422,
    "budget_tree_too_large",
  );
  assert.ok(answer.errors[0].remedy.length > 10);
  await refused(own.call("GET", "/budgets/tree"), 422, "budget_tree_too_large");
  assert.equal(made(await own.call("GET", `/budgets/${sub.id}/tree`)).data.length, 1);
});

let spreads = 0;

/** Copies a budget many times, beside itself; a thousand requests would say nothing more. */
async function spread(organizationId: string, id: string, copies: number): Promise<void> {
  spreads += 1;
  const rows = `generate_series(1, ${copies}) as n cross join budgets b
    where b.organization_id = '${organizationId}' and b.id = '${id}'`;
  const copy = `'bud_copy${spreads}_' || n`;
  await asOwner(
    server.database.url,
    `with accounts as (
       insert into ledger_accounts (organization_id, id, type, currency, owner_id, created_at)
       select b.organization_id, 'acc_' || kind || '_' || ${copy} || '_EUR', kind, 'EUR', ${copy}, now()
       from unnest(array['budget', 'receivable']) as kind cross join ${rows})
     select`,
  );
  await asOwner(
    server.database.url,
    `insert into budgets (organization_id, id, name, currency, parent_id, ancestor_ids, depth,
       program_ids, account_id, status, version, created_at)
     select b.organization_id, ${copy}, ${copy}, 'EUR', b.parent_id, b.ancestor_ids, b.depth,
       b.program_ids, 'acc_budget_' || ${copy} || '_EUR', 'active', 1, now() from ${rows}`,
  );
}
