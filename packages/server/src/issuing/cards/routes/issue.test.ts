import assert from "node:assert/strict";
import test from "node:test";
import { giveDocuments, givePeople } from "../../../../test/harness/evidence.ts";
import type { CallAnswer, TestOrganization } from "../../../../test/harness/server.ts";
import { issueConditions } from "../errors.ts";
import { codesOf, type Fields, made, names, person, startCardTests } from "../fixture.ts";

const tests = await startCardTests();
const { server } = tests;

/** The codes of PRODUCT §5's list; each must be seen in an answer of this file. */
const wanted = new Set([
  ...Object.keys(issueConditions.entries),
  "program_not_found",
  "program_inactive",
  "program_not_available",
  "customer_not_found",
  "organization_suspended",
  "budget_not_found",
  "budget_frozen",
  "budget_archived",
  "insufficient_organization_balance",
  "external_id_taken",
  "name_invalid",
  "currency_mismatch",
]);
const seen = new Set<string>();

/**
 * Preflights and issues the same body: both must say the same, and a refusal must write nothing.
 */
async function refused(
  own: TestOrganization,
  body: Fields,
  ...codes: string[]
): Promise<CallAnswer> {
  const preflight = await own.call("POST", "/cards/preflight", body);
  assert.equal(preflight.status, 200, JSON.stringify(preflight.body));
  const issue = await own.call("POST", "/cards", body);
  assert.equal(issue.status, 422, JSON.stringify(issue.body));
  assert.equal(issue.body.code, "card_not_issuable");
  assert.deepEqual(codesOf(issue), codes);
  assert.equal(preflight.body.eligible, false);
  const lines = issue.body.errors.map((line: Fields) => ({ field: null, ...line }));
  assert.deepEqual(preflight.body.unmet, lines);
  for (const problem of issue.body.errors) {
    seen.add(problem.code);
    assert.ok(problem.message && problem.remedy, `${problem.code} says what and what to do`);
  }
  return issue;
}

