import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Transaction } from "../src/foundation/database/database.ts";
import type { Work } from "../src/foundation/database/work.ts";
import { Refusal } from "../src/foundation/errors/errors.ts";
import {
  type BudgetId,
  type CardId,
  type HoldId,
  type OrganizationId,
  PLATFORM,
} from "../src/foundation/ids/ids.ts";
import type { Job } from "../src/foundation/job/job.ts";
import { countSpending } from "../src/issuing/budgets/actions/spending.ts";
import { budgetJobs } from "../src/issuing/budgets/jobs.ts";
import { type Settlement, settle } from "../src/issuing/cards/actions/settle.ts";
import { batchJobs } from "../src/issuing/cards/jobs/batches.ts";
import { cardJobs } from "../src/issuing/cards/jobs.ts";
import { receivableJobs } from "../src/issuing/receivables/jobs.ts";
import { transferJobs } from "../src/issuing/transfers/jobs.ts";
import { asOwner } from "./harness/database.ts";
import { type Furnished, furnish } from "./harness/furnish.ts";
import { dueIn, runJob } from "./harness/jobs.ts";
import { dice, extent, proofSeed } from "./harness/proof.ts";
import { startTestServer } from "./harness/server.ts";
import { newId, workOf } from "./harness/work.ts";

const server = await startTestServer();

const DAY_MS = 86_400_000;
/** How far the organizations' clocks are moved on while all write. */
const MONTHS = 3;

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

/** The access request of each organization that was granted last, and the hold of each card. */
const lastAccess = new Map<string, string>();
const accessOf = (own: Furnished): string => lastAccess.get(own.id) ?? own.objects.accessRequest;
const holds = new Map<string, HoldId>();
const holdOf = (card: string) => ({ holdId: holds.get(card) ?? ("hold_none" as HoldId) });

/** Sub-budgets that may be archived: one at first, then those that were made last. */
const made = new Map<string, string[]>();
const archivable = (own: Furnished): string[] => made.get(own.id) ?? [];

const soon = (): string => new Date(Date.now() + MONTHS * 31 * DAY_MS + 3_000).toISOString();

/** What the network brings; a refusal is an answer. */
async function settles(own: Furnished, card: string, step: Settlement) {
  if ("holdId" in step && step.verb !== "hold" && step.holdId === "hold_none") {
    return { status: 404, body: null };
  }
  try {
    await inWork(own, (work) => settle(work, card as CardId, step));
    return { status: 200, body: null };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: error.code };
    throw error;
  }
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
  holdCustomer: (own) =>
    server.call("POST", `/customers/${own.objects.customer}/hold`, { reason: "investigation" }),
  releaseCustomer: (own) => server.call("POST", `/customers/${own.objects.customer}/release`, {}),
  freezeBudget: (own) => own.call("POST", `/budgets/${own.objects.budget}/freeze`, {}),
  unfreezeBudget: (own) => own.call("POST", `/budgets/${own.objects.budget}/unfreeze`, {}),
  suspend: (own) => server.call("POST", `/organizations/${own.id}/suspend`, {}),
  activate: (own) => server.call("POST", `/organizations/${own.id}/activate`, {}),
  reverse: (own) =>
    own.call("POST", `/transfers/${lastTransfers.get(own.id) ?? own.objects.transfer}/reverse`, {}),
  replace: (own, card) => own.call("POST", `/cards/${card}/replace`, { reason: "lost" }),
  renew: (own, card) => own.call("POST", `/cards/${card}/renew`, {}),
  freezeForAWhile: (own, card) => own.call("POST", `/cards/${card}/freeze`, { endsAt: soon() }),
  blockForAWhile: (_own, card) =>
    server.call("POST", `/cards/${card}/block`, {
      reason: "review",
      owner: roll.pick(["platform", "compliance"]),
      endsAt: soon(),
    }),
  unblockByLaw: (_own, card) =>
    server.call("POST", `/cards/${card}/unblock`, { owner: "compliance" }),
  revoke: (own) =>
    server.call("POST", `/access-requests/${accessOf(own)}/revoke`, { reasons: ["moved away"] }),
  grant: async (own) => {
    const path = `/customers/${own.objects.customer}/access-requests`;
    const asked = await own.call("POST", path, { product: "cards", typeId: own.programs.card });
    if (asked.status !== 201) return asked;
    lastAccess.set(own.id, asked.body.id);
    return server.call("POST", `/access-requests/${asked.body.id}/grant`, {});
  },
  blockProgram: (own) =>
    server.call("POST", `/card-programs/${roll.pick(Object.values(own.programs))}/block-cards`, {
      reason: "review",
      organizationId: own.id,
    }),
  changeProgram: (own) =>
    server.call("PATCH", `/card-programs/${own.programs.card}`, {
      minimumTransfer: 1 + roll.roll(3),
    }),
  cardJobs: async (own) => {
    const job = roll.pick([...cardJobs, ...receivableJobs]);
    const owner = roll.chance(0.3) ? PLATFORM : own.id;
    const due = await dueIn(server, job, owner);
    const ids = due.map(({ id }) => id).slice(0, job.together);
    if (ids.length > 0) await runJob(server, job, owner, ids);
    return { status: 200, body: null };
  },
  payDueFees: async (own) => {
    const [job] = transferJobs as [Job];
    const { body } = await own.call("GET", "/due-fees?status=due&limit=5");
    const ids = body.data.map(({ id }: { id: string }) => id);
    if (ids.length > 0) await runJob(server, job, own.id, ids);
    return { status: 200, body: null };
  },
  waive: async (own) => {
    const { body } = await own.call("GET", "/due-fees?status=due&limit=20");
    const [due] = body.data.slice(-1);
    return server.call("POST", `/due-fees/${due?.id}/waive`, { reason: "goodwill" });
  },
  archiveBudget: (own) => own.call("POST", `/budgets/${roll.pick(archivable(own))}/archive`, {}),
  hold: async (own, card) => {
    const holdId = newId("hold");
    const step = { verb: "hold", holdId, amount: BigInt(amount()), expiresAt: null } as const;
    const answer = await settles(own, card, step);
    if (answer.status === 200) holds.set(card, holdId);
    return answer;
  },
  release: (own, card) => settles(own, card, { verb: "release", ...holdOf(card), amount: "all" }),
  capture: (own, card) =>
    settles(own, card, {
      verb: "capture",
      ...holdOf(card),
      amount: BigInt(amount()),
      final: roll.chance(0.5),
    }),
  refund: (own, card) => settles(own, card, { verb: "refund", amount: BigInt(amount()) }),
  forcedDebit: (own, card) => settles(own, card, { verb: "forcedDebit", amount: BigInt(amount()) }),
};

