import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { asOwner, testDatabase, wordsOf } from "../../../test/harness/database.ts";
import {
  assertLawful,
  booksWithCard,
  openHold,
  posted,
  refused,
  type TestBooks,
  testBooks,
  topUp,
} from "../../../test/harness/ledger.ts";
import { newId } from "../../../test/harness/work.ts";
import type { HoldId } from "../../foundation/ids/ids.ts";
import {
  closeAccount,
  openAccounts,
  openBook,
  readBalances,
  readOwed,
  readOwnBalances,
  writeBook,
} from "./actions.ts";
import { holdLifecycle } from "./model/holds.ts";
import {
  type AccountRef,
  accountId,
  accountTypes,
  effects,
  type Movement,
  movementKinds,
  receivableOf,
} from "./model.ts";

const database = await testDatabase(40);
const { app, url } = database;

test("what is posted is what is stored: balances, and the receivable beside a card", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  const { organizationId, own, network } = books;
  await books.inBook([card], (book, work) =>
    posted(
      book.forcedDebit(work, { kind: "forced_debit", debit: card, credit: network, amount: 130n }),
    ),
  );
  const balances = await readBalances(app, organizationId, [card, own, network]);
  const eur = { currency: "EUR", held: 0n };
  assert.deepEqual(balances.get(accountId(card)), { ...eur, posted: 0n, available: 0n, owed: 30n });
  assert.deepEqual(balances.get(accountId(own)), {
    ...eur,
    posted: 100n,
    available: 100n,
    owed: 30n,
  });
  assert.deepEqual(balances.get(accountId(network)), {
    ...eur,
    posted: 130n,
    available: 130n,
    owed: 0n,
  });
  assert.deepEqual(await readOwed(app, organizationId), new Map([["EUR", 30n]]));
  await assertLawful(books);
});

test("an account that does not exist shows zero, and another organization's is not seen", async () => {
  const { card } = await booksWithCard(app, 100n);
  const other = await testBooks(app);
  const balances = await readBalances(app, other.organizationId, [card]);
  const zero = { currency: "EUR", posted: 0n, held: 0n, available: 0n, owed: 0n };
  assert.deepEqual([...balances.values()], [zero]);
  await other.inBook([other.own, card], (book, work) => {
    assert.equal(refused(book.post(work, [topUp(other, card, 1n)])), "insufficient_funds");
  });
});

test("an owner's balances come in every currency it has", async () => {
  const { books } = await booksWithCard(app, 100n);
  const { organizationId } = books;
  await books.work((work) => openAccounts(work, [{ ...books.own, currency: "AUD" }]));
  const own = await readOwnBalances(app, organizationId, "organization_available", organizationId);
  assert.deepEqual(
    own.map(({ currency, available }) => [currency, available]),
    [
      ["AUD", 0n],
      ["EUR", 100n],
    ],
  );
});

test("opening an account twice changes nothing", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  await books.work((work) => openAccounts(work, [card, books.own, books.network]));
  const balances = await readBalances(app, books.organizationId, [card]);
  assert.equal(balances.get(accountId(card))?.available, 100n);
});

test("a closed account refuses what a person asks for, from the next book on", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  await books.work((work) => closeAccount(work, card));
  await books.inBook([books.own, card], (book, work) => {
    assert.equal(refused(book.post(work, [topUp(books, card, 1n)])), "account_closed");
    posted(book.post(work, [{ kind: "sweep", debit: card, credit: books.own, amount: 100n }]));
  });
});

test("a book that is written twice writes each row once and goes on from there", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  const { organizationId, own } = books;
  await books.work(async (work) => {
    const book = await openBook(
      work.sql,
      [own, card].map((ref) => ({ organizationId, ref })),
    );
    posted(book.post(work, [topUp(books, card, 1n)]));
    await writeBook(work.sql, book);
    await writeBook(work.sql, book);
    posted(book.post(work, [topUp(books, card, 2n)]));
    await writeBook(work.sql, book);
  });
  const balances = await readBalances(app, organizationId, [card]);
  assert.equal(balances.get(accountId(card))?.available, 103n);
  await assertLawful(books);
});

