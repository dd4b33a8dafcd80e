import assert from "node:assert/strict";
import test from "node:test";
import { expiredKindsAt, type Standing, validKinds } from "./standing.ts";

const now = new Date("2026-06-15T12:00:00Z");

const given = (
  kind: Standing["kind"],
  side: Standing["side"],
  expiryDate: string | null,
): Standing => ({ kind, side, expiryDate, checks: [], mrz: null });

test("each kind is named once, in a fixed order, however many of its documents there are", () => {
  const over = "2026-06-14";
  const standing = [
    given("id_card", "back", over),
    given("id_card", "front", over),
    given("id_card", "front", over),
    given("passport", null, over),
    given("passport", null, over),
  ];
  assert.deepEqual(expiredKindsAt(standing, now), ["passport", "id_card"]);
  assert.deepEqual(validKinds(standing), ["passport", "id_card"], "valid when they were described");
});

test("a kind is expired by one of its sides, unless another of that side is valid; its last day counts", () => {
  const front = given("id_card", "front", "2026-06-14");
  const back = given("id_card", "back", "2026-06-15");
  assert.deepEqual(expiredKindsAt([back], now), []);
  assert.deepEqual(expiredKindsAt([front, back], now), ["id_card"]);
  assert.deepEqual(expiredKindsAt([front, back, given("id_card", "front", null)], now), []);
});
