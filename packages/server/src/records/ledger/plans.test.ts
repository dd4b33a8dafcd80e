import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { booksWithCard, sources } from "../../../test/harness/ledger.ts";
import { postMany } from "../../../test/harness/movements.ts";
import type { Sql, Statement } from "../../foundation/database/sql.ts";
import { drainRecords } from "../sequencer/actions.ts";
import { type EntryFilter, listEntries, listReceivables, readPosted } from "./actions.ts";
import { accountId, receivableOf } from "./model.ts";

/** F5: every read of the books goes by an index, however long the journal is. */
const { app, url } = await testDatabase();
const { books, card } = await booksWithCard(app, 1_000n);
const { organizationId, own } = books;
await postMany(app, organizationId, card, 8_000);
const [quiet] = await books.newAccounts("card", 1);
const other = await booksWithCard(app, 1_000n);
await drainRecords(app, sources);
await asOwner(url, "analyze");

type Plan = {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
};

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Runs a read and gives the plans of its statements on some table. */
async function plansOf(read: (sql: Sql) => Promise<unknown>, table: string): Promise<Plan[]> {
  const asked: { statement: Statement; values: readonly unknown[] }[] = [];
  const recording: Sql = {
    query: (statement, values = []) => {
      if (statement.text.includes(table)) asked.push({ statement, values });
      return app.query(statement, values);
    },
  };
  await read(recording);
  assert.ok(asked.length > 0, "the read was seen");
  const plans = await Promise.all(asked.map(({ statement, values }) => planOf(statement, values)));
  return plans.flatMap(nodesOf);
}

/** The plan of a statement: of a prepared one that which serves any values, as it has after some runs. */
async function planOf({ name, text }: Statement, values: readonly unknown[]): Promise<Plan> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const mode = name === undefined ? "force_custom_plan" : "force_generic_plan";
    await client.query(`set plan_cache_mode = ${mode}`);
    await client.query(`prepare asked as ${text}`);
    const run = `execute asked (${values.map(literal).join(", ")})`;
    const explained = `explain (analyze, costs off, timing off, format json) ${run}`;
    const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(explained);
    const [row] = rows;
    assert.ok(row);
    return row["QUERY PLAN"][0].Plan;
  } finally {
    await client.end();
  }
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `array[${value.map(literal).join(", ")}]`;
  return typeof value === "string" ? pg.escapeLiteral(value) : String(value);
}

/** Fails where a table of the books is read as a whole, or far more is read than is shown. */
function assertByIndex(plans: readonly Plan[], index: string, atMost: number): void {
  const scans = plans.filter((plan) => plan["Relation Name"] !== undefined);
  const whole = scans.filter((plan) => plan["Node Type"] === "Seq Scan");
  assert.deepEqual(
    whole.map((plan) => plan["Relation Name"]),
    [],
  );
  const used = plans.flatMap((plan) => plan["Index Name"] ?? []);
  assert.ok(used.includes(index), `${index} is not among ${[...new Set(used)]}`);
  for (const plan of scans) {
    const read =
      (plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0)) * plan["Actual Loops"];
    assert.ok(read <= atMost, `${read} rows of ${plan["Relation Name"]}`);
  }
}

const byFilter: readonly (readonly [string, EntryFilter, string])[] = [
  ["nothing", {}, "ledger_entries_pkey"],
  ["an account", { accountId: accountId(own) }, "ledger_entries_account"],
  ["a card", { cardId: card.ownerId }, "ledger_entries_card"],
  ["a card without entries", { cardId: quiet?.ownerId }, "ledger_entries_card"],
  ["a budget without entries", { budgetId: "bud_none" }, "ledger_entries_budget"],
  ["a rare kind", { kind: "deposit" }, "ledger_entries_kind"],
  ["a kind that never was", { kind: "write_off" }, "ledger_entries_kind"],
  ["a range of sequences", { fromSequence: 50n, toSequence: 60n }, "ledger_entries_pkey"],
];

for (const [name, filter, index] of byFilter) {
  test(`F5: entries by ${name} are read by ${index}, and no more than a page of them`, async () => {
    const read = (sql: Sql) =>
      listEntries({ sql, organizationId }, filter, { after: undefined, limit: 25 });
    assertByIndex(await plansOf(read, "from ledger_entries e\n      join journal"), index, 60);
  });
}

test("F5: each page of a statement is read along its accounts' index, and no further", async () => {
  const receivable = receivableOf(card);
  assert.ok(receivable !== null);
  const read = async (sql: Sql) => {
    const range = { above: 2_000n, upTo: 1_000_000n };
    for await (const page of readPosted(sql, organizationId, [card, receivable], range)) {
      if (page.length > 0) return;
    }
  };
  assertByIndex(await plansOf(read, "from ledger_entries"), "ledger_entries_account", 1_100);
});

test("F5: receivables are found among all accounts by those that ever owed", async () => {
  await other.books.newAccounts("card", 3_000);
  await asOwner(url, "analyze");
  const organizationId = other.books.organizationId;
  const read = (sql: Sql) =>
    listReceivables({ sql, organizationId }, {}, {}, { after: undefined, limit: 25 });
  assertByIndex(await plansOf(read, "where has_owed"), "ledger_accounts_has_owed", 10);
});
