import assert from "node:assert/strict";
import { asOwner } from "../harness/database.ts";
import type { DevFacts } from "../harness/process.ts";
import { send } from "./load.ts";

/** What the cards of each program are there for. */
export const purposes = [
  "monthly",
  "feeding",
  "renewing",
  "expiring",
  "stopping",
  "blocking",
] as const;
type Purpose = (typeof purposes)[number];

/** Monthly fee, and the rules that fill cards and budgets again, minor units. */
export const FEE = 30;
export const RULE = { threshold: 100, amount: 40 } as const;
/** Of every other rule: less than what the threshold asks for. */
export const CAP = 60;

/** Cards of each purpose that the organization begins with, and what comes with each round. */
const cardsOf: Readonly<Record<Purpose, number>> = {
  monthly: 40,
  feeding: 16,
  renewing: 30,
  expiring: 15,
  stopping: 12,
  blocking: 25,
};
const BUDGETS = 10;
const POOR_CARDS = 10;
const NEW_ROWS = 20;
const NEW_EXPIRING = 5;

export const DAY_MS = 86_400_000;

/** One who asks over HTTP and is refused nothing. */
export type Ask = (method: string, path: string, body?: object) => Promise<Body>;
// biome-ignore lint/suspicious/noExplicitAny: looks into answers of every route.
type Body = any;