async function issued(own: TestOrganization, body: Fields) {
  const preflight = made(await own.call("POST", "/cards/preflight", body));
  assert.deepEqual(preflight.unmet, []);
  assert.equal(preflight.eligible, true);
  const answer = await own.call("POST", "/cards", body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body;
}

const card = { ...names, initialBalance: 1_000 };

test("201: a card is issued with its fee and its initial balance as two transfers", async () => {
  const own = await tests.organization(10_000);
  const typeId = await tests.program({ fees: { issuance: 150 } });
  const body = { typeId, ...card, label: "Travel", externalId: "card 1", metadata: { team: "a" } };
  const preflight = await own.call("POST", "/cards/preflight", body);
  assert.deepEqual(preflight.body, {
    eligible: true,
    unmet: [],
    price: {
      currency: "EUR",
      lines: [
        { kind: "issuance_fee", amount: 150 },
        { kind: "initial_balance", amount: 1_000 },
      ],
      total: 1_150,
    },
  });
  assert.equal(await tests.available(own), 10_000);
  const { id, lastFour, createdAt, expiresAt, expiryMonth, expiryYear, ...rest } = await issued(
    own,
    body,
  );
  assert.match(id, /^card_/);
  assert.deepEqual(rest, {
    organizationId: own.id,
    externalId: "card 1",
    model: "card",
    typeId,
    customerId: null,
    budgetId: null,
    replaces: null,
    replacedBy: null,
    formerExternalId: null,
    maskedNumber: `999900******${lastFour}`,
    firstSix: "999900",
    brand: "private",
    panSequence: 0,
    previousExpiry: null,
    currency: "EUR",
    status: "active",
    statusReason: null,
    restrictions: [],
    balances: { currency: "EUR", posted: 1_000, held: 0, available: 1_000, owed: 0 },
    budget: null,
    autoTopUp: null,
    label: "Travel",
    metadata: { team: "a" },
    cardholder: { ...names, legalName: null, email: null, phone: null },
    billingAddress: null,
    legalHold: null,
    version: 1,
    deletedAt: null,
  });
  const at = new Date(createdAt);
  const months = at.getUTCFullYear() * 12 + at.getUTCMonth() + 36;
  assert.equal(expiryYear * 12 + expiryMonth - 1, months);
  assert.equal(new Date(expiresAt).getTime(), Date.UTC(expiryYear, expiryMonth, 1));
  assert.equal(await tests.available(own), 8_850);
  const { data } = made(await own.call("GET", `/transfers?cardId=${id}`));
  assert.deepEqual(
    data.map(({ kind, feeKind, amount }: Fields) => [kind, feeKind, amount]),
    [
      ["card_top_up", null, 1_000],
      ["fee", "issuance", 150],
    ],
  );
  await tests.lawsHold(own);
});

test("201: a budget card spends from its budget, and its fee is paid by the organization", async () => {
  const own = await tests.organization(10_000);
  const typeId = await tests.program({ model: "budgetCard", fees: { issuance: 150 } });
  const body = { name: "Team", currency: "EUR", typeIds: [typeId] };
  const budget = made(await own.call("POST", "/budgets", body));
  made(await own.call("POST", `/budgets/${budget.id}/top-up`, { amount: 700 }));
  const customerId = await tests.customer(own);
  const found = await issued(own, { typeId, budgetId: budget.id, customerId });
  assert.equal(found.balances, null);
  assert.deepEqual(found.budget, { id: budget.id, available: 700 });
  assert.equal(found.customerId, customerId);
  assert.deepEqual(found.cardholder, { ...names, legalName: null, email: null, phone: null });
  assert.equal(await tests.available(own), 9_150);
  const { data } = made(await own.call("GET", `/transfers?cardId=${found.id}`));
  assert.deepEqual(
    data.map(({ kind, budgetId }: Fields) => [kind, budgetId]),
    [["fee", budget.id]],
  );
});

test("201: a free card without balance moves no money", async () => {
  const own = await tests.organization(0);
  const found = await issued(own, { ...names, typeId: await tests.program(), initialBalance: 0 });
  assert.equal(found.balances.posted, 0);
  const { data } = made(await own.call("GET", `/transfers?cardId=${found.id}`));
  assert.deepEqual(data, []);
});

test("201: under a program with review a card starts blocked, and the platform lets it go", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ initialCardStatus: "blocked" });
  const found = await issued(own, { typeId, ...card });
  assert.deepEqual([found.status, found.statusReason], ["blocked", "pending_review"]);
  assert.deepEqual(
    found.restrictions.map(({ kind, owner, reason }: Fields) => [kind, owner, reason]),
    [["block", "platform", "pending_review"]],
  );
  const lifted = made(await server.call("POST", `/cards/${found.id}/unblock`, {}));
  assert.deepEqual([lifted.status, lifted.statusReason, lifted.version], ["active", null, 2]);
});

test("201: for a business the card bears its legal name", async () => {
  const own = await tests.organization();
  const { firstName, lastName, birthDate, ...rest } = person;
  const business = { ...rest, type: "business", legalName: "Example & Sons", nationalId: "HRB 1" };
  const { id } = made(await own.call("POST", "/customers", business));
  await giveDocuments(own.call, id, ["company_register"]);
  await givePeople(own.call, id);
  made(await server.call("POST", `/customers/${id}/approve`, {}));
  const found = await issued(own, {
    typeId: await tests.program(),
    customerId: id,
    initialBalance: 0,
    cardholder: { email: "cards@example.com", phone: "+4930123456" },
    billingAddress: { line1: "1 Example Street", city: "Paris", country: "FRA" },
  });
  assert.deepEqual(found.cardholder, {
    firstName: null,
    lastName: null,
    legalName: "Example & Sons",
    email: "cards@example.com",
    phone: "+4930123456",
  });
  assert.equal(found.billingAddress.postalCode, null);
});

test("no answer, event, audit row or error of issuing has a card number", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ bin: "99990077" });
  const answers = [
    await own.call("POST", "/cards", { typeId, ...card }),
    await own.call("GET", "/cards"),
  ];
  await server.sequence();
  answers.push(await own.call("GET", "/events"), await own.call("GET", "/audit-log"));
  for (const { body } of answers) {
    assert.doesNotMatch(JSON.stringify(body), /(?<!\d)99990077\d{8}(?!\d)/);
    assert.doesNotMatch(JSON.stringify(body), /"(pan|number|cvc|cvv)"/i);
  }
});

