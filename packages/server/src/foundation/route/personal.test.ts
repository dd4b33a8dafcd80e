import assert from "node:assert/strict";
import test from "node:test";
import { Type } from "typebox";
import { Fault } from "../errors/errors.ts";
import {
  about,
  personal,
  personalFieldsOf,
  personalPlacesOf,
  replaceAll,
  valuesAt,
} from "./personal.ts";
import { nullable, object, pageOf } from "./schemas.ts";

const name = nullable(Type.String());
const address = nullable(object({ city: name }));
const card = object(
  { id: Type.String(), holder: object({ name: personal(name) }), address: personal(address) },
  about("customerId", "id"),
);

test("personal fields are found by their marks, in objects, in what may be null and in lists", () => {
  assert.deepEqual(personalFieldsOf(card), ["holder.name", "address"]);
  assert.deepEqual(personalFieldsOf(object({ card: nullable(card) })), [
    "card.holder.name",
    "card.address",
  ]);
  assert.deepEqual(personalFieldsOf(pageOf(card)), ["data.[].holder.name", "data.[].address"]);
  assert.deepEqual(personalFieldsOf(object({ name })), []);
});

test("a reply says where the person stands whom it is about", () => {
  const places = (at: string) => ({
    organization: `${at}organizationId`,
    subject: [`${at}customerId`, `${at}id`],
    fields: [`${at}holder.name`, `${at}address`],
  });
  assert.deepEqual(personalPlacesOf(card), places(""));
  assert.deepEqual(personalPlacesOf(object({ card, sweep: name })), places("card."));
  assert.equal(personalPlacesOf(object({ name })), null);
});

test("a reply about several people, or with personal data of nobody, is a fault", () => {
  const wrong = {
    two: object({ one: card, two: card }),
    list: pageOf(card),
    nobody: object({ name: personal(name) }),
    beside: object({ card, name: personal(name) }),
    inList: object({ names: Type.Array(personal(name)) }, about("id")),
  };
  for (const [what, schema] of Object.entries(wrong)) {
    assert.throws(() => personalPlacesOf(schema), Fault, what);
  }
});

test("values are taken where there are some and put into a copy, in the order of before", () => {
  const shown = { id: "card_1", holder: { name: "Ada", age: 9 }, address: null, last: 1 };
  const values = valuesAt(shown, ["holder.name", "address", "holder.none", "last.none"]);
  assert.deepEqual(values, { "holder.name": "Ada" });
  const copy = replaceAll(shown, ["holder.name"], () => null);
  assert.equal(
    JSON.stringify(copy),
    '{"id":"card_1","holder":{"name":null,"age":9},"address":null,"last":1}',
  );
  assert.equal(shown.holder.name, "Ada");
});
