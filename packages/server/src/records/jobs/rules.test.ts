import assert from "node:assert/strict";
import { test } from "node:test";
import { generalErrors, Outage } from "../../foundation/errors/errors.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { isFarBehind, lagOf, nameOfError, retryAfterMs } from "./rules.ts";

const SECOND = 1_000;
const now = new Date("2030-06-01T12:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * SECOND);
const [real, moved]: OrganizationId[] = ["org_real", "org_moved"];
const DAY_S = 86_400;

/** In one organization it is a day later than in the other. */
const nows = new Map([
  [real as OrganizationId, now],
  [moved as OrganizationId, ago(-DAY_S)],
]);
const due = (organizationId: OrganizationId | undefined, dueAt: Date) => ({
  organizationId: organizationId as OrganizationId,
  id: "thing",
  dueAt,
});
const facts = { isAll: true, nows, now, clearAt: null };

test("what failed is tried again after 1, 2, 4, … seconds, and at least every ten minutes", () => {
  const waits = [1, 2, 3, 10, 11, 50].map(retryAfterMs);
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 512_000, 600_000, 600_000]);
});

test("a job is far behind a minute after the time that lies between two looks", () => {
  assert.equal(isFarBehind({ everyS: 10 }, 70), false);
  assert.equal(isFarBehind({ everyS: 10 }, 70.1), true);
  assert.equal(isFarBehind({ everyS: 3_600 }, 3_660), false);
});

test("the lag is the age of the oldest, each by the clock of its organization", () => {
  assert.equal(lagOf({ ...facts, due: [] }), 0);
  assert.equal(lagOf({ ...facts, due: [due(real, ago(5)), due(real, ago(90))] }), 90);
  assert.equal(lagOf({ ...facts, due: [due(real, ago(5)), due(moved, ago(10))] }), DAY_S + 10);
  assert.equal(lagOf({ ...facts, due: [due(real, ago(-1))] }), 0);
});

test("a clock that is moved by a day does not make a job a day late", () => {
  const late = { ...facts, due: [due(moved, ago(10))] };
  assert.equal(lagOf({ ...late, clearAt: ago(3) }), 3);
  assert.equal(lagOf({ ...late, clearAt: ago(-1) }), 0);
  assert.equal(lagOf({ ...late, due: [due(real, ago(2))], clearAt: ago(3) }), 2);
});

test("of more than was read, the time since nothing was due tells", () => {
  const many = { ...facts, isAll: false, due: [due(real, ago(2))] };
  assert.equal(lagOf({ ...many, clearAt: ago(30) }), 30);
  assert.equal(lagOf({ ...many, clearAt: null }), 2);
});

test("of an error its kind is kept, never what it says", () => {
  const said = "4000 1234 5678 9010";
  const refusal = generalErrors.refusal("currency_mismatch", said);
  const constraint = Object.assign(new Error(said), { code: "23505" });
  const names = [
    refusal,
    constraint,
    new Outage(said, { cause: constraint }),
    new Outage(said, { cause: Object.assign(new Error(said), { code: "ECONNREFUSED" }) }),
    new Outage(said),
    new RangeError(said),
    said,
    null,
    Object.assign(new Error(said), { name: "x".repeat(200) }),
    Object.assign(new Error(said), { code: said }),
  ].map(nameOfError);
  assert.deepEqual(names, [
    "currency_mismatch",
    "sql 23505",
    "sql 23505",
    "ECONNREFUSED",
    "Outage",
    "RangeError",
    "unknown",
    "unknown",
    "x".repeat(100),
    "Error",
  ]);
});
