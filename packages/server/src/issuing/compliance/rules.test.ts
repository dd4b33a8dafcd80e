import assert from "node:assert/strict";
import test from "node:test";
import type { ProgramId } from "../../foundation/ids/ids.ts";
import { programOf } from "../programs/fixture.ts";
import { ruleOf } from "./fixture.ts";
import type { ComplianceRule } from "./model.ts";
import { endedAt, isInForce, judgeCountry, ruleProblems, rulesFor } from "./rules.ts";

const at = (text: string) => new Date(`2027-${text}Z`);
const ms = (date: Date, more: number) => new Date(date.getTime() + more);

const from = at("02-01T00:00:00");
const to = at("03-01T00:00:00");

test("a rule holds from its beginning, its end not included", () => {
  const rule = ruleOf({ effectiveFrom: from, effectiveTo: to });
  const holds = [ms(from, -1), from, ms(to, -1), to].map((now) => isInForce(rule, now));
  assert.deepEqual(holds, [false, true, true, false]);
  const open = ruleOf({ effectiveFrom: from });
  assert.equal(isInForce(open, at("12-31T00:00:00")), true);
});

test("of all rules those for every program and for the program itself hold, the oldest first", () => {
  const own = "prog_own" as ProgramId;
  const rules: ComplianceRule[] = [
    ruleOf({ id: "crl_later", effectiveFrom: to }),
    ruleOf({ id: "crl_own", programId: own, effectiveFrom: from }),
    ruleOf({ id: "crl_other", programId: "prog_other", effectiveFrom: from }),
    ruleOf({ id: "crl_over", effectiveTo: from }),
    ruleOf({ id: "crl_all", effectiveFrom: from }),
    ruleOf({ id: "crl_old" }),
  ];
  const idsAt = (now: Date) => rulesFor(rules, own, now).map(({ id }) => id);
  assert.deepEqual(idsAt(ms(from, -1)), ["crl_old", "crl_over"]);
  assert.deepEqual(idsAt(from), ["crl_old", "crl_all", "crl_own"]);
  assert.deepEqual(idsAt(to), ["crl_old", "crl_all", "crl_own", "crl_later"]);
});

const bare = programOf({ requiresCustomer: true });
const rule = ruleOf({ countries: ["PRK", "IRN"] });

/** A country against a program's lists and rules, and what is said of it. */
const verdicts: [string, Parameters<typeof judgeCountry>, string][] = [
  ["nothing to hold it against", ["nationality", null, bare, []], "open"],
  ["a rule about the other subject", ["residence", null, bare, [rule]], "open"],
  ["no country under a rule", ["nationality", null, bare, [rule]], "unknown"],
  ["another country than the rule's", ["nationality", "DEU", bare, [rule]], "open"],
  ["the second country of a rule", ["nationality", "IRN", bare, [rule]], "crl_example"],
  [
    "no country under a list",
    ["nationality", null, { ...bare, allowedNationalities: ["DEU"] }, []],
    "unknown",
  ],
  [
    "not on the list of allowed ones",
    ["nationality", "FRA", { ...bare, allowedNationalities: ["DEU"] }, []],
    "program",
  ],
  [
    "on the list of restricted ones",
    ["residence", "FRA", { ...bare, restrictedResidences: ["FRA"] }, []],
    "program",
  ],
  [
    "both on a list and of a rule",
    ["nationality", "PRK", { ...bare, restrictedNationalities: ["PRK"] }, [rule]],
    "crl_example",
  ],
  [
    "allowed by a list and restricted by a rule",
    ["nationality", "PRK", { ...bare, allowedNationalities: ["PRK"] }, [rule]],
    "crl_example",
  ],
];

for (const [name, given, expected] of verdicts) {
  test(`a country is judged by the program's lists and the rules in force: ${name}`, () => {
    const verdict = judgeCountry(...given);
    const said = verdict.answer === "restricted" ? (verdict.rule?.id ?? "program") : verdict.answer;
    assert.equal(said, expected);
  });
}

test("of several rules the one that has held longest is named", () => {
  const rules = rulesFor(
    [
      ruleOf({ id: "crl_b", effectiveFrom: from }),
      ruleOf({ id: "crl_a", effectiveFrom: from }),
      ruleOf({ id: "crl_c", effectiveFrom: to }),
    ],
    bare.id,
    to,
  );
  const verdict = judgeCountry("nationality", "PRK", bare, rules);
  assert.equal(verdict.answer === "restricted" && verdict.rule?.id, "crl_a");
});

test("everything in a draft that cannot be is named at once", () => {
  const fieldsOf = (terms: Partial<ComplianceRule>, program = bare) =>
    ruleProblems(ruleOf({ effectiveFrom: from, ...terms }), program, from).map(
      ({ field }) => field,
    );
  assert.deepEqual(fieldsOf({}), []);
  assert.deepEqual(fieldsOf({ effectiveTo: ms(from, 1) }), []);
  assert.deepEqual(fieldsOf({ effectiveTo: from }), ["effectiveTo"]);
  assert.deepEqual(fieldsOf({ effectiveFrom: ms(from, -1) }), ["effectiveFrom"]);
  const names = programOf({ requiresCustomer: false });
  const wrong = {
    countries: ["DEU", "XXX"],
    effectiveFrom: ms(from, -2),
    effectiveTo: ms(from, -2),
  };
  assert.deepEqual(fieldsOf(wrong, names), ["countries", "effectiveFrom", "effectiveTo", "typeId"]);
});

test("a rule ends once, never later than it ends already, and before its beginning not at all", () => {
  const open = ruleOf({ effectiveFrom: from });
  assert.deepEqual(endedAt(open, to), { ...open, effectiveTo: to, version: 2n });
  assert.deepEqual(endedAt(open, ms(from, -9))?.effectiveTo, from, "it never holds");
  const limited = ruleOf({ effectiveFrom: from, effectiveTo: to });
  assert.deepEqual(endedAt(limited, ms(to, -1))?.effectiveTo, ms(to, -1));
  for (const later of [to, ms(to, 1)]) assert.equal(endedAt(limited, later), null);
});
