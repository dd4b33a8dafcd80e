import assert from "node:assert/strict";
import test from "node:test";
import { invariants, readBalances } from "../src/records/ledger/actions.ts";
import { type AccountRef, accountId, roomOf } from "../src/records/ledger/model.ts";
import { LivedLife } from "./harness/life.ts";
import { dice, extent, isLong, proofSeed } from "./harness/proof.ts";
import { startTestServer } from "./harness/server.ts";
import { startOfMonth } from "./model/life/calendar.ts";
import { filledNow } from "./model/life/rules.ts";
import { OWN } from "./model/life/state.ts";
import { isLive, type LifeOperation, statusOf } from "./model/life/terms.ts";
import { LifeModel } from "./model/life-model.ts";
import { LifeProgram, verbNames } from "./model/life-program.ts";

const seed = proofSeed();
const LIVES = extent(2, 4);
const OPERATIONS = extent(1_500, 5_000);
/** How often everything is compared; the books are after each operation. */
const EVERY = 50;

type Both = { readonly model: LifeModel; readonly real: LivedLife };

const say = (operation: LifeOperation): string =>
  JSON.stringify(operation, (_, value) => (typeof value === "bigint" ? `${value}n` : value));

/** Every account of the books equals the model. */
async function compareBooks({ model, real }: Both): Promise<void> {
  const rows = await real.query<Record<string, string>>(
    `select type, owner_id as owner, debits_pending as dp, debits_posted as d, credits_posted as c
     from ledger_accounts where organization_id = $1 and type in
     ('organization_available', 'card', 'budget', 'receivable')`,
  );
  for (const { type, owner = "", dp, d, c } of rows) {
    const name = type === OWN ? OWN : real.name(owner);
    assert.ok(name !== undefined, `${type} of ${owner}`);
    const account = type === "receivable" ? `owed ${name}` : name;
    const { debitsPending, debitsPosted, creditsPosted } = model.money.sums(account);
    const expected = `held ${debitsPending}, debits ${debitsPosted}, credits ${creditsPosted}`;
    assert.equal(`held ${dp}, debits ${d}, credits ${c}`, expected, `the books of ${account}`);
  }
}

type CardRow = {
  readonly id: string;
  readonly version: string;
  readonly expires: Date;
  readonly months: number;
  readonly isDeleted: boolean;
  readonly replacedBy: string | null;
  readonly restrictions: readonly string[];
};

/** Every card ever made is as the model has it: its terms, its restrictions, its months. */
async function compareCards({ model, real }: Both): Promise<void> {
  const rows = await real.query<CardRow>(
    `select c.id, c.version::text, c.expires_at as expires, c.fee_months as months,
       c.deleted_at is not null as "isDeleted", c.replaced_by as "replacedBy",
       array(select r.kind || ' ' || r.owner from card_restrictions r
         where r.organization_id = c.organization_id and r.card_id = c.id and r.lifted_at is null
         order by 1) as restrictions
     from cards c where c.organization_id = $1`,
  );
  assert.equal(rows.length, model.cards.size, "no card that nobody made");
  for (const { id, expires, ...row } of rows) {
    const name = real.name(id) ?? id;
    const card = model.card(name);
    assert.deepEqual(
      {
        ...row,
        replacedBy: row.replacedBy === null ? null : real.name(row.replacedBy),
        expires: expires.toISOString(),
      },
      {
        version: String(card.version),
        months: card.months,
        isDeleted: card.deletedAt !== null,
        replacedBy: card.replacedBy,
        restrictions: [...card.restrictions.keys()].sort(),
        expires: new Date(card.expiresAt).toISOString(),
      },
      name,
    );
  }
}

const living = ["active", "frozen", "blocked", "expired"] as const;

