import assert from "node:assert/strict";
import test from "node:test";
import type { CustomerId } from "../../../foundation/ids/ids.ts";
import { business, customerIn, detailsOf, person } from "../fixture.ts";
import type { Customer, Standing } from "../model.ts";
import { duplicatesOf } from "./duplicates.ts";

const one = (terms: Partial<Customer> = {}, standing: Standing = { status: "pending" }): Customer =>
  customerIn(standing, terms);

const another = (terms: Partial<Customer>, standing: Standing = { status: "pending" }): Customer =>
  customerIn(standing, {
    id: "cus_other" as CustomerId,
    nationalId: null,
    email: null,
    phone: null,
    birthDate: "1980-01-01",
    createdAt: new Date("2026-06-02T00:00:00Z"),
    ...terms,
  });

const found = (other: Customer, customer = one()) =>
  duplicatesOf(customer, [other]).map(
    ({ likelihood, shared }) => `${likelihood}: ${shared.join(" ")}`,
  );

test("each thing in common is a hint of its own strength; two weak ones are a stronger", () => {
  const lines: readonly [Partial<Customer>, string[]][] = [
    [{ nationalId: "x 123-4567" }, ["certain: nationalId"]],
    [{ birthDate: person.birthDate }, ["likely: nameAndBirthDate"]],
    [{ email: "ADA@example.com" }, ["possible: email"]],
    [{ phone: person.phone }, ["possible: phone"]],
    [{ email: person.email, phone: person.phone }, ["likely: email phone"]],
    [{}, []],
  ];
  for (const [terms, expected] of lines) assert.deepEqual(found(another(terms)), expected);
});

test("names are compared by how they sound, and only beside the same birth date", () => {
  const born = { birthDate: person.birthDate };
  const named = (firstName: string, lastName: string, ...[terms]: Partial<Customer>[]) =>
    found(
      another({ firstName, lastName, ...terms }),
      one({ firstName: "Sergei", lastName: "Volkov" }),
    );
  for (const [first, last] of [
    ["Sergey", "Volkov"],
    ["SERGEI", "Wolkow"],
    ["Сергей", "Волков"],
  ] as const) {
    assert.deepEqual(named(first, last, born), ["likely: nameAndBirthDate"], first);
  }
  assert.deepEqual(named("Sergei", "Volkov"), []);
  assert.deepEqual(named("Sergei", "Petrov", born), []);
});

test("businesses are the same by name in one country, whatever their legal form", () => {
  const company = (terms: Partial<Customer>) => ({
    ...detailsOf(business),
    type: "business" as const,
    nationalId: null,
    email: null,
    phone: null,
    ...terms,
  });
  const ours = one(company({ legalName: "Northwind Trading GmbH" }));
  const theirs = (terms: Partial<Customer>) => another(company({ birthDate: null, ...terms }));
  assert.deepEqual(found(theirs({ legalName: "Northwind Trading" }), ours), ["likely: legalName"]);
  const abroad = { legalName: "Northwind Trading", residenceCountry: "FRA" };
  assert.deepEqual(found(theirs(abroad), ours), []);
});

test("a person is no business, itself is no duplicate, and the deleted are nobody", () => {
  const same = { nationalId: person.nationalId };
  assert.deepEqual(found(another({ ...same, type: "business" })), []);
  assert.deepEqual(found(another(same, { status: "deleted" })), []);
  assert.deepEqual(found(another(same), one({}, { status: "deleted" })), []);
  assert.deepEqual(duplicatesOf(one(), [one()]), []);
});

test("the one to keep is the verified one, otherwise the older; the surest hints come first", () => {
  const same = { nationalId: person.nationalId };
  const keep = (other: Customer, customer = one()) => duplicatesOf(customer, [other])[0]?.keep;
  assert.equal(keep(another(same)), "cus_example");
  assert.equal(keep(another(same, { status: "active" })), "cus_other");
  assert.equal(
    keep(another(same, { status: "active" }), one({}, { status: "active" })),
    "cus_example",
  );
  const weak = another({ id: "cus_a" as CustomerId, phone: person.phone });
  const strong = another({ id: "cus_b" as CustomerId, ...same });
  assert.deepEqual(
    duplicatesOf(one(), [weak, strong]).map(({ customer }) => customer.id),
    ["cus_b", "cus_a"],
  );
});
