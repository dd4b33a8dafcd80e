import assert from "node:assert/strict";
import test from "node:test";
import { furnish } from "../../../test/harness/furnish.ts";
import { startTestServer, type TestOrganization } from "../../../test/harness/server.ts";

const server = await startTestServer();

/** A sandbox organization that was given this much. */
async function funded(...amounts: number[]): Promise<TestOrganization> {
  const organization = await server.newOrganization();
  for (const amount of amounts) {
    const body = { amount, currency: "EUR" };
    const { status } = await organization.call("POST", "/simulations/deposits", body);
    assert.equal(status, 201);
  }
  await server.sequence();
  return organization;
}

test("200: accounts show their four numbers as exact texts, and balances that follow from them", async () => {
  const { id, call } = await funded(1_000, 234);
  const { status, body } = await call("GET", "/ledger/accounts?currency=EUR");
  assert.equal(status, 200);
  const own = body.data.find((one: { type: string }) => one.type === "organization_available");
  assert.deepEqual(own, {
    id: `acc_organization_available_${id}_EUR`,
    type: "organization_available",
    ownerId: id,
    currency: "EUR",
    debitsPending: "0",
    debitsPosted: "0",
    creditsPending: "0",
    creditsPosted: "1234",
    posted: "1234",
    held: "0",
    available: "1234",
    owed: "0",
    version: 2,
    closed: false,
  });
  const funding = body.data.find((one: { type: string }) => one.type === "external_funding");
  assert.deepEqual([funding.debitsPosted, funding.posted, funding.version], ["1234", "1234", 2]);
});

test("200: accounts are filtered by type, owner and currency, and paged", async () => {
  const { id, call } = await funded(1);
  const only = await call("GET", `/ledger/accounts?type=external_funding&ownerId=${id}`);
  assert.deepEqual(
    only.body.data.map(({ type }: { type: string }) => type),
    ["external_funding"],
  );
  assert.deepEqual((await call("GET", "/ledger/accounts?currency=USD&type=fees")).body.data, []);
  const seen: string[] = [];
  let next = "";
  do {
    const { body } = await call("GET", `/ledger/accounts?limit=1${next}`);
    seen.push(...body.data.map((one: { id: string }) => one.id));
    next = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
  } while (next !== "");
  assert.ok(seen.length >= 2);
  assert.equal(new Set(seen).size, seen.length);
});

test("200: entries come newest first with sequence, time, both sides and their versions", async () => {
  const { id, call } = await funded(1_000, 234);
  const { status, body } = await call("GET", "/ledger/entries");
  assert.equal(status, 200);
  assert.deepEqual(
    body.data.map(({ amount }: { amount: number }) => amount),
    [234, 1_000],
  );
  const [last, first] = body.data;
  assert.ok(last.sequence > first.sequence);
  assert.equal(last.kind, "deposit");
  assert.equal(last.credit.accountId, `acc_organization_available_${id}_EUR`);
  assert.deepEqual([last.credit.version, last.credit.creditsPosted], [2, "1234"]);
  assert.deepEqual([last.debit.version, last.debit.debitsPosted], [2, "1234"]);
  assert.match(last.transferId, /^trf_/);
});

test("200: entries are found by account, transfer and time, and paged without repeating", async () => {
  const { id, call } = await funded(5, 6, 7);
  const all = (await call("GET", "/ledger/entries")).body.data;
  const [last, middle] = all;
  const of = async (query: string) =>
    (await call("GET", `/ledger/entries?${query}`)).body.data.map(
      ({ amount }: { amount: number }) => amount,
    );
  assert.deepEqual(await of(`accountId=acc_organization_available_${id}_EUR`), [7, 6, 5]);
  assert.deepEqual(await of(`accountId=acc_fees_${id}_EUR`), []);
  assert.deepEqual(await of(`transferId=${middle.transferId}`), [6]);
  assert.deepEqual(await of("transferId=trf_unknown"), []);
  assert.deepEqual(await of("holdId=hold_unknown"), []);
  const later = new Date(Date.parse(last.recordedAt) + 1).toISOString();
  assert.deepEqual(await of(`from=${later}`), []);
  assert.deepEqual((await of(`from=${last.recordedAt}`))[0], 7);
  assert.deepEqual(await of(`to=${later}`), [7, 6, 5]);
  assert.ok(!(await of(`to=${last.recordedAt}`)).includes(7));
  assert.deepEqual(await of("to=2000-01-01T00:00:00Z"), []);
  const page = await call("GET", "/ledger/entries?limit=2");
  const rest = await call("GET", `/ledger/entries?limit=2&cursor=${page.body.nextCursor}`);
  assert.deepEqual(
    rest.body.data.map(({ amount }: { amount: number }) => amount),
    [5],
  );
  assert.equal(rest.body.nextCursor, null);
});

