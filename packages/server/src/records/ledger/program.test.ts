import assert from "node:assert/strict";
import test from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { sources, type TestBooks, testBooks } from "../../../test/harness/ledger.ts";
import { dice, extent, proofSeed } from "../../../test/harness/proof.ts";
import { newId } from "../../../test/harness/work.ts";
import { LedgerModel, type Outcome } from "../../../test/model/ledger-model.ts";
import { nameOf, Program } from "../../../test/model/ledger-program.ts";
import type { HoldId } from "../../foundation/ids/ids.ts";
import { drainRecords } from "../sequencer/actions.ts";
import { invariants, readBalances } from "./actions.ts";
import { isRefused } from "./errors.ts";
import { type AccountRef, accountId, type Numbers, receivableOf, roomOf } from "./model.ts";
import type { Book } from "./rules.ts";

const database = await testDatabase();
const seed = proofSeed();
const SEEDS = 10;
const OPERATIONS = extent(10_000, 50_000);

const verbs = ["move", "force", "hold", "increment", "release", "capture"];
const refusals = [
  "insufficient_funds",
  "receivable_outstanding",
  "hold_already_resolved",
  "hold_exceeded",
  "amount_too_large",
  "amount_invalid",
];

type World = {
  readonly books: TestBooks;
  readonly model: LedgerModel;
  readonly program: Program;
  /** Every ordered account, receivables among them. */
  readonly ordered: readonly AccountRef[];
  readonly pooled: readonly AccountRef[];
  readonly holds: HoldId[];
  /** How often each verb was done, and each refusal given. */
  readonly tally: Map<string, number>;
};

async function newWorld(seedOfWorld: number): Promise<World> {
  const books = await testBooks(database.app);
  const cards = await books.newAccounts("card", 3);
  const budgets = await books.newAccounts("budget", 2);
  const spending = [...cards, ...budgets];
  const roll = dice(seedOfWorld);
  const receivables = spending.flatMap((ref) => receivableOf(ref) ?? []);
  return {
    books,
    model: new LedgerModel(spending.map(nameOf), [nameOf(books.own)]),
    program: new Program(roll, books, cards, budgets, () => newId("hold")),
    ordered: [books.own, ...spending, ...receivables],
    pooled: [books.network, books.funding, books.fees, books.provisional],
    holds: [],
    tally: new Map(),
  };
}

/** Runs one batch in one transaction; the book equals the model after every single step. */
function runBatch(
  { books, model, program, ordered, holds, tally }: World,
  size: number,
  known: HoldId[],
) {
  return books.inBook(
    ordered,
    (book, work) => {
      for (let step = 0; step < size; step += 1) {
        const { operation, hold, run } = program.next(known);
        const answer = run(book, work);
        const outcome: Outcome = isRefused(answer) ? (answer.refused as Outcome) : "done";
        const what = () =>
          `${JSON.stringify(operation, (_, v) => (typeof v === "bigint" ? `${v}n` : v))}`;
        assert.equal(outcome, model.do(operation), what());
        const counted = outcome === "done" ? operation.verb : outcome;
        tally.set(counted, (tally.get(counted) ?? 0) + 1);
        if (hold !== undefined && outcome === "done") {
          known.push(hold);
          holds.push(hold);
        }
        compareBook(book, { books, model, ordered }, known, what);
      }
    },
    known,
  );
}

function compareBook(
  book: Book,
  { books, model, ordered }: Pick<World, "books" | "model" | "ordered">,
  known: readonly HoldId[],
  what: () => string,
) {
  for (const ref of ordered) {
    const { debitsPending, debitsPosted, creditsPosted } = book.account(books.organizationId, ref);
    const sums = model.sums(nameOf(ref));
    const same =
      debitsPending === sums.debitsPending &&
      debitsPosted === sums.debitsPosted &&
      creditsPosted === sums.creditsPosted;
    assert.ok(same, `${nameOf(ref)} after ${what()}`);
  }
  for (const hold of known) {
    const found = book.hold(books.organizationId, hold);
    const remaining = found?.status === "open" ? found.remaining : null;
    assert.equal(remaining, model.remaining(hold), `${hold} after ${what()}`);
  }
}

type AccountRow = Record<keyof Numbers, string> & { id: string };
type HoldRow = { id: HoldId; remaining: bigint; status: string };

/** What is stored equals the model. */
async function compareDatabase({ books, model, ordered, holds }: World) {
  const [accounts, stored] = await Promise.all([
    database.app.query<AccountRow>(
      {
        name: "test.accounts",
        text: `select id, debits_pending as "debitsPending", debits_posted as "debitsPosted",
          credits_pending as "creditsPending", credits_posted as "creditsPosted"
          from ledger_accounts where organization_id = $1`,
      },
      [books.organizationId],
    ),
    database.app.query<HoldRow>(
      {
        name: "test.holds",
        text: `select id, remaining, status from ledger_holds
          where organization_id = $1 and (status = 'open' or id = any($2))`,
      },
      [books.organizationId, holds.slice(-50)],
    ),
  ]);
  const found = new Map(accounts.map((row) => [row.id, row]));
  for (const ref of ordered) {
    const row = found.get(accountId(ref));
    assert.ok(row, nameOf(ref));
    const { id, ...texts } = row;
    const sums = Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, BigInt(text)]),
    );
    assert.deepEqual(sums, model.sums(nameOf(ref)), id);
  }
  for (const { id, remaining, status } of stored) {
    assert.equal(status === "open" ? remaining : null, model.remaining(id), id);
  }
}

/** Pooled accounts: what is rolled up and what is not yet, together equal the model. */
async function comparePooled({ books, model, pooled }: World) {
  const balances = await readBalances(database.app, books.organizationId, pooled);
  for (const ref of pooled) {
    const sums = model.sums(nameOf(ref));
    const expected = roomOf({ type: ref.type, ...sums });
    assert.equal(balances.get(accountId(ref))?.available, expected, nameOf(ref));
  }
}

for (let round = 0; round < SEEDS; round += 1) {
  test(`A1: ${OPERATIONS} random operations equal the naive model, seed ${seed} + ${round}`, async () => {
    const world = await newWorld(seed + round);
    const roll = dice(seed + round + 1_000);
    for (let done = 0, batch = 0; done < OPERATIONS; batch += 1) {
      const size = Math.min(1 + roll.roll(40), OPERATIONS - done);
      const known = world.holds.slice(-200).filter(() => roll.chance(0.06));
      await runBatch(world, size, known);
      await compareDatabase(world);
      if (batch % 10 === 0) await comparePooled(world);
      if (batch % 25 === 24) await drainRecords(database.app, sources);
      done += size;
    }
    const before = await invariants(database.app, world.books.organizationId);
    await drainRecords(database.app, sources);
    const after = await invariants(database.app, world.books.organizationId);
    for (const { law, breach } of [...before.laws, ...after.laws]) assert.equal(breach, null, law);
    await comparePooled(world);
    const rare = [...verbs, ...refusals].filter((word) => (world.tally.get(word) ?? 0) < 10);
    assert.deepEqual(rare, [], "the program did everything, and was refused in every way");
  });
}
