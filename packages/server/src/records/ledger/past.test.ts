import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import {
  assertLawful,
  booksWithCard,
  openHold,
  posted,
  refused,
  sources,
  testBooks,
  topUp,
} from "../../../test/harness/ledger.ts";
import { dice, proofSeed } from "../../../test/harness/proof.ts";
import { newId } from "../../../test/harness/work.ts";
import { nameOf, Program } from "../../../test/model/ledger-program.ts";
import type { HoldId } from "../../foundation/ids/ids.ts";
import { drainRecords, organizationNow, sequenceRecords } from "../sequencer/actions.ts";
import type { RecordSource } from "../sequencer/model.ts";
import { journalSource, readBalances } from "./actions.ts";
import { accountId, accountTypes, type Movement, receivableOf } from "./model.ts";

const database = await testDatabase(40);
const { app } = database;

test("A10: pooled accounts: rolled-up sum and tail together are the journal, while the sequencer runs", async () => {
  const { books, card } = await booksWithCard(app, 1_000n);
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
  await assertLawful(books);
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
  const { books, card } = await booksWithCard(app, 100n);
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
  const { books, card } = await booksWithCard(app, 100n);
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
  const { books, card } = await booksWithCard(app, 500n);
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
