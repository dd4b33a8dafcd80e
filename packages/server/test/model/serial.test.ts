import assert from "node:assert/strict";
import test from "node:test";
import { canHaveSeen, firstOutOfOrder } from "./serial.ts";

const at = (begun: number, ended: number) => ({ begun, ended });

test("a decision has seen what was answered before it, and nothing that was asked for after it", () => {
  const history = { states: [0, 1, 2], changes: [at(10, 20), at(30, 40)] };
  const seen = (begun: number, ended: number) =>
    [0, 1, 2].filter((state) => canHaveSeen(history, at(begun, ended), (each) => each === state));
  assert.deepEqual(seen(1, 5), [0]);
  assert.deepEqual(seen(1, 15), [0, 1]);
  assert.deepEqual(seen(21, 25), [1]);
  assert.deepEqual(seen(15, 35), [0, 1, 2]);
  assert.deepEqual(seen(35, 50), [1, 2]);
  assert.deepEqual(seen(50, 60), [2]);
  assert.ok(canHaveSeen({ states: ["only"], changes: [] }, at(1, 2), (state) => state === "only"));
});

test("changes whose versions contradict their times are found", () => {
  assert.equal(firstOutOfOrder({ states: [], changes: [at(1, 5), at(2, 3), at(4, 9)] }), null);
  assert.equal(firstOutOfOrder({ states: [], changes: [at(1, 5), at(6, 9), at(2, 5)] }), 2);
});
