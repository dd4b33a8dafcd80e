import assert from "node:assert/strict";
import test from "node:test";
import { steadyMs, systemClock, systemEntropy } from "./clock.ts";

test("the clock tells the time of day, and the steady counter never steps back", () => {
  const before = Date.now();
  const told = systemClock.now().getTime();
  assert.ok(told >= before && told <= Date.now());
  const first = steadyMs();
  assert.ok(steadyMs() >= first);
});

test("entropy gives as many bytes as asked for, other ones each time", () => {
  assert.equal(systemEntropy(32).length, 32);
  assert.notDeepEqual(systemEntropy(32), systemEntropy(32));
});
