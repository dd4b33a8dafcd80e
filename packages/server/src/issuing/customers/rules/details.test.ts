import assert from "node:assert/strict";
import test from "node:test";
import { ageTerms, business, detailsOf, person, residence } from "../fixture.ts";
import type { CustomerDetails } from "../model.ts";
import { ageOn, detailProblems, tidyDetails } from "./details.ts";

const problemsOf = (known: Partial<CustomerDetails>, type: "individual" | "business") =>
  detailProblems(detailsOf(known), type, ageTerms).map(({ code, field }) => `${field}: ${code}`);

/** A field, values that it takes, and values that it does not, with the code. */
type Line = {
  readonly field: keyof typeof person | "legalName";
  readonly good: readonly string[];
  readonly bad: Readonly<Record<string, readonly string[]>>;
};

const names = {
  good: [
    "Ada",
    "O",
    "Jean-Luc",
    "O'Example",
    "D’Example",
    "María José",
    "Łukasz",
    "Ngọc Ánh",
    "李",
    "محمد",
    "Ünal",
    "J. R.",
    "Null",
    "Sample",
    "Foo",
    "Testa",
    "Lee Lee",
    "x".repeat(99).concat("y"),
  ],
  bad: {
    name_invalid: [
      "Test",
      "TEST",
      "t e s t",
      "asdf",
      "Unknown",
      "n.o.n.e",
      "qwerty",
      "Xxx",
      "aaaa",
      "-",
      "'",
      "Ada1",
      "1",
      "Ada <b>",
      "Ada@example",
      "-Ada",
      "💳",
      "x".repeat(100).concat("y"),
    ],
  },
};

const lines: readonly Line[] = [
  { field: "firstName", ...names },
  { field: "lastName", ...names },
  {
    field: "birthDate",
    good: ["2008-06-15", "1990-05-17", "2000-02-29", "1900-06-16"],
    bad: {
      age_too_low: ["2008-06-16", "2026-06-15", "2020-01-01"],
      birth_date_invalid: [
        "2026-06-16",
        "1900-06-15",
        "0000-01-01",
        "2001-02-29",
        "1990-13-01",
        "1990-04-31",
        "1990-5-17",
        "17.05.1990",
      ],
    },
  },
  {
    field: "nationality",
    good: ["DEU", "ZWE", "ALA"],
    bad: { country_unknown: ["XKX", "EUE", "ZZZ", "DE", "deu"] },
  },
  {
    field: "email",
    good: [
      "a@b.de",
      "ada.example+cards@mail.example.co.uk",
      "ada_example@example.com",
      "jürgen@exämple.de",
      `${"a".repeat(64)}@example.com`,
      `a@${"b".repeat(63)}.com`,
    ],
    bad: {
      email_invalid: [
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada@ex ample.com",
        "ada..x@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example..com",
        "ada@example.c",
        "ada@example.com\nbcc: x@example.com",
        "Ada <ada@example.com>",
        `${"a".repeat(65)}@example.com`,
        `a@${"b".repeat(64)}.com`,
        `a@${"b.".repeat(126)}de`,
      ],
    },
  },
  {
    field: "phone",
    good: ["+4930123456", "+1202555", "+123456789012345"],
    bad: {
      phone_invalid: [
        "030123456",
        "+030123456",
        "+49 30 123456",
        "004930123456",
        "+123456",
        "+1234567890123456",
        "+49x30123456",
        "4930123456",
      ],
    },
  },
];

for (const { field, good, bad } of lines) {
  for (const value of good) {
    test(`${field} may be ${JSON.stringify(value)}`, () =>
      assert.deepEqual(problemsOf({ [field]: value }, "individual"), []));
  }
  for (const [code, values] of Object.entries(bad)) {
    for (const value of values) {
      test(`${field} ${JSON.stringify(value)} is refused: ${code}`, () =>
        assert.deepEqual(problemsOf({ [field]: value }, "individual"), [`${field}: ${code}`]));
    }
  }
}

for (const legalName of ["Example GmbH & Co. KG", "3 (Three) S.à r.l.", "株式会社例", "7"]) {
  test(`a business may be called ${legalName}`, () =>
    assert.deepEqual(problemsOf({ legalName }, "business"), []));
}

