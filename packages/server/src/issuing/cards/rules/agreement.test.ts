import assert from "node:assert/strict";
import test from "node:test";
import { ruleOf } from "../../compliance/fixture.ts";
import { draftProgram, type Program } from "../../programs/model.ts";
import type { IssueRequest } from "../model.ts";
import {
  accessOfRow,
  COMBINATIONS,
  type Combination,
  combination,
  combinationAt,
  countries,
  dimensionNames,
  dimensions,
  expectedCodes,
  liveCardsOf,
  RESTRICTED,
  statusOfRow,
  termsOf,
} from "./fixture.ts";
import { type IssueFacts, unmet, unmetByCustomer } from "./unmet.ts";

const program: Program = draftProgram(
  { name: "Travel", model: "card", brand: "visa", bin: "411111", panLength: 16, currency: "EUR" },
  { id: "prog_card", createdAt: new Date("2027-01-01T00:00:00Z") },
);

const rules = (["nationality", "residence"] as const).map((subject) =>
  ruleOf({ subject, countries: [RESTRICTED] }),
);

const request: IssueRequest = { typeId: "prog_card", customerId: "cus_1", initialBalance: 1n };

const factsOf = (given: Combination): IssueFacts => ({
  organization: { status: "active", available: 1n },
  program: { ...program, ...termsOf(given) },
  programAvailable: true,
  customer: {
    type: "individual",
    level: given.level,
    status: statusOfRow(given),
    statusReason: given.status === "held for sanctions" ? "sanctions" : "investigation",
    firstName: "Ada",
    lastName: "Example",
    legalName: null,
    nationality: countries[given.nationality],
    residenceCountry: countries[given.residence],
  },
  // As the installation has them: for every program, whatever the combination.
  rules,
  access: accessOfRow(given),
  liveCards: liveCardsOf(given),
  budget: null,
  externalIdTaken: false,
});

const codes = (problems: readonly { readonly code: string }[]) => problems.map(({ code }) => code);

test("issuing agrees with eligibility in all combinations of status, level, access, country and rule", () => {
  let eligible = 0;
  for (let place = 0; place < COMBINATIONS; place += 1) {
    const given = combinationAt(place);
    const facts = factsOf(given);
    const refused = codes(unmet(facts, request));
    const told = codes(unmetByCustomer(facts, { typeId: "prog_card", customerId: "cus_1" }));
    const expected = expectedCodes(given);
    // One comparison of texts each: there are very many.
    if (refused.join() !== expected.join() || told.join() !== expected.join()) {
      assert.deepEqual({ refused, told }, { refused: expected, told: expected }, words(given));
    }
    if (expected.length === 0) eligible += 1;
  }
  assert.ok(COMBINATIONS > 100_000);
  assert.ok(eligible > 100 && eligible < COMBINATIONS / 100, `${eligible} are eligible`);
});

test("nothing is in the way of the first value of every dimension, and something of each bad one", () => {
  assert.deepEqual(expectedCodes(combination()), []);
  const bad = dimensionNames.flatMap((name) =>
    dimensions[name].flatMap((value) => expectedCodes(combination({ [name]: value }))),
  );
  assert.deepEqual(new Set(bad).size, 13);
});

const words = (given: Combination): string => JSON.stringify(given);
