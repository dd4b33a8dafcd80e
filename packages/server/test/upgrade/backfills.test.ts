import assert from "node:assert/strict";
import test, { after } from "node:test";
import { openDatabase } from "../../src/foundation/database/database.ts";
import { migrate } from "../../src/foundation/database/migrate.ts";
import type { CardId, OrganizationId } from "../../src/foundation/ids/ids.ts";
import { softwareKeys } from "../../src/foundation/keys/software.ts";
import { anniversaryOf } from "../../src/issuing/cards/rules/fees.ts";
import { revealCardNumber } from "../../src/records/vault/actions.ts";
import { asOwner } from "../harness/database.ts";
import { fixtureMaterial } from "./keys.ts";
import { releasedDatabase } from "./release.ts";

/** C12: what each migration made of the rows that it found, on the data of the first release. */
const url = await releasedDatabase("0014");
await migrate(url);
const query = <R extends object>(text: string, database = url) => asOwner<R>(database, text);

test("C12: 0015 keeps each live restriction as it was, one of a rule for each reason", async () => {
  const rows = await query<{ live: string; doubled: string }>(
    `select count(*) as live, count(*) - count(distinct (organization_id, card_id, kind, owner))
       as doubled from card_restrictions where lifted_at is null`,
  );
  assert.ok(Number(rows[0]?.live) >= 10);
  assert.equal(Number(rows[0]?.doubled), 0);
});

test("C12: 0016 makes each old card the first and last of its chain, with its own account", async () => {
  const cards = await query<Record<string, string | null>>(
    `select c.id, model, account_id, account_card_id, replaces, replaced_by, former_external_id,
       previous_expires_at, expired_at, a.owner_id
     from cards c left join ledger_accounts a
       on a.organization_id = c.organization_id and a.id = c.account_id`,
  );
  assert.ok(cards.length >= 25);
  for (const card of cards) {
    const isOwn = card.model === "card";
    assert.equal(card.account_card_id, isOwn ? card.id : null, String(card.id));
    assert.equal(card.owner_id, card.account_card_id, "the account's owner is the chain's first");
    const { replaces, replaced_by, former_external_id, previous_expires_at, expired_at } = card;
    const unset = [replaces, replaced_by, former_external_id, previous_expires_at, expired_at];
    assert.deepEqual(unset, [null, null, null, null, null], String(card.id));
  }
});

test("C12: 0020, 0025, 0026 and 0036 begin with nothing of their own", async () => {
  const made = ["job_runs", "card_auto_top_ups", "card_batches", "card_batch_rows"];
  for (const table of [...made, "compliance_rules", "card_wind_downs"]) {
    assert.deepEqual(await query(`select from ${table}`), [], table);
  }
});

test("C12: 0036 gives old programs no rule of access, and old decisions nobody who made them", async () => {
  const rules = await query<object>("select distinct access_rule as rule from programs");
  assert.deepEqual(rules, [{ rule: null }]);
  const decided = await query<object>(
    "select distinct decided_by_kind as kind, decided_by_id as id from access_requests",
  );
  assert.deepEqual(decided, [{ kind: null, id: null }]);
});

test("C12: 0021 makes each old budget a root without limits, spending or a rule", async () => {
  const budgets = await query<{ depth: number; ancestors: string[]; limits: unknown[] }>(
    "select depth, ancestor_ids as ancestors, limits from budgets",
  );
  assert.ok(budgets.length >= 4);
  for (const budget of budgets) {
    assert.deepEqual(budget, { depth: 1, ancestors: [], limits: [] });
  }
  assert.deepEqual(await query("select from budget_spending"), []);
  assert.deepEqual(await query("select from budget_refills"), []);
});

test("C12: 0022 says beside each debit what its journal row says, beside no credit anything", async () => {
  const entries = await query<Record<string, string | null>>(
    `select e.side, e.kind, e.card_id, e.budget_id, j.kind as j_kind, j.card_id as j_card,
       j.budget_id as j_budget
     from ledger_entries e left join journal j
       on j.organization_id = e.organization_id and j.id = e.journal_id`,
  );
  const [journal] = await query<{ count: string }>("select count(*) from journal");
  assert.equal(entries.length, 2 * Number(journal?.count));
  for (const { side, kind, card_id, budget_id, j_kind, j_card, j_budget } of entries) {
    const expected = side === "debit" ? [j_kind, j_card, j_budget] : [null, null, null];
    assert.deepEqual([kind, card_id, budget_id], expected);
  }
  assert.ok(entries.some(({ card_id }) => card_id !== null));
  assert.ok(entries.some(({ budget_id }) => budget_id !== null));
  const refused = query("update ledger_entries set kind = 'fee' where side = 'debit'");
  await assert.rejects(refused, /never changed/, "the entries are append-only again");
  const owed = await query("select from ledger_accounts where has_owed");
  assert.deepEqual(owed, [], "nothing was ever owed");
});