export function asking(facts: DevFacts, apiKey: string): Ask {
  return async (method, path, body) => {
    const answer = await send({ ...facts, apiKey }, method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  };
}

/** Two organizations, one with money and one without, and what is theirs. */
export type Estate = {
  readonly rich: { readonly id: string; readonly key: string };
  readonly poor: { readonly id: string; readonly key: string };
  readonly platformKey: string;
  readonly programs: Readonly<Record<Purpose | "pool", string>>;
  /** Those with rules that fill them, and each rule's cap. */
  readonly fed: readonly { readonly path: string; readonly cap: number | null }[];
  /** What was put into the poor organization. */
  deposited: number;
};

const holder = { firstName: "Ada", lastName: "Example" };

const terms: Readonly<Record<Purpose | "pool", object>> = {
  monthly: { fees: { monthly: FEE } },
  feeding: {},
  renewing: { validityMonths: 2, renewal: "automatic", renewalDays: 30 },
  expiring: { validityMonths: 1 },
  stopping: {},
  blocking: {},
  pool: { model: "budgetCard" },
};

/** Makes everything, over a server that runs. */
export async function makeEstate(facts: DevFacts): Promise<Estate> {
  const platform = asking(facts, facts.platformKey);
  const made = Object.entries(terms).map(async ([name, more]) => {
    const program = { name, model: "card", brand: "private", bin: "99990300", panLength: 16 };
    // Longer than the longest form goes on, where a purpose does not say otherwise.
    const term = { currency: "EUR", availability: "all", validityMonths: 120 };
    const body = { ...program, ...term, ...more };
    return [name, (await platform("POST", "card-programs", body)).id];
  });
  const programs = Object.fromEntries(await Promise.all(made)) as Estate["programs"];
  const poor = await platform("POST", "organizations", { name: "Poor", currencies: ["EUR"] });
  const estate = {
    rich: { id: facts.organizationId, key: facts.apiKey },
    poor: { id: poor.id, key: poor.apiKey },
    platformKey: facts.platformKey,
    programs,
    fed: [],
    deposited: 0,
  };
  const own = asking(facts, facts.apiKey);
  const rows = purposes.flatMap((purpose) => rowsOf(programs[purpose], cardsOf[purpose]));
  await own("POST", "cards/batches", { rows });
  const poorOne = asking(facts, poor.apiKey);
  await poorOne("POST", "cards/batches", { rows: rowsOf(programs.monthly, POOR_CARDS) });
  await makeStopped(poorOne, programs);
  return { ...estate, fed: await makeBudgets(own, programs.pool) };
}

const rowsOf = (typeId: string, count: number) =>
  Array.from({ length: count }, () => ({ typeId, ...holder, initialBalance: 0 }));

/** A rule for a card and one for a budget that never have the money they want. */
async function makeStopped(own: Ask, programs: Estate["programs"]): Promise<void> {
  const rule = { threshold: 1, amount: 1_000_000 };
  const [row] = rowsOf(programs.feeding, 1);
  const card = await own("POST", "cards", row);
  await own("PUT", `cards/${card.id}/auto-top-up`, rule);
  const typeIds = [programs.pool];
  const budget = await own("POST", "budgets", { name: "Poor", currency: "EUR", typeIds });
  await own("PUT", `budgets/${budget.id}/refill`, rule);
}

async function makeBudgets(own: Ask, typeId: string) {
  const fed: { path: string; cap: number | null }[] = [];
  for (let number = 0; number < BUDGETS; number += 1) {
    const body = { name: `Budget ${number}`, currency: "EUR", typeIds: [typeId] };
    const { id } = await own("POST", "budgets", body);
    fed.push({ path: `budgets/${id}`, cap: number % 2 === 0 ? CAP : null });
  }
  return fed;
}

/** Gives the cards that were issued, and the budgets, their rules: everything with one is told. */
export async function setRules(facts: DevFacts, estate: Estate): Promise<Estate> {
  const own = asking(facts, estate.rich.key);
  const cards = await idsOf(own, estate.programs.feeding);
  const fed = [
    ...estate.fed,
    ...cards.map((id, at) => ({ path: `cards/${id}`, cap: at % 2 === 0 ? CAP : null })),
  ];
  for (const { path, cap } of fed) {
    const what = path.startsWith("cards/") ? "auto-top-up" : "refill";
    const monthlyCap = cap === null ? {} : { monthlyCap: cap };
    await own("PUT", `${path}/${what}`, { ...RULE, ...monthlyCap });
  }
  return { ...estate, fed };
}

async function idsOf(own: Ask, typeId: string): Promise<string[]> {
  const { data } = await own("GET", `cards?typeId=${typeId}&limit=100`);
  return data.map(({ id }: { id: string }) => id);
}

/**
 * Makes much due at once: what was filled is taken out, cards are frozen for some days, a batch and an
 * order to block wait, the poor get something, and a month goes by.
 */
export async function makeDue(facts: DevFacts, estate: Estate, url: string): Promise<void> {
  const { rich, poor, programs, fed } = estate;
  const own = asking(facts, rich.key);
  for (const { path } of fed) {
    const { balances } = await own("GET", path);
    await own("POST", `${path}/withdraw`, { amount: balances.available });
  }
  const endsAt = new Date(Date.now() + (await offsetOf(url, rich.id)) + 5 * DAY_MS).toISOString();
  for (const id of await idsOf(own, programs.stopping)) {
    await own("POST", `cards/${id}/freeze`, { endsAt });
  }
  const platform = asking(facts, estate.platformKey);
  await platform("POST", `card-programs/${programs.blocking}/block-cards`, { reason: "review" });
  const rows = [...rowsOf(programs.blocking, NEW_ROWS), ...rowsOf(programs.expiring, NEW_EXPIRING)];
  await own("POST", "cards/batches", { rows });
  await asking(facts, poor.key)("POST", "simulations/deposits", { amount: 95, currency: "EUR" });
  estate.deposited += 95;
  await asOwner(
    url,
    `insert into organization_clocks select unnest($1::text[]), $2::bigint
     on conflict (organization_id) do update
       set offset_ms = organization_clocks.offset_ms + excluded.offset_ms`,
    [[rich.id, poor.id], 31 * DAY_MS],
  );
  await askForLooks(url);
}

/** How far an organization's now is ahead, ms. */
export async function offsetOf(url: string, organizationId: string): Promise<number> {
  const [row] = await asOwner<{ ms: string }>(
    url,
    "select offset_ms as ms from organization_clocks where organization_id = $1",
    [organizationId],
  );
  return Number(row?.ms ?? 0);
}

/**
 * Has every job looked at as soon as a process is there: clocks that jump ring no bell, and who was killed
 * holds a job for ten seconds, which are over then.
 */
export async function askForLooks(url: string): Promise<void> {
  await asOwner(
    url,
    `update job_runs set is_wanted = true,
       leased_until = case when holder is not null then now() end`,
  );
}
