import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import type { CardId, HoldId, OrganizationId } from "../../../foundation/ids/ids.ts";
import { replaceCard } from "../actions/replace.ts";
import { type Settlement, settle } from "../actions/settle.ts";
import { type CardBody, codesOf, type Fields, made, names, startCardTests } from "../fixture.ts";
import { replacementReasons } from "../model.ts";

const tests = await startCardTests();
const { server } = tests;
const DAY_MS = 86_400_000;

const post = (own: TestOrganization, { id }: CardBody, verb: string, body: Fields = {}) =>
  own.call("POST", `/cards/${id}/${verb}`, body);
const read = async (own: TestOrganization, { id }: CardBody): Promise<CardBody> =>
  made(await own.call("GET", `/cards/${id}`));
const replace = async (own: TestOrganization, card: CardBody, reason = "lost") =>
  made(await post(own, card, "replace", { reason }));

/** What the network does with a card's money. */
const does = (own: TestOrganization, { id }: CardBody, step: Settlement) =>
  inWork(server.database.app, own.id as OrganizationId, server.context.keys, (work) =>
    settle(work, id as CardId, step),
  );

let holds = 0;
async function hold(own: TestOrganization, card: CardBody, amount: bigint): Promise<HoldId> {
  holds += 1;
  const holdId: HoldId = `hold_${String(holds).padStart(26, "0")}`;
  await does(own, card, { verb: "hold", holdId, amount, expiresAt: null });
  return holdId;
}

test("201: a replacement has a number and expiry of its own, and takes over what is the holder's", async () => {
  const own = await tests.organization();
  const details = { label: "Travel", metadata: { a: "1" }, externalId: "mine" };
  const card = await tests.card(own, details, { validityMonths: 12 });
  made(await post(own, card, "freeze", { requestedBy: "cardholder" }));
  await tests.advance(own, 40 * DAY_MS);
  const fresh = await replace(own, { id: "external:mine" });
  const old = await read(own, card);
  assert.notEqual(fresh.id, card.id);
  assert.notEqual(fresh.maskedNumber + fresh.id, card.maskedNumber + card.id);
  assert.ok(fresh.expiresAt > card.expiresAt);
  assert.deepEqual(
    [fresh.status, fresh.restrictions, fresh.version, fresh.panSequence],
    ["active", [], 1, 0],
  );
  const { label, metadata, externalId, cardholder, typeId } = fresh;
  assert.deepEqual(
    { label, metadata, externalId, cardholder, typeId },
    { ...details, cardholder: card.cardholder, typeId: card.typeId },
  );
  assert.deepEqual([fresh.replaces, old.replacedBy], [card.id, fresh.id]);
  assert.deepEqual([old.externalId, old.formerExternalId], [null, "mine"]);
  assert.deepEqual([old.status, old.statusReason], ["deleted", "replaced_lost"]);
  assert.deepEqual(fresh.balances, card.balances);
  assert.equal((await read(own, { id: "external:mine" })).id, fresh.id);
  const transfers = made(await own.call("GET", "/transfers")).data;
  assert.equal(transfers.length, 2, "no money moved");
});

test("every reason of the table replaces; expired only an expired card", async () => {
  const own = await tests.organization();
  for (const reason of replacementReasons.filter((each) => each !== "expired")) {
    const card = await tests.card(own);
    await replace(own, card, reason);
    assert.equal((await read(own, card)).statusReason, `replaced_${reason}`);
  }
  const card = await tests.card(own, {}, { validityMonths: 1 });
  const early = await post(own, card, "replace", { reason: "expired" });
  assert.deepEqual([early.status, early.body.code], [409, "card_not_expired"]);
  await tests.advance(own, 70 * DAY_MS);
  assert.equal((await read(own, card)).status, "expired");
  await replace(own, card, "expired");
  const unknown = await post(own, await tests.card(own), "replace", { reason: "bored" });
  assert.deepEqual([unknown.status, unknown.body.code], [400, "invalid_request"]);
});

