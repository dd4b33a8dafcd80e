import assert from "node:assert/strict";
import test from "node:test";
import { Refusal } from "../../foundation/errors/errors.ts";
import { type Organization, type OrganizationStatus, organizationLifecycle } from "./model.ts";
import { moved, requireActive, requireOpen } from "./rules.ts";

const inStatus = (status: OrganizationStatus): Organization => ({
  id: "org_1",
  name: "Example Cards",
  mode: "sandbox",
  status,
  externalId: null,
  embedOrigins: [],
  version: 3n,
  createdAt: new Date("2030-01-01T00:00:00Z"),
});

const codeOf = (act: () => unknown): string | null => {
  try {
    act();
    return null;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.code;
  }
};

test("an active organization may do everything, a suspended one no issuing, a closed one nothing", () => {
  const verdicts = organizationLifecycle.states.map((status) => [
    codeOf(() => requireActive(inStatus(status))),
    codeOf(() => requireOpen(inStatus(status))),
  ]);
  assert.deepEqual(verdicts, [
    [null, null],
    ["organization_suspended", null],
    ["organization_closed", "organization_closed"],
  ]);
});

test("every move from every status: done once, repeated without effect, never out of closed", () => {
  const outcome = (status: OrganizationStatus, move: "suspend" | "activate" | "close") => {
    try {
      const after = moved(inStatus(status), move);
      return after === null ? "same" : `${after.status} v${after.version}`;
    } catch (error) {
      return (error as Refusal).code;
    }
  };
  assert.deepEqual(
    organizationLifecycle.states.map((status) =>
      (["suspend", "activate", "close"] as const).map((move) => outcome(status, move)),
    ),
    [
      ["suspended v4", "same", "closed v4"],
      ["same", "active v4", "closed v4"],
      ["organization_closed", "organization_closed", "same"],
    ],
  );
});
