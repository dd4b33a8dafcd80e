import assert from "node:assert/strict";
import test from "node:test";
import { ruleOf } from "../../compliance/fixture.ts";
import { programOf } from "../../programs/fixture.ts";
import type { WindDown } from "../model/winddowns.ts";
import { beginningsOf, isCured, movedOn, type WindDownFacts } from "./winddowns.ts";

const now = new Date("2027-03-10T12:00:00Z");
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);

const embargo = ruleOf({ countries: ["PRK"], windDownDays: 10 });

const facts: WindDownFacts = {
  card: { deletedAt: null },
  customer: { status: "active", nationality: "PRK", residenceCountry: "DEU" },
  program: programOf({ requiresCustomer: true }),
  rules: [embargo],
};
const withCustomer = (more: Partial<WindDownFacts["customer"]>): WindDownFacts => ({
  ...facts,
  customer: { ...facts.customer, ...more },
});

test("a card of a restricted customer ends after the days of the rule, and names rule and reason", () => {
  assert.deepEqual(beginningsOf(facts, [], {}, now), [
    { subject: "nationality", ruleId: "crl_example", reasonCode: "embargo", dueAt: inDays(10) },
  ]);
});

test("by the program's own lists it ends after thirty days", () => {
  const program = programOf({ requiresCustomer: true, allowedResidences: ["FRA"] });
  assert.deepEqual(beginningsOf({ ...facts, program, rules: [] }, [], {}, now), [
    { subject: "residence", ruleId: null, reasonCode: "program_terms", dueAt: inDays(30) },
  ]);
});

test("nothing begins twice, for a deleted card, or for a country that is open or not known", () => {
  assert.deepEqual(beginningsOf(facts, ["nationality"], {}, now), []);
  assert.deepEqual(beginningsOf({ ...facts, card: { deletedAt: now } }, [], {}, now), []);
  for (const nationality of ["DEU", null]) {
    assert.deepEqual(beginningsOf(withCustomer({ nationality }), [], {}, now), []);
  }
});

test("nationality and residence end a card each by itself", () => {
  const rules = [embargo, ruleOf({ subject: "residence", countries: ["DEU"] })];
  const subjects = beginningsOf({ ...facts, rules }, [], {}, now).map(({ subject }) => subject);
  assert.deepEqual(subjects, ["nationality", "residence"]);
});

test("a replacement ends when the card before it was to end, and not before now", () => {
  const dueOf = (date: Date) => beginningsOf(facts, [], { nationality: date }, now)[0]?.dueAt;
  assert.deepEqual(dueOf(inDays(3)), inDays(3));
  assert.deepEqual(dueOf(inDays(-3)), now);
});

const begun = { subject: "nationality", ruleId: "crl_example" } as const;

/** What becomes of a wind-down: facts, and whether its cause is gone. */
const cures: [string, WindDownFacts, boolean][] = [
  ["still restricted", facts, false],
  ["the card is deleted", { ...facts, card: { deletedAt: now } }, true],
  ["the rule is over", { ...facts, rules: [] }, true],
  [
    "another rule says the same",
    { ...facts, rules: [ruleOf({ id: "crl_other", countries: ["PRK"] })] },
    false,
  ],
  ["another country, verified", withCustomer({ nationality: "DEU" }), true],
  [
    "another country, not verified yet",
    withCustomer({ nationality: "DEU", status: "update_requested" }),
    false,
  ],
  [
    "the rule is over, the customer in review",
    { ...withCustomer({ status: "update_requested" }), rules: [] },
    true,
  ],
];

for (const [name, given, expected] of cures) {
  test(`a wind-down is lifted when its cause is gone: ${name}`, () => {
    assert.equal(isCured(begun, given), expected);
  });
}

test("what a program's lists began ends with them, once the customer is active", () => {
  const listed = { subject: "nationality", ruleId: null } as const;
  const open = { ...facts, rules: [] };
  assert.equal(isCured(listed, open), true);
  const inReview = { ...withCustomer({ status: "update_requested" }), rules: [] };
  assert.equal(isCured(listed, inReview), false);
});

test("each move is dated and counts one version on", () => {
  const announced = {
    status: "announced",
    blockedAt: null,
    liftedAt: null,
    version: 1n,
  } as WindDown;
  const blocked = movedOn(announced, "block", now);
  assert.deepEqual(blocked, { ...announced, status: "blocked", blockedAt: now, version: 2n });
  const lifted = movedOn(blocked, "lift", now);
  assert.deepEqual(lifted, { ...blocked, status: "lifted", liftedAt: now, version: 3n });
  assert.throws(() => movedOn(lifted, "block", now));
});