test("the replacement is funded, replaced and deleted like any card", async () => {
  const own = await tests.organization(50_000);
  const card = await tests.card(own);
  const fresh = await replace(own, card);
  const { to, cardId } = made(await post(own, fresh, "top-up", { amount: 500 }));
  assert.deepEqual([to.id, to.balanceAfter, cardId], [card.id, 10_500, fresh.id]);
  const again = await replace(own, fresh, "stolen");
  assert.equal((await read(own, again)).balances.available, 10_500);
  const deleted = made(await own.call("DELETE", `/cards/${again.id}`));
  assert.equal(deleted.sweep.amount, 10_500);
  assert.equal(await tests.available(own), 50_000);
  await tests.lawsHold(own);
});

test("the replacement fee is a transfer of its own; without the money nothing is replaced", async () => {
  const own = await tests.organization(10_100);
  const card = await tests.card(own, {}, { fees: { replacement: 100 } });
  const fresh = await replace(own, card);
  const { data } = made(await own.call("GET", `/transfers?cardId=${fresh.id}&kind=fee`));
  assert.deepEqual(
    data.map(({ feeKind, amount }: Fields) => [feeKind, amount]),
    [["replacement", 100]],
  );
  assert.equal(await tests.available(own), 0);
  const poor = await post(own, fresh, "replace", { reason: "lost" });
  assert.deepEqual([poor.status, poor.body.code], [422, "card_not_replaceable"]);
  assert.deepEqual(codesOf(poor), ["insufficient_organization_balance"]);
  assert.equal((await read(own, fresh)).status, "active");
});

test("everything that stops a replacement is listed at once", async () => {
  const own = await tests.organization(10_000);
  const customerId = await tests.customer(own);
  const card = await tests.card(
    own,
    { customerId, ...{ firstName: "Ada" } },
    {
      fees: { replacement: 5 },
    },
  );
  made(await server.call("POST", `/customers/${customerId}/hold`, { reason: "sanctions" }));
  made(await server.call("POST", `/organizations/${own.id}/suspend`));
  const refused = await post(own, card, "replace", { reason: "lost" });
  assert.deepEqual(codesOf(refused), [
    "organization_suspended",
    "sanctions_hold",
    "insufficient_organization_balance",
  ]);
  const renewal = await post(own, card, "renew");
  assert.deepEqual([renewal.status, renewal.body.code], [422, "card_not_renewable"]);
  assert.deepEqual(codesOf(renewal), ["organization_suspended", "sanctions_hold"]);
});

