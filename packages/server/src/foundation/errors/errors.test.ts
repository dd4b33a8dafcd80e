import assert from "node:assert/strict";
import test from "node:test";
import { errorTable, Fault, assert as must, Outage, Refusal } from "./errors.ts";

const errors = errorTable({
  door_locked: { status: 409, title: "The door is locked", remedy: "Unlock it." },
  door_missing: { status: 0, title: "There is no door" },
});

test("a refusal carries its table's line, and says so in errors[] when nothing more is known", () => {
  const refusal = errors.refusal("door_locked");
  assert.ok(refusal instanceof Refusal && refusal instanceof Error);
  assert.deepEqual(
    [refusal.status, refusal.code, refusal.title, refusal.detail, refusal.retryAfterS],
    [409, "door_locked", "The door is locked", "The door is locked.", undefined],
  );
  assert.deepEqual(refusal.problems, [
    { code: "door_locked", message: "The door is locked.", remedy: "Unlock it." },
  ]);
});

test("detail, field, time to wait and lines of its own replace what the table says", () => {
  const named = errors.refusal("door_locked", "Door 7 is locked.", {
    field: "door",
    retryAfterS: 5,
  });
  assert.equal(named.detail, "Door 7 is locked.");
  assert.equal(named.retryAfterS, 5);
  assert.deepEqual(named.problems, [
    { code: "door_locked", field: "door", message: "Door 7 is locked.", remedy: "Unlock it." },
  ]);
  const problems = [errors.problem("door_missing", "doors.1"), errors.problem("door_locked")];
  assert.deepEqual(errors.refusal("door_locked", undefined, { problems }).problems, problems);
  assert.deepEqual(problems[0], {
    code: "door_missing",
    field: "doors.1",
    message: "There is no door.",
  });
});

test("the four kinds of no are kept apart", () => {
  assert.doesNotThrow(() => must(1, "one is true"));
  assert.throws(() => must(0, "zero is not"), Fault);
  const cause = new Error("socket");
  const outage = new Outage("The database does not answer.", { cause });
  assert.equal(outage.cause, cause);
  assert.ok(!(outage instanceof Refusal) && !(new Fault("x") instanceof Refusal));
});
