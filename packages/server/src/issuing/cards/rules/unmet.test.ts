import assert from "node:assert/strict";
import test from "node:test";
import { ruleOf } from "../../compliance/fixture.ts";
import type { Program } from "../../programs/model.ts";
import { draftProgram } from "../../programs/model.ts";
import { issueCodes } from "../errors.ts";
import type { IssueRequest } from "../model.ts";
import { type CustomerFacts, type IssueFacts, unmet } from "./unmet.ts";

const cardProgram: Program = draftProgram(
  {
    name: "Travel",
    model: "card",
    brand: "visa",
    bin: "411111",
    panLength: 16,
    currency: "EUR",
    fees: { issuance: 100n },
    minimumInitialBalance: 500n,
    maximumInitialBalance: 10_000n,
  },
  { id: "prog_card", createdAt: new Date("2027-01-01T00:00:00Z") },
);

const budgetProgram: Program = { ...cardProgram, id: "prog_budget", model: "budgetCard" };

const ada: CustomerFacts = {
  type: "individual",
  level: "basic",
  status: "active",
  statusReason: null,
  firstName: "Ada",
  lastName: "Example",
  legalName: null,
  nationality: "DEU",
  residenceCountry: "FRA",
};

const facts: IssueFacts = {
  organization: { status: "active", available: 1_000_000n },
  program: cardProgram,
  programAvailable: true,
  customer: ada,
  rules: [],
  access: null,
  liveCards: 0,
  budget: null,
  externalIdTaken: false,
};

const request: IssueRequest = { typeId: "prog_card", customerId: "cus_1", initialBalance: 500n };

const budget = {
  status: "active",
  frozenBy: null,
  currency: "EUR",
  programIds: ["prog_budget"],
} as const;
const budgetFacts: IssueFacts = { ...facts, program: budgetProgram, budget };
const budgetRequest: IssueRequest = {
  typeId: "prog_budget",
  customerId: "cus_1",
  budgetId: "bud_1",
};

const nameless: IssueRequest = { typeId: "prog_card", initialBalance: 500n };
const named: IssueRequest = { ...nameless, firstName: "Ada", lastName: "Example" };

const withTerms = (terms: Partial<Program>): IssueFacts => ({
  ...facts,
  program: { ...cardProgram, ...terms },
});
const withCustomer = (changes: Partial<CustomerFacts>, base: IssueFacts = facts): IssueFacts => ({
  ...base,
  customer: { ...ada, ...changes },
});
const withBudget = (changes: Partial<NonNullable<IssueFacts["budget"]>>): IssueFacts => ({
  ...budgetFacts,
  budget: { ...budget, ...changes },
});

