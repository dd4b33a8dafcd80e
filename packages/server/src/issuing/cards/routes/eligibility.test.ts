import assert from "node:assert/strict";
import test from "node:test";
import { type CardBody, type Fields, made, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

const strict = {
  requiresCustomer: true,
  requiresAccess: true,
  minimumLevel: "advanced",
  restrictedNationalities: ["DEU"],
  allowedResidences: ["ESP"],
  customerTypes: ["business"],
};

const pathOf = (customerId: string, typeId: string) =>
  `/customers/${customerId}/eligibility?typeId=${typeId}`;
const codes = ({ unmet }: CardBody): string[] => unmet.map(({ code }: Fields) => code);

test("everything unmet between a customer and a program is told at once, each with its remedy", async () => {
  const own = await tests.organization(0);
  const typeId = await tests.program(strict);
  const customerId = await tests.customer(own, {}, null);
  const told = made(await own.call("GET", pathOf(customerId, typeId)));
  assert.equal(told.eligible, false);
  assert.deepEqual(codes(told), [
    "customer_not_verified",
    "customer_type_not_allowed",
    "verification_level_too_low",
    "product_access_missing",
    "nationality_restricted",
    "residence_restricted",
  ]);
  for (const { remedy, field } of told.unmet) {
    assert.equal(field, "customerId");
    assert.ok(remedy.length > 10, remedy);
  }
});

test("it tells of the customer what preflight tells, and nothing of balance, money or budget", async () => {
  const own = await tests.organization(0);
  const customerId = await tests.customer(own);
  for (const terms of [{}, strict, { model: "budgetCard" }, { fees: { issuance: 5 } }]) {
    const typeId = await tests.program(terms);
    const told = made(await own.call("GET", pathOf(customerId, typeId)));
    const { unmet } = made(await own.call("POST", "/cards/preflight", { typeId, customerId }));
    const about = unmet.filter(({ field }: Fields) => field === "customerId");
    assert.deepEqual(told, { eligible: about.length === 0, unmet: about });
  }
});

test("a customer who is eligible gets a card, until there are as many as the program allows", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, cardsPerCustomer: 1 });
  const customerId = await tests.customer(own);
  const before = made(await own.call("GET", pathOf(customerId, typeId)));
  assert.deepEqual(before, { eligible: true, unmet: [] });
  made(await own.call("POST", "/cards", { typeId, customerId, initialBalance: 5 }));
  const after = made(await own.call("GET", pathOf(customerId, typeId)));
  assert.deepEqual(codes(after), ["card_limit_reached"]);
});

test("a program that is unknown, inactive or not available, and a suspended organization, are told too", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const inactive = await tests.program({});
  made(await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" }));
  const hidden = await tests.program({ ...strict, availability: "listed", organizationIds: [] });
  const read = async (typeId: string) =>
    codes(made(await own.call("GET", pathOf(customerId, typeId))));
  assert.deepEqual(await read("prog_none"), ["program_not_found"]);
  assert.deepEqual(await read(inactive), ["program_inactive"]);
  // Its terms are not the caller's to learn.
  assert.deepEqual(await read(hidden), ["program_not_available"]);
  made(await server.call("POST", `/organizations/${own.id}/suspend`));
  assert.deepEqual(await read(inactive), ["organization_suspended", "program_inactive"]);
});

test("404: another organization's customer; the platform and one's own id find it", async () => {
  const own = await tests.organization();
  const other = await tests.organization();
  const typeId = await tests.program({});
  const customerId = await tests.customer(own, { externalId: "ada" });
  for (const id of [customerId, "external:ada", "cus_none"]) {
    assert.equal((await other.call("GET", pathOf(id, typeId))).status, 404, id);
  }
  assert.equal(made(await own.call("GET", pathOf("external:ada", typeId))).eligible, true);
  assert.equal(made(await server.call("GET", pathOf(customerId, typeId))).eligible, true);
  const without = await own.call("GET", `/customers/${customerId}/eligibility`);
  assert.equal(without.status, 400);
});
