import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../../../foundation/errors/errors.ts";
import { customerTypes, verificationLevels } from "../../programs/model.ts";
import { ageTerms, business, customerIn, detailsOf, now, person, residence } from "../fixture.ts";
import { levelNeeds, missingOf } from "../model/levels.ts";
import {
  accessLifecycle,
  needs as allNeeds,
  type Customer,
  customerLifecycle,
  fieldValue,
  type Held,
  movers,
  type Need,
  type Standing,
} from "../model.ts";
import {
  type CustomerChange,
  changedBy,
  decidedBy,
  firstStanding,
  reasonsOf,
  type Verdict,
} from "./moves.ts";

/** Every standing, by what a reader would call it. */
const standings = {
  needs_information: { status: "needs_information", reasons: [], asked: [] },
  "asked for the e-mail": { status: "needs_information", reasons: ["unclear"], asked: ["email"] },
  pending: { status: "pending" },
  active: { status: "active" },
  update_requested: { status: "update_requested" },
  rejected: { status: "rejected", reasons: ["unclear"], canResubmit: true },
  "rejected for good": { status: "rejected", reasons: ["fraud"], canResubmit: false },
  deleted: { status: "deleted" },
} as const satisfies Record<string, Standing>;
type Named = keyof typeof standings;

const held = (before: Exclude<Standing, { status: "deleted" }>): Held => ({
  status: "on_hold",
  reason: "sanctions",
  before,
});

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return "done";
};

const fieldsOf = (act: () => unknown): string[] => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) {
      return error.problems.map(({ code, field }) => `${field}: ${code}`);
    }
    throw error;
  }
  return [];
};

const without = (customer: Customer, field: Need): Customer => {
  if (field.startsWith("documents") || field.startsWith("people"))
    return { ...customer, evidence: [] };
  if (!field.startsWith("residence")) return { ...customer, [field]: null };
  return { ...customer, residence: null, residenceCountry: null };
};

test("a new customer needs exactly what its level needs; each field alone is enough to miss", () => {
  const known = { individual: person, business } as const;
  for (const type of customerTypes) {
    for (const level of verificationLevels) {
      const needs = levelNeeds[type][level];
      const whole = detailsOf(known[type]);
      const complete = level === "minimum" ? "active" : "needs_information";
      assert.equal(firstStanding(type, level, whole).status, complete, `${type} ${level}`);
      for (const field of needs) {
        const customer = customerIn(standings.pending, { ...whole, type, level });
        const less = without(customer, field);
        assert.equal(firstStanding(type, level, less).status, "needs_information", field);
        const missing = missingOf(less);
        assert.ok(missing.includes(field), `${type} ${level} misses ${field}`);
      }
      const empty = { ...detailsOf({}), evidence: [], type, level };
      const none = customerIn(standings.pending, empty);
      assert.deepEqual(
        missingOf(none),
        allNeeds.filter((need) => needs.includes(need)),
      );
    }
  }
});

test("each level needs at least what the level below it needs", () => {
  for (const type of customerTypes) {
    const { minimum, basic, advanced } = levelNeeds[type];
    assert.ok(minimum.every((field) => basic.includes(field)));
    assert.ok(basic.every((field) => advanced.includes(field)));
  }
});

/** A change, and the status it leads to from each standing it is tried in. */
const other = {
  firstName: { firstName: "Grace" },
  lastName: { lastName: "Sample" },
  birthDate: { birthDate: "1991-01-01" },
  nationality: { nationality: "FRA" },
  nationalId: { nationalId: "Y7654321" },
  "country of residence": { residence: { ...residence, country: "AUT" } },
} satisfies Record<string, CustomerChange>;

const contact = {
  email: { email: "grace@example.com" },
  phone: { phone: "+4930654321" },
  street: { residence: { ...residence, line1: "Example Street 2" } },
} satisfies Record<string, CustomerChange>;

const outcome = (standing: Standing | Held, change: CustomerChange, terms = {}) => {
  const before = customerIn(standing, terms);
  const changed = changedBy(before, change, ageTerms);
  return changed && { ...changed, status: changed.customer.status };
};

for (const [what, change] of Object.entries(other)) {
  test(`an active customer whose ${what} changes is update_requested`, () => {
    const after = outcome(standings.active, change);
    assert.equal(after?.status, "update_requested");
    assert.equal(after?.move, "requestUpdate");
    assert.equal(after?.customer.version, 4n);
    assert.deepEqual(after?.customer.statusAt, now);
  });
  for (const standing of ["pending", "update_requested"] as const) {
    test(`a customer that is ${standing} stays so when its ${what} changes`, () => {
      const after = outcome(standings[standing], change);
      assert.equal(after?.status, standing);
      assert.equal(after?.move, null);
    });
  }
  test(`a rejected customer goes back into review by a new ${what}`, () => {
    const after = outcome(standings.rejected, change);
    assert.equal(after?.status, "pending");
    assert.equal(after?.move, "resubmit");
  });
  test(`a customer rejected for good gets no new ${what}`, () =>
    assert.equal(
      codeOf(() => outcome(standings["rejected for good"], change)),
      "customer_rejected",
    ));
}

