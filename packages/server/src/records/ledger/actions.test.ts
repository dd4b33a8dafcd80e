import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { asOwner, testDatabase } from "../../../test/harness/database.ts";
import {
  posted,
  refused,
  sources,
  type TestBooks,
  testBooks,
} from "../../../test/harness/ledger.ts";
import { dice, proofSeed } from "../../../test/harness/proof.ts";
import { newId } from "../../../test/harness/work.ts";
import { nameOf, Program } from "../../../test/model/ledger-program.ts";
import type { HoldId } from "../../foundation/ids/ids.ts";
import { drainRecords, organizationNow, sequenceRecords } from "../sequencer/actions.ts";
import type { RecordSource } from "../sequencer/model.ts";
import {
  closeAccount,
  invariants,
  journalSource,
  openAccounts,
  openBook,
  readBalances,
  readOwed,
  readOwnBalances,
  writeBook,
} from "./actions.ts";
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

const topUp = (books: TestBooks, to: AccountRef, amount: bigint): Movement => ({
  kind: "top_up",
  debit: books.own,
  credit: to,
  amount,
});

/** New books with one card and this much on it. */
async function withCard(money: bigint): Promise<{ books: TestBooks; card: AccountRef }> {
  const books = await testBooks(app);
  const [card] = await books.newAccounts("card", 1);
  assert.ok(card);
  const { own, funding } = books;
  const deposit: Movement = { kind: "deposit", debit: funding, credit: own, amount: 2n * money };
  await books.inBook([own, card], (book, work) =>
    posted(book.post(work, [deposit, topUp(books, card, money)])),
  );
  return { books, card };
}

const openHold = async (books: TestBooks, card: AccountRef, amount: bigint): Promise<HoldId> => {
  const holdId = newId("hold");
  const request = { holdId, debit: card, credit: books.network, amount, expiresAt: null };
  await books.inBook([card], (book, work) => posted(book.openHold(work, request)));
  return holdId;
};

const lawful = async ({ organizationId }: TestBooks) => {
  const { laws } = await invariants(app, organizationId);
  assert.deepEqual(
    laws.filter(({ breach }) => breach !== null),
    [],
  );
};

test("what is posted is what is stored: balances, and the receivable beside a card", async () => {
  const { books, card } = await withCard(100n);
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
  await lawful(books);
});

test("an account that does not exist shows zero, and another organization's is not seen", async () => {
  const { card } = await withCard(100n);
  const other = await testBooks(app);
  const balances = await readBalances(app, other.organizationId, [card]);
  const zero = { currency: "EUR", posted: 0n, held: 0n, available: 0n, owed: 0n };
  assert.deepEqual([...balances.values()], [zero]);
  await other.inBook([other.own, card], (book, work) => {
    assert.equal(refused(book.post(work, [topUp(other, card, 1n)])), "insufficient_funds");
  });
});

test("an owner's balances come in every currency it has", async () => {
  const { books } = await withCard(100n);
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
  const { books, card } = await withCard(100n);
  await books.work((work) => openAccounts(work, [card, books.own, books.network]));
  const balances = await readBalances(app, books.organizationId, [card]);
  assert.equal(balances.get(accountId(card))?.available, 100n);
});

test("a closed account refuses what a person asks for, from the next book on", async () => {
  const { books, card } = await withCard(100n);
  await books.work((work) => closeAccount(work, card));
  await books.inBook([books.own, card], (book, work) => {
    assert.equal(refused(book.post(work, [topUp(books, card, 1n)])), "account_closed");
    posted(book.post(work, [{ kind: "sweep", debit: card, credit: books.own, amount: 100n }]));
  });
});

test("a book that is written twice writes each row once and goes on from there", async () => {
  const { books, card } = await withCard(100n);
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
  await lawful(books);
});

test("one book may serve several organizations in one transaction; each row is in its own books", async () => {
  const [left, right] = await Promise.all([withCard(100n), withCard(100n)]);
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
    await lawful(books);
  }
});

test("the guard: a book whose accounts were not locked at their version is not written", async () => {
  const { books, card } = await withCard(100n);
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
  await lawful(books);
});

test("the database itself refuses a limited account below zero, an overpaid receivable and a sum beyond bigint", async () => {
  const { books, card } = await withCard(100n);
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
    const { books, card } = await withCard(10_000n);
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
    await lawful(books);
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
        const { books, card } = await withCard(100n);
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
        await lawful(books);
      }
    });
  }
}

