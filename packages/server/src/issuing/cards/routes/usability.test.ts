import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { spendingOf } from "../../../../test/harness/spending.ts";
import { budgetTests } from "../../budgets/fixture.ts";
import { type CardBody, codesOf, type Fields, made, names, startCardTests } from "../fixture.ts";
import { channels } from "../model/usability.ts";

const tests = await startCardTests();
const { server } = tests;
const budgets = budgetTests(tests);
const DAY_MS = 86_400_000;

const look = async (own: Pick<TestOrganization, "call">, id: string): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}/usability`));
const told = async (own: TestOrganization, { id }: CardBody): Promise<unknown[][]> => {
  const verdict = await look(own, id);
  assert.deepEqual(verdict, await look(server, id), "the platform sees the same");
  assert.equal(verdict.usable, verdict.blockers.length === 0);
  assert.deepEqual(Object.keys(verdict.channels), [...channels]);
  for (const works of Object.values(verdict.channels)) assert.equal(works, verdict.usable);
  return verdict.blockers.map((one: Fields) => {
    assert.deepEqual(one.channels, [...channels]);
    assert.ok(one.message && one.remedy);
    return [one.code, one.owner, one.endsAt];
  });
};
const post = async (own: Pick<TestOrganization, "call">, path: string, body: Fields = {}) =>
  made(await own.call("POST", path, body));

test("a new card works in every channel", async () => {
  const own = await tests.organization();
  assert.deepEqual(await told(own, await tests.card(own)), []);
});

test("freezes and blocks are told one by one, each with its owner, its instant and its end", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const endsAt = new Date(Date.now() + DAY_MS).toISOString();
  await post(own, `/cards/${card.id}/freeze`);
  await post(own, `/cards/${card.id}/freeze`, { requestedBy: "cardholder", endsAt });
  await post(server, `/cards/${card.id}/block`, { reason: "velocity" });
  await post(server, `/cards/${card.id}/block`, { reason: "law", owner: "compliance" });
  assert.deepEqual(await told(own, card), [
    ["card_frozen", "organization", null],
    ["card_frozen", "cardholder", endsAt],
    ["card_blocked", "platform", null],
    ["compliance_restriction", "compliance", null],
  ]);
  const { restrictions } = made(await own.call("GET", `/cards/${card.id}`));
  const since = (list: Fields[], field: string) => list.map((each) => each[field]);
  const { blockers } = await look(own, card.id);
  assert.deepEqual(since(blockers, "since"), since(restrictions, "createdAt"));
  await tests.advance(own, 2 * DAY_MS);
  assert.equal((await told(own, card)).length, 3, "one has ended by itself");
});

test("a card that its program has blocked from the start says that it waits for a review", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { initialCardStatus: "blocked" });
  assert.deepEqual(await told(own, card), [["card_pending_review", "platform", null]]);
  await post(server, `/cards/${card.id}/unblock`);
  assert.deepEqual(await told(own, card), []);
});

test("a program that is inactive or retired stops no card that exists", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await server.call("PATCH", `/card-programs/${card.typeId}`, { status: "inactive" }));
  assert.deepEqual(await told(own, card), []);
  await post(server, `/card-programs/${card.typeId}/retire`);
  assert.deepEqual(await told(own, card), []);
});

test("expired by the organization's clock, and again usable when it is renewed", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { validityMonths: 1 });
  await tests.advance(own, 70 * DAY_MS);
  assert.deepEqual(await told(own, card), [["card_expired", "organization", null]]);
  assert.equal((await look(own, card.id)).blockers[0].since, card.expiresAt);
  await post(own, `/cards/${card.id}/renew`);
  assert.deepEqual(await told(own, card), []);
});

test("a deleted card says only that, and a replaced one names the card to use", async () => {
  const own = await tests.organization();
  const [gone, old] = [await tests.card(own), await tests.card(own)];
  await post(own, `/cards/${gone.id}/freeze`);
  made(await own.call("DELETE", `/cards/${gone.id}`));
  assert.deepEqual(await told(own, gone), [["card_deleted", "organization", null]]);
  const fresh = await post(own, `/cards/${old.id}/replace`, { reason: "lost" });
  const { blockers } = await look(own, old.id);
  assert.ok(blockers[0].message.includes(fresh.id) && blockers[0].remedy.includes(fresh.id));
  assert.deepEqual(await told(own, fresh), []);
});

test("a suspended organization stops its cards", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  await post(server, `/organizations/${own.id}/suspend`);
  assert.deepEqual(await told(own, card), [["organization_suspended", "platform", null]]);
  await post(server, `/organizations/${own.id}/activate`);
  assert.deepEqual(await told(own, card), []);
});

test("a customer on hold or rejected stops the card; one who is asked for information only when it is due", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const verdict = (verb: string, body: Fields = {}) =>
    post(server, `/customers/${customerId}/${verb}`, body);
  const card = await tests.card(own, { customerId }, { informationDays: 10 });
  await verdict("hold", { reason: "sanctions" });
  assert.deepEqual(await told(own, card), [["sanctions_hold", "platform", null]]);
  await verdict("release");
  assert.deepEqual(await told(own, card), []);
  await verdict("request-information", { reasons: ["A newer document."] });
  assert.deepEqual(await told(own, card), []);
  await tests.advance(own, 11 * DAY_MS);
  assert.deepEqual(await told(own, card), [["customer_not_verified", "organization", null]]);
  await verdict("reject", { reasons: ["Not the same person."], canResubmit: false });
  assert.deepEqual(await told(own, card), [["customer_not_verified", "platform", null]]);
});

test("revoked product access is told once, as what it is", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const typeId = await tests.program({ requiresCustomer: true, requiresAccess: true });
  const asked = await post(own, `/customers/${customerId}/access-requests`, { typeId });
  await post(server, `/access-requests/${asked.id}/grant`);
  const card = await post(own, "/cards", { typeId, customerId, initialBalance: 1 });
  await post(server, `/access-requests/${asked.id}/revoke`, { reasons: ["Out of scope."] });
  assert.deepEqual(await told(own, card), [["product_access_revoked", "rule", null]]);
});

test("a card whose money is all held has no funds, and works again when it is topped up", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 100 });
  const ref = { type: "card", ownerId: card.id, currency: "EUR" } as const;
  await spendingOf(server, own.id, ref).hold(100n);
  assert.deepEqual(await told(own, card), [["card_without_funds", "organization", null]]);
  await post(own, `/cards/${card.id}/top-up`, { amount: 1 });
  assert.deepEqual(await told(own, card), []);
});

test("a budget card is stopped by its budget's level that is frozen, and by a budget without funds", async () => {
  const own = await tests.organization();
  const [root, , leaf] = await budgets.chain(own, 3);
  const typeId = root.typeIds[0];
  const card = await post(own, "/cards", { typeId, budgetId: leaf.id, ...names });
  assert.deepEqual(await told(own, card), [["budget_without_funds", "organization", null]]);
  await post(own, `/budgets/${root.id}/freeze`);
  assert.deepEqual(await told(own, card), [
    ["budget_frozen", "organization", null],
    ["budget_without_funds", "organization", null],
  ]);
  assert.ok((await look(own, card.id)).blockers[0].message.includes(root.id));
  await post(own, `/budgets/${leaf.id}/freeze`);
  assert.ok((await look(own, card.id)).blockers[0].message.includes(leaf.id));
  await post(own, `/budgets/${root.id}/unfreeze`);
  await post(own, `/budgets/${leaf.id}/unfreeze`);
  for (const id of [root.id, leaf.parentId, leaf.id]) {
    made(await budgets.post(own, id, "top-up", { amount: 500 }));
  }
  assert.deepEqual(await told(own, card), []);
});

test("404: another organization's card; by external id for its own", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "first" });
  assert.deepEqual(await look(own, "external:first"), await look(own, card.id));
  const other = await tests.organization(0);
  for (const id of [card.id, "external:first", "card_none"]) {
    const answer = await other.call("GET", `/cards/${id}/usability`);
    assert.deepEqual([answer.status, codesOf(answer)], [404, ["not_found"]], id);
  }
});