/** What each line of the table says: facts, request, and `code field` of everything unmet. */
const cases: [string, IssueFacts, IssueRequest, string[]][] = [
  ["a card for a customer", facts, request, []],
  ["a card for a name", facts, named, []],
  ["a card for a customer named as known", facts, { ...request, firstName: " ada " }, []],
  ["a budget card", budgetFacts, budgetRequest, []],

  [
    "unknown program",
    { ...facts, program: null, programAvailable: false },
    request,
    ["program_not_found typeId"],
  ],
  [
    "no program",
    { ...facts, program: null, programAvailable: false },
    { customerId: "cus_1" },
    ["program_not_found typeId"],
  ],
  [
    "program of others",
    { ...facts, programAvailable: false },
    request,
    ["program_not_available typeId"],
  ],
  ["inactive program", withTerms({ status: "inactive" }), request, ["program_inactive typeId"]],
  ["retired program", withTerms({ status: "retired" }), request, ["program_inactive typeId"]],
  [
    "suspended organization",
    { ...facts, organization: { status: "suspended", available: 1_000n } },
    request,
    ["organization_suspended undefined"],
  ],
  [
    "closed organization",
    { ...facts, organization: { status: "closed", available: 1_000n } },
    request,
    ["organization_closed undefined"],
  ],

  [
    "customer required",
    withTerms({ requiresCustomer: true }),
    named,
    ["customer_required customerId"],
  ],
  ["unknown customer", { ...facts, customer: null }, request, ["customer_not_found customerId"]],
  ...(["needs_information", "pending", "update_requested", "rejected", "deleted"] as const).map(
    (status): [string, IssueFacts, IssueRequest, string[]] => [
      `customer ${status}`,
      withCustomer({ status }),
      request,
      ["customer_not_verified customerId"],
    ],
  ),
  [
    "customer held",
    withCustomer({ status: "on_hold", statusReason: "investigation" }),
    request,
    ["customer_not_verified customerId"],
  ],
  [
    "customer held for sanctions",
    withCustomer({ status: "on_hold", statusReason: "sanctions" }),
    request,
    ["sanctions_hold customerId"],
  ],
  [
    "level below",
    withTerms({ minimumLevel: "advanced" }),
    request,
    ["verification_level_too_low customerId"],
  ],
  ["level just reached", withTerms({ minimumLevel: "basic" }), request, []],
  ["level above", withTerms({ minimumLevel: "minimum" }), request, []],
  [
    "type not allowed",
    withTerms({ customerTypes: ["business"] }),
    request,
    ["customer_type_not_allowed customerId"],
  ],
  [
    "no access",
    withTerms({ requiresAccess: true }),
    request,
    ["product_access_missing customerId"],
  ],
  ...(["requested", "rejected", "revoked"] as const).map(
    (access): [string, IssueFacts, IssueRequest, string[]] => [
      `access ${access}`,
      { ...withTerms({ requiresAccess: true }), access },
      request,
      [`product_access_${access === "requested" ? "pending" : access} customerId`],
    ],
  ),
  ["access granted", { ...withTerms({ requiresAccess: true }), access: "granted" }, request, []],
  ["access not asked for", { ...facts, access: "rejected" }, request, []],

  ["no nationality, no rule", withCustomer({ nationality: null }), request, []],
  [
    "no nationality",
    withCustomer({ nationality: null }, withTerms({ restrictedNationalities: ["PRK"] })),
    request,
    ["nationality_required customerId"],
  ],
  [
    "nationality restricted",
    withTerms({ restrictedNationalities: ["DEU"] }),
    request,
    ["nationality_restricted customerId"],
  ],
  [
    "nationality not allowed",
    withTerms({ allowedNationalities: ["FRA"] }),
    request,
    ["nationality_restricted customerId"],
  ],
  [
    "allowed and restricted at once",
    withTerms({ allowedNationalities: ["DEU"], restrictedNationalities: ["DEU"] }),
    request,
    ["nationality_restricted customerId"],
  ],
  [
    "no residence",
    withCustomer({ residenceCountry: null }, withTerms({ allowedResidences: ["FRA"] })),
    request,
    ["residence_required customerId"],
  ],
  [
    "residence restricted",
    withTerms({ restrictedResidences: ["FRA"] }),
    request,
    ["residence_restricted customerId"],
  ],
  [
    "residence not allowed",
    withTerms({ allowedResidences: ["DEU"] }),
    request,
    ["residence_restricted customerId"],
  ],

  [
    "nationality restricted by a rule",
    { ...facts, rules: [ruleOf({ countries: ["DEU"] })] },
    request,
    ["nationality_restricted customerId"],
  ],
  [
    "residence restricted by a rule",
    { ...facts, rules: [ruleOf({ subject: "residence", countries: ["FRA"] })] },
    request,
    ["residence_restricted customerId"],
  ],
  [
    "countries of a rule about the other",
    { ...facts, rules: [ruleOf({ countries: ["FRA"] })] },
    request,
    [],
  ],
  [
    "no nationality under a rule",
    withCustomer({ nationality: null }, { ...facts, rules: [ruleOf()] }),
    request,
    ["nationality_required customerId"],
  ],
  ["a name under a rule for every program", { ...facts, rules: [ruleOf()] }, named, []],
  [
    "a name under a rule of the program",
    { ...facts, rules: [ruleOf({ programId: "prog_card" })] },
    named,
    ["customer_required customerId"],
  ],
  [
    "no name under a rule of the program",
    { ...facts, rules: [ruleOf({ programId: "prog_card" })] },
    nameless,
    ["customer_required customerId"],
  ],

  ["no name", facts, nameless, ["name_required firstName", "name_required lastName"]],
  ["half a name", facts, { ...named, lastName: "  " }, ["name_required lastName"]],
  ["digits for a name", facts, { ...named, firstName: "4711" }, ["name_invalid firstName"]],
  ["a placeholder", facts, { ...named, lastName: "Test" }, ["name_invalid lastName"]],
  ["another name", facts, { ...request, firstName: "Eva" }, ["cardholder_name_mismatch firstName"]],
  [
    "two other names",
    facts,
    { ...request, firstName: "Eva", lastName: "Else" },
    ["cardholder_name_mismatch firstName", "cardholder_name_mismatch lastName"],
  ],
  [
    "a business by its name",
    withCustomer({ type: "business", firstName: null, lastName: null, legalName: "Ada & 2 Sons" }),
    { ...request, firstName: "Ada &", lastName: "2 sons" },
    [],
  ],
  [
    "a business by another name",
    withCustomer({ type: "business", firstName: null, lastName: null, legalName: "Example Ltd" }),
    { ...request, firstName: "Ada", lastName: "Example" },
    ["cardholder_name_mismatch firstName"],
  ],

  [
    "no initial balance",
    facts,
    { ...request, initialBalance: undefined } as never,
    ["initial_balance_required initialBalance"],
  ],
  [
    "one less than the minimum",
    facts,
    { ...request, initialBalance: 499n },
    ["initial_balance_too_low initialBalance"],
  ],
  ["the maximum", facts, { ...request, initialBalance: 10_000n }, []],
  [
    "one more than the maximum",
    facts,
    { ...request, initialBalance: 10_001n },
    ["initial_balance_too_high initialBalance"],
  ],
  [
    "more than a card may ever have",
    withTerms({ maximumBalance: 600n }),
    { ...request, initialBalance: 601n },
    ["initial_balance_too_high initialBalance"],
  ],
  ["another currency", facts, { ...request, currency: "USD" }, ["currency_mismatch currency"]],
  ["the program's currency", facts, { ...request, currency: "EUR" }, []],

  [
    "no budget",
    { ...budgetFacts, budget: null },
    { typeId: "p", customerId: "cus_1" },
    ["budget_required budgetId"],
  ],
  [
    "unknown budget",
    { ...budgetFacts, budget: null },
    budgetRequest,
    ["budget_not_found budgetId"],
  ],
  ["frozen budget", withBudget({ status: "frozen" }), budgetRequest, ["budget_frozen budgetId"]],
  [
    "budget below a frozen one",
    withBudget({ frozenBy: "bud_0" }),
    budgetRequest,
    ["budget_frozen budgetId"],
  ],
  [
    "archived budget",
    withBudget({ status: "archived" }),
    budgetRequest,
    ["budget_archived budgetId"],
  ],
  [
    "budget of another program",
    withBudget({ programIds: ["prog_x"] }),
    budgetRequest,
    ["budget_program_mismatch budgetId"],
  ],
  [
    "budget in another currency",
    withBudget({ currency: "USD" }),
    budgetRequest,
    ["budget_currency_mismatch budgetId"],
  ],
  [
    "a balance on a budget card",
    budgetFacts,
    { ...budgetRequest, initialBalance: 0n },
    ["field_not_allowed initialBalance"],
  ],
  [
    "a budget for a card",
    { ...facts, budget },
    { ...request, budgetId: "bud_1" },
    ["field_not_allowed budgetId"],
  ],

  [
    "just enough money",
    { ...facts, organization: { status: "active", available: 600n } },
    request,
    [],
  ],
  [
    "one unit short",
    { ...facts, organization: { status: "active", available: 599n } },
    request,
    ["insufficient_organization_balance initialBalance"],
  ],
  [
    "not even the fee",
    { ...budgetFacts, organization: { status: "active", available: 99n } },
    budgetRequest,
    ["insufficient_organization_balance typeId"],
  ],
  [
    "one card less than the limit",
    { ...withTerms({ cardsPerCustomer: 2 }), liveCards: 1 },
    request,
    [],
  ],
  [
    "as many cards as the limit",
    { ...withTerms({ cardsPerCustomer: 2 }), liveCards: 2 },
    request,
    ["card_limit_reached customerId"],
  ],
  [
    "taken external id",
    { ...facts, externalIdTaken: true },
    { ...request, externalId: "a" },
    ["external_id_taken externalId"],
  ],
];

