import assert from "node:assert/strict";
import test from "node:test";
import type { CustomerStatus } from "../../customers/model.ts";
import { customerLifecycle } from "../../customers/model.ts";
import type { FundsFacts } from "./funds.ts";
import { reversalRefusal } from "./funds.ts";

const since = new Date("2027-03-01T12:00:00Z");
const program = { informationDays: 10 } as FundsFacts["program"];
const card = {
  restrictions: [],
  deletedAt: null,
  expiresAt: new Date("2029-01-01T00:00:00Z"),
} as unknown as FundsFacts["card"];

function codeFor(status: CustomerStatus, now: Date, verb: "topUp" | "withdraw" = "topUp") {
  const customer = { status, statusReason: null, statusAt: since };
  const facts = { organization: { status: "active" }, card, program, customer } as const;
  return reversalRefusal(facts, verb, now)?.code;
}

test("money goes onto cards of customers who are active or have a verified past, never of others", () => {
  const served = new Set(["active", "update_requested", "needs_information"]);
  for (const status of customerLifecycle.states) {
    const expected = served.has(status) ? undefined : "card_not_fundable";
    assert.equal(codeFor(status, since), expected, status);
    assert.equal(codeFor(status, since, "withdraw"), undefined, status);
  }
});

test("a customer who is asked for information is served to the last millisecond of the program's days", () => {
  const due = new Date("2027-03-11T12:00:00Z");
  assert.equal(codeFor("needs_information", new Date(due.getTime() - 1)), undefined);
  assert.equal(codeFor("needs_information", due), "card_not_fundable");
});
