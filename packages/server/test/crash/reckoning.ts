import assert from "node:assert/strict";
import type { Database } from "../../src/foundation/database/database.ts";
import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import { jobs } from "../../src/interfaces/worker/jobs.ts";
import { recordSources } from "../../src/interfaces/worker/sources.ts";
import { listBooks, verify } from "../../src/records/ledger/actions.ts";
import { asOwner } from "../harness/database.ts";
import { CAP, DAY_MS, type Estate, FEE, offsetOf, RULE } from "./estate.ts";

/** What must have come of everything that was due, reckoned naively, and compared with what did. */
export type Reckoning = {
  /** Of each card that renews: when it expires by the model, and how often it was renewed. */
  readonly renewals: Map<string, { expiresAt: number; times: number }>;
  /** Months that were made to go by, each with one filling of everything that is filled. */
  rounds: number;
};

export type Books = { readonly url: string; readonly database: Database; readonly estate: Estate };

/** What is still to be done of each job; empty where all is quiet. */
export async function leftToDo({
  url,
  database,
}: Pick<Books, "url" | "database">): Promise<string[]> {
  const found: string[] = [];
  for (const job of jobs) {
    const [due] = await job.findDue(database, { after: null, limit: 1 });
    if (due !== undefined) found.push(`${job.name} ${due.id}`);
  }
  const [row] = await asOwner<{ waiting: string; held: string }>(
    url,
    `select (select count(*) from record_queue) + (select count(*) from event_queue) as waiting,
       (select count(*) from job_runs where holder is not null) as held`,
  );
  if (row?.waiting !== "0") found.push(`${row?.waiting} records and events`);
  if (row?.held !== "0") found.push(`${row?.held} jobs held`);
  return found;
}

/** Begins the reckoning of renewals with the cards as they were issued. */
export async function beginReckoning({ url, estate }: Books): Promise<Reckoning> {
  const cards = await asOwner<{ id: string; expires: Date }>(
    url,
    "select id, expires_at as expires from cards where program_id = $1",
    [estate.programs.renewing],
  );
  const entries = cards.map(
    ({ id, expires }) => [id, { expiresAt: expires.getTime(), times: 0 }] as const,
  );
  return { renewals: new Map(entries), rounds: 0 };
}

/** Everything that is compared after a round. */
export async function reckon(books: Books, reckoning: Reckoning): Promise<void> {
  await reckonFees(books);
  await reckonFillings(books, reckoning);
  await reckonRenewals(books, reckoning);
  await reckonExpiries(books);
  await reckonFreezes(books, reckoning);
  await reckonBlocks(books);
  await reckonBatches(books, reckoning);
  await reckonAnnouncements(books);
  const { rich, poor } = books.estate;
  await reckonLaws(books.database, [rich.id, poor.id]);
}

const nowOf = async (url: string, id: string) => new Date(Date.now() + (await offsetOf(url, id)));

/** Whole months since a day, its number of the day as near as each month has it; days of UTC. */
function monthsSince(from: Date, now: Date): number {
  for (let months = 0; ; months += 1) {
    const first = Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months + 1, 1);
    const [year, month] = [new Date(first).getUTCFullYear(), new Date(first).getUTCMonth()];
    const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    const day = Date.UTC(year, month, Math.min(from.getUTCDate(), last));
    if (day > now.getTime()) return months;
  }
}

/** Each month of each card was charged once: paid, or waiting where there was no money. */
async function reckonFees({ url, estate }: Books): Promise<void> {
  const { rich, poor, programs } = estate;
  for (const { id } of [rich, poor]) {
    const now = await nowOf(url, id);
    const cards = await asOwner<{ created: Date; marked: number; paid: string; due: string }>(
      url,
      `select c.created_at as created, c.fee_months as marked,
         (select count(*) from transfers t where t.organization_id = c.organization_id
           and t.card_id = c.id and t.kind = 'fee' and t.fee_kind = 'monthly') as paid,
         (select count(*) from due_fees d where d.organization_id = c.organization_id
           and d.card_id = c.id and d.status = 'due') as due
       from cards c where c.organization_id = $1 and c.program_id = $2`,
      [id, programs.monthly],
    );
    assert.ok(cards.length >= 10);
    let [charged, paid] = [0, 0];
    for (const card of cards) {
      const months = monthsSince(card.created, now);
      assert.equal(card.marked, months, "months that are marked as charged");
      assert.equal(Number(card.paid) + Number(card.due), months, "one fee for each month");
      charged += months;
      paid += Number(card.paid);
    }
    const expected =
      id === rich.id ? charged : Math.min(charged, Math.floor(estate.deposited / FEE));
    assert.equal(paid, expected, "fees that were paid");
    if (id === poor.id) {
      assert.equal(await available(url, id), estate.deposited - expected * FEE);
    }
  }
}