for (const [name, given, asked, expected] of cases) {
  test(`what is unmet is listed with its field: ${name}`, () => {
    const found = unmet(given, asked);
    assert.deepEqual(
      found.map(({ code, field }) => `${code} ${field}`),
      expected,
    );
    for (const { message, remedy } of found) {
      assert.ok(message.length > 0 && (remedy ?? "").length > 0, "each line says what to do");
    }
  });
}

const poor: IssueFacts = {
  organization: { status: "suspended", available: 0n },
  program: {
    ...cardProgram,
    status: "inactive",
    customerTypes: ["business"],
    minimumLevel: "advanced",
    requiresAccess: true,
    restrictedNationalities: ["DEU"],
    restrictedResidences: ["FRA"],
    cardsPerCustomer: 1,
  },
  programAvailable: true,
  customer: { ...ada, status: "on_hold", statusReason: "sanctions" },
  rules: [],
  access: "revoked",
  liveCards: 1,
  budget: { status: "frozen", frozenBy: null, currency: "USD", programIds: [] },
  externalIdTaken: true,
};
const wrong: IssueRequest = {
  typeId: "prog_card",
  customerId: "cus_1",
  firstName: "Test",
  lastName: "Else",
  initialBalance: 20_000n,
  currency: "USD",
  budgetId: "bud_1",
  externalId: "a",
};