test("one book may serve several organizations in one transaction; each row is in its own books", async () => {
  const [left, right] = await Promise.all([booksWithCard(app, 100n), booksWithCard(app, 100n)]);
  const sides = [left, right].map(({ books, card }) => ({ books, card, id: books.organizationId }));
  await app.transaction(async (sql) => {
    const refs = sides.flatMap(({ books, card, id }) =>
      [books.own, card].map((ref) => ({ organizationId: id, ref })),
    );
    const book = await openBook(sql, refs);
    for (const [at, { books, card, id }] of sides.entries()) {
      const work = { organizationId: id, now: new Date(0), newId };
      const amount = at === 0 ? 10n : 101n;
      const outcome = refused(book.post(work, [topUp(books, card, amount)]));
      assert.equal(outcome, at === 0 ? null : "insufficient_funds");
    }
    await writeBook(sql, book);
  });
  for (const [at, { books, card, id }] of sides.entries()) {
    const balances = await readBalances(app, id, [card]);
    assert.equal(balances.get(accountId(card))?.available, at === 0 ? 110n : 100n);
    await assertLawful(books);
  }
});

test("the guard: a book whose accounts were not locked at their version is not written", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  const { organizationId, own } = books;
  const stale = await app.transaction((sql) =>
    openBook(
      sql,
      [own, card].map((ref) => ({ organizationId, ref })),
    ),
  );
  await books.inBook([own, card], (book, work) =>
    posted(book.post(work, [topUp(books, card, 1n)])),
  );
  await assert.rejects(
    books.work(async (work) => {
      posted(stale.post(work, [topUp(books, card, 1n)]));
      await writeBook(work.sql, stale);
    }),
    /not at the version/,
  );
  await assertLawful(books);
});

test("the database itself refuses a limited account below zero, an overpaid receivable and a sum beyond bigint", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  const set = (column: string, ref: AccountRef, value: bigint) =>
    asOwner(
      url,
      `update ledger_accounts set ${column} = $1 where organization_id = $2 and id = $3`,
      [value, books.organizationId, accountId(ref)],
    );
  const receivable = receivableOf(card);
  assert.ok(receivable);
  const violates = (constraint: string) => ({ code: "23514", constraint });
  await assert.rejects(
    set("debits_posted", card, 101n),
    violates("ledger_accounts_never_negative"),
  );
  await assert.rejects(
    set("debits_pending", books.own, 101n),
    violates("ledger_accounts_never_negative"),
  );
  await assert.rejects(
    set("credits_posted", receivable, 1n),
    violates("ledger_accounts_receivable_never_overpaid"),
  );
  await assert.rejects(
    set("credits_posted", card, 2n ** 63n),
    violates("ledger_accounts_ordered_within_bigint"),
  );
});

test("the database knows the account types, kinds and effects of the tables in code", async () => {
  const rows = await asOwner<{ table: string; definition: string }>(
    url,
    `select conrelid::regclass::text as table, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'c'
       and conrelid in ('ledger_accounts'::regclass, 'journal'::regclass)`,
  );
  const words = (table: string, column: string) => {
    const found = rows.find(
      (row) => row.table === table && row.definition.startsWith(`CHECK ((${column} = ANY`),
    );
    return [...(found?.definition ?? "").matchAll(/'(\w+)'::text/g)].map(([, word]) => word);
  };
  assert.deepEqual(words("ledger_accounts", "type").sort(), Object.keys(accountTypes).sort());
  assert.deepEqual(words("journal", "kind").sort(), Object.keys(movementKinds).sort());
  assert.deepEqual(words("journal", "effect").sort(), [...effects].sort());
});

