import assert from "node:assert/strict";
import test from "node:test";
import type { Announcement } from "./model.ts";
import { changeOf, joinPersonal, previousOf, splitPersonal } from "./rules.ts";

const renamed: Announcement = {
  type: "customer.updated",
  objectId: "cus_example",
  objectVersion: 3n,
  object: {
    id: "cus_example",
    firstName: "Ada",
    contact: { email: "ada@example.com", language: "en", phone: null },
    level: "basic",
  },
  previous: { firstName: "Eda", level: "minimum" },
  subjectId: "cus_example",
  personal: [
    "firstName",
    "contact.email",
    "contact.phone",
    "contact.fax",
    "level.deeper",
    "nothing",
  ],
};

test("personal values leave the data, wherever they stand, and come back from beside it", () => {
  const before = structuredClone(renamed);
  const { data, personal } = splitPersonal(renamed);
  assert.deepEqual(data, {
    object: {
      id: "cus_example",
      firstName: null,
      contact: { email: null, language: "en", phone: null },
      level: "basic",
    },
    previous: { firstName: null, level: "minimum" },
  });
  assert.doesNotMatch(JSON.stringify(data), /Ada|Eda|ada@/);
  const { object, previous } = renamed;
  assert.deepEqual(joinPersonal(data, personal), { object, previous });
  assert.deepEqual(joinPersonal(data, null), data);
  assert.deepEqual(renamed, before, "the announcement itself is not changed");
});

test("data keeps its fields in the order in which the API shows them", () => {
  const { data, personal } = splitPersonal(renamed);
  const joined = joinPersonal(data, personal);
  assert.equal(JSON.stringify(joined.object), JSON.stringify(renamed.object));
});

test("what has nothing personal in it is left as it is", () => {
  const { personal: _, subjectId: __, ...plain } = renamed;
  assert.equal(splitPersonal(plain).personal, null);
  assert.equal(splitPersonal(plain).data.object, plain.object);
  const empty = splitPersonal({ ...renamed, object: { firstName: null }, previous: {} });
  assert.equal(empty.personal, null);
});

test("personal data without the person it belongs to is a fault", () => {
  const { subjectId: _, ...anonymous } = renamed;
  assert.throws(() => splitPersonal(anonymous), /belongs to a person/);
});

test("a change tells the fields that changed, before and after, with personal ones masked", () => {
  assert.deepEqual(changeOf(renamed), {
    objectId: "cus_example",
    version: 3,
    event: "customer.updated",
    before: { firstName: "[masked]", level: "minimum" },
    after: { firstName: "[masked]", level: "basic" },
  });
});

test("a new object is told whole, and a field that is gone as null", () => {
  const { previous: _, ...created } = renamed;
  const change = changeOf(created);
  assert.equal(change.before, null);
  assert.deepEqual(change.after, {
    id: "cus_example",
    firstName: "[masked]",
    contact: { email: "[masked]", language: "en", phone: null },
    level: "basic",
  });
  const removed = changeOf({ ...renamed, previous: { label: "old" } });
  assert.deepEqual(removed.after, { label: null });
});

test("previous holds the fields that were different, without the version", () => {
  const before = { name: "A", version: 1n, types: ["business"] };
  assert.deepEqual(previousOf(before, { ...before, name: "B", version: 2n }), { name: "A" });
  assert.deepEqual(previousOf(before, { ...before, types: ["business"] }), {});
});