test("C12: 0023 gives old programs no automatic renewal and nothing announced of their range", async () => {
  const programs = await query<object>(
    "select distinct renewal, renewal_days as days, number_range_low as low from programs",
  );
  assert.deepEqual(programs, [{ renewal: "manual", days: 30, low: 0 }]);
  assert.deepEqual(await query("select from due_fees"), []);
  assert.deepEqual(await query("select from card_block_orders"), []);
});

test("C12: 0023 counts each old card in a range of its program that its number lies in", async () => {
  const vault = openDatabase({ url, role: "cardwright_vault", maxConnections: 2 });
  after(() => vault.close());
  const keys = softwareKeys(fixtureMaterial(), "environment");
  const cards = await query<Record<string, string>>(
    `select c.organization_id, c.id, c.number_first as first, c.number_last as last, c.last_four,
       p.range_from, p.range_to, p.bin, c.pan_length
     from cards c join programs p on p.id = c.program_id where c.status <> 'deleted'`,
  );
  for (const card of cards) {
    const number = await revealCardNumber(
      vault,
      keys,
      card.organization_id as OrganizationId,
      card.id as CardId,
    );
    // Nothing of a number is told where a check fails.
    assert.ok(number.endsWith(card.last_four ?? "?"), "the number of the card");
    assert.equal(number.length, Number(card.pan_length));
    const drawn = BigInt(number.slice(0, -1));
    assert.ok(drawn >= BigInt(card.first ?? 0) && drawn <= BigInt(card.last ?? 0), "in its range");
    const digits = Number(card.pan_length) - 1 - (card.bin ?? "").length;
    const bound = (text = "") => `${card.bin}${text.padStart(digits, "0")}`;
    assert.deepEqual([card.first, card.last], [bound(card.range_from), bound(card.range_to)]);
  }
});

test("C12: 0048 lets nobody embed pages", async () => {
  const origins = await query<object>(
    "select distinct embed_origins as origins from organizations",
  );
  assert.deepEqual(origins, [{ origins: [] }]);
});

test("C12: 0031 leaves each stored answer whole, without a person", async () => {
  const answers = await query<object>(
    `select distinct subject_organization_id as owner, subject_id as subject, personal
     from idempotency_keys`,
  );
  assert.deepEqual(answers, [{ owner: null, subject: null, personal: null }]);
});

type Counted = {
  readonly id: string;
  readonly createdAt: Date;
  readonly anchor: Date;
  readonly months: number;
  readonly next: Date;
  readonly zone: string;
};

/** Where everybody's clock stands at an upgrade: around the ends of months, by both programs' zones. */
const year = new Date().getUTCFullYear() + 2;
const instants = [
  `${year}-02-28T14:59:00Z`,
  `${year}-02-28T15:01:00Z`,
  `${year}-03-01T04:59:00Z`,
  `${year}-03-01T05:01:00Z`,
  `${year}-03-31T12:00:00Z`,
  `${year}-04-30T12:00:00Z`,
  `${year + 1}-12-31T23:30:00Z`,
];

/** The number of a card's anniversaries until an instant, counted one by one over days of the calendar. */
function anniversariesUntil(card: Counted, now: Date): number {
  const days = new Intl.DateTimeFormat("sv-SE", { timeZone: card.zone, dateStyle: "short" });
  const today = days.format(now);
  const [y = 0, m = 0, d = 0] = days.format(card.createdAt).split("-").map(Number);
  for (let months = 0; ; months += 1) {
    const wanted = m + months;
    const [inYear, inMonth] = [y + Math.floor(wanted / 12), (wanted % 12) + 1];
    const last = new Date(Date.UTC(inYear, inMonth, 0)).getUTCDate();
    const parts = [inYear, inMonth, Math.min(d, last)];
    const day = parts.map((part) => String(part).padStart(2, "0")).join("-");
    if (day > today) return months;
  }
}

for (const instant of instants) {
  test(`C12: 0023 passes over the monthly fees of the past and none of the future, at ${instant.slice(4)}`, async () => {
    const database = await releasedDatabase("0014");
    const organizations = `select organization_id from cards union select organization_id
      from organization_clocks`;
    await query(
      `insert into organization_clocks select organization_id,
         round(extract(epoch from '${instant}'::timestamptz - now()) * 1000)
       from (${organizations}) all_of_them
       on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
      database,
    );
    await migrate(database);
    const cards = await query<Counted>(
      `select c.id, c.created_at as "createdAt", c.fee_anchor_at as anchor,
         c.fee_months as months, c.next_fee_at as next, p.time_zone as zone
       from cards c join programs p on p.id = c.program_id`,
      database,
    );
    for (const card of cards) {
      assert.equal(card.anchor.getTime(), card.createdAt.getTime());
      const past = anniversariesUntil(card, new Date(instant));
      assert.equal(card.months, past, `${card.id}: months that are past`);
      const next = anniversaryOf(card.createdAt, past + 1, card.zone);
      assert.equal(card.next.toISOString(), next.toISOString(), `${card.id}: the next fee`);
      assert.ok(card.next > new Date(instant));
    }
    assert.ok(new Set(cards.map(({ months }) => months)).size > 3, "cards of several ages");
  });
}