test("a rejected customer also goes back by giving the same value again", () => {
  const after = outcome(standings.rejected, { lastName: person.lastName });
  assert.equal(after?.status, "pending");
});

for (const [what, change] of Object.entries(contact)) {
  for (const standing of ["pending", "active", "update_requested"] as const) {
    test(`a new ${what} keeps the status ${standing}`, () => {
      const after = outcome(standings[standing], change);
      assert.equal(after?.status, standing);
      assert.equal(after?.move, null);
      assert.deepEqual(after?.customer.statusAt, customerIn(standings[standing]).statusAt);
    });
  }
}

test("e-mail and phone of a rejected customer can change, and it stays rejected", () => {
  for (const change of [contact.email, contact.phone]) {
    assert.equal(outcome(standings.rejected, change)?.status, "rejected");
    assert.equal(outcome(standings["rejected for good"], change)?.status, "rejected");
  }
});

test("an address that a rejected customer gives names its country: it goes back into review, by a new street too", () => {
  assert.equal(outcome(standings.rejected, contact.street)?.move, "resubmit");
  assert.equal(
    codeOf(() => outcome(standings["rejected for good"], contact.street)),
    "customer_rejected",
  );
});

test("the last missing field completes a customer, at level minimum without a review", () => {
  const missing = { email: null } as const;
  const less = { ...missing, phone: null };
  const open = standings.needs_information;
  assert.equal(outcome(open, contact.email, missing)?.move, "complete");
  assert.equal(outcome(open, contact.email, { ...less, level: "advanced" })?.move, null);
  const both = { ...contact.email, ...contact.phone };
  assert.equal(outcome(open, both, { ...less, level: "advanced" })?.status, "pending");
  const minimum = { lastName: null, level: "minimum" };
  assert.equal(outcome(open, { lastName: "Example" }, minimum)?.move, "pass");
  assert.equal(outcome(open, { lastName: "Example" }, minimum)?.status, "active");
});

test("what the platform asked for has to be given, also the same again, and is then reviewed", () => {
  const asked = standings["asked for the e-mail"];
  for (const level of ["minimum", "basic"]) {
    const phone = outcome(asked, contact.phone, { level });
    assert.equal(phone?.status, "needs_information");
    assert.deepEqual(phone && missingOf(phone.customer), ["email"]);
    const same = outcome(asked, { email: person.email }, { level });
    assert.equal(same?.status, "pending");
    assert.equal(same?.move, "complete");
  }
});

test("asked without naming a field, the next thing that is given is the answer", () => {
  const asked: Standing = { ...standings["asked for the e-mail"], asked: [] };
  assert.equal(outcome(asked, contact.phone)?.status, "pending");
  assert.equal(outcome(asked, { externalId: "x" })?.status, "needs_information");
});

test("clearing a field that the level needs is refused, where it was complete", () => {
  const clear = { nationality: null, email: null, phone: null };
  for (const standing of ["pending", "active", "update_requested", "rejected"] as const) {
    assert.deepEqual(
      fieldsOf(() => outcome(standings[standing], clear)),
      ["nationality: information_required", "email: information_required"],
      standing,
    );
  }
  const open = outcome(standings.needs_information, clear);
  assert.equal(open?.status, "needs_information");
  assert.equal(open && fieldValue(open.customer, "nationality"), null);
});

test("a level is raised together with what it needs, and reviewed; it is never lowered", () => {
  const basic = { phone: null, nationalId: null };
  const raise = { level: "advanced" } as const;
  assert.deepEqual(
    fieldsOf(() => outcome(standings.active, raise, basic)),
    ["nationalId: information_required", "phone: information_required"],
  );
  const whole = { ...raise, phone: person.phone, nationalId: person.nationalId };
  assert.equal(outcome(standings.active, whole, basic)?.status, "update_requested");
  assert.equal(outcome(standings.pending, whole, basic)?.status, "pending");
  assert.equal(outcome(standings.rejected, whole, basic)?.status, "pending");
  assert.equal(outcome(standings.active, raise)?.status, "update_requested");
  const open = outcome(standings.needs_information, raise, { ...basic, email: null });
  assert.deepEqual(open && missingOf(open.customer), ["nationalId", "email", "phone"]);
  assert.deepEqual(
    fieldsOf(() => outcome(standings.active, { level: "minimum" })),
    ["level: level_not_lowered"],
  );
});

test("a customer of level minimum that wants a higher one is reviewed, complete as it may be", () => {
  const after = outcome(standings.active, { level: "basic" }, { level: "minimum" });
  assert.equal(after?.status, "update_requested");
});

test("equal values change nothing, an external id alone keeps the status", () => {
  assert.equal(outcome(standings.active, { ...person, level: "basic" }), null);
  assert.equal(outcome(standings.active, { firstName: " Ada " }), null);
  const after = outcome(standings.active, { externalId: "x" });
  assert.equal(after?.status, "active");
  assert.equal(after?.customer.externalId, "x");
});