test("B1: 300 top-ups at once with room for 100: exactly 100 are posted, exact zero is left", async () => {
  const { books, card } = await withCard(100n);
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
  await lawful(books);
});

test("A10: pooled accounts: rolled-up sum and tail together are the journal, while the sequencer runs", async () => {
  const { books, card } = await withCard(1_000n);
  const { organizationId, fees, own } = books;
  let sequencing = true;
  const sequencer = (async () => {
    while (sequencing) await drainRecords(app, sources);
  })();
  try {
    for (let paid = 1n; paid <= 60n; paid += 1n) {
      const fee: Movement = { kind: "fee", debit: own, credit: fees, amount: 1n };
      await books.inBook([own, card], (book, work) => posted(book.post(work, [fee])));
      const balances = await readBalances(app, organizationId, [fees]);
      assert.equal(balances.get(accountId(fees))?.posted, paid);
    }
  } finally {
    sequencing = false;
    await sequencer;
  }
  await lawful(books);
});

type Line = {
  id: string;
  sequence: bigint;
  kind: string;
  effect: "post" | "hold" | "release" | "capture";
  debit: string;
  credit: string;
  amount: bigint;
  released: bigint;
  recordedAt: Date;
};

/** The journal in sequence order, read as it lies in the tables. */
const journalOf = (organizationId: string) =>
  app.query<Line>(
    {
      name: undefined,
      text: `select j.id, c.sequence, j.kind, j.effect, j.debit_account as debit,
          j.credit_account as credit, j.amount, j.released, c.recorded_at as "recordedAt"
        from record_chain c join journal j
          on j.organization_id = c.organization_id and j.id = c.record_id
        where c.organization_id = $1 order by c.sequence`,
    },
    [organizationId],
  );

/** Posted and held of every account after these rows, added up in the plainest way. */
function replay(lines: readonly Line[]) {
  const posted = new Map<string, bigint>();
  const held = new Map<string, bigint>();
  const add = (sums: Map<string, bigint>, key: string, amount: bigint) =>
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  for (const { effect, debit, credit, amount, released } of lines) {
    if (effect === "post" || effect === "capture") {
      add(posted, debit, -amount);
      add(posted, credit, amount);
    }
    const pending = { post: 0n, hold: amount, release: -amount, capture: -released }[effect];
    add(held, debit, pending);
  }
  return { posted, held };
}

test("A6: balances as of random instants and sequences equal a replay of the journal, and stay so", async () => {
  const seed = proofSeed();
  const roll = dice(seed);
  const books = await testBooks(app);
  const cards = await books.newAccounts("card", 2);
  const budgets = await books.newAccounts("budget", 2);
  const program = new Program(roll, books, cards, budgets, () => newId("hold"));
  const refs = [books.own, ...cards, ...budgets, books.network, books.funding, books.fees];
  const holds: HoldId[] = [];
  const asked: { at: Date; answer: unknown }[] = [];
  for (let batch = 0; batch < 60; batch += 1) {
    const known = holds.slice(-6);
    await books.inBook(
      refs,
      (book, work) => {
        for (let step = 0; step < 10; step += 1) {
          const { hold, run } = program.next(known);
          if (refused(run(book, work)) === null && hold !== undefined) {
            known.push(hold);
            holds.push(hold);
          }
        }
      },
      known,
    );
    if (batch % 3 === 0) await drainRecords(app, sources);
    if (batch % 7 === 0) {
      // Asked while the present is still being written.
      const at = await organizationNow(app, books.organizationId);
      asked.push({ at, answer: await readBalances(app, books.organizationId, refs, { at }) });
    }
  }
  await drainRecords(app, sources);
  const lines = await journalOf(books.organizationId);
  const head = lines.at(-1)?.sequence ?? 0n;
  assert.ok(lines.length > 300, `${lines.length} rows`);
  const compare = async (asOf: { at: Date } | { sequence: bigint }, rows: readonly Line[]) => {
    const balances = await readBalances(app, books.organizationId, refs, asOf);
    const sums = replay(rows);
    for (const ref of refs) {
      const id = accountId(ref);
      const found = balances.get(id);
      const sign = accountTypes[ref.type].normal === "credit" ? 1n : -1n;
      assert.equal(found?.posted, sign * (sums.posted.get(id) ?? 0n), `${nameOf(ref)} posted`);
      if (ref.type !== "network_settlement") {
        assert.equal(found?.held, sums.held.get(id) ?? 0n, `${nameOf(ref)} held`);
      }
      const receivable = receivableOf(ref);
      if (receivable !== null) {
        assert.equal(found?.owed, -(sums.posted.get(accountId(receivable)) ?? 0n), "owed");
      }
    }
    const owed = [...cards, ...budgets].map((ref) => balances.get(accountId(ref))?.owed ?? 0n);
    const sum = owed.reduce((left, right) => left + right, 0n);
    assert.equal(balances.get(accountId(books.own))?.owed, sum, "owed in all");
  };
  for (let round = 0; round < 40; round += 1) {
    const sequence = BigInt(roll.roll(Number(head) + 1));
    await compare(
      { sequence },
      lines.filter((line) => line.sequence <= sequence),
    );
    const near = roll.pick(lines).recordedAt.getTime();
    const at = new Date(near + roll.roll(3) - 1);
    await compare(
      { at },
      lines.filter((line) => line.recordedAt <= at),
    );
  }
  for (const { at, answer } of asked) {
    const again = await readBalances(app, books.organizationId, refs, { at });
    assert.deepEqual(again, answer, "the same question about the past has the same answer");
  }
});

