import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import type { Account } from "../../records/ledger/model.ts";
import { draftProgram } from "../programs/model.ts";
import { type Budget, budgetLifecycle } from "./model.ts";
import { archiveRefusal, budgetRefusal, budgetVerbs, moved, programsRefusal } from "./rules.ts";

const budget = { status: "active", statusReason: null, version: 3n } as Budget;

test("an archived budget takes no verb, an active or frozen one takes each", () => {
  for (const verb of Object.keys(budgetVerbs) as (keyof typeof budgetVerbs)[]) {
    for (const status of budgetLifecycle.states) {
      const code = status === "archived" ? "budget_archived" : undefined;
      assert.equal(budgetRefusal(verb, { status })?.code, code, `${verb} when ${status}`);
    }
  }
});

test("a move changes status, reason and version once, and repeating it nothing", () => {
  const frozen = moved(budget, "freeze", null);
  assert.deepEqual(
    [frozen.status, frozen.statusReason, frozen.version],
    ["frozen", "requested_by_organization", 4n],
  );
  assert.equal(moved(frozen, "freeze", "again"), frozen);
  const active = moved(frozen, "unfreeze", "ignored");
  assert.deepEqual([active.status, active.statusReason, active.version], ["active", null, 5n]);
  assert.equal(moved(active, "unfreeze", null), active);
  assert.equal(moved(frozen, "archive", "project ended").statusReason, "project ended");
});

const program = draftProgram(
  {
    name: "Team",
    model: "budgetCard",
    brand: "visa",
    bin: "411111",
    panLength: 16,
    currency: "EUR",
  },
  { id: "prog_1", createdAt: new Date("2027-01-01T00:00:00Z") },
);

test("a budget's programs are known, available, of its model and in its currency", () => {
  const codes = (...programs: (typeof program | null)[]) => {
    const named = programs.map((each) => ({ id: each?.id ?? "prog_unknown", program: each }));
    const refusal = programsRefusal(named, "org_1", "EUR");
    return [
      refusal?.code,
      ...(refusal?.problems.map(({ code, field }) => `${code} ${field}`) ?? []),
    ];
  };
  assert.deepEqual(codes(program), [undefined]);
  assert.deepEqual(codes({ ...program, model: "card" }), [
    "budget_type_invalid",
    "budget_type_invalid typeIds.0",
  ]);
  assert.deepEqual(codes(program, { ...program, currency: "USD" }), [
    "budget_type_invalid",
    "budget_type_invalid typeIds.1",
  ]);
  const listed = { ...program, availability: "listed", organizationIds: ["org_2"] } as const;
  assert.deepEqual(codes(listed), ["program_not_available", "program_not_available typeIds.0"]);
  assert.deepEqual(codes({ ...program, model: "card" }, listed, null), [
    "program_not_found",
    "budget_type_invalid typeIds.0",
    "program_not_available typeIds.1",
    "program_not_found typeIds.2",
  ]);
});

test("a budget is archived only when nothing is on it, held on it or owed for it", () => {
  const account = (posted: bigint, pending: bigint) =>
    ({
      type: "budget",
      creditsPosted: posted,
      debitsPending: pending,
      debitsPosted: 0n,
      creditsPending: 0n,
    }) as Account;
  assert.equal(archiveRefusal({ account: account(0n, 0n), owed: 0n }), null);
  assert.equal(archiveRefusal({ account: account(1n, 0n), owed: 0n })?.code, "budget_not_empty");
  assert.equal(archiveRefusal({ account: account(1n, 1n), owed: 0n })?.code, "budget_not_empty");
  assert.equal(
    archiveRefusal({ account: account(0n, 0n), owed: 1n })?.code,
    "receivable_outstanding",
  );
});

test("the states of a budget agree with the database", async () => {
  const { url } = await testDatabase();
  const [row] = await asOwner<{ text: string }>(
    url,
    "select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'budgets_status_check'",
  );
  const words = [...(row?.text ?? "").matchAll(/'([a-z_]+)'::text/g)].map(([, word]) => word);
  assert.deepEqual(words.sort(), [...budgetLifecycle.states].sort());
});
