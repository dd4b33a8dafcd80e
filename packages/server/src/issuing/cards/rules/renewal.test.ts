import assert from "node:assert/strict";
import test from "node:test";
import { customerIn } from "../../customers/fixture.ts";
import { customerLifecycle } from "../../customers/model.ts";
import { programOf } from "../../programs/fixture.ts";
import type { Card, Restriction } from "../model.ts";
import { renewed, renewsByItself } from "./renewal.ts";

const expiresAt = new Date("2027-04-01T00:00:00Z");
const DAY_MS = 86_400_000;
const program = programOf({ renewal: "automatic", renewalDays: 30, validityMonths: 36 });

const card = {
  deletedAt: null,
  deletedReason: null,
  restrictions: [],
  panSequence: 0,
  expiryMonth: 3,
  expiryYear: 2027,
  expiresAt,
  expiredAt: null,
  version: 1n,
} as unknown as Card;
const active = { organization: { status: "active" }, card, program, customer: null } as const;

/** Days from the expiry; negative before it. */
const at = (days: number, ms = 0) => new Date(expiresAt.getTime() + days * DAY_MS + ms);
const inWindow = at(-10);

const stops = (kind: Restriction["kind"], endsAt: Date | null = null) => {
  const restriction = { kind, owner: kind === "block" ? "platform" : "cardholder", endsAt };
  return { ...card, restrictions: [restriction as Restriction] };
};

test("a card renews by itself from the program's days before its expiry to as many after it", () => {
  const cases: [Date, boolean][] = [
    [at(-30, -1), false],
    [at(-30), true],
    [at(-1), true],
    [at(0), true],
    [at(30), true],
    [at(30, 1), false],
  ];
  for (const [now, expected] of cases) {
    assert.equal(renewsByItself(active, now), expected, now.toISOString());
  }
});

test("not where the program renews by hand or is retired; an inactive one goes on renewing", () => {
  const by = (terms: object) =>
    renewsByItself({ ...active, program: { ...program, ...terms } }, inWindow);
  assert.equal(by({ renewal: "manual" }), false);
  assert.equal(by({ status: "retired" }), false);
  assert.equal(by({ status: "inactive" }), true);
});

test("not a deleted or blocked card, also when it has expired; a frozen one is renewed", () => {
  const of = (each: Card, now = inWindow) => renewsByItself({ ...active, card: each }, now);
  assert.equal(of({ ...card, deletedAt: at(-20), deletedReason: "x" }), false);
  assert.equal(of(stops("block")), false);
  assert.equal(of(stops("block"), at(5)), false);
  assert.equal(of(stops("block", at(-11))), true);
  assert.equal(of(stops("freeze")), true);
});

test("not for a customer who is not served, or in an organization that is not active", () => {
  const served = ["active", "update_requested"];
  for (const status of customerLifecycle.states) {
    if (status === "on_hold" || status === "rejected" || status === "needs_information") continue;
    const customer = customerIn({ status });
    const expected = served.includes(status);
    assert.equal(renewsByItself({ ...active, customer }, inWindow), expected, status);
  }
  const organization = { status: "suspended" } as const;
  assert.equal(renewsByItself({ ...active, organization }, inWindow), false);
});

test("not where it would be good for no longer, or has been renewed 99 times", () => {
  const short = { ...program, validityMonths: 0 };
  assert.equal(renewsByItself({ ...active, program: short }, inWindow), false);
  const last = { ...card, panSequence: 99 };
  assert.equal(renewsByItself({ ...active, card: last }, inWindow), false);
  assert.equal(renewsByItself({ ...active, card: { ...card, panSequence: 98 } }, inWindow), true);
});

test("once renewed a card is not due again until its new expiry nears", () => {
  const after = renewed(card, program, inWindow);
  assert.deepEqual([after.expiryMonth, after.expiryYear, after.panSequence], [3, 2030, 1]);
  assert.equal(renewsByItself({ ...active, card: after }, inWindow), false);
  const later = new Date(after.expiresAt.getTime() - 30 * DAY_MS);
  assert.equal(renewsByItself({ ...active, card: after }, later), true);
});
