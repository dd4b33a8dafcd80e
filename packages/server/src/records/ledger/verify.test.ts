import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import { posted, sources, type TestBooks, testBooks } from "../../../test/harness/ledger.ts";
import { newId } from "../../../test/harness/work.ts";
import { newFolder, start } from "../../foundation/database/embedded/fixture.ts";
import { migrate } from "../../foundation/database/migrate.ts";
import { drainRecords, headOf } from "../sequencer/actions.ts";
import { invariants, type Verification, verify } from "./actions.ts";
import { type AccountRef, accountId } from "./model.ts";

const database = await testDatabase();
const { app, url } = database;

/** Books with a card, a hold, a capture, a debt that was repaid, in two blocks of the chain. */
async function busyBooks(): Promise<{ books: TestBooks; card: AccountRef; hold: string }> {
  const books = await testBooks(app);
  const { own, funding, network, fees } = books;
  const [card] = await books.newAccounts("card", 1);
  assert.ok(card);
  const holdId = newId("hold");
  await books.inBook([own, card], (book, work) => {
    posted(
      book.post(work, [
        { kind: "deposit", debit: funding, credit: own, amount: 10_000n },
        { kind: "top_up", debit: own, credit: card, amount: 600n },
        { kind: "fee", debit: own, credit: fees, amount: 7n },
      ]),
    );
    const request = { holdId, debit: card, credit: network, amount: 100n, expiresAt: null };
    posted(book.openHold(work, request));
  });
  await drainRecords(app, sources);
  await books.inBook(
    [own, card],
    (book, work) => {
      posted(book.captureHold(work, { holdId, amount: 900n, released: 60n, final: false }));
      posted(book.post(work, [{ kind: "top_up", debit: own, credit: card, amount: 500n }]));
    },
    [holdId],
  );
  return { books, card, hold: holdId };
}

const check = (books: TestBooks, head?: Uint8Array): Promise<Verification> =>
  verify(app, { organizationId: books.organizationId, sources, head });

/** Changes tables as whoever owns the database: the guards are switched off first. */
async function tamper(text: string, values: unknown[] = []): Promise<void> {
  const tables = ["journal", "ledger_entries", "record_chain", "record_blocks"];
  const toggle = (how: string) =>
    asOwner(
      url,
      tables.map((table) => `alter table ${table} ${how} trigger append_only`).join(";"),
    );
  await toggle("disable");
  try {
    await asOwner(url, text, values);
  } finally {
    await toggle("enable");
  }
}

type Row = { id: string; sequence: bigint };

/** The sealed rows of an organization in order. */
const rowsOf = ({ organizationId }: TestBooks) =>
  app.query<Row>(
    {
      name: undefined,
      text: `select record_id as id, sequence from record_chain where organization_id = $1
        order by sequence`,
    },
    [organizationId],
  );

/** The third sealed row, which most of these tests meddle with. */
async function victim(books: TestBooks): Promise<Row> {
  await drainRecords(app, sources);
  const row = (await rowsOf(books))[2];
  assert.ok(row);
  return row;
}

test("A7: verify drains the sequencer first, and finds nothing in honest books", async () => {
  const { books } = await busyBooks();
  const steps: string[] = [];
  const found = await verify(app, {
    organizationId: books.organizationId,
    sources,
    onStep: (step) => void steps.push(step),
  });
  assert.equal(found.bad, null);
  assert.equal(found.records, 8n);
  assert.deepEqual([steps[0], steps[1]], ["drain", "chain"]);
});

const changes: Readonly<Record<string, string>> = {
  "one flipped bit of an amount": "update journal set amount = amount # 1 where id = $1",
  "another account": "update journal set credit_account = 'acc_loss_x_EUR' where id = $1",
  "another kind": "update journal set kind = 'refund' where id = $1",
  "another time": "update journal set created_at = created_at + interval '1 ms' where id = $1",
  "another balance after it":
    "update journal set debit_credits_posted = debit_credits_posted + 1 where id = $1",
  "a transfer that it did not have": "update journal set transfer_id = 'trf_x' where id = $1",
};

