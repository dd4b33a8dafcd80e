import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Transaction } from "../src/foundation/database/database.ts";
import type { Work } from "../src/foundation/database/work.ts";
import type { BudgetId, OrganizationId } from "../src/foundation/ids/ids.ts";
import { countSpending } from "../src/issuing/budgets/actions/spending.ts";
import { budgetJobs } from "../src/issuing/budgets/jobs.ts";
import { batchJobs } from "../src/issuing/cards/jobs/batches.ts";
import { asOwner } from "./harness/database.ts";
import { type Furnished, furnish } from "./harness/furnish.ts";
import { dice, extent, proofSeed } from "./harness/proof.ts";
import { startTestServer } from "./harness/server.ts";
import { workOf } from "./harness/work.ts";

const server = await startTestServer();

/** A recent top-up or withdrawal of each organization, for the writer that reverses. */
const lastTransfers = new Map<string, string>();

/** The last batch of cards of each organization, for the writer that cancels. */
const lastBatches = new Map<string, string>();

/** A sub-budget of each organization's budget. */
const subBudgets = new Map<string, string>();
const subOf = (own: Furnished): string => subBudgets.get(own.id) ?? "";
const budgetsOf = (own: Furnished): string[] => [own.objects.budget, subOf(own)];

/** Does something without a route: what a job does, or another module. */
async function inWork(own: Furnished, act: (work: Work) => Promise<unknown>) {
  const { database, keys } = server.context;
  const run = (sql: Transaction) => act(workOf(sql, own.id as OrganizationId, keys));
  return { status: 200, body: await database.transaction(run) };
}

/** What one writer does; the answer may be a refusal, never an outage or an error. */
type Writer = (own: Furnished, card: string) => Promise<{ status: number; body: unknown }>;

const amount = () => 1 + roll.roll(50);
const roll = dice(proofSeed());

/** Every kind of writer of the system; a new action that takes locks gets a line here. */
const writers: Readonly<Record<string, Writer>> = {
  topUp: (own, card) => own.call("POST", `/cards/${card}/top-up`, { amount: amount() }),
  withdraw: (own, card) => own.call("POST", `/cards/${card}/withdraw`, { amount: amount() }),
  budgetTopUp: (own) =>
    own.call("POST", `/budgets/${own.objects.budget}/top-up`, { amount: amount() }),
  budgetWithdraw: (own) =>
    own.call("POST", `/budgets/${own.objects.budget}/withdraw`, { amount: amount() }),
  subBudgetTopUp: (own) => own.call("POST", `/budgets/${subOf(own)}/top-up`, { amount: amount() }),
  subBudgetWithdraw: (own) =>
    own.call("POST", `/budgets/${subOf(own)}/withdraw`, { amount: amount() }),
  createSubBudget: (own) =>
    own.call("POST", "/budgets", {
      name: `Sub ${roll.roll(1_000_000)}`,
      currency: "EUR",
      typeIds: [own.programs.budgetCard],
      parentId: roll.pick(budgetsOf(own)),
    }),
  changeBudget: (own) =>
    own.call("PATCH", `/budgets/${roll.pick(budgetsOf(own))}`, {
      typeIds: [own.programs.budgetCard],
      limits: [{ kind: "window", window: "day", amount: amount() }],
    }),
  setRefill: (own) =>
    own.call("PUT", `/budgets/${roll.pick(budgetsOf(own))}/refill`, {
      threshold: 100_000,
      amount: amount(),
    }),
  removeRefill: (own) => own.call("DELETE", `/budgets/${roll.pick(budgetsOf(own))}/refill`),
  refill: (own) =>
    inWork(own, (work) =>
      Promise.all(budgetJobs.map((job) => job.run(work, budgetsOf(own).toReversed()))),
    ),
  countSpending: (own) =>
    inWork(own, (work) =>
      countSpending(work, roll.pick(budgetsOf(own)) as BudgetId, {
        amount: BigInt(amount()),
        count: 1n,
        at: work.now,
      }),
    ),
  deposit: (own) =>
    own.call("POST", "/simulations/deposits", { amount: amount(), currency: "EUR" }),
  payout: (own) =>
    server.call("POST", `/organizations/${own.id}/payouts`, { amount: amount(), currency: "EUR" }),
  issue: (own) =>
    own.call("POST", "/cards", {
      typeId: own.programs.card,
      customerId: own.objects.customer,
      initialBalance: 100,
    }),
  issueBudgetCard: (own) =>
    own.call("POST", "/cards", {
      typeId: own.programs.budgetCard,
      budgetId: roll.pick(budgetsOf(own)),
      customerId: own.objects.customer,
    }),
  createBatch: async (own) => {
    const { card, budgetCard } = own.programs;
    const { customer: customerId } = own.objects;
    const rows = Array.from({ length: 8 }, () =>
      roll.chance(0.5)
        ? { typeId: card, customerId, initialBalance: 10 }
        : { typeId: budgetCard, customerId, budgetId: roll.pick(budgetsOf(own)) },
    );
    const answer = await own.call("POST", "/cards/batches", { rows });
    if (answer.status === 201) lastBatches.set(own.id, idOf(answer.body));
    return answer;
  },
  workBatches: (own) =>
    inWork(own, async (work) => {
      const after = { organizationId: work.organizationId, id: "", dueAt: work.now };
      const [job] = batchJobs as [(typeof batchJobs)[0]];
      const due = await job.findDue(server.database.app, { after, limit: 12 });
      const ids = due.filter(({ organizationId }) => organizationId === work.organizationId);
      return job.run(work, ids.map(({ id }) => id).toReversed());
    }),
  cancelBatch: (own) =>
    own.call("POST", `/cards/batches/${lastBatches.get(own.id) ?? own.objects.batch}/cancel`, {}),
  freeze: (own, card) =>
    own.call("POST", `/cards/${card}/freeze`, {
      requestedBy: roll.pick(["organization", "cardholder"]),
    }),
  unfreeze: (own, card) =>
    own.call("POST", `/cards/${card}/unfreeze`, {
      requestedBy: roll.pick(["organization", "cardholder"]),
    }),
  block: (_own, card) => server.call("POST", `/cards/${card}/block`, { reason: "review" }),
  unblock: (_own, card) => server.call("POST", `/cards/${card}/unblock`, {}),
  label: (own, card) => own.call("PATCH", `/cards/${card}`, { label: `Label ${amount()}` }),
  remove: (own, card) => own.call("DELETE", `/cards/${card}`),
  customer: (own) =>
    own.call("PATCH", `/customers/${own.objects.customer}`, { email: `a${amount()}@example.com` }),
  hold: (own) =>
    server.call("POST", `/customers/${own.objects.customer}/hold`, { reason: "investigation" }),
  release: (own) => server.call("POST", `/customers/${own.objects.customer}/release`, {}),
  freezeBudget: (own) => own.call("POST", `/budgets/${own.objects.budget}/freeze`, {}),
  unfreezeBudget: (own) => own.call("POST", `/budgets/${own.objects.budget}/unfreeze`, {}),
  suspend: (own) => server.call("POST", `/organizations/${own.id}/suspend`, {}),
  activate: (own) => server.call("POST", `/organizations/${own.id}/activate`, {}),
  reverse: (own) =>
    own.call("POST", `/transfers/${lastTransfers.get(own.id) ?? own.objects.transfer}/reverse`, {}),
};