test("beneath a hold the status moves on, the hold stays, and its release goes there", () => {
  const cases: readonly [Exclude<Standing, { status: "deleted" }>, CustomerChange, string][] = [
    [standings.active, other.nationality, "update_requested"],
    [standings.active, contact.email, "active"],
    [standings["asked for the e-mail"], contact.email, "pending"],
    [standings.rejected, other.lastName, "pending"],
  ];
  for (const [before, change, status] of cases) {
    const after = outcome(held(before), change);
    assert.equal(after?.status, "on_hold");
    assert.equal(after?.customer.statusReason, "sanctions");
    const released = after && decidedBy(after.customer, { move: "release" }, now);
    assert.equal(released?.status, status);
    assert.equal(released?.statusReason, null);
  }
});

const verdicts = {
  approve: { move: "approve" },
  reject: { move: "reject", reasons: ["unclear"], canResubmit: true },
  requestInformation: { move: "requestInformation", reasons: ["old"], asked: ["phone", "email"] },
  hold: { move: "hold", reason: "investigation" },
  release: { move: "release" },
  delete: { move: "delete" },
} as const satisfies Record<string, Verdict>;

test("every verdict is allowed from the statuses of the table, and refused from all others", () => {
  const all: (Standing | Held)[] = [
    ...Object.values(standings),
    ...(Object.keys(standings) as Named[])
      .filter((name) => name !== "deleted")
      .map((name) => held(standings[name] as Exclude<Standing, { status: "deleted" }>)),
  ];
  for (const [move, verdict] of Object.entries(verdicts)) {
    const { from, to } = customerLifecycle.moves[move as keyof typeof verdicts];
    for (const standing of all) {
      const act = () => decidedBy(customerIn(standing), verdict, now);
      const allowed = (from as readonly string[]).includes(standing.status);
      const refusal =
        standing.status === "deleted" ? "customer_deleted" : "customer_move_not_allowed";
      assert.equal(codeOf(act), allowed ? "done" : refusal, `${move} from ${standing.status}`);
      if (!allowed) continue;
      const target = to === "previous" ? (standing as Held).before.status : to;
      const after = act();
      assert.equal(after.status, target);
      assert.equal(after.version, 4n);
      assert.deepEqual(after.statusAt, now);
    }
  }
});

test("a hold and its release leave what the status had: reasons, what was asked, resubmission", () => {
  for (const name of ["asked for the e-mail", "rejected", "rejected for good"] as const) {
    const before = customerIn(standings[name]);
    const onHold = decidedBy(before, verdicts.hold, now);
    assert.equal(onHold.statusReason, "investigation");
    const after = decidedBy(onHold, verdicts.release, now);
    assert.deepEqual(after.standing, before.standing);
  }
});

test("a verdict gives its reasons for the record", () => {
  assert.deepEqual(reasonsOf(verdicts.reject), ["unclear"]);
  assert.deepEqual(reasonsOf(verdicts.requestInformation), ["old"]);
  assert.deepEqual(reasonsOf(verdicts.hold), ["investigation"]);
  assert.deepEqual(reasonsOf(verdicts.approve), []);
});

test("a deleted customer takes no change, and nothing is missing of it", () => {
  assert.equal(
    codeOf(() => outcome(standings.deleted, contact.email)),
    "customer_deleted",
  );
  assert.deepEqual(missingOf(customerIn(standings.deleted, detailsOf({}))), []);
});

/** A life cycle as lines "from move to", to be held against this page and nothing else. */
const linesOf = (cycle: {
  readonly moves: Record<string, { from: readonly string[]; to: string }>;
}) =>
  Object.entries(cycle.moves).flatMap(([move, { from, to }]) =>
    from.map((status) => `${status} ${move} ${to}`),
  );

test("the life of a customer is the one that the product describes", () => {
  assert.deepEqual(linesOf(customerLifecycle), [
    "needs_information complete pending",
    "needs_information pass active",
    "pending approve active",
    "update_requested approve active",
    "needs_information reject rejected",
    "pending reject rejected",
    "update_requested reject rejected",
    "pending requestInformation needs_information",
    "active requestInformation needs_information",
    "update_requested requestInformation needs_information",
    "active requestUpdate update_requested",
    "rejected resubmit pending",
    "needs_information hold on_hold",
    "pending hold on_hold",
    "active hold on_hold",
    "update_requested hold on_hold",
    "rejected hold on_hold",
    "on_hold release previous",
    "needs_information delete deleted",
    "pending delete deleted",
    "active delete deleted",
    "update_requested delete deleted",
    "rejected delete deleted",
    "on_hold delete deleted",
  ]);
});

test("the life of an access request is the one that the product describes", () => {
  assert.deepEqual(linesOf(accessLifecycle), [
    "requested grant granted",
    "requested reject rejected",
    "granted revoke revoked",
    "requested end ended",
    "granted end ended",
  ]);
});

test("every move of the life cycle is somebody's", () => {
  assert.deepEqual(Object.keys(movers).sort(), Object.keys(customerLifecycle.moves).sort());
});