test("issuing announces one card.issued with the card as it is shown", async () => {
  const own = await tests.organization();
  const found = await issued(own, { typeId: await tests.program(), ...card });
  await server.sequence();
  const { data } = made(await own.call("GET", "/events"));
  const events = data.filter(({ objectId }: Fields) => objectId === found.id);
  assert.deepEqual(
    events.map(({ type, objectVersion }: Fields) => [type, objectVersion]),
    [["card.issued", 1]],
  );
  assert.deepEqual(events[0].data.object, found);
});

test("422: programs that are not there, not active or not for this organization", async () => {
  const own = await tests.organization();
  await refused(own, { ...card, typeId: "prog_none" }, "program_not_found");
  await refused(own, { ...card }, "program_not_found");
  const inactive = await tests.program();
  made(await server.call("PATCH", `/card-programs/${inactive}`, { status: "inactive" }));
  await refused(own, { ...card, typeId: inactive }, "program_inactive");
  const retired = await tests.program();
  made(await server.call("POST", `/card-programs/${retired}/retire`, {}));
  await refused(own, { ...card, typeId: retired }, "program_inactive");
  const other = await tests.organization(0);
  const listed = { availability: "listed", organizationIds: [other.id] };
  const { body } = await refused(
    own,
    { ...card, typeId: await tests.program({ ...listed, minimumInitialBalance: 5_000 }) },
    "program_not_available",
  );
  assert.equal(body.errors[0].field, "typeId");
});

test("422: customers that are required, unknown, of others, or not active", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true });
  await refused(own, { ...card, typeId }, "customer_required");
  const body = { typeId, initialBalance: 0 };
  await refused(own, { ...body, customerId: "cus_none" }, "customer_not_found");
  const foreign = await tests.customer(await tests.organization(0));
  await refused(own, { ...body, customerId: foreign }, "customer_not_found");
  const reasons = ["blurred"];
  const verdicts = [
    [null, "customer_not_verified", "pending"],
    [{ path: "reject", body: { reasons } }, "customer_not_verified", "rejected"],
    [{ path: "request-information", body: { reasons } }, "customer_not_verified", "needs_info"],
    [{ path: "hold", body: { reason: "investigation" } }, "customer_not_verified", "on_hold"],
    [{ path: "hold", body: { reason: "sanctions" } }, "sanctions_hold", ""],
  ] as const;
  for (const [verdict, code, status] of verdicts) {
    const customerId = await tests.customer(own, {}, verdict);
    const answer = await refused(own, { ...body, customerId }, code);
    assert.match(answer.body.errors[0].message, new RegExp(status), "names the status");
  }
});

test("422: a level, a type, a nationality and a residence that the program does not take", async () => {
  const own = await tests.organization();
  const customerId = await tests.customer(own);
  const cases: [Fields, string][] = [
    [{ minimumLevel: "advanced" }, "verification_level_too_low"],
    [{ customerTypes: ["business"] }, "customer_type_not_allowed"],
    [{ restrictedNationalities: ["DEU"] }, "nationality_restricted"],
    [{ allowedNationalities: ["FRA"] }, "nationality_restricted"],
    [{ restrictedResidences: ["FRA"] }, "residence_restricted"],
    [{ allowedResidences: ["DEU"] }, "residence_restricted"],
  ];
  for (const [terms, code] of cases) {
    const typeId = await tests.program({ requiresCustomer: true, ...terms });
    await refused(own, { typeId, customerId, initialBalance: 0 }, code);
  }
  // Level minimum asks for neither of the two.
  const details = { level: "minimum", nationality: null, residence: null };
  const { id } = made(await own.call("POST", "/customers", { ...person, ...details }));
  const typeId = await tests.program({
    requiresCustomer: true,
    restrictedNationalities: ["PRK"],
    restrictedResidences: ["PRK"],
  });
  await refused(
    own,
    { typeId, customerId: id, initialBalance: 0 },
    "nationality_required",
    "residence_required",
  );
});

