import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { customerIn } from "../../customers/fixture.ts";
import { customerLifecycle, type Standing } from "../../customers/model.ts";
import { organizationLifecycle } from "../../organizations/model.ts";
import { type Channel, channels, type UseBlocker } from "../model/usability.ts";
import { type Card, liveRestrictions, type Restriction, statusOf } from "../model.ts";
import { type UsabilityFacts, usabilityOf, verdictOn } from "./usability.ts";

const now = new Date("2027-03-10T12:00:00Z");
const past = new Date("2027-03-01T00:00:00Z");
const future = new Date("2027-04-01T00:00:00Z");

const restriction = (
  kind: Restriction["kind"],
  owner: Restriction["owner"],
  more: Partial<Restriction> = {},
): Restriction => ({
  id: "rst_1",
  kind,
  owner,
  reason: "because",
  note: "a note that is nobody else's",
  actor: { kind: "key", id: "key_1" },
  createdAt: past,
  endsAt: null,
  ...more,
});

const living = {
  model: "card",
  deletedAt: null,
  deletedReason: null,
  replacedBy: null,
  expiresAt: future,
  restrictions: [],
} as unknown as Card;

const working: UsabilityFacts = {
  card: living,
  organization: { status: "active" },
  program: { informationDays: 10 },
  customer: null,
  budget: null,
  windDowns: [],
  available: 1n,
};

const onCard = (more: Partial<Card>): UsabilityFacts => ({
  ...working,
  card: { ...living, ...more },
});
const budget = (more: object) => {
  const source = { id: "bud_own", status: "active", frozenBy: null, ...more };
  return { ...onCard({ model: "budgetCard" }), budget: source } as UsabilityFacts;
};

const told = (facts: UsabilityFacts): unknown[][] =>
  usabilityOf(facts, now).blockers.map(({ code, owner, since, endsAt }) => [
    code,
    owner,
    since,
    endsAt,
  ]);

test("a card that nothing stops works in every channel", () => {
  const { usable, channels: open, blockers } = usabilityOf(working, now);
  assert.deepEqual([usable, blockers], [true, []]);
  assert.deepEqual(open, Object.fromEntries(channels.map((channel) => [channel, true])));
});

test("what will stop a card is a warning with its day, and stops nothing yet", () => {
  const coming = { subject: "residence", reasonCode: "embargo", dueAt: future } as const;
  const facts: UsabilityFacts = { ...working, windDowns: [coming] };
  const { usable, blockers, warnings } = usabilityOf(facts, now);
  assert.deepEqual([usable, blockers], [true, []]);
  assert.deepEqual(
    warnings.map(({ code, at, owner, message }) => [code, at, owner, message]),
    [
      [
        "residence_restricted",
        future,
        "rule",
        "The card is blocked on 2027-04-01T00:00:00.000Z: embargo.",
      ],
    ],
  );
  const gone = { ...facts, card: { ...living, deletedAt: past } };
  assert.deepEqual(usabilityOf(gone, now).warnings, [], "of a deleted card nothing is to come");
});

test("a rule about countries says which condition its block is, and why", () => {
  const block = { reason: "nationality_restricted", note: "embargo" };
  const facts = onCard({ restrictions: [restriction("block", "rule", block)] });
  const [told] = usabilityOf(facts, now).blockers;
  assert.equal(told?.code, "nationality_restricted");
  assert.equal(told?.message, "A country is restricted: embargo.");
  const platforms = onCard({ restrictions: [restriction("block", "platform", block)] });
  assert.equal(usabilityOf(platforms, now).blockers[0]?.code, "card_blocked");
});

