import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../../../foundation/errors/errors.ts";
import { ageTerms, customerIn, now, residence } from "../fixture.ts";
import { countryNeeds, levelNeeds, missingOf, needsOf } from "../model/levels.ts";
import type { Evidence, Held, Standing } from "../model.ts";
import { changedBy, decidedBy, evidencedBy } from "./moves.ts";

const open: Standing = { status: "needs_information", reasons: [], asked: [] };
const asked: Standing = {
  status: "needs_information",
  reasons: ["unreadable"],
  asked: ["documents.identity"],
};
const held: Held = { status: "on_hold", reason: "investigation", before: open };

const problemsOf = (act: () => unknown): readonly string[] => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal)
      return [error.code, ...error.problems.map((p) => String(p.field))];
    throw error;
  }
  return [];
};

test("a document that meets the last need brings a customer into review; another kind does not", () => {
  const lacking = customerIn(open, { evidence: [] });
  const given = (kind: Evidence) =>
    evidencedBy(lacking, { evidence: [kind], given: [kind], touched: false }, now);
  for (const kind of ["passport", "id_card", "driving_licence", "residence_permit"] as const) {
    assert.equal(given(kind)?.customer.status, "pending", kind);
    assert.equal(given(kind)?.move, "complete");
  }
  for (const kind of ["selfie", "proof_of_address", "other"] as const) {
    assert.equal(given(kind)?.customer.status, "needs_information", kind);
  }
});

test("what the platform asked for is answered by a new document, not by the old one", () => {
  const before = customerIn(asked, { evidence: ["passport"] });
  assert.equal(
    evidencedBy(before, { evidence: ["passport"], given: [], touched: false }, now),
    null,
  );
  assert.equal(
    evidencedBy(
      before,
      { evidence: ["passport", "selfie"], given: ["selfie"], touched: false },
      now,
    )?.move,
    null,
  );
  const answered = evidencedBy(
    before,
    { evidence: ["passport"], given: ["passport"], touched: false },
    now,
  );
  assert.equal(answered?.customer.status, "pending");
});

test("a hold stays on top of what a document completes", () => {
  const before = customerIn(held, { evidence: [] });
  const after = evidencedBy(
    before,
    { evidence: ["passport"], given: ["passport"], touched: false },
    now,
  );
  assert.equal(after?.customer.status, "on_hold");
  assert.deepEqual(after?.customer.standing, { ...held, before: { status: "pending" } });
});

test("evidence that is gone is missing again; the same evidence is no change", () => {
  const before = customerIn({ status: "pending" }, { evidence: ["passport"] });
  assert.equal(
    evidencedBy(before, { evidence: ["passport"], given: ["passport"], touched: false }, now),
    null,
  );
  const gone = evidencedBy(before, { evidence: [], given: [], touched: false }, now);
  assert.deepEqual(gone && missingOf(gone.customer), ["documents.identity"]);
  assert.equal(gone?.customer.status, "pending");
});

test("customer_incomplete: nobody is approved while something is missing", () => {
  const lacking = customerIn({ status: "pending" }, { evidence: [], email: null });
  const codes = problemsOf(() => decidedBy(lacking, { move: "approve" }, now));
  assert.deepEqual(codes, ["customer_incomplete", "email", "documents.identity"]);
});

test("a rejected customer comes back into review only with everything", () => {
  const rejected: Standing = { status: "rejected", reasons: ["blurred"], canResubmit: true };
  const lacking = customerIn(rejected, { evidence: [] });
  const codes = problemsOf(() => changedBy(lacking, { lastName: "Sample" }, ageTerms));
  assert.deepEqual(codes, ["customer_invalid", "documents.identity"]);
  const whole = customerIn(rejected, { evidence: ["passport"] });
  assert.equal(changedBy(whole, { lastName: "Sample" }, ageTerms)?.customer.status, "pending");
});

test("a raised level wants its documents beforehand; another change of an active customer does not", () => {
  const active = customerIn({ status: "active" }, { evidence: ["passport"] });
  const codes = problemsOf(() => changedBy(active, { level: "advanced" }, ageTerms));
  assert.deepEqual(codes, ["customer_invalid", "documents.address", "documents.selfie"]);
  const bare = customerIn({ status: "active" }, { evidence: [] });
  assert.equal(changedBy(bare, { email: "new@example.com" }, ageTerms)?.customer.status, "active");
});

test("a country's law adds its needs from its level on, by residence alone", () => {
  for (const { country, type, from, needs } of countryNeeds) {
    const there = { ...residence, country };
    const at = (level: typeof from) => needsOf({ type, level, residence: there });
    assert.ok(
      needs.every((need) => at(from).includes(need)),
      country,
    );
    const elsewhere = needsOf({ type, level: from, residence });
    assert.deepEqual([...elsewhere].sort(), [...levelNeeds[type][from]].sort());
    if (from !== "minimum") assert.deepEqual(at("minimum"), [...levelNeeds[type].minimum]);
  }
});
