import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { ServerProcess } from "../test/harness/process.ts";
import type { Target } from "./load.ts";

/** The organizations and cards that are measured, and what is asked of the server afterwards. */

/** Organizations of the spread series. */
const SPREAD = 32;
/** Cards of the hot organization; each other organization has one. */
const HOT_CARDS = 16;
/** Enough to withdraw from for as long as it takes, minor units. */
const FIRST_BALANCE = 1_000_000_000;
/** The largest single deposit. */
const FIRST_DEPOSIT = 1_000_000_000_000;

type Tenant = { readonly id: string; readonly key: string; readonly cards: readonly string[] };

export type World = {
  readonly host: string;
  readonly port: number;
  readonly tenants: readonly Tenant[];
  readonly series: readonly Series[];
  /** The program of the cards. */
  readonly cardType: string;
};

/** Something to measure. */
export type Series = {
  readonly name: string;
  readonly targets: readonly Target[];
  /** What one done request adds, for the check at the end. */
  readonly counts: "transfers" | "cards";
};

type Caller = (path: string, body?: unknown, key?: string) => Promise<Record<string, unknown>>;

function callerOf({ facts }: ServerProcess): Caller {
  return async (path, body, key = facts.platformKey) => {
    const response = await fetch(`${facts.url}/v1/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
}

/** Makes the organizations, their balances and their cards. */
export async function makeWorld(server: ServerProcess): Promise<World> {
  const call = callerOf(server);
  const program = server.facts.programs.find(({ model }) => model === "card");
  if (program === undefined) throw new Error("The server has no card program.");
  const tenants: Tenant[] = [];
  for (let at = 0; at < SPREAD; at += 1) {
    const made = await call("organizations", { name: `Bench ${at}` });
    const { id, apiKey: key } = made as { id: string; apiKey: string };
    const deposit = { amount: FIRST_DEPOSIT, currency: program.currency };
    await call(`organizations/${id}/deposits`, deposit);
    const cards: string[] = [];
    for (let card = 0; card < (at === 0 ? HOT_CARDS : 1); card += 1) {
      const body = { ...cardOf(program.id), initialBalance: FIRST_BALANCE };
      cards.push((await call("cards", body, key)).id as string);
    }
    tenants.push({ id, key, cards });
  }
  const { hostname, port } = new URL(server.facts.url);
  const series = seriesOf(tenants, program);
  return { host: hostname, port: Number(port), tenants, series, cardType: program.id };
}

const cardOf = (typeId: string) => ({ typeId, firstName: "Ada", lastName: "Example" });

function seriesOf(
  tenants: readonly Tenant[],
  { id, currency }: { readonly id: string; readonly currency: string },
): Series[] {
  const hot = tenants.slice(0, 1);
  return [
    {
      name: "top-ups and withdrawals, one organization",
      targets: fundsOf(hot),
      counts: "transfers",
    },
    {
      name: "top-ups and withdrawals, 32 organizations",
      targets: fundsOf(tenants),
      counts: "transfers",
    },
    { name: "deposits, one organization", targets: depositsOf(hot, currency), counts: "transfers" },
    {
      name: "deposits, 32 organizations",
      targets: depositsOf(tenants, currency),
      counts: "transfers",
    },
    { name: "cards issued, one organization", targets: issuesOf(hot, id), counts: "cards" },
    { name: "cards issued, 32 organizations", targets: issuesOf(tenants, id), counts: "cards" },
  ];
}

const fundsOf = (tenants: readonly Tenant[]): Target[] =>
  tenants.flatMap(({ key, cards }) =>
    cards.flatMap((card) => [
      { path: `/v1/cards/${card}/top-up`, key, body: '{"amount":7}' },
      { path: `/v1/cards/${card}/withdraw`, key, body: '{"amount":7}' },
    ]),
  );

const depositsOf = (tenants: readonly Tenant[], currency: string): Target[] =>
  tenants.map(({ key }) => ({
    path: "/v1/simulations/deposits",
    key,
    body: JSON.stringify({ amount: 7, currency }),
  }));

const issuesOf = (tenants: readonly Tenant[], typeId: string): Target[] =>
  tenants.map(({ key }) => ({
    path: "/v1/cards",
    key,
    body: JSON.stringify({ ...cardOf(typeId), initialBalance: 1_000, externalId: "bench-#" }),
  }));

/** A measure of its own beside the series: how fast the cards of a batch are there. */
export const BATCH = "cards issued by batch, one organization";

/**
 * Gives a batch and waits until its last row is decided.
 *
 * @returns from before the request until then, ms.
 */
export async function issueBatch(
  server: ServerProcess,
  database: pg.Client,
  { tenants: [hot], cardType }: World,
  size: number,
): Promise<number> {
  const row = { ...cardOf(cardType), initialBalance: 1_000 };
  const rows = Array.from({ length: size }, () => row);
  const start = performance.now();
  const { id } = await callerOf(server)("cards/batches", { rows }, hot?.key);
  for (;;) {
    const found = await database.query<{ status: string; issued: number }>(
      "select status, issued from card_batches where id = $1",
      [id],
    );
    const [batch] = found.rows;
    if (batch?.status === "completed") {
      if (batch.issued !== size) throw new Error(`Of ${size} rows ${batch.issued} were issued.`);
      return performance.now() - start;
    }
    await sleep(10);
  }
}

/** How many cards there are, and transfers of the kinds that are measured. */
export async function countRows(database: pg.Client): Promise<Record<Series["counts"], number>> {
  const { rows } = await database.query<{ transfers: number; cards: number }>(
    `select (select count(*)::int from cards) as cards, (select count(*)::int from transfers
       where kind in ('card_top_up', 'card_withdrawal', 'organization_deposit')) as transfers`,
  );
  const [{ transfers, cards } = { transfers: 0, cards: 0 }] = rows;
  // The initial balance of a card is a top-up, too.
  return { cards, transfers: transfers - cards };
}

/** Waits until everything that was committed is also sequenced. @returns how long it took, ms. */
export async function drained(database: pg.Client): Promise<number> {
  const start = performance.now();
  for (;;) {
    const { rows } = await database.query(
      `select exists (select from record_queue) or exists (select from event_queue) as waiting`,
    );
    if (rows[0]?.waiting === false) return performance.now() - start;
    await sleep(10);
  }
}

/** What is wrong with the books of any organization, in words. */
export async function findBreaches(server: ServerProcess, world: World): Promise<string[]> {
  const call = callerOf(server);
  const breaches: string[] = [];
  for (const { id, key } of world.tenants) {
    const invariants = await call("ledger/invariants", undefined, key);
    if (invariants.holds !== true) breaches.push(`${id}: ${JSON.stringify(invariants)}`);
  }
  return breaches;
}