test("200: entries are found by card, budget, kind and sequences, alone and together", async () => {
  const { call, objects } = await furnish(server);
  const { card, budget } = objects;
  await server.sequence();
  await call("POST", `/cards/${card}/top-up`, { amount: 7 });
  await server.sequence();
  const of = async (query: string) =>
    (await call("GET", `/ledger/entries?${query}`)).body.data.map(
      ({ kind, amount }: { kind: string; amount: number }) => `${kind} ${amount}`,
    );
  assert.deepEqual(await of(`cardId=${card}`), ["top_up 7", "top_up 10000"]);
  assert.deepEqual(await of(`budgetId=${budget}`), ["top_up 50000"]);
  assert.deepEqual(await of("kind=deposit"), ["deposit 10000000"]);
  assert.deepEqual(await of(`kind=top_up&cardId=${card}&limit=1`), ["top_up 7"]);
  assert.deepEqual(await of(`kind=deposit&cardId=${card}`), []);
  const account = `accountId=acc_card_${card}_EUR`;
  assert.deepEqual(await of(`${account}&kind=top_up&cardId=${card}`), ["top_up 7", "top_up 10000"]);
  assert.deepEqual(await of(`${account}&kind=deposit`), []);
  assert.deepEqual(await of(`${account}&budgetId=${budget}`), []);
  const [{ sequence, recordedAt }] = (await call("GET", "/ledger/entries?limit=1")).body.data;
  assert.deepEqual(await of(`fromSequence=${sequence}`), ["top_up 7"]);
  assert.deepEqual(await of(`toSequence=${sequence}&limit=1`), ["top_up 7"]);
  assert.deepEqual(await of(`fromSequence=${sequence + 1}`), []);
  assert.ok(!(await of(`toSequence=${sequence - 1}`)).includes("top_up 7"));
  assert.deepEqual(
    await of(`fromSequence=${sequence}&to=${recordedAt}`),
    [],
    "the narrower counts",
  );
  assert.deepEqual(await of(`toSequence=1&from=${recordedAt}`), []);
});

test("200: the platform reads the books of the organization that it names; 422: of none that is", async () => {
  const { id } = await funded(5);
  for (const path of ["/ledger/accounts", "/ledger/entries", "/ledger/invariants"]) {
    const { status, body } = await server.call("GET", `${path}?organizationId=${id}`);
    assert.equal(status, 200, path);
    assert.ok(JSON.stringify(body).includes(path.endsWith("invariants") ? "head" : id), path);
    const own = await server.call("GET", path);
    assert.ok(!JSON.stringify(own.body).includes(id), "unnamed, its own");
    const unknown = await server.call("GET", `${path}?organizationId=org_unknown`);
    assert.deepEqual([unknown.status, unknown.body.code], [422, "organization_not_found"]);
  }
  const { body: named } = await server.call("GET", `/ledger/invariants?organizationId=${id}`);
  assert.ok(named.head.sequence > 0 && named.holds);
});

test("A6: 200: accounts as of a sequence and of an instant are what they were then", async () => {
  const { call } = await funded(5, 6);
  const [last, first] = (await call("GET", "/ledger/entries")).body.data;
  const posted = async (query: string) => {
    const path = `/ledger/accounts?type=organization_available&currency=EUR&${query}`;
    return (await call("GET", path)).body.data[0].posted;
  };
  assert.equal(await posted(""), "11");
  assert.equal(await posted("sequence=0"), "0");
  assert.equal(await posted(`sequence=${first.sequence}`), "5");
  assert.equal(await posted(`sequence=${last.sequence}`), "11");
  assert.equal(await posted("at=2000-01-01T00:00:00Z"), "0");
  assert.equal(await posted(`at=${last.recordedAt}`), "11");
});

test("422: an instant later than now, and a sequence that is not reached yet", async () => {
  const { call } = await funded(5);
  const later = await call("GET", "/ledger/accounts?at=2999-01-01T00:00:00Z");
  assert.deepEqual([later.status, later.body.code], [422, "as_of_in_future"]);
  const beyond = await call("GET", "/ledger/accounts?sequence=9007199254740991");
  assert.deepEqual([beyond.status, beyond.body.code], [422, "as_of_not_reached"]);
});

for (const query of [
  "sequence=1e3",
  "sequence=-1",
  "sequence=1.5",
  "sequence=9007199254740992",
  "sequence=1&at=2030-01-01T00:00:00Z",
  "at=yesterday",
  "type=savings",
  "currency=eur",
  "limit=0",
  "limit=101",
  "cursor=x",
  "colour=red",
]) {
  test(`A4: 400: ledger/accounts?${query} is refused, naming the field`, async () => {
    const { call } = await server.newOrganization();
    const { status, body } = await call("GET", `/ledger/accounts?${query}`);
    assert.deepEqual([status, body.code], [400, "invalid_request"]);
    assert.equal(body.errors[0].field, query.split(/[=&]/)[0]);
  });
}

test("400: a cursor of another list, or one that was made up, is refused", async () => {
  const { call } = await funded(1);
  const forged = (text: string) => Buffer.from(text).toString("base64url");
  for (const cursor of [forged("1:acc_x"), forged(`1:${"9".repeat(30)}`), forged("2:1"), "%00"]) {
    const { status, body } = await call("GET", `/ledger/entries?cursor=${cursor}`);
    assert.deepEqual([status, body.errors[0].field], [400, "cursor"], cursor);
  }
});

test("200: the invariants say each law, and give the head of the chain", async () => {
  const { call } = await funded(5);
  const { status, body } = await call("GET", "/ledger/invariants");
  assert.equal(status, 200);
  assert.equal(body.holds, true);
  assert.ok(body.laws.length >= 7);
  assert.ok(body.laws.every((law: { holds: boolean }) => law.holds));
  assert.ok(body.head.sequence > 0);
  assert.match(body.head.link, /^[0-9a-f]{64}$/);
});

test("200: another organization's books are not in any answer", async () => {
  const { id } = await funded(77);
  const stranger = await funded();
  const accounts = await stranger.call("GET", `/ledger/accounts?ownerId=${id}`);
  assert.deepEqual(accounts.body.data, []);
  const path = `/ledger/entries?accountId=acc_organization_available_${id}_EUR`;
  assert.deepEqual((await stranger.call("GET", path)).body.data, []);
});

test("403: a key without ledger:read reads no books", async () => {
  const { id } = await funded(1);
  const key = await server.newKey(id, ["cards:read"]);
  for (const path of ["/ledger/accounts", "/ledger/entries", "/ledger/invariants"]) {
    const { status, body } = await server.call("GET", path, undefined, { key });
    assert.deepEqual([status, body.code], [403, "scope_missing"], path);
  }
});
