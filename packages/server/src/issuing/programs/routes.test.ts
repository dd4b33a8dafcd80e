import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, wordsOf } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { programBody } from "./fixture.ts";
import { programLifecycle } from "./model.ts";

const server = await startTestServer();
const { call } = server;
const mine = await server.newOrganization();
const other = await server.newOrganization();

const create = (terms: object = {}) => call("POST", "/card-programs", { ...programBody, ...terms });

const codeOf = ({ status, body }: { status: number; body: { code?: string } }) =>
  `${status} ${body.code ?? "done"}`;

const fieldsOf = ({ body }: { body: { errors: { field: string }[] } }) =>
  body.errors.map(({ field }) => field);

test("an organization sees the rule of access, and not whose customers it is about", async () => {
  const mine = await server.newOrganization();
  const accessRule = { nationalities: ["DEU"], organizationIds: [mine.id] };
  const body = {
    ...programBody,
    requiresCustomer: true,
    accessGrant: "automatic",
    accessRule,
  };
  const { body: made } = await server.call("POST", "/card-programs", body);
  const rest = { minimumLevel: null, customerTypes: null, residences: null };
  assert.deepEqual(made.accessRule, { ...rest, ...accessRule });
  const { body: seen } = await mine.call("GET", `/card-programs/${made.id}`);
  assert.deepEqual(seen.accessRule, { ...rest, ...accessRule, organizationIds: null });
  const manual = await server.call("PATCH", `/card-programs/${made.id}`, { accessGrant: "manual" });
  assert.equal(manual.body.accessRule, null, "granted by hand, no rule is left");
});

test("201: a program named by its number alone gets the published defaults", async () => {
  const { status, body } = await create();
  assert.equal(status, 201);
  const { id, createdAt, ...rest } = body;
  assert.match(id, /^prog_/);
  assert.match(createdAt, /Z$/);
  assert.deepEqual(rest, {
    ...programBody,
    status: "active",
    successorId: null,
    availability: "all",
    organizationIds: [],
    numberRange: { from: 0, to: 999_999_999 },
    timeZone: "UTC",
    validityMonths: 36,
    renewal: "manual",
    renewalDays: 30,
    retentionYears: 5,
    initialCardStatus: "active",
    requiresCustomer: false,
    requiresAccess: false,
    accessGrant: "manual",
    accessRule: null,
    minimumLevel: null,
    customerTypes: null,
    allowedNationalities: null,
    restrictedNationalities: [],
    allowedResidences: null,
    restrictedResidences: [],
    cardsPerCustomer: null,
    informationDays: 30,
    minimumInitialBalance: 0,
    maximumInitialBalance: null,
    maximumBalance: null,
    minimumTransfer: 1,
    fees: { issuance: 0, replacement: 0, monthly: 0, topUp: 0, fxBasisPoints: 0 },
    numberRangeLow: 0,
    version: 1,
  });
});

/** Every term at a value that is not its default. */
const everyTerm = {
  availability: "listed",
  organizationIds: [mine.id],
  numberRange: { from: 1, to: 999_999_998 },
  timeZone: "Europe/Berlin",
  validityMonths: 240,
  renewal: "automatic",
  renewalDays: 365,
  retentionYears: 30,
  initialCardStatus: "blocked",
  requiresCustomer: true,
  requiresAccess: true,
  accessGrant: "automatic",
  accessRule: {
    minimumLevel: "basic",
    customerTypes: ["business"],
    nationalities: ["DEU"],
    residences: ["DEU", "FRA"],
    organizationIds: null,
  },
  minimumLevel: "advanced",
  customerTypes: ["business", "individual"],
  allowedNationalities: ["DEU", "FRA"],
  restrictedNationalities: ["PRK"],
  allowedResidences: ["DEU"],
  restrictedResidences: ["IRN"],
  cardsPerCustomer: 3,
  informationDays: 0,
  minimumInitialBalance: 100,
  maximumInitialBalance: 1_000_000_000_000,
  maximumBalance: 1_000_000_000_000,
  minimumTransfer: 500,
  fees: { issuance: 250, replacement: 900, monthly: 99, topUp: 10, fxBasisPoints: 10_000 },
};

test("every term is kept as it was given, and read back by the platform", async () => {
  const { body } = await create(everyTerm);
  const read = await call("GET", `/card-programs/${body.id}`);
  assert.deepEqual(read.body, body);
  for (const [term, value] of Object.entries(everyTerm)) assert.deepEqual(body[term], value, term);
});

test("an organization is not told who else may use a program", async () => {
  const { body } = await create({ availability: "listed", organizationIds: [mine.id, other.id] });
  const read = await mine.call("GET", `/card-programs/${body.id}`);
  assert.deepEqual(read.body, { ...body, organizationIds: null, numberRangeLow: null });
});

test("404: a program that is for others answers as one that does not exist", async () => {
  const { body } = await create({ availability: "listed", organizationIds: [mine.id] });
  assert.equal((await mine.call("GET", `/card-programs/${body.id}`)).status, 200);
  const foreign = await other.call("GET", `/card-programs/${body.id}`);
  const missing = await other.call("GET", "/card-programs/prog_unknown");
  assert.equal(codeOf(foreign), "404 not_found");
  assert.deepEqual({ ...foreign.body, requestId: "" }, { ...missing.body, requestId: "" });
});

