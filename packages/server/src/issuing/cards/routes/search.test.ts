import assert from "node:assert/strict";
import test from "node:test";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import { type CardBody, type Fields, made, names, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const own = await tests.organization();
const typeId = await tests.program();
const issue = async (fields: Fields, who: TestOrganization = own): Promise<CardBody> =>
  made(await who.call("POST", "/cards", { typeId, ...names, initialBalance: 0, ...fields }));

const found = async (
  search: string,
  more = "",
  { call }: Pick<TestOrganization, "call"> = own,
): Promise<string[]> => {
  const answer = await call("GET", `/cards?search=${encodeURIComponent(search)}${more}`);
  return made(answer).data.map(({ id }: Fields) => id);
};
const idsOf = (...cards: CardBody[]): string[] => cards.map(({ id }) => id);

const travel = await issue({ label: "Travel 2027", externalId: "EMP-0001", lastName: "Zimmer" });
const fuel = await issue({ label: "travel fuel", firstName: "Ágnes", lastName: "Óvári" });
const odd = await issue({ label: "50%_off\\", externalId: "a_b%c" });
const plain = await issue({ label: "500 off", externalId: "axbyc" });

test("a card is found by its last four digits, and by no others", async () => {
  const hits = await found(travel.lastFour);
  assert.ok(hits.includes(travel.id));
  const all = made(await own.call("GET", "/cards")).data;
  const same = all.filter(({ lastFour }: Fields) => lastFour === travel.lastFour);
  assert.deepEqual(hits, idsOf(...same));
  assert.deepEqual(await found(travel.lastFour.slice(1)), []);
});

test("a card is found by how its label, external id or holder's name begins, in any case", async () => {
  const cases: [string, CardBody[]][] = [
    ["travel", [fuel, travel]],
    ["TRAVEL 2", [travel]],
    ["emp-0", [travel]],
    ["zim", [travel]],
    ["ADA ZIMMER", [travel]],
    ["  ada   zimmer ", [travel]],
    ["example", [plain, odd]],
    ["ada e", [plain, odd]],
    ["óvá", [fuel]],
    ["ÓVÁRI", [fuel]],
    ["ágnes ó", [fuel]],
    ["fuel", []],
    ["immer", []],
    ["nobody", []],
  ];
  for (const [search, cards] of cases) {
    assert.deepEqual(await found(search), idsOf(...cards), search);
  }
});

test("wildcard characters are characters", async () => {
  const cases: [string, CardBody[]][] = [
    ["50%", [odd]],
    ["50%_off\\", [odd]],
    ["a_b%", [odd]],
    ["a%", []],
    ["%", []],
    ["_", []],
    ["\\", []],
    ["500", [plain]],
    ["'; drop table cards; --", []],
  ];
  for (const [search, cards] of cases) {
    assert.deepEqual(await found(search), idsOf(...cards), search);
  }
});

test("a search goes together with every filter and page by page", async () => {
  made(await own.call("POST", `/cards/${fuel.id}/freeze`, {}));
  assert.deepEqual(await found("travel", "&status=frozen"), [fuel.id]);
  assert.deepEqual(await found("travel", "&status=active"), [travel.id]);
  assert.deepEqual(await found("travel", "&externalId=EMP-0001"), [travel.id]);
  assert.deepEqual(await found("travel", "&model=budgetCard"), []);
  assert.deepEqual(await found("travel", `&typeId=${typeId}`), idsOf(fuel, travel));
  const first = made(await own.call("GET", "/cards?search=travel&limit=1"));
  assert.deepEqual(idsOf(...first.data), [fuel.id]);
  assert.deepEqual(await found("travel", `&limit=1&cursor=${first.nextCursor}`), [travel.id]);
});

test("cards of customers are found by the name on the card and by the one the customer has now", async () => {
  const customerId = await tests.customer(own, { firstName: "Greta", lastName: "Quellmann" });
  const card = await issue({ customerId, firstName: undefined, lastName: undefined });
  made(await own.call("PATCH", `/customers/${customerId}`, { lastName: "Überacker" }));
  for (const search of ["quell", "greta que", "überA", "greta über"]) {
    assert.deepEqual(await found(search), [card.id], search);
  }
  const business = await tests.customer(own, {
    type: "business",
    legalName: "Nordlicht 24 GmbH",
    nationalId: "HRB 12345",
    firstName: undefined,
    lastName: undefined,
    birthDate: undefined,
  });
  const ofBusiness = await issue({
    customerId: business,
    firstName: undefined,
    lastName: undefined,
  });
  assert.deepEqual(await found("nordlicht 2"), [ofBusiness.id]);
});

test("no card of another organization is found; the platform finds those of all, or of the one it names", async () => {
  const other = await tests.organization();
  const theirs = await issue({ label: "Travel far", externalId: "EMP-0001" }, other);
  const customerId = await tests.customer(other, { firstName: "Greta", lastName: "Fernweh" });
  await issue({ customerId, firstName: undefined, lastName: undefined }, other);
  assert.deepEqual(await found("travel"), idsOf(fuel, travel));
  assert.deepEqual(await found("fernweh"), []);
  assert.deepEqual(await found("emp-0001"), [travel.id]);
  assert.deepEqual(await found("travel", "", server), idsOf(theirs, fuel, travel));
  assert.deepEqual(await found("emp", `&organizationId=${other.id}`, server), [theirs.id]);
});

test("400: a search for nothing, for spaces, or for more than 100 characters", async () => {
  for (const search of ["", "%20%20", "a".repeat(101)]) {
    const answer = await own.call("GET", `/cards?search=${search}`);
    assert.deepEqual([answer.status, answer.body.code], [400, "invalid_request"], search);
  }
  assert.deepEqual(await found("a".repeat(100)), []);
});