test("422: product access that is missing, pending, rejected or revoked; 201 once granted", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, requiresAccess: true });
  const customerId = await tests.customer(own);
  const body = { typeId, customerId, initialBalance: 0 };
  const ask = async () =>
    made(await own.call("POST", `/customers/${customerId}/access-requests`, { typeId })).id;
  const decide = async (id: string, verb: string) =>
    made(await server.call("POST", `/access-requests/${id}/${verb}`, { reasons: ["because"] }));
  await refused(own, body, "product_access_missing");
  const first = await ask();
  await refused(own, body, "product_access_pending");
  await decide(first, "reject");
  await refused(own, body, "product_access_rejected");
  const second = await ask();
  made(await server.call("POST", `/access-requests/${second}/grant`, {}));
  await issued(own, body);
  await decide(second, "revoke");
  await refused(own, body, "product_access_revoked");
});

test("422: names that are missing, impossible, or not the customer's", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const body = { typeId, initialBalance: 0 };
  await refused(own, body, "name_required", "name_required");
  await refused(own, { ...body, firstName: "Ada", lastName: " " }, "name_required");
  await refused(own, { ...body, ...names, lastName: "4711" }, "name_invalid");
  const customerId = await tests.customer(own);
  const mismatch = { ...body, customerId, firstName: "Eva" };
  await refused(own, mismatch, "cardholder_name_mismatch");
  await issued(own, { ...body, customerId, firstName: "ADA", lastName: " example " });
});

test("422: balances that are missing, too low, too high, too much for the organization", async () => {
  const own = await tests.organization(2_000);
  const limits = { minimumInitialBalance: 500, maximumInitialBalance: 5_000 };
  const typeId = await tests.program({ ...limits, fees: { issuance: 100 } });
  await refused(own, { typeId, ...names }, "initial_balance_required");
  const body = { typeId, ...names };
  await refused(own, { ...body, initialBalance: 499 }, "initial_balance_too_low");
  const short = "insufficient_organization_balance";
  await refused(own, { ...body, initialBalance: 5_001 }, "initial_balance_too_high", short);
  await refused(own, { ...body, initialBalance: 1_901 }, short);
  await refused(own, { ...body, initialBalance: 500, currency: "USD" }, "currency_mismatch");
  await issued(own, { ...body, initialBalance: 1_900, currency: "EUR" });
  assert.equal(await tests.available(own), 0);
});

test("422: budgets that are missing, unknown, frozen, archived, for other programs or currencies", async () => {
  const own = await tests.organization();
  const { id: budgetId, typeId } = await tests.budget(own);
  await refused(own, { typeId, ...names }, "budget_required");
  await refused(own, { typeId, ...names, budgetId: "bud_none" }, "budget_not_found");
  const foreign = await tests.budget(await tests.organization(0));
  await refused(own, { typeId, ...names, budgetId: foreign.id }, "budget_not_found");
  const usd = await tests.program({ model: "budgetCard", currency: "USD" });
  const codes = ["budget_program_mismatch", "budget_currency_mismatch"];
  await refused(own, { typeId: usd, ...names, budgetId }, ...codes);
  const body = { typeId, ...names, budgetId };
  await refused(own, { ...body, initialBalance: 5 }, "field_not_allowed");
  await issued(own, { ...body, externalId: "last" });
  made(await own.call("POST", `/budgets/${budgetId}/freeze`, {}));
  await refused(own, body, "budget_frozen");
  made(await own.call("DELETE", "/cards/external:last"));
  made(await own.call("POST", `/budgets/${budgetId}/archive`, {}));
  await refused(own, body, "budget_archived");
  const withBudget = { typeId: await tests.program(), ...card, budgetId };
  await refused(own, withBudget, "field_not_allowed");
});

test("422: as many cards as a customer may have; a deleted one makes room", async () => {
  const own = await tests.organization();
  const typeId = await tests.program({ requiresCustomer: true, cardsPerCustomer: 2 });
  const customerId = await tests.customer(own);
  const body = { typeId, customerId, initialBalance: 0 };
  const first = await issued(own, body);
  await issued(own, body);
  await refused(own, body, "card_limit_reached");
  made(await own.call("DELETE", `/cards/${first.id}`));
  await issued(own, body);
  await refused(own, body, "card_limit_reached");
});

