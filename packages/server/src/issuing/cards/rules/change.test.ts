import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../../../foundation/errors/errors.ts";
import type { Card } from "../model.ts";
import { changed } from "./change.ts";

const address = {
  line1: "1 Example Street",
  line2: null,
  city: "Berlin",
  region: null,
  postalCode: "10115",
  country: "DEU",
};
const cardholder = {
  firstName: "Ada",
  lastName: "Example",
  legalName: null,
  email: "ada@example.com",
  phone: null,
};
const card = {
  label: "Travel",
  metadata: { a: "1", b: "2" },
  cardholder,
  billingAddress: address,
  version: 4n,
} as unknown as Card;

test("a change sets what it names, null clears, and the version grows by one", () => {
  const after = changed(card, { label: null, metadata: { a: null, c: "3" } });
  assert.deepEqual([after.label, after.metadata, after.version], [null, { b: "2", c: "3" }, 5n]);
  assert.deepEqual(changed(card, { metadata: null }).metadata, {});
});

test("a change to what is already so is the same card", () => {
  assert.equal(changed(card, {}), card);
  assert.equal(changed(card, { label: "Travel", metadata: { a: "1", z: null } }), card);
  const contact = { email: "ada@example.com", phone: null };
  const { country, ...rest } = address;
  const turned = { country, ...rest };
  assert.equal(changed(card, { cardholder: contact, billingAddress: turned }), card);
});

test("contact changes field by field and leaves the names; an address is replaced as a whole", () => {
  const after = changed(card, { cardholder: { phone: "+4930123456" } });
  assert.deepEqual(after.cardholder, { ...cardholder, phone: "+4930123456" });
  assert.deepEqual([after.billingAddress, after.version], [address, 5n]);
  const other = { ...address, line1: "2 Example Street", postalCode: null };
  const moved = changed(card, { cardholder: { email: null }, billingAddress: other });
  assert.deepEqual([moved.cardholder.email, moved.billingAddress], [null, other]);
  assert.equal(changed(card, { billingAddress: null }).billingAddress, null);
});

test("names of objects' own machinery are texts like all others", () => {
  const after = changed(card, { metadata: JSON.parse('{"__proto__":"x","constructor":"y"}') });
  assert.deepEqual(Object.entries(after.metadata).slice(2), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  assert.notEqual(changed(card, { metadata: JSON.parse('{"__proto__":"x"}') }), card);
});

test("metadata has at most 50 texts", () => {
  const texts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, "x"]));
  assert.equal(Object.keys(changed(card, { metadata: texts(48) }).metadata).length, 50);
  assert.throws(
    () => changed(card, { metadata: texts(49) }),
    (error) => error instanceof Refusal && error.code === "invalid_request",
  );
});