test("A6: a question about an instant waits for the pass that may still record up to it", async () => {
  const { books, card } = await withCard(100n);
  const { organizationId } = books;
  const gate = Promise.withResolvers<void>();
  const sealing = Promise.withResolvers<void>();
  const slow: RecordSource = {
    ...journalSource,
    async sealed(sql, links) {
      await journalSource.sealed(sql, links);
      sealing.resolve();
      await gate.promise;
    },
  };
  const pass = sequenceRecords(app, [slow]);
  await sealing.promise;
  // The pass gives times of the millisecond that it began in; by now that is past.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const at = await organizationNow(app, organizationId);
  let answered = false;
  const asking = readBalances(app, organizationId, [card], { at }).finally(() => {
    answered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(answered, false, "it waits");
  gate.resolve();
  await pass;
  assert.equal((await asking).get(accountId(card))?.posted, 100n);
});

test("A6: an instant later than now and a sequence beyond the head are refused; before the first row all is zero", async () => {
  const { books, card } = await withCard(100n);
  const { organizationId } = books;
  await drainRecords(app, sources);
  const now = await organizationNow(app, organizationId);
  const later = new Date(now.getTime() + 60_000);
  const ask = (asOf: { at?: Date; sequence?: bigint }) =>
    readBalances(app, organizationId, [card, books.own, books.network], asOf);
  await assert.rejects(ask({ at: later }), { code: "as_of_in_future" });
  await assert.rejects(ask({ sequence: 3n }), { code: "as_of_not_reached" });
  await assert.rejects(ask({ at: now, sequence: 1n }), { code: "invalid_request" });
  for (const asOf of [{ at: new Date(0) }, { sequence: 0n }]) {
    for (const { posted, held, owed } of (await ask(asOf)).values()) {
      assert.deepEqual([posted, held, owed], [0n, 0n, 0n]);
    }
  }
});

test("A10: every entry of an ordered account has the next version, and before plus amount is after", async () => {
  const { books, card } = await withCard(500n);
  const holdId = await openHold(books, card, 100n);
  await books.inBook(
    [books.own, card],
    (book, work) => {
      posted(book.captureHold(work, { holdId, amount: 700n, final: true }));
      posted(book.post(work, [topUp(books, card, 250n)]));
    },
    [holdId],
  );
  type Side = { account: string; version: bigint; available: bigint; change: bigint };
  const sides = await app.query<Side>(
    {
      name: undefined,
      text: `select account, version, available, change from (
          select id, debit_account as account, debit_version as version,
            debit_credits_posted - debit_debits_posted - debit_debits_pending as available,
            case effect when 'post' then -amount when 'hold' then -amount when 'release' then amount
              else released - amount end as change
          from journal where organization_id = $1
          union all
          select id, credit_account, credit_version,
            credit_credits_posted - credit_debits_posted - credit_debits_pending, amount
          from journal where organization_id = $1) s
        where version is not null order by account, version`,
    },
    [books.organizationId],
  );
  const last = new Map<string, { version: bigint; available: bigint }>();
  for (const { account, version, available, change } of sides) {
    const before = last.get(account) ?? { version: 0n, available: 0n };
    assert.equal(version, before.version + 1n, account);
    assert.equal(available, before.available + change, account);
    last.set(account, { version, available });
  }
  assert.equal(sides.length, 10);
});

test("locks are taken in one order: random sets of accounts at once never deadlock", async () => {
  const { books, card } = await withCard(10_000n);
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
  await lawful(books);
});
