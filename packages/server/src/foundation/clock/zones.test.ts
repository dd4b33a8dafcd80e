import assert from "node:assert/strict";
import test from "node:test";
import { dayAfter, dayIn, isTimeZone, startOfDay, weekdayOf } from "./zones.ts";

const day = (text: string) => {
  const [year = 0, month = 0, date = 0] = text.split("-").map(Number);
  return { year, month, day: date };
};

test("only IANA names are time zones: an offset has no summer", () => {
  for (const name of ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Ushuaia"]) {
    assert.equal(isTimeZone(name), true, name);
  }
  for (const name of ["", "+02:00", "-05:17", "Mars/Olympus", "Europe/Berlin "]) {
    assert.equal(isTimeZone(name), false, name);
  }
});

test("which day it is turns at the zone's midnight, to the millisecond", () => {
  const cases: [string, string, string][] = [
    ["UTC", "2027-03-01T00:00:00.000Z", "2027-03-01"],
    ["UTC", "2027-02-28T23:59:59.999Z", "2027-02-28"],
    ["Europe/Berlin", "2027-02-28T22:59:59.999Z", "2027-02-28"],
    ["Europe/Berlin", "2027-02-28T23:00:00.000Z", "2027-03-01"],
    ["Asia/Kathmandu", "2027-02-28T18:15:00.000Z", "2027-03-01"],
    ["America/Los_Angeles", "2027-01-01T07:59:59.999Z", "2026-12-31"],
  ];
  for (const [zone, at, expected] of cases) {
    assert.deepEqual(dayIn(zone, new Date(at)), day(expected), `${zone} at ${at}`);
  }
});

test("a day begins at its first instant, whatever the clocks do around midnight", () => {
  const cases: [string, string, string][] = [
    ["Europe/Berlin", "2027-03-28", "2027-03-27T23:00:00.000Z"],
    ["Europe/Berlin", "2027-03-29", "2027-03-28T22:00:00.000Z"],
    ["Europe/Berlin", "2027-11-01", "2027-10-31T23:00:00.000Z"],
    // Midnight is skipped: the day begins at 01:00.
    ["America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z"],
    // Midnight comes twice: the day begins with the first.
    ["America/Havana", "2023-11-05", "2023-11-05T04:00:00.000Z"],
    ["Asia/Kathmandu", "2027-01-01", "2026-12-31T18:15:00.000Z"],
    // The whole day was skipped: what would begin it begins the next.
    ["Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z"],
    ["Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z"],
    ["Pacific/Kiritimati", "2027-01-01", "2026-12-31T10:00:00.000Z"],
  ];
  for (const [zone, date, expected] of cases) {
    assert.equal(startOfDay(zone, day(date)).toISOString(), expected, `${zone} ${date}`);
  }
});

test("days are counted over ends of months and years, and weeks begin on Monday", () => {
  assert.deepEqual(dayAfter(day("2028-02-28"), 1), day("2028-02-29"));
  assert.deepEqual(dayAfter(day("2027-12-31"), 1), day("2028-01-01"));
  assert.deepEqual(dayAfter({ year: 2027, month: 13, day: 1 }, 0), day("2028-01-01"));
  assert.equal(weekdayOf(day("2027-03-01")), 0);
  assert.equal(weekdayOf(day("2027-03-07")), 6);
});
