import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import type { TestOrganization } from "../../../../test/harness/server.ts";
import type { BudgetId } from "../../../foundation/ids/ids.ts";
import { type CardBody, made, startCardTests } from "../../cards/fixture.ts";
import { budgetTests } from "../fixture.ts";
import type { LimitFacts, Usage } from "../model.ts";
import { limitRefusal } from "../rules/limits.ts";
import { countSpending, lockSpending } from "./spending.ts";

const tests = await startCardTests();
const { budget, chain, read, asJob } = budgetTests(tests);

const count = (own: TestOrganization, id: string, spending: Usage & { readonly at: Date }) =>
  asJob(own, (work) => countSpending(work, id as BudgetId, spending));
const limitsAt = (own: TestOrganization, id: string, at: Date) =>
  asJob(own, async (work) => (await lockSpending(work, id as BudgetId, at)).limits);
const usedOf = (facts: readonly LimitFacts[]) =>
  facts.map(({ current }) => (current === null ? null : Object.values(current.used)));

const monthly = { kind: "window", amount: 1_000, count: 10, window: "month" };
const weekly = { kind: "window", amount: 500, window: "week", timeZone: "Europe/Berlin" };
const yearly = { kind: "window", amount: 9_000, window: "year", timeZone: "America/New_York" };
const sliding = { kind: "window", count: 5, sliding: { days: 30 } };
const forever = { kind: "window", amount: 99_000, window: "lifetime" };
const onEach = { kind: "perAuthorization", amount: 600 };

test("what is spent counts on the budget and on all above it, each in its own windows, and no sibling's", async () => {
  const own = await tests.organization(0);
  const root = await budget(own, { limits: [monthly, onEach] });
  const middle = await budget(own, { limits: [weekly, forever] }, root);
  const leaf = await budget(own, { limits: [sliding] }, middle);
  const sibling = await budget(own, { limits: [monthly] }, root);
  const at = new Date("2027-03-10T10:00:00Z");
  await count(own, leaf.id, { amount: 70n, count: 1n, at });
  await count(own, root.id, { amount: 5n, count: 1n, at });
  assert.deepEqual(usedOf(await limitsAt(own, leaf.id, at)), [
    [70n, 1n],
    [70n, 1n],
    [70n, 1n],
    [75n, 2n],
    null,
  ]);
  assert.deepEqual(usedOf(await limitsAt(own, sibling.id, at)), [[0n, 0n], [75n, 2n], null]);
});

test("usage stands in the window of its instant, and is given back there", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(own, { limits: [monthly, weekly, yearly, sliding, forever] });
  const march = new Date("2027-03-31T23:59:59.999Z");
  const april = new Date("2027-04-01T00:00:00Z");
  await count(own, id, { amount: 100n, count: 1n, at: march });
  await count(own, id, { amount: 30n, count: 1n, at: april });
  const both = [130n, 2n];
  assert.deepEqual(usedOf(await limitsAt(own, id, march)), [
    [100n, 1n],
    both,
    both,
    [100n, 1n],
    both,
  ]);
  assert.deepEqual(usedOf(await limitsAt(own, id, april)), [[30n, 1n], both, both, both, both]);
  // A part, then the rest with the number; later, but at the instant of what it undoes.
  await count(own, id, { amount: -40n, count: 0n, at: march });
  assert.deepEqual(usedOf(await limitsAt(own, id, march))[0], [60n, 1n]);
  await count(own, id, { amount: -60n, count: -1n, at: march });
  assert.deepEqual(usedOf(await limitsAt(own, id, march))[0], [0n, 0n]);
  assert.deepEqual(usedOf(await limitsAt(own, id, april))[4], [30n, 1n]);
  const may = new Date("2027-05-01T00:14:59.999Z");
  assert.deepEqual(usedOf(await limitsAt(own, id, may))[3], [30n, 1n], "30 days later");
  const later = new Date("2027-05-01T00:15:00Z");
  assert.deepEqual(usedOf(await limitsAt(own, id, later))[3], [0n, 0n]);
});

test("more cannot be given back than was counted, nor where nothing was", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(own, { limits: [forever] });
  const at = new Date("2027-03-10T10:00:00Z");
  await count(own, id, { amount: 10n, count: 1n, at });
  await assert.rejects(count(own, id, { amount: -11n, count: 0n, at }), { code: "23514" });
  const other = new Date("2027-03-10T10:15:00Z");
  await assert.rejects(count(own, id, { amount: -1n, count: 0n, at: other }), { name: "Fault" });
  assert.deepEqual(usedOf(await limitsAt(own, id, at)), [[10n, 1n]]);
});

test("a limit that is set later knows what was spent before it", async () => {
  const own = await tests.organization(0);
  const { id } = await budget(own);
  const at = new Date("2027-03-10T10:00:00Z");
  await count(own, id, { amount: 10n, count: 1n, at });
  made(await own.call("PATCH", `/budgets/${id}`, { limits: [monthly] }));
  assert.deepEqual(usedOf(await limitsAt(own, id, at)), [[10n, 1n]]);
});

