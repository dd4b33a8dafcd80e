import assert from "node:assert/strict";
import test from "node:test";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { programOf } from "./fixture.ts";
import { type ProgramDraft, programLifecycle } from "./model.ts";
import { changed, inconsistencies, isAvailableTo } from "./rules.ts";

const fieldsOf = (terms: Partial<ProgramDraft>) =>
  inconsistencies(programOf(terms)).map(({ field }) => field);

/** Terms, and the fields that are named; none where the terms are consistent. */
type Line = readonly [what: string, terms: Partial<ProgramDraft>, ...fields: string[]];

const numbers: readonly Line[] = [
  ["an eight-digit BIN", { bin: "40000000" }],
  ["a BIN of another brand", { bin: "510000" }, "bin"],
  ["a lowest Mastercard BIN of the second series", { brand: "mastercard", bin: "222100" }],
  ["a BIN just below that series", { brand: "mastercard", bin: "222099" }, "bin"],
  ["a highest Mastercard BIN of the second series", { brand: "mastercard", bin: "272099" }],
  ["a BIN just above that series", { brand: "mastercard", bin: "272100" }, "bin"],
  ["a first Mastercard BIN of the first series", { brand: "mastercard", bin: "510000" }],
  ["a BIN below that series", { brand: "mastercard", bin: "500000" }, "bin"],
  ["a last Mastercard BIN of the first series", { brand: "mastercard", bin: "559999" }],
  ["a BIN above that series", { brand: "mastercard", bin: "560000" }, "bin"],
  ["a Visa number of 19 digits", { panLength: 19 }],
  ["a Visa number of 15 digits", { panLength: 15 }, "panLength"],
  ["an own brand with any BIN", { brand: "private", bin: "999999", panLength: 18 }],
  ["a range of one number", { range: { from: 7n, to: 7n } }],
  ["a range upside down", { range: { from: 8n, to: 7n } }, "numberRange"],
  ["the last number under the BIN", { range: { from: 0n, to: 999_999_999n } }],
  ["one more than the last", { range: { from: 0n, to: 1_000_000_000n } }, "numberRange"],
];

const money: readonly Line[] = [
  ["a currency in circulation", { currency: "JPY" }],
  ["a currency of no country", { currency: "ZZZ" }, "currency"],
  ["equal initial limits", { minimumInitialBalance: 5n, maximumInitialBalance: 5n }],
  [
    "a highest initial balance below the lowest",
    { minimumInitialBalance: 6n, maximumInitialBalance: 5n },
    "maximumInitialBalance",
  ],
  ["a highest balance equal to the initial one", { maximumInitialBalance: 5n, maximumBalance: 5n }],
  [
    "a highest balance below the highest initial one",
    { maximumInitialBalance: 6n, maximumBalance: 5n },
    "maximumBalance",
  ],
  [
    "a highest balance below the lowest initial one",
    { minimumInitialBalance: 6n, maximumBalance: 5n },
    "maximumBalance",
  ],
  ["a budget card without balances", { model: "budgetCard" }],
  [
    "a budget card with balances",
    {
      model: "budgetCard",
      minimumInitialBalance: 1n,
      maximumInitialBalance: 2n,
      maximumBalance: 3n,
    },
    "minimumInitialBalance",
    "maximumInitialBalance",
    "maximumBalance",
  ],
];

/** Each rule about customers, alone. */
const customerRules: Partial<ProgramDraft>[] = [
  { requiresAccess: true },
  { minimumLevel: "minimum" },
  { customerTypes: ["business"] },
  { allowedNationalities: ["DEU"] },
  { restrictedNationalities: ["DEU"] },
  { allowedResidences: ["DEU"] },
  { restrictedResidences: ["DEU"] },
  { cardsPerCustomer: 1 },
];

const people: readonly Line[] = [
  ...customerRules.map(
    (rule): Line => [
      `${Object.keys(rule)[0]} with customerId required`,
      { ...rule, requiresCustomer: true },
    ],
  ),
  ...customerRules.map(
    (rule): Line => [`${Object.keys(rule)[0]} without it`, rule, "requiresCustomer"],
  ),
  ["customerId required without further rules", { requiresCustomer: true }],
  [
    "a country both allowed and restricted",
    {
      requiresCustomer: true,
      allowedNationalities: ["DEU", "FRA"],
      restrictedNationalities: ["FRA"],
      allowedResidences: ["DEU"],
      restrictedResidences: ["DEU"],
    },
    "restrictedNationalities",
    "restrictedResidences",
  ],
  [
    "countries that are none",
    { requiresCustomer: true, allowedNationalities: ["DEU", "XKX"], restrictedResidences: ["ZZZ"] },
    "allowedNationalities",
    "restrictedResidences",
  ],
  [
    "organizations listed where all may use it",
    { organizationIds: ["org_a" as OrganizationId] },
    "organizationIds",
  ],
  ["nobody listed yet", { availability: "listed" }],
  ["a time zone", { timeZone: "America/Argentina/Buenos_Aires" }],
  ["an offset for a time zone", { timeZone: "+02:00" }, "timeZone"],
  ["an unknown time zone", { timeZone: "Europe/Atlantis" }, "timeZone"],
];

for (const [what, terms, ...fields] of [...numbers, ...money, ...people]) {
  const verdict = fields.length === 0 ? "is consistent" : `names ${fields.join(", ")}`;
  test(`a program with ${what} ${verdict}`, () => assert.deepEqual(fieldsOf(terms), fields));
}

test("every contradiction is named at once", () => {
  const terms = { bin: "510000", currency: "ZZZ", requiresAccess: true, timeZone: "Nowhere" };
  assert.deepEqual(fieldsOf(terms), ["bin", "currency", "requiresCustomer", "timeZone"]);
});

test("a program is available to all, or to those it lists and nobody else", () => {
  const listed = { availability: "listed", organizationIds: ["org_a" as OrganizationId] } as const;
  assert.equal(isAvailableTo(programOf(), "org_b"), true);
  assert.equal(isAvailableTo(programOf(listed), "org_a"), true);
  assert.equal(isAvailableTo(programOf(listed), "org_b"), false);
  assert.equal(isAvailableTo(programOf({ availability: "listed" }), "org_a"), false);
});

test("a change that changes nothing is none, whatever the order of the list", () => {
  const organizationIds = ["org_a", "org_b"] as OrganizationId[];
  const before = programOf({ availability: "listed", organizationIds });
  assert.equal(changed(before, {}), null);
  assert.equal(changed(before, { name: before.name, fees: { issuance: 0n } }), null);
  assert.equal(changed(before, { organizationIds: ["org_b", "org_a"] as OrganizationId[] }), null);
});

test("a change leaves what it does not name, one fee too, and is one version on", () => {
  const before = programOf({ fees: { issuance: 100n, monthly: 5n } });
  const after = changed(before, { validityMonths: 24, fees: { monthly: 6n } });
  const fees = { ...before.fees, monthly: 6n };
  assert.deepEqual(after, { ...before, validityMonths: 24, fees, version: 2n });
});

test("a program opened to all forgets whom it had listed", () => {
  const organizationIds = ["org_a" as OrganizationId];
  const after = changed(programOf({ availability: "listed", organizationIds }), {
    availability: "all",
  });
  assert.deepEqual(after?.organizationIds, []);
});

test("a program is active, inactive and back, or retired for ever", () => {
  assert.deepEqual(programLifecycle.moves, {
    deactivate: { from: ["active"], to: "inactive" },
    activate: { from: ["inactive"], to: "active" },
    retire: { from: ["active", "inactive"], to: "retired" },
  });
});
