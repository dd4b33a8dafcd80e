import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase, wordsOf } from "../../../test/harness/database.ts";
import type { Account } from "../../records/ledger/model.ts";
import { draftProgram } from "../programs/model.ts";
import { type Budget, type BudgetStatus, budgetLifecycle, refundAccountOf } from "./model.ts";
import {
  archiveRefusal,
  budgetRefusal,
  budgetVerbs,
  frozenProblem,
  moved,
  parentRefusal,
  placed,
  programsRefusal,
  removalRefusal,
} from "./rules.ts";

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

test("a program that a budget has already may stay, whatever became of it", () => {
  const gone = { ...program, availability: "listed", organizationIds: [] } as const;
  const named = [{ id: gone.id, program: gone, kept: true }];
  assert.equal(programsRefusal(named, "org_1", "EUR"), null);
});

const parent = {
  status: "active",
  currency: "EUR",
  depth: 1,
  programIds: ["prog_1", "prog_2"],
} as const;
const child = { currency: "EUR", typeIds: ["prog_2"] };

test("a sub-budget has its parent's currency, programs of the parent's, and at most 5 levels", () => {
  const fieldsOf = (refusal: ReturnType<typeof parentRefusal>) => [
    refusal?.code,
    ...(refusal?.problems.map(({ field }) => field) ?? []),
  ];
  assert.equal(parentRefusal(parent, child), null);
  assert.equal(parentRefusal({ ...parent, status: "frozen" }, child), null);
  assert.equal(parentRefusal({ ...parent, depth: 4 }, child), null);
  assert.deepEqual(fieldsOf(parentRefusal({ ...parent, depth: 5 }, child)), [
    "budget_too_deep",
    "parentId",
  ]);
  assert.deepEqual(fieldsOf(parentRefusal({ ...parent, status: "archived" }, child)), [
    "budget_archived",
    "parentId",
  ]);
  assert.deepEqual(fieldsOf(parentRefusal({ ...parent, currency: "USD" }, child)), [
    "currency_mismatch",
    "currency",
  ]);
  const typeIds = ["prog_2", "prog_3", "prog_1", "prog_4"];
  assert.deepEqual(fieldsOf(parentRefusal(parent, { ...child, typeIds })), [
    "budget_type_not_in_parent",
    "typeIds.1",
    "typeIds.3",
  ]);
});

test("a program leaves a budget only when no live card and no sub-budget has it", () => {
  const cards = [{ budgetId: "bud_1", programId: "prog_1", count: 2 }] as const;
  const subBudgets = [{ id: "bud_2", programIds: ["prog_2"] }] as const;
  const messages = (removed: string[]) =>
    removalRefusal(removed, { cards, subBudgets })?.problems.map(({ message }) => message) ?? [];
  assert.deepEqual(messages(["prog_3"]), []);
  assert.deepEqual(messages(["prog_1", "prog_2"]), [
    "2 cards of prog_1 are not deleted.",
    "The sub-budget bud_2 has prog_2.",
  ]);
});

test("the nearest frozen budget above blocks, and is named", () => {
  const deep = { ...budget, ancestorIds: ["bud_a", "bud_b", "bud_c"] } as const;
  const statuses = (...frozen: string[]) =>
    new Map(
      deep.ancestorIds.map((id) => [
        id,
        { status: frozen.includes(id) ? ("frozen" as const) : ("active" as const) },
      ]),
    );
  assert.equal(placed(deep, statuses()).frozenBy, null);
  assert.equal(placed(deep, statuses("bud_a")).frozenBy, "bud_a");
  assert.equal(placed(deep, statuses("bud_a", "bud_b")).frozenBy, "bud_b");
  const problem = (status: BudgetStatus, frozenBy: "bud_a" | null) =>
    frozenProblem({ status, frozenBy }, "budgetId");
  assert.equal(problem("active", null), null);
  assert.equal(problem("frozen", "bud_a")?.message, "The budget, or one above it, is frozen.");
  const above = problem("active", "bud_a");
  assert.equal(above?.code, "budget_frozen");
  assert.match(above?.message ?? "", /bud_a/);
});

test("a budget is archived only empty, and everything that is in the way is named at once", () => {
  const contents = (posted: bigint, pending: bigint, owed = 0n) => ({
    liveCards: 0,
    subBudgets: 0,
    owed,
    account: {
      type: "budget",
      creditsPosted: posted,
      debitsPending: pending,
      debitsPosted: 0n,
      creditsPending: 0n,
    } as Account,
  });
  assert.equal(archiveRefusal(contents(0n, 0n)), null);
  assert.equal(archiveRefusal(contents(1n, 0n))?.detail, "1 minor units are on the budget.");
  assert.equal(archiveRefusal(contents(1n, 1n))?.detail, "1 minor units are held.");
  assert.equal(archiveRefusal(contents(0n, 0n, 1n))?.code, "receivable_outstanding");
  const full = archiveRefusal({ ...contents(5n, 2n), liveCards: 3, subBudgets: 1 });
  assert.equal(full?.code, "budget_not_empty");
  assert.deepEqual(
    full?.problems.map(({ message }) => message),
    [
      "1 sub-budgets are not archived.",
      "3 cards of the budget are not deleted.",
      "2 minor units are held.",
      "3 minor units are on the budget.",
    ],
  );
});

test("a refund to a budget goes to its account, of an archived one to the organization", () => {
  const of = (status: BudgetStatus) =>
    refundAccountOf({ organizationId: "org_1", id: "bud_1", currency: "EUR", status });
  const own = { type: "budget", ownerId: "bud_1", currency: "EUR" };
  assert.deepEqual(of("active"), own);
  assert.deepEqual(of("frozen"), own);
  assert.deepEqual(of("archived"), {
    type: "organization_available",
    ownerId: "org_1",
    currency: "EUR",
  });
});

test("the states of a budget agree with the database", async () => {
  const { url } = await testDatabase();
  const words = await wordsOf(url, "budgets_status_check");
  assert.deepEqual(words, [...budgetLifecycle.states].sort());
});