test("the published list of conditions has each that a rule can find, and no other", () => {
  const found = cases.flatMap(([, given, asked]) => unmet(given, asked).map(({ code }) => code));
  assert.deepEqual([...new Set(found)].sort(), [...issueCodes].sort());
});

test("everything that is in the way is listed at once", () => {
  assert.deepEqual(
    unmet(poor, wrong).map(({ code }) => code),
    [
      "organization_suspended",
      "program_inactive",
      "sanctions_hold",
      "customer_type_not_allowed",
      "verification_level_too_low",
      "product_access_revoked",
      "nationality_restricted",
      "residence_restricted",
      "card_limit_reached",
      "name_invalid",
      "cardholder_name_mismatch",
      "cardholder_name_mismatch",
      "initial_balance_too_high",
      "currency_mismatch",
      "field_not_allowed",
      "insufficient_organization_balance",
      "external_id_taken",
    ],
  );
});

test("without the program, what does not depend on it is still listed, and nothing else", () => {
  const known = [
    "sanctions_hold",
    "name_invalid",
    "cardholder_name_mismatch",
    "cardholder_name_mismatch",
    "budget_frozen",
    "external_id_taken",
  ];
  const codes = (given: IssueFacts) => unmet(given, wrong).map(({ code }) => code);
  const unknown = codes({ ...poor, program: null, programAvailable: false });
  assert.deepEqual(unknown, ["organization_suspended", "program_not_found", ...known]);
  const others = codes({ ...poor, programAvailable: false });
  assert.deepEqual(others, ["organization_suspended", "program_not_available", ...known]);
});

test("a country that a rule restricts is refused with the rule's reason and since when", () => {
  const rules = [ruleOf({ countries: ["DEU"], reasonCode: "embargo" })];
  const [problem] = unmet({ ...facts, rules }, request);
  assert.equal(problem?.message, "Restricted since 2027-01-01T00:00:00.000Z: embargo.");
});