test("B: 100 parallel counts on budgets of one tree are exact, with as many given back between them", async () => {
  const own = await tests.organization(0);
  const root = await budget(own, { limits: [monthly, forever] });
  const left = await budget(own, { limits: [forever] }, root);
  const right = await budget(own, { limits: [forever] }, root);
  const at = new Date("2027-03-10T10:00:00Z");
  const places = [root, left, right];
  await Promise.all(places.map(({ id }) => count(own, id, { amount: 100n, count: 100n, at })));
  const before = await deadlocks();
  await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const { id } = places[n % 3] as CardBody;
      await count(own, id, { amount: BigInt(n), count: 1n, at });
      if (n % 2 === 0) await count(own, id, { amount: -1n, count: -1n, at });
    }),
  );
  const sumOf = (place: number) =>
    Array.from({ length: 100 }, (_, n) => n)
      .filter((n) => n % 3 === place)
      .reduce((sum, n) => sum + BigInt(n) - (n % 2 === 0 ? 1n : 0n), 100n);
  const usedOn = async (id: string) => usedOf(await limitsAt(own, id, at)).at(-1)?.[0];
  assert.equal(await usedOn(root.id), sumOf(0) + sumOf(1) + sumOf(2));
  const [ownLeft] = usedOf(await limitsAt(own, left.id, at));
  assert.equal(ownLeft?.[0], sumOf(1));
  assert.equal((await deadlocks()) - before, 0);
});

test("B: approvals that look at a limit under its locks never pass it, from whatever sub-budget", async () => {
  const own = await tests.organization(0);
  const root = await budget(own, { limits: [{ ...monthly, amount: 250, count: 1_000 }] });
  const subs = [await budget(own, {}, root), await budget(own, {}, root)];
  const at = new Date("2027-03-10T10:00:00Z");
  const approved = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      asJob(own, async (work) => {
        const { id } = subs[n % 2] as CardBody;
        const spending = { amount: 10n, count: 1n, whole: 10n };
        const { limits } = await lockSpending(work, id, at);
        if (limitRefusal(limits, spending, at) !== null) return false;
        await countSpending(work, id, { ...spending, at });
        return true;
      }),
    ),
  );
  assert.equal(approved.filter(Boolean).length, 25);
  assert.deepEqual(usedOf(await limitsAt(own, root.id, at)), [[250n, 25n]]);
});

test("GET shows each limit with what is used, what remains and the bounds of its window", async () => {
  const own = await tests.organization(0);
  const [root, sub] = await chain(own, 2);
  const { limits } = made(
    await own.call("PATCH", `/budgets/${root.id}`, { limits: [monthly, onEach, sliding, forever] }),
  );
  const now = await asJob(own, async ({ now: at }) => at);
  await count(own, sub.id, { amount: 300n, count: 4n, at: now });
  const shown = (await read(own, root.id)).limits;
  const { startsAt, endsAt } = shown[0].current;
  assert.ok(new Date(startsAt) <= now && now < new Date(endsAt));
  assert.deepEqual(shown[0], {
    id: limits[0].id,
    kind: "window",
    amount: 1_000,
    count: 10,
    window: "month",
    timeZone: "UTC",
    sliding: null,
    current: {
      startsAt,
      endsAt,
      used: { amount: 300, count: 4 },
      remaining: { amount: 700, count: 6 },
    },
  });
  assert.deepEqual(shown[1], {
    ...{ id: limits[1].id, kind: "perAuthorization", amount: 600, count: null },
    ...{ window: null, timeZone: null, sliding: null, current: null },
  });
  assert.deepEqual(shown[2].sliding, { days: 30 });
  assert.deepEqual(shown[2].current.remaining, { amount: null, count: 1 });
  assert.deepEqual(
    [shown[3].window, shown[3].current.startsAt, shown[3].current.endsAt],
    ["lifetime", null, null],
  );
  assert.deepEqual((await read(own, sub.id)).limits, []);
});

test("limits are set, changed and cleared as a list; the same list again changes nothing", async () => {
  const own = await tests.organization(0);
  const { id, limits } = await budget(own, { limits: [monthly, onEach] });
  const patch = (body: unknown) => own.call("PATCH", `/budgets/${id}`, body);
  assert.equal(made(await patch({ limits: [monthly, onEach] })).version, 1);
  const raised = { ...monthly, id: limits[0].id, amount: 2_000 };
  const changed = made(await patch({ limits: [raised] }));
  assert.deepEqual(
    [changed.version, changed.limits.length, changed.limits[0].id, changed.limits[0].amount],
    [2, 1, limits[0].id, 2_000],
  );
  const wrong = await patch({
    limits: [
      { ...onEach, count: 3 },
      { kind: "window", amount: 1 },
    ],
  });
  assert.deepEqual([wrong.status, wrong.body.code], [422, "budget_limit_invalid"]);
  assert.deepEqual(
    wrong.body.errors.map(({ field }: CardBody) => field),
    ["limits.0.count", "limits.1.window"],
  );
  const unknown = await patch({ limits: [{ ...monthly, id: limits[1].id }] });
  assert.equal(unknown.body.errors[0].field, "limits.0.id");
  for (const [field, value] of [
    ["amount", 0],
    ["amount", 1_000_000_000_000_001],
    ["count", 0],
    ["categories", ["5411"]],
  ] as const) {
    assert.equal((await patch({ limits: [{ ...monthly, [field]: value }] })).status, 400, field);
  }
  for (const days of [0, 367]) {
    assert.equal((await patch({ limits: [{ ...sliding, sliding: { days } }] })).status, 400);
  }
  made(await patch({ limits: [{ ...monthly, amount: 1_000_000_000_000_000 }] }));
  made(await patch({ limits: Array.from({ length: 20 }, () => onEach) }));
  assert.equal((await patch({ limits: Array.from({ length: 21 }, () => onEach) })).status, 400);
  assert.deepEqual(made(await patch({ limits: [] })).limits, []);
});

async function deadlocks(): Promise<number> {
  const [row] = await asOwner<{ deadlocks: string }>(
    tests.server.database.url,
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(row?.deadlocks);
}