for (const legalName of ["test", "N/A", "---", "&", "zzz", "x".repeat(200).concat("y")]) {
  test(`a business called ${legalName.slice(0, 20)} is refused: name_invalid`, () =>
    assert.deepEqual(problemsOf({ legalName }, "business"), ["legalName: name_invalid"]));
}

test("a legal name has at most 200 characters", () => {
  assert.deepEqual(problemsOf({ legalName: "x".repeat(199).concat("y") }, "business"), []);
});

test("first and last name that are a placeholder only together are refused once", () => {
  const names = { firstName: "Foo", lastName: "Bar" };
  assert.deepEqual(problemsOf(names, "individual"), ["lastName: name_invalid"]);
  assert.deepEqual(problemsOf({ ...names, lastName: "Example" }, "individual"), []);
});

test("an individual has no legal name, a business no personal names and no birth date", () => {
  const both = { ...person, legalName: "Example GmbH" };
  assert.deepEqual(problemsOf(both, "individual"), ["legalName: customer_type_mismatch"]);
  assert.deepEqual(problemsOf(both, "business"), [
    "firstName: customer_type_mismatch",
    "lastName: customer_type_mismatch",
    "birthDate: customer_type_mismatch",
  ]);
});

test("what is not known is not wrong", () => {
  assert.deepEqual(problemsOf({}, "individual"), []);
  assert.deepEqual(problemsOf({}, "business"), []);
  assert.deepEqual(problemsOf(person, "individual"), []);
  assert.deepEqual(problemsOf(business, "business"), []);
});

test("everything that is wrong is named at once", () => {
  const wrong = {
    firstName: "1",
    lastName: "test",
    birthDate: "2020-01-01",
    nationality: "XXX",
    residence: { ...residence, country: "YYY" },
    email: "x",
    phone: "1",
  };
  assert.deepEqual(problemsOf(wrong, "individual"), [
    "firstName: name_invalid",
    "lastName: name_invalid",
    "birthDate: age_too_low",
    "nationality: country_unknown",
    "residence.country: country_unknown",
    "email: email_invalid",
    "phone: phone_invalid",
  ]);
});

const birthdays: readonly [born: string, day: string, age: number][] = [
  ["2008-06-15", "2026-06-14", 17],
  ["2008-06-15", "2026-06-15", 18],
  ["2008-02-29", "2026-02-28", 17],
  ["2008-02-29", "2026-03-01", 18],
  ["2008-02-29", "2028-02-28", 19],
  ["2008-02-29", "2028-02-29", 20],
  ["2008-12-31", "2026-12-30", 17],
  ["2026-06-15", "2026-06-15", 0],
];
for (const [born, day, age] of birthdays) {
  test(`somebody born on ${born} is ${age} years old on ${day}`, () =>
    assert.equal(ageOn(born, day), age));
}

test("the day of age follows the organization's now, in UTC", () => {
  const of = (at: string) =>
    detailProblems(detailsOf({ birthDate: "2008-06-15" }), "individual", {
      ...ageTerms,
      now: new Date(at),
    });
  assert.equal(of("2026-06-14T23:59:59.999Z")[0]?.code, "age_too_low");
  assert.deepEqual(of("2026-06-15T00:00:00.000Z"), []);
});

test("from which age on somebody can be a customer is the installation's to say", () => {
  const known = detailsOf({ birthDate: "2010-06-15" });
  const codesAt = (minimumAge: number) =>
    detailProblems(known, "individual", { ...ageTerms, minimumAge }).map(({ code }) => code);
  assert.deepEqual(codesAt(16), []);
  assert.deepEqual(codesAt(17), ["age_too_low"]);
});

test("texts are kept composed and without spaces around them; blank ones are none", () => {
  const tidy = tidyDetails({
    ...detailsOf(person),
    firstName: "  A\u0308da \t Maria ",
    nationalId: "   ",
    email: " ada@example.com ",
    residence: { ...residence, line1: " Example   Street\n1 ", line2: " " },
  });
  assert.equal(tidy.firstName, "Äda Maria");
  assert.equal(tidy.nationalId, null);
  assert.equal(tidy.email, "ada@example.com");
  assert.deepEqual(tidy.residence, residence);
});