test("of a retired program: no renewal, and replacement only into its successor", async () => {
  const own = await tests.organization();
  const [first, middle, last] = [
    await tests.program({ validityMonths: 6 }),
    await tests.program(),
    await tests.program({ bin: "999901", fees: { replacement: 7 } }),
  ];
  const card = made(
    await own.call("POST", "/cards", { typeId: first, ...names, initialBalance: 100 }),
  );
  made(await server.call("POST", `/card-programs/${first}/retire`, {}));
  await tests.advance(own, 40 * DAY_MS);
  for (const verb of ["renew", "replace"]) {
    const answer = await post(own, card, verb, verb === "renew" ? {} : { reason: "lost" });
    assert.equal(answer.status, 422);
    assert.deepEqual(codesOf(answer), ["program_inactive"]);
  }
  const other = made(
    await own.call("POST", "/cards", { typeId: middle, ...names, initialBalance: 100 }),
  );
  made(await server.call("POST", `/card-programs/${middle}/retire`, { successorId: last }));
  const fresh = await replace(own, other, "damaged");
  assert.deepEqual([fresh.typeId, fresh.firstSix], [last, "999901"]);
  assert.equal(fresh.balances.available, 100);
  const inactive = await tests.program();
  const third = made(
    await own.call("POST", "/cards", { typeId: inactive, ...names, initialBalance: 100 }),
  );
  made(await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" }));
  assert.equal((await replace(own, third)).typeId, inactive);
});

test("a successor's own terms are met, or listed", async () => {
  const own = await tests.organization();
  const strict = await tests.program({ requiresCustomer: true, requiresAccess: true });
  const old = await tests.program();
  const nameless = made(
    await own.call("POST", "/cards", { typeId: old, ...names, initialBalance: 1 }),
  );
  const customerId = await tests.customer(own);
  const held = made(
    await own.call("POST", "/cards", { typeId: old, customerId, initialBalance: 1 }),
  );
  made(await server.call("POST", `/card-programs/${old}/retire`, { successorId: strict }));
  const refused = await post(own, nameless, "replace", { reason: "lost" });
  assert.deepEqual(codesOf(refused), ["customer_required"]);
  const missing = await post(own, held, "replace", { reason: "lost" });
  assert.deepEqual(codesOf(missing), ["product_access_missing"]);
  const { id } = made(
    await own.call("POST", `/customers/${customerId}/access-requests`, { typeId: strict }),
  );
  made(await server.call("POST", `/access-requests/${id}/grant`));
  assert.equal((await replace(own, held)).typeId, strict);
});

test("the rules about countries of a successor are met, or listed", async () => {
  const own = await tests.organization();
  const [old, next] = [await tests.program(), await tests.program({ requiresCustomer: true })];
  const customerId = await tests.customer(own, { nationality: "TUV" });
  const body = { typeId: old, initialBalance: 1 };
  const nameless = made(await own.call("POST", "/cards", { ...body, ...names }));
  const held = made(await own.call("POST", "/cards", { ...body, customerId }));
  const rule = { typeId: next, subject: "nationality", countries: ["TUV"], reasonCode: "embargo" };
  made(await server.call("POST", "/compliance-rules", rule));
  made(await server.call("PATCH", `/card-programs/${next}`, { requiresCustomer: false }));
  made(await server.call("POST", `/card-programs/${old}/retire`, { successorId: next }));
  const codes = [nameless, held].map(async (card) =>
    codesOf(await post(own, card, "replace", { reason: "lost" })),
  );
  assert.deepEqual(await Promise.all(codes), [["customer_required"], ["nationality_restricted"]]);
});

test("200: a renewed card keeps id, number and account; the old expiry is good to its last day", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, {}, { validityMonths: 3 });
  const early = await post(own, card, "renew");
  assert.deepEqual([early.status, early.body.code], [409, "renewal_too_early"]);
  await tests.advance(own, 40 * DAY_MS);
  const renewed = made(await post(own, card, "renew", { reason: "expiring" }));
  assert.deepEqual(
    [renewed.id, renewed.maskedNumber, renewed.panSequence, renewed.version, renewed.status],
    [card.id, card.maskedNumber, 1, 2, "active"],
  );
  const { expiryMonth: month, expiryYear: year, expiresAt } = card;
  assert.deepEqual(renewed.previousExpiry, { month, year, expiresAt });
  assert.ok(renewed.expiresAt > expiresAt);
  await tests.advance(own, 70 * DAY_MS);
  assert.equal((await read(own, card)).previousExpiry, null);
  await tests.advance(own, 70 * DAY_MS);
  assert.equal((await read(own, card)).status, "expired");
  const late = made(await post(own, card, "renew"));
  assert.deepEqual([late.status, late.panSequence, late.previousExpiry], ["active", 2, null]);
  const history = made(await own.call("GET", `/cards/${card.id}/status-history`)).data;
  assert.deepEqual(
    history.map(({ action, from, to }: Fields) => [action, from, to]),
    [
      ["renew", "expired", "active"],
      ["renew", "active", "active"],
      ["issue", null, "active"],
    ],
  );
});