test("A2: independent operations sent at once over many connections end as they do one by one", async () => {
  const run = async (order: (count: number) => Iterable<number[]>) => {
    const { books, card } = await booksWithCard(app, 10_000n);
    const [second] = await books.newAccounts("card", 1);
    assert.ok(second);
    const moves: Movement[] = Array.from({ length: 60 }, (_, at) =>
      at % 3 === 0
        ? { kind: "withdrawal", debit: card, credit: books.own, amount: BigInt(at + 1) }
        : topUp(books, at % 3 === 1 ? card : second, BigInt(at + 1)),
    );
    for (const together of order(moves.length)) {
      await Promise.all(
        together.map((at) =>
          books.inBook([books.own, card, second], (book, work) =>
            posted(book.post(work, moves.slice(at, at + 1))),
          ),
        ),
      );
    }
    await assertLawful(books);
    const balances = await readBalances(app, books.organizationId, [books.own, card, second]);
    return [...balances.values()];
  };
  const each = (count: number) => Array.from({ length: count }, (_, at) => at);
  const oneByOne = await run((count) => each(count).map((at) => [at]));
  const atOnce = await run((count) => [each(count).reverse()]);
  assert.deepEqual(atOnce, oneByOne);
});

type Resolve = (books: TestBooks, card: AccountRef, holdId: HoldId) => Promise<string | null>;

const resolutions: Readonly<Record<string, Resolve>> = {
  capture: (books, card, holdId) =>
    books.inBook(
      [card],
      (book, work) => refused(book.captureHold(work, { holdId, amount: 60n, final: true })),
      [holdId],
    ),
  void: (books, card, holdId) =>
    books.inBook(
      [card],
      (book, work) => refused(book.releaseHold(work, { holdId, amount: "all" })),
      [holdId],
    ),
  reversal: (books, card, holdId) =>
    books.inBook([card], (book, work) => refused(book.releaseHold(work, { holdId, amount: 60n })), [
      holdId,
    ]),
};

for (const [first, resolve] of Object.entries(resolutions)) {
  for (const [second, again] of Object.entries(resolutions)) {
    test(`A3: ${first} and ${second} of one hold at once, on several connections: exactly one wins`, async () => {
      for (let round = 0; round < 5; round += 1) {
        const { books, card } = await booksWithCard(app, 100n);
        const holdId = await openHold(books, card, 60n);
        const answers = await Promise.all([
          resolve(books, card, holdId),
          again(books, card, holdId),
          resolve(books, card, holdId),
          again(books, card, holdId),
        ]);
        assert.deepEqual(answers.sort(), [
          "hold_already_resolved",
          "hold_already_resolved",
          "hold_already_resolved",
          null,
        ]);
        await assertLawful(books);
      }
    });
  }
}

test("B1: 300 top-ups at once with room for 100: exactly 100 are posted, exact zero is left", async () => {
  const { books, card } = await booksWithCard(app, 100n);
  const answers = await Promise.all(
    Array.from({ length: 300 }, () =>
      books.inBook([books.own, card], (book, work) =>
        refused(book.post(work, [topUp(books, card, 1n)])),
      ),
    ),
  );
  assert.equal(answers.filter((answer) => answer === null).length, 100);
  const balances = await readBalances(app, books.organizationId, [books.own, card]);
  assert.equal(balances.get(accountId(books.own))?.available, 0n);
  assert.equal(balances.get(accountId(card))?.available, 200n);
  await assertLawful(books);
});

test("locks are taken in one order: random sets of accounts at once never deadlock", async () => {
  const { books, card } = await booksWithCard(app, 10_000n);
  const cards = [card, ...(await books.newAccounts("card", 5))];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.shuffledSubarray(cards, { minLength: 2, maxLength: 4 }), {
        minLength: 8,
        maxLength: 16,
      }),
      async (sets) => {
        await Promise.all(
          sets.map((set) =>
            books.inBook([...set, books.own], (book, work) => {
              for (const ref of set) posted(book.post(work, [topUp(books, ref, 1n)]));
            }),
          ),
        );
      },
    ),
    { numRuns: 10 },
  );
  await assertLawful(books);
});

test("the states of a hold agree with the database", async () => {
  const words = await wordsOf(url, "ledger_holds_status_check");
  assert.deepEqual(words, [...holdLifecycle.states].sort());
});