test("lists hold what the reader may use, newest first, in pages, by status, model and currency", async () => {
  const terms = { currency: "CHF", availability: "listed", organizationIds: [mine.id] };
  const first = (await create(terms)).body.id;
  const second = (await create({ ...terms, model: "budgetCard" })).body.id;
  const third = (await create({ ...terms, availability: "all", organizationIds: [] })).body.id;
  await call("PATCH", `/card-programs/${third}`, { status: "inactive" });
  const idsOf = async (ask: typeof call, query: string) => {
    const { body } = await ask("GET", `/card-programs?currency=CHF${query}`);
    return body.data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await idsOf(call, ""), [third, second, first]);
  assert.deepEqual(await idsOf(mine.call, ""), [third, second, first]);
  assert.deepEqual(await idsOf(other.call, ""), [third]);
  assert.deepEqual(await idsOf(call, `&organizationId=${mine.id}`), [third, second, first]);
  assert.deepEqual(await idsOf(call, `&organizationId=${other.id}`), [third]);
  assert.deepEqual(await idsOf(mine.call, "&status=active"), [second, first]);
  assert.deepEqual(await idsOf(mine.call, "&model=budgetCard"), [second]);
  const page = await mine.call("GET", "/card-programs?currency=CHF&limit=2");
  assert.equal(page.body.data.length, 2);
  assert.deepEqual(await idsOf(mine.call, `&limit=2&cursor=${page.body.nextCursor}`), [first]);
});

test("422 program_inconsistent names every contradiction, and nothing is made", async () => {
  const answer = await create({ currency: "XYZ", bin: "510000", requiresAccess: true });
  assert.equal(codeOf(answer), "422 program_inconsistent");
  assert.deepEqual(fieldsOf(answer), ["bin", "currency", "requiresCustomer"]);
  const { body } = await call("GET", "/card-programs?currency=XYZ");
  assert.deepEqual(body.data, []);
});

test("422: a change may not make the terms contradict each other either", async () => {
  const { body } = await create({ requiresCustomer: true, cardsPerCustomer: 1 });
  const answer = await call("PATCH", `/card-programs/${body.id}`, { requiresCustomer: false });
  assert.equal(codeOf(answer), "422 program_inconsistent");
  assert.deepEqual(fieldsOf(answer), ["requiresCustomer"]);
  assert.deepEqual((await call("GET", `/card-programs/${body.id}`)).body, body);
});

test("422 organization_not_found: a list may only name organizations that exist", async () => {
  const terms = { availability: "listed", organizationIds: [mine.id, "org_unknown"] };
  const answer = await create(terms);
  assert.equal(codeOf(answer), "422 organization_not_found");
  assert.deepEqual(fieldsOf(answer), ["organizationIds"]);
});

test("400: what is ill-typed, beyond its limits or unknown is named, field by field", async () => {
  const lines: readonly [object, string][] = [
    [{ name: "" }, "name"],
    [{ name: "x".repeat(101) }, "name"],
    [{ model: "credit" }, "model"],
    [{ brand: "Visa" }, "brand"],
    [{ bin: "4000000" }, "bin"],
    [{ panLength: 12 }, "panLength"],
    [{ panLength: 20 }, "panLength"],
    [{ validityMonths: 0 }, "validityMonths"],
    [{ validityMonths: 241 }, "validityMonths"],
    [{ cardsPerCustomer: 0 }, "cardsPerCustomer"],
    [{ minimumTransfer: 0 }, "minimumTransfer"],
    [{ minimumInitialBalance: -1 }, "minimumInitialBalance"],
    [{ maximumBalance: 1_000_000_000_001 }, "maximumBalance"],
    [{ fees: { issuance: -1 } }, "fees.issuance"],
    [{ fees: { fxBasisPoints: 10_001 } }, "fees.fxBasisPoints"],
    [{ fees: { yearly: 1 } }, "fees.yearly"],
    [{ allowedNationalities: [] }, "allowedNationalities"],
    [{ restrictedResidences: ["DE"] }, "restrictedResidences.0"],
    [{ numberRange: { from: 0 } }, "numberRange.to"],
    [{ status: "inactive" }, "status"],
    [{ colour: "red" }, "colour"],
  ];
  for (const [terms, field] of lines) {
    const answer = await create(terms);
    assert.equal(codeOf(answer), "400 invalid_request", JSON.stringify(terms));
    assert.ok(fieldsOf(answer).includes(field), `${field}: ${fieldsOf(answer)}`);
  }
});

