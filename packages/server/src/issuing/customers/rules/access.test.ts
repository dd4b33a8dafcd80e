import assert from "node:assert/strict";
import test from "node:test";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { programOf } from "../../programs/fixture.ts";
import type { AccessRule } from "../../programs/model.ts";
import { customerIn } from "../fixture.ts";
import type { Customer, Standing } from "../model.ts";
import { isGrantedByRule } from "./access.ts";

const anybody: AccessRule = {
  minimumLevel: null,
  customerTypes: null,
  nationalities: null,
  residences: null,
  organizationIds: null,
};

type Terms = Partial<Pick<Customer, "level" | "type" | "nationality" | "residenceCountry">>;

const granted = (
  rule: Partial<AccessRule> | null,
  terms: Terms = {},
  standing: Standing = { status: "active" },
  refusedBefore = false,
): boolean => {
  const accessRule = rule === null ? null : { ...anybody, ...rule };
  const program = programOf({ accessGrant: "automatic", accessRule });
  return isGrantedByRule(program, customerIn(standing, terms), refusedBefore);
};

/** A condition of a rule, customers that meet it, and customers that do not. */
const conditions: readonly [string, Partial<AccessRule>, Terms[], Terms[]][] = [
  ["nothing", {}, [{}, { nationality: null, residenceCountry: null }], []],
  [
    "a level",
    { minimumLevel: "basic" },
    [{ level: "basic" }, { level: "advanced" }],
    [{ level: "minimum" }],
  ],
  ["types", { customerTypes: ["business"] }, [{ type: "business" }], [{ type: "individual" }]],
  [
    "nationalities",
    { nationalities: ["DEU", "FRA"] },
    [{ nationality: "FRA" }],
    [{ nationality: "ESP" }, { nationality: null }],
  ],
  [
    "residences",
    { residences: ["DEU"] },
    [{ residenceCountry: "DEU" }],
    [{ residenceCountry: "ESP" }, { residenceCountry: null }],
  ],
  [
    "all of them",
    { minimumLevel: "basic", nationalities: ["DEU"], residences: ["FRA"] },
    [{ level: "basic", nationality: "DEU", residenceCountry: "FRA" }],
    [
      { level: "minimum", nationality: "DEU", residenceCountry: "FRA" },
      { level: "basic", nationality: "FRA", residenceCountry: "FRA" },
      { level: "basic", nationality: "DEU", residenceCountry: "DEU" },
    ],
  ],
];

for (const [name, rule, met, unmet] of conditions) {
  test(`a rule that asks for ${name} grants to who meets it, and to nobody else`, () => {
    for (const terms of met) assert.equal(granted(rule, terms), true, JSON.stringify(terms));
    for (const terms of unmet) assert.equal(granted(rule, terms), false, JSON.stringify(terms));
  });
}

test("a rule may be about the customers of some organizations", () => {
  const [own, other] = ["org_example", "org_other"] as OrganizationId[];
  assert.equal(granted({ organizationIds: [own as OrganizationId] }), true);
  assert.equal(granted({ organizationIds: [other as OrganizationId] }), false);
});

test("a rule grants to active customers alone: before that nobody has verified what it asks for", () => {
  const statuses: Standing[] = [
    { status: "pending" },
    { status: "update_requested" },
    { status: "needs_information", reasons: [], asked: [] },
    { status: "rejected", reasons: [], canResubmit: true },
    { status: "deleted" },
  ];
  for (const standing of statuses) assert.equal(granted({}, {}, standing), false, standing.status);
});

test("what an operator has refused or taken away no program gives by itself, with a rule or without", () => {
  assert.equal(granted({}, {}, { status: "active" }, true), false);
  assert.equal(granted(null, {}, { status: "active" }, true), false);
});

test("without a rule everybody is granted who asks; a program that grants by hand grants nobody", () => {
  assert.equal(granted(null, { nationality: null }, { status: "pending" }), true);
  const manual = programOf({ accessGrant: "manual" });
  assert.equal(isGrantedByRule(manual, customerIn({ status: "active" }), false), false);
});
