import assert from "node:assert/strict";
import test from "node:test";
import type { OrganizationId, ProgramId } from "../../foundation/ids/ids.ts";
import { programOf } from "./fixture.ts";
import { type Program, type ProgramDraft, type ProgramStatus, programLifecycle } from "./model.ts";
import {
  changed,
  inconsistencies,
  isAvailableTo,
  rangeUseOf,
  replacementProgramOf,
  thresholdPassed,
} from "./rules.ts";

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
  ["a fee for topping up a card", { fees: { topUp: 1n } }],
  [
    "a fee for topping up a budget card",
    { model: "budgetCard", fees: { topUp: 1n, monthly: 1n } },
    "fees.topUp",
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

const anybody = {
  minimumLevel: null,
  customerTypes: null,
  nationalities: null,
  residences: null,
  organizationIds: null,
};

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
  ["a rule of access that is granted by itself", { accessGrant: "automatic", accessRule: anybody }],
  ["a rule of access that is granted by hand", { accessRule: anybody }, "accessRule"],
  [
    "a rule of access with a country that is none",
    { accessGrant: "automatic", accessRule: { ...anybody, residences: ["XXX"] } },
    "accessRule",
  ],
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
  ["automatic renewal", { renewal: "automatic" }],
  ["renewal a day short of a life", { renewal: "automatic", validityMonths: 1, renewalDays: 27 }],
  [
    "renewal a whole life before expiry",
    { renewal: "automatic", validityMonths: 1, renewalDays: 28 },
    "renewalDays",
  ],
  ["renewal by hand", { renewal: "manual", validityMonths: 1, renewalDays: 28 }],
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

const lived = (status: ProgramStatus, successorId: string | null = null): Program => ({
  ...programOf(),
  status,
  successorId: successorId as ProgramId | null,
});

test("a card is replaced under its own program, active or not; of a retired one under the successor", () => {
  assert.equal(replacementProgramOf(lived("active")), "prog_example");
  assert.equal(replacementProgramOf(lived("inactive")), "prog_example");
  assert.equal(replacementProgramOf(lived("retired", "prog_next")), "prog_next");
  assert.equal(replacementProgramOf(lived("retired")), null);
});

const drawn = (from: number, to: number, count: number, panLength = 16) => ({
  panLength,
  from: 400_000_000_000_000n + BigInt(from),
  to: 400_000_000_000_000n + BigInt(to),
  count: BigInt(count),
});

test("the use of a range counts every number drawn from a range that overlaps it, and no other", () => {
  const program = programOf({ range: { from: 100n, to: 199n } });
  const used = (...all: ReturnType<typeof drawn>[]) => rangeUseOf(program, all).used;
  assert.equal(used(), 0n);
  assert.equal(used(drawn(100, 199, 7), drawn(100, 149, 2)), 9n);
  assert.equal(used(drawn(0, 99, 7), drawn(200, 299, 7)), 0n);
  assert.equal(used(drawn(0, 100, 3), drawn(199, 299, 4)), 7n);
  assert.equal(used(drawn(100, 199, 7, 19)), 0n, "numbers of another length are others");
  assert.equal(used(drawn(0, 999, 500)), 100n, "never more than there are");
  const eightDigits = programOf({ bin: "40000000", range: { from: 100n, to: 199n } });
  assert.equal(rangeUseOf(eightDigits, [drawn(100, 199, 7)]).used, 7n);
});

test("a threshold is passed when that part of the range is used, and not one number before", () => {
  const program = programOf({ range: { from: 0n, to: 199n } });
  const passed = (count: number) => thresholdPassed(rangeUseOf(program, [drawn(0, 199, count)]));
  assert.deepEqual([159, 160, 189, 190, 200].map(passed), [0, 80, 80, 95, 95]);
  assert.deepEqual(rangeUseOf(program, [drawn(0, 199, 159)]), {
    size: 200n,
    used: 159n,
    percentUsed: 79,
  });
});

test("a program with another range is warned about anew, with the same range it is not", () => {
  const before: Program = { ...programOf({ range: { from: 0n, to: 9n } }), numberRangeLow: 80 };
  assert.equal(changed(before, { range: { from: 0n, to: 99n } })?.numberRangeLow, 0);
  assert.equal(changed(before, { range: { from: 0n, to: 9n }, name: "B" })?.numberRangeLow, 80);
});
