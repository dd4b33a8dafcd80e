import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const post = (own: TestOrganization, { id }: CardBody, verb: string, body: Fields) =>
  own.call("POST", `/cards/${id}/${verb}`, body);

/** Both verbs of funds refuse alike, and nothing moves. */
async function refuses(
  own: TestOrganization,
  card: CardBody,
  verb: string,
  body: Fields,
  expected: [status: number, code: string],
): Promise<CardBody> {
  const before = made(await own.call("GET", `/cards/${card.id}`));
  const answer = await post(own, card, verb, body);
  assert.deepEqual([answer.status, answer.body.code], expected, JSON.stringify(answer.body));
  assert.ok(answer.body.errors[0].remedy, "says what to do");
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)), before);
  return answer.body;
}

const DAY_MS = 86_400_000;

test("201: a top-up moves the whole amount and charges the fee beside it, as two transfers", async () => {
  const own = await tests.organization(20_000);
  const card = await tests.card(own, {}, { fees: { topUp: 25 } });
  const { id, journalIds, createdAt, actor, ...rest } = made(
    await post(own, card, "top-up", { amount: 500, currency: "EUR", note: "Week 7" }),
  );
  assert.deepEqual(rest, {
    organizationId: own.id,
    kind: "card_top_up",
    status: "completed",
    amount: 500,
    currency: "EUR",
    from: {
      type: "organization_available",
      id: own.id,
      balanceBefore: 10_000,
      balanceAfter: 9_500,
    },
    to: { type: "card", id: card.id, balanceBefore: 10_000, balanceAfter: 10_500 },
    cardId: card.id,
    budgetId: null,
    feeKind: null,
    relatedTransferId: null,
    reverses: null,
    reversedBy: null,
    note: "Week 7",
    reason: null,
    version: 1,
  });
  assert.match(id, /^trf_/);
  assert.equal(journalIds.length, 1);
  assert.equal(actor.kind, "key");
  const { data } = made(await own.call("GET", `/transfers?cardId=${card.id}`));
  const fee = data.find(({ kind }: Fields) => kind === "fee");
  assert.deepEqual(
    [fee.feeKind, fee.amount, fee.relatedTransferId, fee.from.balanceAfter],
    ["top_up", 25, id, 9_475],
  );
  await tests.lawsHold(own);
});

test("201: a withdrawal goes back to the organization, without a fee", async () => {
  const own = await tests.organization(10_000);
  const card = await tests.card(own, {}, { fees: { topUp: 25 } });
  const { kind, from, to } = made(await post(own, card, "withdraw", { amount: 4_000 }));
  assert.equal(kind, "card_withdrawal");
  assert.deepEqual([from.type, from.balanceAfter], ["card", 6_000]);
  assert.deepEqual([to.type, to.balanceAfter], ["organization_available", 4_000]);
  const { data } = made(await own.call("GET", `/transfers?cardId=${card.id}`));
  assert.equal(data.length, 2);
});

test("a card is found by external id, and only one's own", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { externalId: "travel 1" });
  const byExternal = { id: "external:travel 1" };
  assert.equal(made(await post(own, byExternal, "top-up", { amount: 5 })).cardId, card.id);
  const other = await tests.organization();
  for (const each of [card, byExternal, { id: "external:null" }, { id: "card_none" }]) {
    for (const verb of ["top-up", "withdraw"]) {
      const answer = await post(other, each, verb, { amount: 5 });
      assert.deepEqual([answer.status, answer.body.code], [404, "not_found"]);
    }
  }
});

test("an external id that nobody gave finds no card that has none, also beside others", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      post(own, index % 2 === 0 ? card : { id: "external:null" }, "top-up", { amount: 1 }),
    ),
  );
  for (const [index, { status }] of answers.entries()) {
    assert.equal(status, index % 2 === 0 ? 201 : 404);
  }
});

test("409: a budget card has no money of its own; the remedy names the budget", async () => {
  const own = await tests.organization();
  const { id: budgetId, typeId } = await tests.budget(own);
  const card = made(await own.call("POST", "/cards", { typeId, ...names, budgetId }));
  for (const verb of ["top-up", "withdraw"]) {
    const body = await refuses(own, card, verb, { amount: 5 }, [409, "budget_card_not_fundable"]);
    assert.match(JSON.stringify(body), /budget/i);
  }
});

test("422: amounts below the program's minimum; the rest of a card can always be taken", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 1_050 }, { minimumTransfer: 100 });
  await refuses(own, card, "top-up", { amount: 99 }, [422, "amount_too_low"]);
  await refuses(own, card, "withdraw", { amount: 99 }, [422, "amount_too_low"]);
  made(await post(own, card, "top-up", { amount: 100 }));
  made(await post(own, card, "withdraw", { amount: 1_100 }));
  await refuses(own, card, "withdraw", { amount: 49 }, [422, "amount_too_low"]);
  made(await post(own, card, "withdraw", { amount: 50 }));
});