async function available(url: string, owner: string): Promise<number> {
  const [row] = await asOwner<{ left: string }>(
    url,
    `select credits_posted - debits_posted as left from ledger_accounts
     where owner_id = $1 and type in ('organization_available', 'card', 'budget')`,
    [owner],
  );
  return Number(row?.left);
}

/** By the rule, from nothing: what is filled in, step by step. */
function stepsOf(cap: number | null): number[] {
  const steps: number[] = [];
  for (let sum = 0; sum < RULE.threshold; ) {
    const step = cap === null ? RULE.amount : Math.min(RULE.amount, cap - sum);
    if (step === 0) break;
    steps.push(step);
    sum += step;
  }
  return steps;
}

/** What has a rule was filled as the rule says, once a round; what cannot be stopped once. */
async function reckonFillings({ url, estate }: Books, { rounds }: Reckoning): Promise<void> {
  for (const { path, cap } of estate.fed) {
    const [kind = "", id = ""] = path.split("/");
    const transfers = await asOwner<{ amount: string }>(
      url,
      `select amount from transfers where to_id = $1 and kind = $2 and actor_kind = 'system'
       order by id`,
      [id, kind === "cards" ? "card_top_up" : "budget_top_up"],
    );
    const steps = stepsOf(cap);
    const expected = Array.from({ length: rounds + 1 }, () => steps).flat();
    assert.deepEqual(
      transfers.map(({ amount }) => Number(amount)),
      expected,
      `fillings of ${path} with a cap of ${cap}`,
    );
    const sum = steps.reduce((total, step) => total + step, 0);
    assert.equal(await available(url, id), sum, path);
    assert.ok(cap === null || sum <= CAP);
  }
  const stops = await asOwner<{ type: string; count: string }>(
    url,
    `select type, count(*) from events where organization_id = $1
       and type in ('card.auto_top_up_stopped', 'budget.refill_stopped') group by 1 order by 1`,
    [estate.poor.id],
  );
  assert.deepEqual(stops, [
    { type: "budget.refill_stopped", count: "1" },
    { type: "card.auto_top_up_stopped", count: "1" },
  ]);
}

/** Cards of two months that renew by themselves did so once for each expiry. */
async function reckonRenewals(
  { url, estate }: Books,
  { renewals, rounds }: Reckoning,
): Promise<void> {
  const now = await nowOf(url, estate.rich.id);
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 3, 1);
  const cards = await asOwner<{ id: string; expires: Date; told: string; kept: string }>(
    url,
    `select c.id, c.expires_at as expires,
       (select count(*) from events e where e.object_id = c.id and e.type = 'card.renewed') as told,
       (select count(*) from card_status_history h where h.card_id = c.id and h.action = 'renew')
         as kept
     from cards c where c.program_id = $1`,
    [estate.programs.renewing],
  );
  assert.equal(cards.length, renewals.size);
  for (const card of cards) {
    const model = renewals.get(card.id);
    assert.ok(model !== undefined);
    const isNear = Math.abs(model.expiresAt - now.getTime()) <= 30 * DAY_MS;
    if (rounds > 0 && isNear && next > model.expiresAt) {
      model.expiresAt = next;
      model.times += 1;
    }
    assert.deepEqual(
      [card.expires.getTime(), Number(card.told), Number(card.kept)],
      [model.expiresAt, model.times, model.times],
      `renewals of ${card.id}`,
    );
  }
}

async function reckonExpiries({ url, estate }: Books): Promise<void> {
  const now = await nowOf(url, estate.rich.id);
  const cards = await asOwner<{ id: string; expires: Date; marked: boolean; told: string }>(
    url,
    `select c.id, c.expires_at as expires, c.expired_at is not null as marked,
       (select count(*) from events e where e.object_id = c.id and e.type = 'card.expired') as told
     from cards c where c.program_id = $1`,
    [estate.programs.expiring],
  );
  for (const { id, expires, marked, told } of cards) {
    const isPast = expires <= now;
    assert.deepEqual([marked, Number(told)], [isPast, isPast ? 1 : 0], `the expiry of ${id}`);
  }
}

/** Each freeze of each round came to its end once. */
async function reckonFreezes({ url, estate }: Books, { rounds }: Reckoning): Promise<void> {
  const cards = await asOwner<{ id: string; live: string; lifted: string; told: string }>(
    url,
    `select c.id, count(*) filter (where r.lifted_at is null and r.id is not null) as live,
       count(*) filter (where r.lifted_at is not null) as lifted,
       (select count(*) from events e where e.object_id = c.id and e.type = 'card.unfrozen') as told
     from cards c left join card_restrictions r
       on r.organization_id = c.organization_id and r.card_id = c.id
     where c.program_id = $1 group by c.id`,
    [estate.programs.stopping],
  );
  for (const { id, ...card } of cards) {
    const expected = { live: "0", lifted: String(rounds), told: String(rounds) };
    assert.deepEqual(card, expected, `the freezes of ${id}`);
  }
}