for (const [name, text] of Object.entries(changes)) {
  test(`A7: ${name} in a sealed journal row is found, and the row is named`, async () => {
    const { books } = await busyBooks();
    const { id, sequence } = await victim(books);
    await tamper(text, [id]);
    const { bad } = await check(books);
    assert.deepEqual([bad?.where, bad?.id, bad?.sequence], ["chain", id, sequence], bad?.wrong);
  });
}

test("A7: a deleted journal row is named", async () => {
  const { books } = await busyBooks();
  const { id, sequence } = await victim(books);
  await tamper("delete from journal where id = $1", [id]);
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id, bad?.sequence], ["chain", id, sequence]);
});

test("A7: two journal rows that were swapped are found, the first of them named", async () => {
  const { books } = await busyBooks();
  await drainRecords(app, sources);
  const [, first, second] = await rowsOf(books);
  assert.ok(first && second);
  await tamper(
    `update journal j set amount = o.amount, kind = o.kind, credit_account = o.credit_account
     from journal o where (j.id, o.id) in (('${first.id}', '${second.id}'),
       ('${second.id}', '${first.id}')) and o.organization_id = j.organization_id`,
  );
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id], ["chain", first.id]);
});

test("A7: an inserted journal row is named", async () => {
  const { books } = await busyBooks();
  const { id } = await victim(books);
  const added = newId("journal");
  await tamper(
    `insert into journal select (jsonb_populate_record(j, jsonb_build_object('id', $2::text))).*
     from journal j where id = $1`,
    [id, added],
  );
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id], ["chain", added]);
});

test("A7: a row that was changed before it was sealed is named, although its link is right", async () => {
  const { books } = await busyBooks();
  const [row] = await app.query<{ id: string }>(
    {
      name: undefined,
      text: `select id from journal where organization_id = $1 and kind = 'capture'`,
    },
    [books.organizationId],
  );
  await tamper("update journal set amount = amount - 1 where id = $1", [row?.id]);
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id], ["journal_continues", row?.id]);
});

test("A7: a row that was deleted before it was sealed is named, and nothing is linked past it", async () => {
  const { books } = await busyBooks();
  await drainRecords(app, sources);
  const { own, funding, organizationId } = books;
  const deposit = { kind: "deposit", debit: funding, credit: own, amount: 1n } as const;
  const [row] = await books.inBook([own], (book, work) => posted(book.post(work, [deposit])));
  await tamper("delete from journal where id = $1", [row?.journalId]);
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id], ["waiting_rows_exist", row?.journalId]);
  await asOwner(url, "delete from record_queue where organization_id = $1", [organizationId]);
});

/** Removes the last block of the chain and its rows, as if they had never been. */
const CUT = `
  with cut as (
    select b.organization_id, b.number, b.first_sequence from record_blocks b
    where b.organization_id = $1 order by number desc limit 1),
  gone as (
    delete from record_chain c using cut where c.organization_id = cut.organization_id
      and c.sequence >= cut.first_sequence returning c.record_id),
  entries as (
    delete from ledger_entries e using cut where e.organization_id = cut.organization_id
      and e.sequence >= cut.first_sequence),
  rows as (delete from journal where organization_id = $1 and id in (select record_id from gone)),
  blocks as (
    delete from record_blocks b using cut
    where b.organization_id = cut.organization_id and b.number = cut.number)
  update record_heads h set sequence = cut.first_sequence - 1, block = cut.number - 1,
    link = (select link from record_chain c where c.organization_id = h.organization_id
      and c.sequence = cut.first_sequence - 1)
  from cut where h.organization_id = cut.organization_id`;

test("A7: an end that was cut off everywhere is found by the versions of the stored balances", async () => {
  const { books, card } = await busyBooks();
  await drainRecords(app, sources);
  await tamper(CUT, [books.organizationId]);
  const { bad } = await check(books);
  assert.deepEqual([bad?.where, bad?.id], ["balances_equal_journal", accountId(card)]);
  assert.match(bad?.wrong ?? "", /at version 5, but the journal has 2 rows of it/);
});

