/** What the tests of country rules share. */
import type { ComplianceRule } from "./model.ts";

/** A rule for every program, since the first of 2027, with these terms. */
export const ruleOf = (terms: Partial<ComplianceRule> = {}): ComplianceRule => ({
  id: "crl_example",
  programId: null,
  subject: "nationality",
  countries: ["PRK"],
  effectiveFrom: new Date("2027-01-01T00:00:00Z"),
  effectiveTo: null,
  reasonCode: "embargo",
  note: null,
  windDownDays: 30,
  actor: { kind: "key", id: "key_example" },
  version: 1n,
  createdAt: new Date("2027-01-01T00:00:00Z"),
  ...terms,
});