test("422: an externalId is taken for ever, also by a deleted card; other organizations are free", async () => {
  const own = await tests.organization();
  const typeId = await tests.program();
  const body = { typeId, ...card, externalId: "one" };
  const first = await issued(own, body);
  await refused(own, body, "external_id_taken");
  made(await own.call("DELETE", `/cards/${first.id}`));
  await refused(own, body, "external_id_taken");
  await issued(await tests.organization(), body);
});

test("422: a suspended organization issues nothing, and again when it is active", async () => {
  const own = await tests.organization();
  const body = { typeId: await tests.program(), ...card };
  made(await server.call("POST", `/organizations/${own.id}/suspend`, {}));
  await refused(own, body, "organization_suspended");
  made(await server.call("POST", `/organizations/${own.id}/activate`, {}));
  await issued(own, body);
});

test("422: many conditions come back together, with and without a known program", async () => {
  const own = await tests.organization(50);
  const customerId = await tests.customer(own, {}, null);
  made(await own.call("POST", "/simulations/deposits", { amount: 1_000, currency: "EUR" }));
  await issued(own, {
    typeId: await tests.program(),
    ...names,
    initialBalance: 0,
    externalId: "x",
  });
  const typeId = await tests.program({
    requiresCustomer: true,
    requiresAccess: true,
    minimumLevel: "advanced",
    customerTypes: ["business"],
    restrictedNationalities: ["DEU"],
    restrictedResidences: ["FRA"],
    maximumInitialBalance: 10,
    fees: { issuance: 100 },
  });
  made(await server.call("POST", `/organizations/${own.id}/suspend`, {}));
  const budgetId = "bud_none";
  const body = {
    customerId,
    firstName: "Eva",
    initialBalance: 5_000,
    externalId: "x",
    currency: "USD",
    budgetId,
  };
  await refused(
    own,
    { typeId, ...body },
    "organization_suspended",
    "customer_not_verified",
    "customer_type_not_allowed",
    "verification_level_too_low",
    "product_access_missing",
    "nationality_restricted",
    "residence_restricted",
    "cardholder_name_mismatch",
    "initial_balance_too_high",
    "currency_mismatch",
    "field_not_allowed",
    "insufficient_organization_balance",
    "external_id_taken",
  );
  await refused(
    own,
    { typeId: "prog_none", ...body },
    "organization_suspended",
    "program_not_found",
    "customer_not_verified",
    "cardholder_name_mismatch",
    "budget_not_found",
    "external_id_taken",
  );
});

test("503: a full range of numbers is said as such, and nothing is written", async () => {
  const own = await tests.organization(1_000);
  const typeId = await tests.program({ bin: "99990088", numberRange: { from: 0, to: 1 } });
  await issued(own, { typeId, ...names, initialBalance: 10 });
  await issued(own, { typeId, ...names, initialBalance: 10 });
  const answer = await own.call("POST", "/cards", { typeId, ...names, initialBalance: 10 });
  assert.deepEqual([answer.status, answer.body.code], [503, "number_range_exhausted"]);
  assert.equal(await tests.available(own), 980);
  await tests.lawsHold(own);
});

test("400: wrong types and unknown fields are malformed, all named at once", async () => {
  const own = await tests.organization(0);
  for (const path of ["/cards/preflight", "/cards"]) {
    const answer = await own.call("POST", path, {
      typeId: 5,
      initialBalance: -1,
      cardholder: { email: "nobody", age: 7 },
      pan: "9999000000000000",
    });
    assert.deepEqual([answer.status, answer.body.code], [400, "invalid_request"]);
    const fields = answer.body.errors.map(({ field }: Fields) => field).sort();
    assert.deepEqual(fields, [
      "cardholder.age",
      "cardholder.email",
      "initialBalance",
      "pan",
      "typeId",
    ]);
  }
});

test("every code of PRODUCT §5's list was produced through HTTP", () => {
  assert.deepEqual(
    [...wanted].filter((code) => !seen.has(code)),
    [],
  );
});