/** Every card that was there when an order was given is blocked once; each order says how many. */
async function reckonBlocks({ url, estate }: Books): Promise<void> {
  const program = estate.programs.blocking;
  const cards = await asOwner<{ id: string; created: Date; blocks: string; told: string }>(
    url,
    `select c.id, c.created_at as created, count(r.id) as blocks,
       (select count(*) from events e where e.object_id = c.id and e.type = 'card.blocked') as told
     from cards c left join card_restrictions r
       on r.organization_id = c.organization_id and r.card_id = c.id
     where c.program_id = $1 group by c.organization_id, c.id`,
    [program],
  );
  const orders = await asOwner<{ status: string; blocked: string; total: string; last: Date }>(
    url,
    `select status, blocked, total, max(created_at) over () as last from card_block_orders
     where program_id = $1`,
    [program],
  );
  let blocked = 0;
  for (const { id, blocks, told } of cards) {
    assert.ok(Number(blocks) <= 1, `blocks of ${id}: ${blocks}`);
    assert.equal(told, blocks, `announced blocks of ${id}`);
    blocked += Number(blocks);
  }
  for (const { status, ...order } of orders) {
    assert.deepEqual([status, order.blocked], ["done", order.total]);
  }
  assert.equal(
    orders.reduce((sum, order) => sum + Number(order.blocked), 0),
    blocked,
    "cards that the orders have blocked",
  );
}

/** Each row of each batch made one card, and each batch was told to be complete once. */
async function reckonBatches({ url }: Books, { rounds }: Reckoning): Promise<void> {
  const batches = await asOwner<Record<string, string>>(
    url,
    `select b.status, b.size, b.issued, b.failed,
       (select count(distinct r.card_id) from card_batch_rows r
         where r.organization_id = b.organization_id and r.batch_id = b.id) as cards,
       (select count(*) from events e
         where e.object_id = b.id and e.type = 'card_batch.completed') as told
     from card_batches b`,
  );
  assert.equal(batches.length, 2 + rounds);
  let rows = 0;
  for (const batch of batches) {
    assert.deepEqual([batch.status, batch.failed, batch.told], ["completed", 0, "1"]);
    assert.deepEqual([batch.issued, Number(batch.cards)], [batch.size, batch.size]);
    rows += Number(batch.size);
  }
  const [cards] = await asOwner<{ all: string; told: string }>(
    url,
    `select (select count(*) from cards) as all,
       (select count(distinct object_id) from events where type = 'card.issued') as told`,
  );
  assert.deepEqual(cards, { all: String(rows + 1), told: String(rows + 1) });
}

/** No version of anything is announced twice or left out, and every transfer once. */
async function reckonAnnouncements({ url }: Books): Promise<void> {
  const gaps = await asOwner(
    url,
    `select object_id, count(*), max(object_version) from events
     where object_id ~ '^(card|cus|bud|trf|due)' group by organization_id, object_id
     having count(*) <> max(object_version) or count(distinct object_version) <> count(*)`,
  );
  assert.deepEqual(gaps, [], "objects whose versions are not announced one by one");
  const silent = await asOwner(
    url,
    `select t.id from transfers t where 1 <> (select count(*) from events e
       where e.organization_id = t.organization_id and e.object_id = t.id
         and e.type = 'transfer.completed')`,
  );
  assert.deepEqual(silent, [], "transfers that were not announced once");
  const behind = await asOwner(
    url,
    `select c.id from cards c where c.version <> (select max(e.object_version) from events e
       where e.organization_id = c.organization_id and e.object_id = c.id)`,
  );
  assert.deepEqual(behind, [], "cards whose last version was not announced");
  const holes = await asOwner(
    url,
    `select organization_id from events group by 1 having count(*) <> max(sequence)`,
  );
  assert.deepEqual(holes, [], "sequences of events with a hole");
}

/** The books of everybody balance and their chains hold; these are among them. */
export async function reckonLaws(database: Database, ids: readonly string[]): Promise<void> {
  const books = await listBooks(database);
  for (const id of ids) assert.ok(books.includes(id as OrganizationId));
  for (const organizationId of books) {
    const { bad } = await verify(database, { organizationId, sources: recordSources });
    assert.equal(bad, null, JSON.stringify(bad));
  }
}
