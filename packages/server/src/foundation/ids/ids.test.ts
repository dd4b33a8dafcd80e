import assert from "node:assert/strict";
import test from "node:test";
import { systemClock, systemEntropy } from "../clock/clock.ts";
import { createIds, MAX_ID_LENGTH, prefixes } from "./ids.ts";

const still = () => 1_700_000_000_000;

test("an id is its kind's prefix and 26 characters that double-click as one word", () => {
  const newId = createIds(() => systemClock.now().getTime(), systemEntropy);
  for (const kind of Object.keys(prefixes) as (keyof typeof prefixes)[]) {
    const id = newId(kind);
    assert.match(id, new RegExp(`^${prefixes[kind]}_[0-9a-hjkmnp-tv-z]{26}$`));
    assert.ok(id.length < MAX_ID_LENGTH);
  }
  assert.equal(new Set(Object.values(prefixes)).size, Object.keys(prefixes).length);
});

test("ids of a later millisecond sort behind, byte by byte", () => {
  let ms = still();
  const newId = createIds(() => ms, systemEntropy);
  let last = newId("card");
  for (let step = 0; step < 1_000; step += 1) {
    ms += 1;
    const next = newId("card");
    assert.ok(next > last);
    last = next;
  }
});

test("10,000 ids of one millisecond are distinct and in order", () => {
  const newId = createIds(still, systemEntropy);
  const ids = Array.from({ length: 10_000 }, () => newId("card"));
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(new Set(ids).size, ids.length);
});

test("ids go on growing when the clock steps back, and where randomness is at its end", () => {
  let ms = still();
  const newId = createIds(
    () => ms,
    (bytes) => new Uint8Array(bytes).fill(255),
  );
  const first = newId("event");
  ms -= 3_600_000;
  const [second, third] = [newId("event"), newId("event")];
  assert.ok(first < second && second < third);
  assert.match(third, /^evt_[0-9a-hjkmnp-tv-z]{26}$/);
});

test("two sources at the same instant do not agree", () => {
  const [one, other] = [createIds(still, systemEntropy), createIds(still, systemEntropy)];
  assert.notEqual(one("card"), other("card"));
  assert.equal(one("card").slice(0, 13), other("card").slice(0, 13), "the time is in front");
});