test("B6: every kind of writer at once over the same objects: no deadlock, and the laws hold", async () => {
  const owners = [await furnish(server), await furnish(server)];
  for (const own of owners) {
    const body = { currency: "EUR", parentId: own.objects.budget };
    const typeIds = [own.programs.budgetCard];
    const sub = async (name: string) =>
      idOf((await own.call("POST", "/budgets", { ...body, name, typeIds })).body);
    subBudgets.set(own.id, await sub("Sub"));
    made.set(own.id, [await sub("To be archived")]);
    await makeFeesWait(own);
    const granted = await server.call("POST", `/access-requests/${accessOf(own)}/grant`, {});
    assert.equal(granted.status, 200);
  }
  const cards = new Map(owners.map((own) => [own.id, [own.objects.card]]));
  const before = await deadlocks();
  const seen = new Map<string, Set<number>>();
  const endAt = Date.now() + extent(60, 600) * 1_000;
  const sequencing = Promise.all([sequenceUntil(endAt), moveClocks(owners, endAt)]);
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
      if (/^(issue|replace)$/.test(name) && status === 201) theirs.push(idOf(answer?.body));
      if (name === "createSubBudget" && status === 201) {
        made.set(own.id, [...(made.get(own.id) ?? []), idOf(answer?.body)].slice(-5));
      }
    }
  }
});

const idOf = (body: unknown): string => (body as { id: string }).id;

/** Leaves little money, and sets a monthly fee that is more: so fees wait. */
async function makeFeesWait(own: Furnished): Promise<void> {
  const fees = { monthly: 6_000 };
  const program = await server.call("PATCH", `/card-programs/${own.programs.card}`, { fees });
  const { body } = await own.call("GET", "/balances");
  const amount = body.balances[0].available - 5_000;
  const payout = { amount, currency: "EUR" };
  const paid = await server.call("POST", `/organizations/${own.id}/payouts`, payout);
  assert.deepEqual([program.status, paid.status], [200, 201]);
}

/** Moves the clocks on by a month at a time: cards come to their anniversaries, restrictions end. */
async function moveClocks(owners: readonly Furnished[], end: number): Promise<void> {
  const pauseMs = (end - Date.now()) / (MONTHS + 1);
  for (let month = 0; month < MONTHS; month += 1) {
    await sleep(pauseMs);
    for (const { id } of owners) {
      await asOwner(
        server.database.url,
        "update organization_clocks set offset_ms = offset_ms + $2 where organization_id = $1",
        [id, 31 * DAY_MS],
      );
    }
  }
}

/** Funds most of the time; suspending and deleting seldom, so that the others get their turn. */
const dealt = Object.keys(writers).flatMap((name) => {
  const share: Readonly<Record<string, number>> = {
    suspend: 1,
    remove: 1,
    holdCustomer: 1,
    block: 2,
    freezeBudget: 1,
    createSubBudget: 1,
    revoke: 1,
    blockProgram: 1,
    blockForAWhile: 1,
    archiveBudget: 2,
    forcedDebit: 2,
    unblock: 10,
    unblockByLaw: 8,
    grant: 8,
    activate: 8,
    releaseCustomer: 8,
    deposit: 12,
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