test("422: a top-up above the program's maximum balance; exactly to it is fine", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 900 }, { maximumBalance: 1_000 });
  await refuses(own, card, "top-up", { amount: 101 }, [422, "balance_too_high"]);
  made(await post(own, card, "top-up", { amount: 100 }));
  await refuses(own, card, "top-up", { amount: 1 }, [422, "balance_too_high"]);
});

test("422: more than the card or the organization has; the fee counts too", async () => {
  const own = await tests.organization(1_000);
  const card = await tests.card(own, { initialBalance: 600 }, { fees: { topUp: 10 } });
  await refuses(own, card, "withdraw", { amount: 601 }, [422, "insufficient_card_balance"]);
  const short: [number, string] = [422, "insufficient_organization_balance"];
  const { detail } = await refuses(own, card, "top-up", { amount: 391 }, short);
  assert.match(detail, /401.*400/, "names what it takes with the fee, and what is there");
  made(await post(own, card, "top-up", { amount: 390 }));
  await refuses(own, card, "top-up", { amount: 1 }, short);
  assert.equal(await tests.available(own), 0);
});

test("422: a currency that is not the card's", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  for (const verb of ["top-up", "withdraw"]) {
    await refuses(own, card, verb, { amount: 5, currency: "USD" }, [422, "currency_mismatch"]);
  }
});

test("400: amounts that are no positive whole numbers of minor units, exactly", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  const amounts = ["0", "-1", "1.5", "1e3", '"5"', "9007199254740993", "1000000000001", "null"];
  for (const verb of ["top-up", "withdraw"]) {
    for (const amount of amounts) {
      const answer = await own.call("POST", `/cards/${card.id}/${verb}`, `{"amount":${amount}}`);
      assert.equal(answer.status, 400, `${amount}: ${JSON.stringify(answer.body)}`);
    }
  }
  assert.deepEqual(made(await own.call("GET", `/cards/${card.id}`)), card);
});

test("409: a suspended organization tops nothing up, but takes its money back", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await server.call("POST", `/organizations/${own.id}/suspend`, {}));
  const code = "organization_suspended";
  const answer = await post(own, card, "top-up", { amount: 5 });
  assert.equal(answer.body.code, code, JSON.stringify(answer.body));
  made(await post(own, card, "withdraw", { amount: 5 }));
});

test("409: no top-up for a customer on hold or rejected, naming why; withdrawing goes on", async () => {
  const own = await tests.organization();
  const reasons = ["because"];
  const cases = [
    ["hold", { reason: "investigation" }, "customer_not_verified"],
    ["hold", { reason: "sanctions" }, "sanctions_hold"],
    ["reject", { reasons }, "customer_not_verified"],
  ] as const;
  for (const [path, body, code] of cases) {
    const customerId = await tests.customer(own);
    const card = await tests.card(own, { customerId });
    if (path === "reject") {
      made(await own.call("PATCH", `/customers/${customerId}`, { lastName: "Examplesdottir" }));
      made(await post(own, card, "top-up", { amount: 5 }));
    }
    made(await server.call("POST", `/customers/${customerId}/${path}`, body));
    const found = await refuses(own, card, "top-up", { amount: 5 }, [409, "card_not_fundable"]);
    assert.equal(found.errors[0].code, code);
    made(await post(own, card, "withdraw", { amount: 5 }));
  }
});

test("a customer who is asked for information is served until the program's days are over", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const card = await tests.card(own, { customerId }, { informationDays: 10 });
  const reasons = ["expired document"];
  made(await server.call("POST", `/customers/${customerId}/request-information`, { reasons }));
  made(await post(own, card, "top-up", { amount: 5 }));
  await tests.advance(own, 9 * DAY_MS);
  made(await post(own, card, "top-up", { amount: 5 }));
  await tests.advance(own, 1 * DAY_MS);
  await refuses(own, card, "top-up", { amount: 5 }, [409, "card_not_fundable"]);
});

