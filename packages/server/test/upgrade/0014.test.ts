import assert from "node:assert/strict";
import test, { after } from "node:test";
import { openDatabase } from "../../src/foundation/database/database.ts";
import { migrationFiles } from "../../src/foundation/database/migrate.ts";

import { recordSources } from "../../src/interfaces/worker/sources.ts";
import { looksLikeSecret } from "../../src/records/access/rules.ts";
import { listBooks, verify } from "../../src/records/ledger/actions.ts";
import { asOwner } from "../harness/database.ts";
import { committedSchema, migrateUnderFire, schemaOf } from "./chaos.ts";
import { fixtureMaterial, fixtureSecrets } from "./keys.ts";
import { contentsOf, fixtureText, releasedDatabase } from "./release.ts";

/** C12 with the data of the first release: what it left behind comes whole to this one. */
const RELEASE = "0014";

const url = await releasedDatabase(RELEASE);
const before = await contentsOf(url);
const rowsOf = (table: string): number => before.get(`public.${table}`)?.rows ?? 0;
const query = <R extends object>(text: string, values: unknown[] = []) =>
  asOwner<R>(url, text, values);

test("the fixture has everything that the release had, in every state", async () => {
  const statesOf: Readonly<Record<string, readonly string[]>> = {
    organizations: ["active", "closed", "suspended"],
    customers: [
      "active",
      "deleted",
      "needs_information",
      "on_hold",
      "pending",
      "rejected",
      "update_requested",
    ],
    access_requests: ["granted", "rejected", "requested"],
    programs: ["active", "inactive", "retired"],
    budgets: ["active", "archived", "frozen"],
    cards: ["active", "blocked", "deleted", "frozen"],
    transfers: ["completed", "reversed"],
  };
  for (const [table, states] of Object.entries(statesOf)) {
    const rows = await query<{ status: string }>(`select distinct status from ${table} order by 1`);
    assert.deepEqual(
      rows.map(({ status }) => status),
      states,
      table,
    );
  }
  const kinds = await query<{ kind: string }>("select distinct kind from transfers order by 1");
  assert.equal(kinds.map(({ kind }) => kind).join(" "), kindsOfTransfers.join(" "));
  const stops = await query<{ stop: string }>(
    "select distinct kind || ' ' || owner as stop from card_restrictions order by 1",
  );
  assert.equal(stops.length, 4, "four kinds of restrictions");
  for (const table of ["idempotency_keys", "events", "audit_log", "journal", "api_keys"]) {
    assert.ok(rowsOf(table) >= 9, `${table}: ${rowsOf(table)}`);
  }
});

const kindsOfTransfers = [
  "budget_top_up",
  "budget_withdrawal",
  "card_sweep",
  "card_top_up",
  "card_withdrawal",
  "fee",
  "organization_deposit",
  "organization_payout",
  "reversal",
];

test("the fixture shows no card number, no secret of a key and no key", async () => {
  const text = await fixtureText(RELEASE);
  const readable = text.replace(/E'\\\\x[0-9a-f]*'/g, "''");
  const numbers = (readable.match(/\d{13,19}/g) ?? []).filter(passesLuhn);
  assert.deepEqual(numbers, []);
  // The scan finds what it is for.
  assert.ok(passesLuhn("9999110000000001"));
  assert.deepEqual((text.match(/cw_[A-Za-z0-9_]+/g) ?? []).filter(looksLikeSecret), []);
  const { apiKey, platformKey } = fixtureSecrets();
  const { hashKey, wrappingKeys } = fixtureMaterial();
  const keys = [hashKey, ...wrappingKeys.values()].flatMap((key) =>
    (["hex", "base64", "base64url"] as const).map((form) => Buffer.from(key).toString(form)),
  );
  for (const secret of [apiKey, platformKey, ...keys]) assert.ok(!text.includes(secret));
});

function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

test("C12: the upgrade, killed at each statement, ends at the same schema with every old row as it was", async () => {
  const kills = await migrateUnderFire(url);
  const files = (await migrationFiles()).filter(({ name }) => name.slice(0, 4) > RELEASE);
  assert.ok(kills > files.length, `the killer struck only ${kills} times`);
  assert.equal(await schemaOf(url), await committedSchema());
  const now = await contentsOf(url, before);
  const differing = [...before].filter(([name, { digest }]) => now.get(name)?.digest !== digest);
  assert.deepEqual(
    differing.map(([name]) => name),
    [],
    "tables in which a column of the release was changed",
  );
});

test("every balance is the sum of its old journal, and the chain of each organization verifies", async () => {
  const database = openDatabase({ url, role: "cardwright_app", maxConnections: 4 });
  after(() => database.close());
  const sums = await query<{ currency: string; posted: string; moved: string }>(
    `select currency, sum(amount) as moved from journal group by 1 order by 1`,
  );
  assert.deepEqual(
    sums.map(({ currency }) => currency),
    ["EUR", "JPY"],
  );
  const wrong = await query(
    `select a.id from ledger_accounts a
     where a.type in ('organization_available', 'card', 'budget') and (
       a.credits_posted <> (select coalesce(sum(j.amount), 0) from journal j
         where j.organization_id = a.organization_id and j.credit_account = a.id)
       or a.debits_posted <> (select coalesce(sum(j.amount), 0) from journal j
         where j.organization_id = a.organization_id and j.debit_account = a.id))`,
  );
  assert.deepEqual(wrong, []);
  const books = await listBooks(database);
  assert.ok(books.length >= 4, `${books.length} books`);
  let records = 0n;
  for (const organizationId of books) {
    const found = await verify(database, { organizationId, sources: recordSources });
    assert.equal(found.bad, null, JSON.stringify(found.bad));
    records += found.records;
  }
  assert.equal(Number(records), rowsOf("journal") + rowsOf("audit_log"));
});