test("a change keeps what it does not name; lists are replaced; one event tells what was before", async () => {
  const { body } = await create({ ...everyTerm, name: "Before" });
  const change = {
    name: "After",
    organizationIds: [other.id],
    allowedResidences: null,
    maximumBalance: null,
    fees: { monthly: 100 },
  };
  const { body: after } = await call("PATCH", `/card-programs/${body.id}`, change);
  const fees = { ...body.fees, monthly: 100 };
  assert.deepEqual(after, { ...body, ...change, fees, version: 2 });
  assert.deepEqual((await call("GET", `/card-programs/${body.id}`)).body, after);
  await server.sequence();
  const { body: events } = await call("GET", `/events?objectId=${body.id}`);
  assert.deepEqual(
    events.data.map(({ type }: { type: string }) => type),
    ["program.created", "program.updated"],
  );
  const before = Object.fromEntries(Object.keys(change).map((term) => [term, body[term]]));
  assert.deepEqual(events.data[1].data, { object: after, previous: before });
});

test("a change to the same values changes nothing and announces nothing", async () => {
  const { body } = await create(everyTerm);
  const answer = await call("PATCH", `/card-programs/${body.id}`, everyTerm);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, body);
});

test("400: the number, model and currency of a program never change", async () => {
  const { body } = await create();
  for (const field of ["model", "brand", "bin", "panLength", "currency"]) {
    const answer = await call("PATCH", `/card-programs/${body.id}`, { [field]: body[field] });
    assert.equal(codeOf(answer), "400 invalid_request", field);
  }
  const nothing = await call("PATCH", `/card-programs/${body.id}`, {});
  assert.equal(nothing.status, 400);
  assert.equal(nothing.body.errors[0].message, "Must have at least one field.");
});

test("a program is made inactive and active again; retired is final, but its terms may change", async () => {
  const { body } = await create();
  const path = `/card-programs/${body.id}`;
  assert.equal((await call("PATCH", path, { status: "inactive" })).body.status, "inactive");
  assert.equal((await call("PATCH", path, { status: "active" })).body.status, "active");
  const retired = await call("POST", `${path}/retire`);
  assert.equal(retired.body.status, "retired");
  assert.equal(retired.body.version, 4);
  assert.equal(codeOf(await call("POST", `${path}/retire`)), "409 program_retired");
  for (const status of ["active", "inactive"]) {
    assert.equal(codeOf(await call("PATCH", path, { status })), "409 program_retired");
  }
  assert.equal((await call("PATCH", path, { fees: { monthly: 0 }, name: "Old" })).status, 200);
});

test("a retired program may name a successor of its model and currency that is not retired", async () => {
  const successor = (await create({ name: "Successor" })).body;
  const retire = async (successorId: string) => {
    const { body } = await create();
    return call("POST", `/card-programs/${body.id}/retire`, { successorId });
  };
  const answer = await retire(successor.id);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.successorId, successor.id);
  assert.equal(codeOf(await retire("prog_unknown")), "422 program_not_found");
  const own = await create();
  const itself = await call("POST", `/card-programs/${own.body.id}/retire`, {
    successorId: own.body.id,
  });
  assert.equal(codeOf(itself), "422 program_inconsistent");
  const unfit = [{ model: "budgetCard" }, { currency: "USD" }];
  for (const terms of unfit) {
    const id = (await create(terms)).body.id;
    assert.equal(codeOf(await retire(id)), "422 program_inconsistent", JSON.stringify(terms));
  }
  await call("POST", `/card-programs/${successor.id}/retire`);
  assert.equal(codeOf(await retire(successor.id)), "422 program_inconsistent");
});

test("two programs that retire into each other at once: one does, the other is told why not", async () => {
  for (let round = 0; round < 5; round += 1) {
    const [left, right] = [(await create()).body.id, (await create()).body.id];
    const retire = (id: string, successorId: string) =>
      call("POST", `/card-programs/${id}/retire`, { successorId });
    const answers = await Promise.all([retire(left, right), retire(right, left)]);
    assert.deepEqual(answers.map(codeOf).sort(), ["200 done", "422 program_inconsistent"]);
  }
});

test("404: changing or retiring a program that does not exist", async () => {
  const change = await call("PATCH", "/card-programs/prog_unknown", { name: "x" });
  assert.equal(codeOf(change), "404 not_found");
  assert.equal(codeOf(await call("POST", "/card-programs/prog_unknown/retire")), "404 not_found");
});

test("the constraint of the table and the life cycle name the same statuses", async () => {
  const words = await wordsOf(server.database.url, "programs_status_check");
  assert.deepEqual(words, [...programLifecycle.states].sort());
});

test("the database refuses a program whose customer rules do not require customerId", async () => {
  await create({ requiresCustomer: true, minimumLevel: "basic" });
  await assert.rejects(
    asOwner(
      server.database.url,
      "update programs set requires_customer = false where minimum_level = 'basic'",
    ),
    { code: "23514" },
  );
});

test("two changes at once both take effect, one after the other", async () => {
  const { body } = await create();
  const changes = Array.from({ length: 8 }, (_, index) => ({ validityMonths: 40 + index }));
  const answers = await Promise.all(
    changes.map((change) => call("PATCH", `/card-programs/${body.id}`, change)),
  );
  const versions = answers.map((answer) => answer.body.version).sort((a, b) => a - b);
  assert.deepEqual(versions, [2, 3, 4, 5, 6, 7, 8, 9]);
});