test("A7: who rewrites every table is found by a head that was kept outside, and only by it", async () => {
  const { books } = await busyBooks();
  const { organizationId } = books;
  // The state as it was when the first block was sealed, put together from its entries.
  await drainRecords(app, sources);
  const kept = (await headOf(app, organizationId)).link;
  await tamper(CUT, [organizationId]);
  await asOwner(
    url,
    `update ledger_holds set remaining = 100 where organization_id = '${organizationId}';
     update ledger_accounts a set version = coalesce(e.version, 0),
       debits_pending = coalesce(e.debits_pending, 0), debits_posted = coalesce(e.debits_posted, 0),
       credits_pending = coalesce(e.credits_pending, 0),
       credits_posted = coalesce(e.credits_posted, 0)
     from ledger_accounts b left join lateral (
       select * from ledger_entries e where e.organization_id = b.organization_id
         and e.account_id = b.id order by e.sequence desc limit 1) e on true
     where a.organization_id = '${organizationId}' and b.organization_id = a.organization_id
       and b.id = a.id`,
  );
  assert.equal((await check(books)).bad, null);
  const { bad } = await check(books, kept);
  assert.equal(bad?.where, "head");
});

test("a head that was kept outside is found again when the chain has grown", async () => {
  const { books, card } = await busyBooks();
  await drainRecords(app, sources);
  const { link, sequence } = await headOf(app, books.organizationId);
  await books.inBook([books.own, card], (book, work) =>
    posted(book.post(work, [{ kind: "top_up", debit: books.own, credit: card, amount: 1n }])),
  );
  const found = await check(books, link);
  assert.deepEqual([found.bad, found.keptAt], [null, sequence]);
  assert.equal(found.head.sequence, sequence + 1n);
});

type Damage = readonly [law: string, text: string, bad: (of: Damaged) => string];
type Damaged = { readonly books: TestBooks; readonly card: AccountRef; readonly hold: string };

const damages: Readonly<Record<string, Damage>> = {
  "a stored balance that was changed": [
    "balances_equal_journal",
    `update ledger_accounts set credits_posted = credits_posted + 1
     where organization_id = $1 and type = 'card'`,
    ({ card }) => accountId(card),
  ],
  "a rolled-up balance that was changed": [
    "balances_equal_journal",
    `update ledger_accounts set credits_posted = credits_posted + 1
     where organization_id = $1 and type = 'fees'`,
    ({ books }) => accountId(books.fees),
  ],
  "a hold that was changed": [
    "holds_equal_pending",
    "update ledger_holds set remaining = remaining - 1 where organization_id = $1",
    ({ card }) => accountId(card),
  ],
  "a hold that was put in": [
    "holds_equal_pending",
    `insert into ledger_holds select (jsonb_populate_record(h, '{"id": "hold_added"}')).*
     from ledger_holds h where organization_id = $1`,
    ({ card }) => accountId(card),
  ],
  "an entry that was changed": [
    "entries_equal_journal",
    `update ledger_entries set credits_posted = credits_posted + 1
     where organization_id = $1 and sequence = 3 and side = 'credit'`,
    () => "",
  ],
  "an entry that says another card": [
    "entries_equal_journal",
    `update ledger_entries set card_id = 'card_other'
     where organization_id = $1 and sequence = 3 and side = 'debit'`,
    () => "",
  ],
  "an entry that was removed": [
    "entries_equal_journal",
    "delete from ledger_entries where organization_id = $1 and sequence = 2",
    () => "",
  ],
  "an account that was moved to another owner": [
    "accounts_are_whole",
    `update ledger_accounts set owner_id = 'card_x' where organization_id = $1 and type = 'card'`,
    ({ card }) => accountId(card),
  ],
};

for (const [name, [law, text, expected]] of Object.entries(damages)) {
  test(`A7: ${name} breaks the law ${law}, which names it`, async () => {
    const damaged = await busyBooks();
    await drainRecords(app, sources);
    await tamper(text, [damaged.books.organizationId]);
    const { bad } = await check(damaged.books);
    assert.equal(bad?.where, law, bad?.wrong);
    const id = expected(damaged);
    if (id !== "") assert.equal(bad?.id, id);
    else assert.match(bad?.id ?? "", /^jrn_/);
    const { laws } = await invariants(app, damaged.books.organizationId);
    assert.ok(laws.some((report) => report.law === law && report.breach?.id === bad?.id));
  });
}