test("a budget card is replaced and stays on its budget", async () => {
  const own = await tests.organization();
  const { id: budgetId, typeId } = await tests.budget(own);
  made(await own.call("POST", `/budgets/${budgetId}/top-up`, { amount: 500 }));
  const card = made(await own.call("POST", "/cards", { typeId, ...names, budgetId }));
  const holdId = await hold(own, card, 200n);
  const fresh = await replace(own, card, "compromised");
  assert.deepEqual(fresh.budget, { id: budgetId, available: 300 });
  await does(own, card, { verb: "capture", holdId, amount: 150n, final: true });
  await does(own, card, { verb: "refund", amount: 20n });
  assert.equal((await read(own, fresh)).budget.available, 370);
  await tests.lawsHold(own);
});

test("replacing one card twice at once makes one replacement", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "once" });
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => post(own, card, "replace", { reason: "lost" })),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const { status, body } of answers) {
    if (status !== 201) assert.equal(body.code, "card_deleted");
  }
});

test("who names a card by its external id while it is replaced reaches the new one, or is to ask again", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "passed-on" });
  const path = "/cards/external:passed-on";
  const rule = { threshold: 100, amount: 100 };
  const ask = () =>
    Promise.all([
      own.call("POST", `${path}/freeze`, {}),
      own.call("POST", `${path}/top-up`, { amount: 5 }),
      own.call("PUT", `${path}/auto-top-up`, rule),
    ]);
  const { database, context } = server;
  const asked = await inWork(database.app, own.id as OrganizationId, context.keys, async (work) => {
    await replaceCard(work, card.id, { reason: "lost", note: null });
    const answers = ask();
    await delay(300);
    return { answers };
  });
  const [frozen, ...others] = await asked.answers;
  assert.equal(frozen.status, 200, JSON.stringify(frozen.body));
  assert.deepEqual([frozen.body.replaces, frozen.body.status], [card.id, "frozen"]);
  for (const { status, body, headers } of others) {
    assert.deepEqual([status, body.code, headers.get("retry-after")], [503, "unavailable", "1"]);
  }
  assert.deepEqual(
    (await ask()).map(({ status }) => status),
    [200, 201, 200],
  );
  await tests.lawsHold(own);
});

test("clearing above what a deleted card held is the organization's, then a debt", async () => {
  const own = await tests.organization(1_050);
  const card = await tests.card(own, { initialBalance: 1_000 });
  const holdId = await hold(own, card, 1_000n);
  const deleted = made(await own.call("DELETE", `/cards/${card.id}`));
  assert.deepEqual(
    [deleted.sweep, deleted.openHolds.map(({ amount }: Fields) => amount)],
    [null, [1_000]],
  );
  await does(own, card, { verb: "capture", holdId, amount: 1_100n, final: true });
  assert.equal(await tests.available(own), 0);
  assert.equal((await read(own, card)).balances.owed, 50);
  await does(own, card, { verb: "refund", amount: 80n });
  assert.equal((await read(own, card)).balances.owed, 0);
  assert.equal(await tests.available(own), 30);
  await does(own, card, { verb: "forcedDebit", amount: 10n });
  assert.equal(await tests.available(own), 20);
  await tests.lawsHold(own);
});

test("what an archived budget owes is paid by refunds first, and only the rest is the organization's", async () => {
  const own = await tests.organization(0);
  const { id: budgetId, typeId } = await tests.budget(own);
  const card = made(await own.call("POST", "/cards", { typeId, ...names, budgetId }));
  made(await own.call("DELETE", `/cards/${card.id}`));
  made(await own.call("POST", `/budgets/${budgetId}/archive`, {}));
  await does(own, card, { verb: "forcedDebit", amount: 70n });
  const owed = async () => made(await own.call("GET", `/budgets/${budgetId}`)).balances.owed;
  assert.equal(await owed(), 70);
  await does(own, card, { verb: "refund", amount: 50n });
  assert.deepEqual([await owed(), await tests.available(own)], [20, 0]);
  await does(own, card, { verb: "refund", amount: 50n });
  assert.deepEqual([await owed(), await tests.available(own)], [0, 30]);
  await does(own, card, { verb: "refund", amount: 5n });
  assert.deepEqual([await owed(), await tests.available(own)], [0, 35]);
  await tests.lawsHold(own);
});
