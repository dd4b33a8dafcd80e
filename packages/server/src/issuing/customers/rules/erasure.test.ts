import assert from "node:assert/strict";
import { test } from "node:test";
import { customerIn, detailsOf, person } from "../fixture.ts";
import { noDetails } from "./details.ts";
import { erased, identityOf } from "./erasure.ts";

const customer = customerIn({ status: "active" }, { externalId: "own-1" });

test("what the law keeps is who the customer was: no contact data, and no name of the organization's", () => {
  const { email: _, phone: __, ...identity } = detailsOf(person);
  assert.deepEqual(identityOf(customer), identity);
});

test("an erased customer has no data, and is otherwise as it was", () => {
  const nothing = { ...noDetails, externalId: null, residenceCountry: null, evidence: [] };
  assert.deepEqual(erased(customer), { ...customer, ...nothing });
});