/** Each list of a status has just the cards that are in it. */
async function compareStatuses({ model, real }: Both): Promise<void> {
  for (const status of living) {
    const { body } = await real.call("GET", `/cards?status=${status}&limit=100`);
    const now = model.now();
    const expected = [...model.cards.values()].filter((card) => statusOf(card, now) === status);
    const found = body.data.map(({ id }: { id: string }) => real.name(id));
    assert.deepEqual(found.sort(), expected.map(({ name }) => name).sort(), `cards ${status}`);
  }
  const rows = await real.query<{ id: string; status: string }>(
    "select id, status from budgets where organization_id = $1",
  );
  for (const { id, status } of rows) {
    const name = real.name(id) ?? id;
    assert.equal(status, model.budget(name).status, `the budget ${name}`);
  }
}

/** The fees that wait are those of the model, in its order. */
async function compareDues({ model, real }: Both): Promise<void> {
  const rows = await real.query<{ card: string; amount: bigint; dueAt: Date }>(
    `select card_id as card, amount, due_at as "dueAt" from due_fees
     where organization_id = $1 and status = 'due' order by due_at, id`,
  );
  const found = rows.map(({ card, amount, dueAt }) => `${real.name(card)} ${amount} ${+dueAt}`);
  const expected = model.dues.map(({ card, amount, dueAt }) => `${card} ${amount} ${dueAt}`);
  assert.deepEqual(found, expected, "fees that wait");
}

/** Open holds are those of the model, with what remains of each. */
async function compareHolds({ model, real }: Both): Promise<void> {
  const rows = await real.query<{ id: string; remaining: bigint }>(
    "select id, remaining from ledger_holds where organization_id = $1 and status = 'open'",
  );
  const found = rows.map(({ id, remaining }) => `${real.name(id)} ${remaining}`);
  const expected = [...model.holds.keys()].flatMap((hold) => {
    const remaining = model.money.remaining(hold);
    return remaining === null ? [] : [`${hold} ${remaining}`];
  });
  assert.deepEqual(found.sort(), expected.sort(), "open holds");
}

type RuleRow = {
  readonly owner: string;
  readonly terms: string;
  readonly stopped: string | null;
  readonly month: Date;
  readonly filled: bigint;
  readonly rests: Date | null;
};

const ruleColumns = `threshold || ' ' || amount || ' ' || coalesce(monthly_cap::text, 'null') as terms,
  stopped_reason as stopped, month_starts_at as month, month_amount as filled,
  rests_until as rests`;

/** The rules that fill cards and budgets are those of the model, with what each month had. */
async function compareRules({ model, real }: Both): Promise<void> {
  const cards = await real.query<RuleRow>(
    `select account_card_id as owner, ${ruleColumns} from card_auto_top_ups
     where organization_id = $1`,
  );
  const budgets = await real.query<RuleRow>(
    `select budget_id as owner, ${ruleColumns} from budget_refills where organization_id = $1`,
  );
  const now = model.now();
  const told = (
    name: string | undefined,
    terms: string,
    stopped: string | null,
    filled: bigint,
    rests: number,
  ) => `${name}: ${terms}, stopped by ${stopped}, filled ${filled}, rests ${rests > now}`;
  const found = [...cards, ...budgets].map(({ owner, terms, stopped, month, filled, rests }) => {
    const name = real.name(owner) ?? owner;
    const isNow = month.getTime() === startOfMonth(now, model.aheadOf(name));
    return told(name, terms, stopped, isNow ? filled : 0n, rests?.getTime() ?? 0);
  });
  const rules = [...model.cardRules, ...model.budgetRules];
  const expected = rules.map(([name, rule]) => {
    const terms = `${rule.threshold} ${rule.amount} ${rule.cap}`;
    const filled = filledNow(rule, now, model.aheadOf(name));
    return told(name, terms, rule.stopped, filled, rule.restsUntil);
  });
  assert.deepEqual(found.sort(), expected.sort(), "rules");
}

/** Every row of the last batches became what it did in the model. */
async function compareBatches({ model, real }: Both): Promise<void> {
  for (const [name, rows] of [...model.batches].slice(-8)) {
    const expected = rows.map(({ outcome }) => outcome);
    assert.deepEqual(await real.outcomesOf(name), expected, `the rows of ${name}`);
  }
}

const pooledTypes = ["fees", "external_funding", "network_settlement"] as const;

