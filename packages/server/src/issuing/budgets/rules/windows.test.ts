import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { testDatabase, wordsOf } from "../../../../test/harness/database.ts";
import type { Span } from "../model.ts";
import { countedSpans, isIn, piecesOf, spansAt, windowOf } from "./windows.ts";

const bounds = (span: Span, at: string) => {
  const { startsAt, endsAt } = windowOf({ span }, new Date(at));
  return [startsAt?.toISOString() ?? null, endsAt?.toISOString() ?? null];
};
const inZone = (every: "day" | "week" | "month" | "year", timeZone: string): Span => ({
  every,
  timeZone,
});

test("calendar windows follow the zone's calendar, over changes of the clocks too", () => {
  const cases: [Span, string, string, string][] = [
    [inZone("day", "UTC"), "2027-03-01T00:00:00Z", "2027-03-01", "2027-03-02"],
    [inZone("day", "UTC"), "2027-03-01T23:59:59.999Z", "2027-03-01", "2027-03-02"],
    [inZone("week", "UTC"), "2027-02-28T23:59:59.999Z", "2027-02-22", "2027-03-01"],
    [inZone("week", "UTC"), "2027-03-01T00:00:00Z", "2027-03-01", "2027-03-08"],
    [inZone("month", "UTC"), "2028-02-29T12:00:00Z", "2028-02-01", "2028-03-01"],
    [inZone("year", "UTC"), "2027-12-31T23:59:59.999Z", "2027-01-01", "2028-01-01"],
  ];
  for (const [span, at, start, end] of cases) {
    assert.deepEqual(bounds(span, at), [`${start}T00:00:00.000Z`, `${end}T00:00:00.000Z`], at);
  }
  // The day the clocks go forward has 23 hours, the day they go back 25.
  assert.deepEqual(bounds(inZone("day", "Europe/Berlin"), "2027-03-28T12:00:00Z"), [
    "2027-03-27T23:00:00.000Z",
    "2027-03-28T22:00:00.000Z",
  ]);
  assert.deepEqual(bounds(inZone("day", "Europe/Berlin"), "2027-10-31T00:30:00Z"), [
    "2027-10-30T22:00:00.000Z",
    "2027-10-31T23:00:00.000Z",
  ]);
  assert.deepEqual(bounds(inZone("month", "America/New_York"), "2027-03-31T23:30:00Z"), [
    "2027-03-01T05:00:00.000Z",
    "2027-04-01T04:00:00.000Z",
  ]);
  assert.deepEqual(bounds(inZone("year", "Asia/Kathmandu"), "2026-12-31T18:15:00Z"), [
    "2026-12-31T18:15:00.000Z",
    "2027-12-31T18:15:00.000Z",
  ]);
});

test("a sliding window is its last days to the quarter of an hour; a lifetime has no ends", () => {
  assert.deepEqual(bounds({ every: "sliding", days: 7 }, "2027-03-10T10:14:59.999Z"), [
    "2027-03-03T10:00:00.000Z",
    "2027-03-10T10:15:00.000Z",
  ]);
  assert.deepEqual(bounds({ every: "sliding", days: 1 }, "2027-03-10T10:15:00Z"), [
    "2027-03-09T10:15:00.000Z",
    "2027-03-10T10:30:00.000Z",
  ]);
  assert.deepEqual(bounds({ every: "lifetime" }, "2027-03-10T10:15:00Z"), [null, null]);
});

test("the first instant of a window is in it, the first of the next is not", () => {
  const window = windowOf({ span: inZone("day", "UTC") }, new Date("2027-03-01T05:00:00Z"));
  assert.equal(isIn(window, new Date("2027-03-01T00:00:00Z")), true);
  assert.equal(isIn(window, new Date("2027-02-28T23:59:59.999Z")), false);
  assert.equal(isIn(window, new Date("2027-03-01T23:59:59.999Z")), true);
  assert.equal(isIn(window, new Date("2027-03-02T00:00:00Z")), false);
});

const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];
const instants = fc
  .integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) })
  .map((ms) => new Date(ms));
const spans: fc.Arbitrary<Span> = fc.oneof(
  fc.record({
    every: fc.constantFrom("day", "week", "month", "year"),
    timeZone: fc.constantFrom(...zones),
  }),
  fc.record({ every: fc.constant("sliding" as const), days: fc.integer({ min: 1, max: 366 }) }),
  fc.constant({ every: "lifetime" } as const),
);

test("every instant is in its window, and windows of a calendar touch without overlap", () => {
  fc.assert(
    fc.property(spans, instants, (span, at) => {
      const window = windowOf({ span }, at);
      assert.ok(isIn(window, at));
      if (!("timeZone" in span) || window.endsAt === null) return;
      assert.deepEqual(windowOf({ span }, window.endsAt).startsAt, window.endsAt);
      const last = new Date(window.endsAt.getTime() - 1);
      assert.deepEqual(windowOf({ span }, last), window);
    }),
  );
});

test("the pieces of a window hold just the instants of the window, each once", () => {
  fc.assert(
    fc.property(spans, instants, fc.array(instants, { maxLength: 30 }), (span, at, others) => {
      const window = windowOf({ span }, at);
      const pieces = piecesOf(window);
      const near = [window.startsAt, window.endsAt].flatMap((edge) =>
        edge === null ? [] : [new Date(edge.getTime() - 1), edge],
      );
      for (const instant of [at, ...others, ...near]) {
        const times = spansAt(instant).flatMap(({ span: counted, startsAt }) =>
          pieces.filter(
            (piece) => piece.span === counted && startsAt >= piece.from && startsAt < piece.until,
          ),
        );
        assert.equal(times.length, isIn(window, instant) ? 1 : 0, instant.toISOString());
      }
    }),
  );
});

test("the counted spans agree with the database", async () => {
  const { url } = await testDatabase();
  const words = await wordsOf(url, "budget_spending_span_check");
  assert.deepEqual(words, [...countedSpans].sort());
});