test("A7: the application's role may neither change, nor remove, nor empty the journal and its entries", async () => {
  const { books } = await busyBooks();
  await drainRecords(app, sources);
  for (const table of ["journal", "ledger_entries"]) {
    for (const text of [
      `update ${table} set organization_id = organization_id`,
      `delete from ${table}`,
      `truncate ${table}`,
    ]) {
      await assert.rejects(app.query({ name: undefined, text }), { code: "42501" }, text);
      await assert.rejects(asOwner(url, text), { code: "23001" }, `as owner: ${text}`);
    }
  }
  assert.equal((await check(books)).bad, null);
});

test("I1: debits that do not equal credits are found in the currency they are in", async () => {
  const { books } = await busyBooks();
  await drainRecords(app, sources);
  await tamper(
    `update ledger_accounts set debits_posted = debits_posted + 1
     where organization_id = $1 and type = 'external_funding'`,
    [books.organizationId],
  );
  const { laws } = await invariants(app, books.organizationId);
  const found = laws.find(({ law }) => law === "debits_equal_credits");
  assert.equal(found?.breach?.id, "EUR");
});

const tool = fileURLToPath(new URL("../../../tools/ledger-verify.ts", import.meta.url));

/** Runs the command as a person does. */
const command = (...argv: string[]) => commandWith({ DATABASE_URL: url }, ...argv);

const commandWith = (settings: Readonly<Record<string, string>>, ...argv: string[]) =>
  new Promise<{ code: number; text: string }>((resolve) => {
    execFile(
      process.execPath,
      [tool, ...argv],
      { env: { PATH: process.env.PATH, ...settings } },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, text: stdout + stderr });
      },
    );
  });

test("A7: the command says what it checked, and exits with 1 naming the first bad row", async () => {
  const { books } = await busyBooks();
  const good = await command("--organization", books.organizationId);
  assert.equal(good.code, 0, good.text);
  assert.match(good.text, /8 records/);
  const { link } = await headOf(app, books.organizationId);
  const hex = Buffer.from(link).toString("hex");
  assert.match(good.text, new RegExp(hex));
  const kept = await command("--organization", books.organizationId, "--head", hex);
  assert.equal(kept.code, 0, kept.text);
  const { id } = await victim(books);
  await tamper("update journal set amount = amount # 1 where id = $1", [id]);
  const bad = await command("--organization", books.organizationId);
  assert.equal(bad.code, 1);
  assert.match(bad.text, new RegExp(id));
  const everything = await command();
  assert.equal(everything.code, 1);
  assert.match(everything.text, new RegExp(books.organizationId));
});

test("the command refuses what it does not know, and says how it is used", async () => {
  for (const argv of [
    ["--organisation", "x"],
    ["--head", "zz", "--organization", "org_x"],
    ["--head", "00"],
    ["--organization", "org_unknown"],
  ]) {
    const { code, text } = await command(...argv);
    assert.equal(code, 2, text);
    assert.match(text, /ledger:verify/);
  }
});

test("the command looks into the embedded database, whether its server runs or not", async (t) => {
  const folder = newFolder(t);
  const settings = { CARDWRIGHT_FOLDER: folder };
  const missing = await commandWith(settings);
  assert.deepEqual([missing.code, /There is no database/.test(missing.text)], [2, true]);
  const server = await start(t, folder);
  await migrate(server.url);
  const running = await commandWith(settings);
  assert.deepEqual([running.code, running.text], [0, "0 of 0 organizations hold.\n"]);
  assert.notEqual(server.pid(), null, "the server is unharmed");
  await server.stop();
  const stopped = await commandWith(settings);
  assert.deepEqual([stopped.code, stopped.text], [0, "0 of 0 organizations hold.\n"]);
});