/** Pooled accounts equal the model, and the laws of the ledger hold. */
async function compareLaws({ model, real }: Both): Promise<void> {
  const ownerId = real.organizationId;
  const { app } = real.server.database;
  const refs = pooledTypes.map((type): AccountRef => ({ type, ownerId, currency: "EUR" }));
  const organizationId = ownerId as `org_${string}`;
  const balances = await readBalances(app, organizationId, refs);
  for (const ref of refs) {
    const expected = roomOf({ type: ref.type, ...model.money.sums(ref.type) });
    assert.equal(balances.get(accountId(ref))?.available ?? 0n, expected, ref.type);
  }
  await real.server.sequence();
  const { laws } = await invariants(app, organizationId);
  for (const { law, breach } of laws) assert.equal(breach, null, law);
}

/** The card that an operation was about, as the API shows it. */
async function compareTouched({ model, real }: Both, operation: LifeOperation): Promise<void> {
  if (!("card" in operation) || !model.cards.has(operation.card)) return;
  const card = model.card(operation.card);
  const { body } = await real.call("GET", `/cards/${real.id(card.name)}`);
  const now = model.now();
  const restrictions = body.restrictions.map((each: { kind: string; owner: string }) =>
    [each.kind, each.owner].join(" "),
  );
  const live = [...card.restrictions].filter(([, endsAt]) => isLive(endsAt, now));
  const account = model.accountOf(card);
  const shown = body.balances ?? body.budget;
  assert.deepEqual(
    [body.status, restrictions.sort(), BigInt(shown.available), BigInt(shown.owed ?? 0)],
    [
      statusOf(card, now),
      live.map(([key]) => key).sort(),
      model.money.available(account),
      card.account === null ? 0n : model.money.owes(account),
    ],
    `the card ${card.name}`,
  );
}

type Statement = {
  readonly opening: { readonly posted: number; readonly owed: number | null };
  readonly lines: readonly { readonly postedChange: number; readonly owedChange: number | null }[];
  readonly closing: { readonly posted: number; readonly owed: number | null };
};

/** From nothing, over everything that was posted, to what the model has. */
async function reconcile({ model, real }: Both, path: string, account: string): Promise<number> {
  const { status, body } = await real.call("GET", path);
  assert.equal(status, 200, JSON.stringify(body));
  const { opening, lines, closing }: Statement = body;
  const sum = (of: (line: Statement["lines"][number]) => number) =>
    lines.reduce((total, line) => total + of(line), 0);
  const { creditsPosted, debitsPosted } = model.money.sums(account);
  assert.deepEqual(
    [opening.posted, sum((line) => line.postedChange), closing.posted],
    [0, closing.posted, Number(creditsPosted - debitsPosted)],
    `the statement of ${account}`,
  );
  if (closing.owed !== null && account !== OWN) {
    assert.deepEqual(
      [sum((line) => line.owedChange ?? 0), closing.owed],
      [closing.owed, Number(model.money.owes(account))],
      `what ${account} owes`,
    );
  }
  return lines.length;
}

async function reconcileAll(both: Both): Promise<string> {
  const { model, real } = both;
  let lines = await reconcile(both, "/statements?currency=EUR", OWN);
  const accounts = [...model.cards.values()].filter(({ name, account }) => name === account);
  for (const { name } of accounts) {
    lines += await reconcile(both, `/cards/${real.id(name)}/statements`, name);
  }
  for (const name of model.budgets.keys()) {
    lines += await reconcile(both, `/budgets/${real.id(name)}/statements`, name);
  }
  return `${1 + accounts.length + model.budgets.size} statements with ${lines} lines`;
}

async function compareAll(both: Both): Promise<void> {
  await compareCards(both);
  await compareStatuses(both);
  await compareDues(both);
  await compareHolds(both);
  await compareRules(both);
  await compareBatches(both);
  await compareLaws(both);
}

/** Kinds of movements by which a debt may come about. */
const MAY_OWE = ["capture", "force"];