test("409: undoing a transfer is refused where the card refuses what it comes to", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const card = await tests.card(own, { customerId });
  const topUp = made(await post(own, card, "top-up", { amount: 50 }));
  const withdrawal = made(await post(own, card, "withdraw", { amount: 50 }));
  const undo = (id: string) => own.call("POST", `/transfers/${id}/reverse`, {});
  const refused = async (id: string, code: string) => {
    const answer = await undo(id);
    assert.deepEqual([answer.status, answer.body.code], [409, code]);
  };
  const byLaw = { owner: "compliance", reason: "sanctions" };
  made(await server.call("POST", `/cards/${card.id}/block`, byLaw));
  await refused(topUp.id, "compliance_restriction");
  await refused(withdrawal.id, "card_blocked");
  made(await server.call("POST", `/cards/${card.id}/unblock`, { owner: "compliance" }));
  const hold = { reason: "investigation" };
  made(await server.call("POST", `/customers/${customerId}/hold`, hold));
  await refused(withdrawal.id, "card_not_fundable");
  made(await server.call("POST", `/customers/${customerId}/release`, {}));
  assert.equal((await undo(withdrawal.id)).status, 201);
  assert.equal((await undo(topUp.id)).status, 201);
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).balances.available, 10_000);
  await tests.lawsHold(own);
});

test("moving money bumps no card's version and announces transfers only", async () => {
  const own = await tests.organization();
  const card = await tests.card(own);
  made(await post(own, card, "top-up", { amount: 5 }));
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).version, 1);
  await server.sequence();
  const { data } = made(await own.call("GET", "/events"));
  const last = data.at(-1);
  assert.deepEqual([last.type, last.data.object.kind], ["transfer.completed", "card_top_up"]);
});

test("undoing a withdrawal cannot lift a card above what its program allows", async () => {
  const own = await tests.organization(100_000);
  const card = await tests.card(own, { initialBalance: 1_000 }, { maximumBalance: 1_000 });
  const { id } = made(await post(own, card, "withdraw", { amount: 600 }));
  made(await post(own, card, "top-up", { amount: 1 }));
  const refused = await own.call("POST", `/transfers/${id}/reverse`, {});
  assert.deepEqual([refused.status, refused.body.code], [422, "balance_too_high"]);
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).balances.available, 401);
  made(await post(own, card, "withdraw", { amount: 1 }));
  made(await own.call("POST", `/transfers/${id}/reverse`, {}));
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).balances.available, 1_000);
});

test("undone withdrawals and top-ups at once never exceed what the program allows", async () => {
  const own = await tests.organization(100_000);
  const card = await tests.card(own, { initialBalance: 1_000 }, { maximumBalance: 1_000 });
  const withdrawn: CardBody[] = [];
  for (let index = 0; index < 10; index += 1) {
    withdrawn.push(made(await post(own, card, "withdraw", { amount: 100 })));
  }
  const answers = await Promise.all(
    withdrawn.flatMap(({ id }) => [
      own.call("POST", `/transfers/${id}/reverse`, {}),
      post(own, card, "top-up", { amount: 100 }),
    ]),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 10);
  assert.equal(made(await own.call("GET", `/cards/${card.id}`)).balances.posted, 1_000);
  await tests.lawsHold(own);
});

test("a top-up and a withdrawal of a card that was replaced are undone on the account that it shares, until the last card is deleted", async () => {
  const own = await tests.organization();
  const card = await tests.card(own, { initialBalance: 1_000 });
  const topUp = made(await post(own, card, "top-up", { amount: 300 }));
  const withdrawal = made(await post(own, card, "withdraw", { amount: 50 }));
  const late = made(await post(own, card, "top-up", { amount: 20 }));
  const fresh = made(await post(own, card, "replace", { reason: "lost" }));
  const undo = (id: string) => own.call("POST", `/transfers/${id}/reverse`, {});
  made(await undo(topUp.id));
  made(await undo(withdrawal.id));
  assert.equal(made(await own.call("GET", `/cards/${fresh.id}`)).balances.available, 1_020);
  const byLaw = { owner: "compliance", reason: "sanctions" };
  made(await server.call("POST", `/cards/${fresh.id}/block`, byLaw));
  assert.equal((await undo(late.id)).body.code, "compliance_restriction");
  made(await server.call("POST", `/cards/${fresh.id}/unblock`, { owner: "compliance" }));
  made(await own.call("DELETE", `/cards/${fresh.id}`));
  assert.equal((await undo(late.id)).body.code, "card_deleted");
  await tests.lawsHold(own);
});

test("reversals beside the replacement of their card end on one side of it, and the books hold", async () => {
  const own = await tests.organization();
  for (let round = 0; round < 5; round += 1) {
    const card = await tests.card(own, { initialBalance: 1_000 });
    const topUps = [];
    for (const amount of [10, 20, 30])
      topUps.push(made(await post(own, card, "top-up", { amount })));
    const [replaced, ...undone] = await Promise.all([
      post(own, card, "replace", { reason: "damaged" }),
      ...topUps.map(({ id }) => own.call("POST", `/transfers/${id}/reverse`, {})),
    ]);
    for (const answer of undone) made(answer);
    const { id } = made(replaced);
    assert.equal(made(await own.call("GET", `/cards/${id}`)).balances.available, 1_000);
  }
  await tests.lawsHold(own);
});