test("each thing that stops a card is told with its code, who can cure it, since when, and its end", () => {
  const cases: [UsabilityFacts, ...unknown[]][] = [
    [onCard({ deletedAt: past }), "card_deleted", "organization", past, null],
    [onCard({ expiresAt: now }), "card_expired", "organization", now, null],
    ...(["organization", "cardholder"] as const).map((owner): [UsabilityFacts, ...unknown[]] => [
      onCard({ restrictions: [restriction("freeze", owner, { endsAt: future })] }),
      "card_frozen",
      owner,
      past,
      future,
    ]),
    ...(["platform", "rule"] as const).map((owner): [UsabilityFacts, ...unknown[]] => [
      onCard({ restrictions: [restriction("block", owner)] }),
      "card_blocked",
      owner,
      past,
      null,
    ]),
    [
      onCard({ restrictions: [restriction("block", "compliance")] }),
      "compliance_restriction",
      "compliance",
      past,
      null,
    ],
    [
      onCard({
        restrictions: [restriction("block", "rule", { reason: "product_access_revoked" })],
      }),
      "product_access_revoked",
      "rule",
      past,
      null,
    ],
    [
      onCard({ restrictions: [restriction("block", "platform", { reason: "pending_review" })] }),
      "card_pending_review",
      "platform",
      past,
      null,
    ],
    [{ ...working, available: 0n }, "card_without_funds", "organization", null, null],
    [{ ...budget({}), available: 0n }, "budget_without_funds", "organization", null, null],
    [budget({ status: "frozen" }), "budget_frozen", "organization", null, null],
    [budget({ frozenBy: "bud_above" }), "budget_frozen", "organization", null, null],
    [budget({ status: "archived" }), "budget_archived", "organization", null, null],
  ];
  for (const [facts, ...expected] of cases) {
    assert.deepEqual(told(facts), [expected]);
    assert.equal(usabilityOf(facts, now).usable, false);
  }
});

test("an organization stops its cards in every status but active", () => {
  for (const status of organizationLifecycle.states) {
    const expected =
      status === "active" ? [] : [[`organization_${status}`, "platform", null, null]];
    assert.deepEqual(told({ ...working, organization: { status } }), expected);
  }
});

const standings: Record<(typeof customerLifecycle.states)[number], Standing | "on_hold"> = {
  active: { status: "active" },
  update_requested: { status: "update_requested" },
  needs_information: { status: "needs_information", reasons: [], asked: [] },
  pending: { status: "pending" },
  rejected: { status: "rejected", reasons: [], canResubmit: false },
  on_hold: "on_hold",
  deleted: { status: "deleted" },
};
const customerAs = (status: keyof typeof standings, reason = "investigation") => {
  const standing = standings[status];
  return customerIn(
    standing === "on_hold" ? { status: "on_hold", reason, before: { status: "active" } } : standing,
    { statusAt: past },
  );
};

test("a customer stops the card in exactly the statuses in which it is not served", () => {
  const owners = {
    needs_information: null,
    active: null,
    update_requested: null,
    pending: "platform",
    rejected: "platform",
    on_hold: "platform",
    deleted: "organization",
  };
  for (const status of customerLifecycle.states) {
    const owner = owners[status];
    const expected = owner === null ? [] : [["customer_not_verified", owner, past, null]];
    assert.deepEqual(told({ ...working, customer: customerAs(status) }), expected, status);
  }
  const held = { ...working, customer: customerAs("on_hold", "sanctions") };
  assert.deepEqual(told(held), [["sanctions_hold", "platform", past, null]]);
  const again = customerIn({ status: "rejected", reasons: [], canResubmit: true });
  assert.equal(told({ ...working, customer: again })[0]?.[1], "organization");
});

test("information that is owed stops the card from its due date on, to the millisecond", () => {
  const facts = { ...working, customer: customerAs("needs_information") };
  const due = new Date(past.getTime() + 10 * 86_400_000);
  assert.deepEqual(usabilityOf(facts, new Date(due.getTime() - 1)).blockers, []);
  const [blocker] = usabilityOf(facts, due).blockers;
  assert.deepEqual(
    [blocker?.code, blocker?.owner, blocker?.since],
    ["customer_not_verified", "organization", due],
  );
});