/** Does one operation on both sides, and compares what came of it. */
async function live(both: Both, operation: LifeOperation): Promise<string> {
  const { model, real } = both;
  const owedBefore = model.totalOwed();
  const expected = model.do(operation);
  const outcome = await real.do(operation);
  assert.equal(outcome, expected);
  await compareBooks(both);
  // The books equal the model, so what it owes is what is owed.
  if (!MAY_OWE.includes(operation.verb)) assert.ok(model.totalOwed() <= owedBefore, "a new debt");
  await compareTouched(both, operation);
  return outcome;
}

/** An operation on what only the server knows: a fee that was paid is given back. */
async function giveFeeBack({ real }: Both, roll: number): Promise<LifeOperation | null> {
  const fees = await real.lastFees();
  const fee = fees[roll % Math.max(fees.length, 1)];
  if (fee === undefined) return null;
  const { id, amount, status } = fee;
  return { verb: "reverseFee", id, amount: BigInt(amount), isReversed: status === "reversed" };
}

/** How often each verb was done, and each refusal given. */
const tally = new Map<string, number>();
const count = (what: string, times = 1) => tally.set(what, (tally.get(what) ?? 0) + times);

for (let round = 0; round < LIVES; round += 1) {
  test(`a life of ${OPERATIONS} random operations equals the naive model, seed ${seed} + ${round}`, async (t) => {
    const roll = dice(seed + round);
    const both = { model: new LifeModel(), real: await LivedLife.begin(await startTestServer()) };
    const program = new LifeProgram(roll, both.model);
    const told: string[] = [];
    for (let done = 1; done <= OPERATIONS; done += 1) {
      const fee = roll.chance(0.02) ? await giveFeeBack(both, roll.roll(12)) : null;
      const restart: LifeOperation | null = roll.chance(0.004) ? { verb: "restart" } : null;
      const operation = restart ?? fee ?? program.next();
      told.push(say(operation));
      try {
        const outcome = await live(both, operation);
        told.push(`  ${outcome}`);
        count(outcome === "done" ? operation.verb : (outcome.split(":")[0] ?? ""));
        if (roll.chance(0.03)) assert.equal(await both.real.repeat(), null, "a repeated request");
        if (done % EVERY === 0) await compareAll(both);
      } catch (error) {
        console.log(`operation ${done} of seed ${seed} + ${round}, after:`);
        console.log(told.slice(-24).join("\n"));
        throw error;
      }
    }
    await both.real.do({ verb: "jobs" });
    both.model.do({ verb: "jobs" });
    await compareBooks(both);
    await compareAll(both);
    for (const [what, times] of both.model.byItself) count(what, times);
    t.diagnostic(await reconcileAll(both));
  });
}

const refusals = [
  "account_closed",
  "amount_too_low",
  "auto_top_up_invalid",
  "balance_too_high",
  "budget_archived",
  "budget_card_not_fundable",
  "budget_not_empty",
  "budget_refill_invalid",
  "budget_too_deep",
  "card_batch_completed",
  "card_blocked",
  "card_deleted",
  "card_expired",
  "card_not_issuable",
  "card_not_renewable",
  "card_not_replaceable",
  "compliance_restriction",
  "fees_due",
  "hold_already_resolved",
  "hold_exceeded",
  "insufficient_budget_balance",
  "insufficient_card_balance",
  "insufficient_organization_balance",
  "organization_suspended",
  "receivable_outstanding",
  "renewal_too_early",
  "transfer_already_reversed",
  "transfer_not_reversible",
];

/** What must have happened by itself. */
const byItself = [
  "batch cancelled",
  "budget refilled",
  "budget rests",
  "card renewed",
  "card topped up",
  "card topped up with less",
  "debt collected",
  "refill stopped",
  "row failed",
  "row issued",
  "top-up rests",
  "top-up resumed",
  "top-up stopped",
];

test("the lives did everything that there is, and were refused in every way", (t) => {
  const told = [...tally].sort().map(([what, times]) => `${what} ${times}`);
  t.diagnostic(told.join(", "));
  const wanted = [...verbNames, ...refusals, ...byItself];
  // What is seldom may be missing from a short life.
  const most = isLong() ? 0 : 4;
  const missing = wanted.filter((what) => !tally.has(what));
  assert.ok(missing.length <= most, `missing: ${missing.join(", ")}`);
});
