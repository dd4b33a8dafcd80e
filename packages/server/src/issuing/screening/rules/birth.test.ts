import assert from "node:assert/strict";
import test from "node:test";
import type { ListedBirth } from "../model.ts";
import { birthReason } from "./birth.ts";

const points = (ours: string, ...listed: readonly ListedBirth[]) =>
  birthReason(ours, listed)?.points;

test("births agree by day, by exchanged day and month, by year, nearly, or not at all", () => {
  const day: ListedBirth = { kind: "exact", day: "1964-03-11" };
  assert.equal(points("1964-03-11", day), 500);
  assert.equal(points("1964-11-03", day), 300);
  assert.equal(points("1964-08-30", day), 200);
  assert.equal(points("1965-03-11", day), 0);
  assert.equal(points("1963-03-11", day), 0);
  assert.equal(points("1966-03-11", day), -1_500);
});

test("a year, some years and about a year agree with what they may mean", () => {
  const cases: readonly (readonly [ListedBirth, string, number])[] = [
    [{ kind: "year", year: 1964 }, "1964-12-31", 200],
    [{ kind: "year", year: 1964 }, "1965-01-01", 0],
    [{ kind: "year", year: 1964 }, "1966-01-01", -1_500],
    [{ kind: "range", from: 1960, to: 1963 }, "1960-01-01", 200],
    [{ kind: "range", from: 1960, to: 1963 }, "1963-01-01", 200],
    [{ kind: "range", from: 1960, to: 1963 }, "1964-01-01", 0],
    [{ kind: "range", from: 1960, to: 1963 }, "1965-01-01", -1_500],
    [{ kind: "approximate", year: 1964 }, "1965-01-01", 200],
    [{ kind: "approximate", year: 1964 }, "1968-01-01", 0],
    [{ kind: "approximate", year: 1964 }, "1969-01-01", -1_500],
  ];
  for (const [listed, ours, expected] of cases) {
    assert.equal(points(ours, listed), expected, `${JSON.stringify(listed)} ${ours}`);
  }
});

test("of several listed births the best counts, and none is no reason", () => {
  const births: ListedBirth[] = [
    { kind: "year", year: 1950 },
    { kind: "exact", day: "1964-03-11" },
  ];
  assert.equal(points("1964-03-11", ...births), 500);
  assert.equal(birthReason("1964-03-11", []), null);
  assert.equal(birthReason(undefined, births), null);
});