test("several blockers are told together, and of a deleted card only that it is, and what replaced it", () => {
  const restrictions = [restriction("freeze", "cardholder"), restriction("block", "platform")];
  const card = { ...living, expiresAt: past, restrictions };
  const facts: UsabilityFacts = {
    ...working,
    card,
    organization: { status: "suspended" },
    customer: customerAs("on_hold"),
    available: 0n,
  };
  const codes = [
    "card_expired",
    "card_frozen",
    "card_blocked",
    "organization_suspended",
    "customer_not_verified",
    "card_without_funds",
  ];
  assert.deepEqual(
    told(facts).map(([code]) => code),
    codes,
  );
  const gone = { ...facts, card: { ...card, deletedAt: past, replacedBy: "card_next" } as Card };
  const [blocker, ...more] = usabilityOf(gone, now).blockers;
  assert.deepEqual([blocker?.code, more], ["card_deleted", []]);
  assert.match(blocker?.message ?? "", /card_next has replaced it/);
  assert.match(blocker?.remedy ?? "", /card_next/);
});

test("a message names who stopped the card and why, never the note", () => {
  const frozen = onCard({ restrictions: [restriction("freeze", "cardholder")] });
  const text = JSON.stringify(usabilityOf(frozen, now));
  assert.match(text, /The cardholder has frozen the card: because\./);
  assert.doesNotMatch(text, /nobody else's/);
});

test("a frozen level above the budget is named", () => {
  const [blocker] = usabilityOf(budget({ frozenBy: "bud_above" }), now).blockers;
  assert.match(blocker?.message ?? "", /bud_above/);
});

test("a card is usable exactly where some channel has no blocker", () => {
  const blocker = fc.subarray([...channels], { minLength: 1 }).map(
    (stopped): UseBlocker => ({
      code: "any",
      since: null,
      endsAt: null,
      owner: "platform",
      message: "",
      remedy: null,
      channels: stopped,
    }),
  );
  fc.assert(
    fc.property(fc.array(blocker, { maxLength: 5 }), (blockers) => {
      const verdict = verdictOn(blockers);
      const stopped = new Set<Channel>(blockers.flatMap((each) => each.channels));
      assert.equal(verdict.usable, stopped.size < channels.length);
      for (const channel of channels) {
        assert.equal(verdict.channels[channel], !stopped.has(channel));
      }
    }),
  );
});

test("whatever is true of a card, it is usable only if its status is active and nothing blocks it", () => {
  const restrictions = fc.subarray([
    restriction("freeze", "organization"),
    restriction("freeze", "cardholder", { endsAt: past }),
    restriction("block", "platform", { endsAt: future }),
    restriction("block", "compliance"),
  ]);
  const facts = fc.record({
    card: fc.record({
      deletedAt: fc.constantFrom(null, past),
      expiresAt: fc.constantFrom(past, future),
      restrictions,
    }),
    status: fc.constantFrom(...organizationLifecycle.states),
    customer: fc.constantFrom(null, ...customerLifecycle.states),
    available: fc.constantFrom(0n, 1n),
  });
  fc.assert(
    fc.property(facts, ({ card: more, status, customer: state, available }) => {
      const card = { ...living, ...more } as Card;
      const customer = state === null ? null : customerAs(state);
      const organization = { status };
      const verdict = usabilityOf({ ...working, card, organization, customer, available }, now);
      assert.equal(verdict.usable, verdict.blockers.length === 0);
      if (verdict.usable) assert.equal(statusOf(card, now), "active");
      const frozen = verdict.blockers.filter(({ code }) => code === "card_frozen").length;
      const live = liveRestrictions(card, now).filter(({ kind }) => kind === "freeze").length;
      if (card.deletedAt === null) assert.equal(frozen, live);
    }),
  );
});
