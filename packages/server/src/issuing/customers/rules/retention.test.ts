import assert from "node:assert/strict";
import { test } from "node:test";
import { customerIn } from "../fixture.ts";
import { isRetentionOver, retainUntil } from "./retention.ts";

const at = (day: string) => new Date(`${day}T12:00:00Z`);
const deletedAt = at("2030-06-15");
const card = (retentionYears: number, day = "2030-06-15") => ({
  deletedAt: at(day),
  retentionYears,
});

test("identity is kept for the longest of what each program says, from the last end on", () => {
  const table: [string, Parameters<typeof retainUntil>[0], string][] = [
    ["no card: 5 years", { deletedAt, cards: [], sanctionsDecided: false }, "2035-06-15"],
    ["a program's years", { deletedAt, cards: [card(1)], sanctionsDecided: false }, "2031-06-15"],
    [
      "several programs: the longest",
      { deletedAt, cards: [card(3), card(7), card(5)], sanctionsDecided: false },
      "2037-06-15",
    ],
    [
      "cards deleted long before: from the customer's deletion",
      { deletedAt, cards: [card(6, "2024-01-01")], sanctionsDecided: false },
      "2036-06-15",
    ],
    [
      "a card deleted after: from the card's",
      { deletedAt, cards: [card(6, "2031-02-03"), card(6)], sanctionsDecided: false },
      "2037-02-03",
    ],
    ["sanctions, no card: 10", { deletedAt, cards: [], sanctionsDecided: true }, "2040-06-15"],
    [
      "sanctions: at least 10",
      { deletedAt, cards: [card(3)], sanctionsDecided: true },
      "2040-06-15",
    ],
    [
      "sanctions, and a program that keeps longer",
      { deletedAt, cards: [card(12), card(3)], sanctionsDecided: true },
      "2042-06-15",
    ],
    [
      "29 February: to 1 March",
      { deletedAt: at("2032-02-29"), cards: [card(5, "2032-02-29")], sanctionsDecided: false },
      "2037-03-01",
    ],
  ];
  for (const [what, facts, day] of table) {
    assert.equal(retainUntil(facts).toISOString(), at(day).toISOString(), what);
  }
});

test("what is kept is erased from its instant on: never under a legal hold, and once", () => {
  const until = at("2035-06-15");
  const deleted = customerIn({ status: "deleted" }, { retainUntil: until });
  const before = new Date(until.getTime() - 1);
  const held = { ...deleted, legalHold: { reason: "litigation", since: deletedAt } };
  assert.equal(isRetentionOver(deleted, until), true);
  assert.equal(isRetentionOver(deleted, before), false);
  assert.equal(isRetentionOver(held, at("2099-01-01")), false);
  assert.equal(isRetentionOver({ ...deleted, erasedAt: until }, at("2099-01-01")), false);
  assert.equal(isRetentionOver(customerIn({ status: "active" }), at("2099-01-01")), false);
});