test("B6: every kind of writer at once over the same objects: no deadlock, and the laws hold", async () => {
  const owners = [await furnish(server), await furnish(server)];
  for (const own of owners) {
    const body = { name: "Sub", currency: "EUR", parentId: own.objects.budget };
    const typeIds = [own.programs.budgetCard];
    const answer = await own.call("POST", "/budgets", { ...body, typeIds });
    subBudgets.set(own.id, idOf(answer.body));
  }
  const cards = new Map(owners.map((own) => [own.id, [own.objects.card]]));
  const before = await deadlocks();
  const seen = new Map<string, Set<number>>();
  const endAt = Date.now() + extent(60, 600) * 1_000;
  const sequencing = sequenceUntil(endAt);
  await Promise.all(Array.from({ length: 24 }, () => writeUntil(endAt)));
  await sequencing;
  assert.equal((await deadlocks()) - before, 0, "pg_stat_database.deadlocks");
  for (const [name, statuses] of seen) {
    assert.ok(
      [...statuses].some((status) => status < 300),
      `${name} never succeeded: ${[...statuses]}`,
    );
  }
  await server.sequence();
  for (const own of owners) {
    const { body } = await own.call("GET", "/ledger/invariants");
    assert.equal(body.holds, true, JSON.stringify(body));
  }

  async function writeUntil(end: number): Promise<void> {
    while (Date.now() < end) {
      const own = roll.pick(owners);
      const theirs = cards.get(own.id) ?? [];
      const name = roll.pick(dealt);
      const answer = await writers[name]?.(own, roll.pick(theirs.slice(-6)));
      const status = answer?.status ?? 500;
      assert.ok(status < 500, `${name}: ${JSON.stringify(answer?.body)}`);
      seen.set(name, (seen.get(name) ?? new Set()).add(status));
      if (/^(topUp|withdraw)$/.test(name) && status === 201) {
        lastTransfers.set(own.id, idOf(answer?.body));
      }
      if (name === "issue" && status === 201) theirs.push(idOf(answer?.body));
    }
  }
});

const idOf = (body: unknown): string => (body as { id: string }).id;

/** Funds most of the time; suspending and deleting seldom, so that the others get their turn. */
const dealt = Object.keys(writers).flatMap((name) => {
  const share: Readonly<Record<string, number>> = {
    suspend: 1,
    remove: 1,
    hold: 1,
    block: 2,
    freezeBudget: 1,
    createSubBudget: 1,
    createBatch: 2,
    cancelBatch: 1,
  };
  return Array.from({ length: share[name] ?? 6 }, () => name);
});

async function sequenceUntil(end: number): Promise<void> {
  while (Date.now() < end) {
    await server.sequence();
    await sleep(10);
  }
}

async function deadlocks(): Promise<number> {
  // The statistics of a backend arrive after a moment.
  await sleep(1_500);
  const [row] = await asOwner<{ deadlocks: string }>(
    server.database.url,
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(row?.deadlocks);
}
