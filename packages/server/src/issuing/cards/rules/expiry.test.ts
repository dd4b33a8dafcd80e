import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { expiryOf } from "./expiry.ts";

const cases: [name: string, now: string, months: number, zone: string, expected: string][] = [
  ["three years", "2026-07-21T10:00:00Z", 36, "UTC", "2029-07 until 2029-08-01T00:00:00.000Z"],
  ["over a year's end", "2026-12-31T23:59:59Z", 1, "UTC", "2027-01 until 2027-02-01T00:00:00.000Z"],
  ["in December", "2026-11-05T00:00:00Z", 13, "UTC", "2027-12 until 2028-01-01T00:00:00.000Z"],
  ["to a leap day", "2027-02-10T00:00:00Z", 12, "UTC", "2028-02 until 2028-03-01T00:00:00.000Z"],
  [
    "the month is the zone's, not UTC's",
    "2026-07-31T22:30:00Z",
    12,
    "Europe/Berlin",
    "2027-08 until 2027-08-31T22:00:00.000Z",
  ],
  [
    "winter time",
    "2026-07-21T10:00:00Z",
    6,
    "Europe/Berlin",
    "2027-01 until 2027-01-31T23:00:00.000Z",
  ],
  [
    "west of Greenwich it is still the month before",
    "2026-08-01T03:00:00Z",
    1,
    "America/New_York",
    "2026-08 until 2026-09-01T04:00:00.000Z",
  ],
  [
    "a zone of three quarters of an hour",
    "2026-05-10T00:00:00Z",
    1,
    "Asia/Kathmandu",
    "2026-06 until 2026-06-30T18:15:00.000Z",
  ],
  [
    "clocks that skip midnight of the first",
    "2017-08-10T12:00:00Z",
    1,
    "America/Asuncion",
    "2017-09 until 2017-10-01T04:00:00.000Z",
  ],
];

for (const [name, now, months, zone, expected] of cases) {
  test(`expiry is the last day of the month in the program's time zone: ${name}`, () => {
    const { year, month, expiresAt } = expiryOf(new Date(now), months, zone);
    const printed = `${year}-${String(month).padStart(2, "0")}`;
    assert.equal(`${printed} until ${expiresAt.toISOString()}`, expected);
  });
}

test("in every zone the last instant is in the printed month and the next one is not", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const monthIn = (zone: string, at: number) =>
    new Intl.DateTimeFormat("en-US", { timeZone: zone, year: "numeric", month: "numeric" }).format(
      new Date(at),
    );
  const property = fc.property(
    fc.constantFrom(...zones),
    fc.date({ min: new Date("2024-01-01"), max: new Date("2037-12-31"), noInvalidDate: true }),
    fc.integer({ min: 1, max: 120 }),
    (zone, now, months) => {
      const { year, month, expiresAt } = expiryOf(now, months, zone);
      assert.equal(monthIn(zone, expiresAt.getTime() - 1), `${month}/${year}`);
      assert.notEqual(monthIn(zone, expiresAt.getTime()), `${month}/${year}`);
    },
  );
  fc.assert(property, { numRuns: 2_000 });
});
