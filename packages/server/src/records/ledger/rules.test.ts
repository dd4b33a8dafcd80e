import assert from "node:assert/strict";
import test from "node:test";
import { newId } from "../../../test/harness/work.ts";
import { isRefused, type LedgerRefusal } from "./errors.ts";
import {
  account,
  bookWith,
  by,
  card,
  code,
  done,
  fees,
  funding,
  hold,
  network,
  organizationId,
  other,
  owingBook,
  own,
  receivable,
  ref,
  topUp,
} from "./fixture.ts";
import {
  type AccountType,
  accountId,
  accountTypes,
  type Movement,
  type MovementKind,
  mayMove,
  movementKinds,
  type Posted,
} from "./model.ts";
import { Book } from "./rules.ts";

test("a movement is one row; ordered sides carry version and available before and after, pooled ones null", () => {
  const book = bookWith(100n);
  const [paid] = done(book.post(by, [{ kind: "fee", debit: own, credit: fees, amount: 30n }]));
  assert.equal(paid?.credit, null);
  assert.deepEqual(
    [paid?.debit?.version, paid?.debit?.before, paid?.debit?.after],
    [1n, 100n, 70n],
  );
  const { rows, accounts } = book.takeChanges();
  assert.equal(rows.length, 1);
  assert.deepEqual(
    accounts.map((one) => [one.account.id, one.lockedVersion, one.account.version]),
    [[accountId(own), 0n, 1n]],
  );
});

test("several movements are posted all or none", () => {
  const book = bookWith(100n);
  assert.equal(code(book.post(by, [topUp(60n), topUp(60n)])), "insufficient_funds");
  assert.equal(book.available(organizationId, own), 100n);
  assert.equal(book.available(organizationId, card), 100n);
  assert.deepEqual(book.takeChanges(), { accounts: [], holds: [], rows: [] });
});

test("an attempt that ends in a refusal takes back every verb in it, holds too", () => {
  const book = bookWith(100n);
  const kept = hold(book, other, 10n);
  let inner = "hold_";
  const answer = book.attempt(() => {
    inner = hold(book, card, 40n);
    done(book.incrementHold(by, { holdId: kept, amount: 5n }));
    return book.post(by, [topUp(101n)]);
  });
  assert.equal(isRefused(answer) && answer.refused, "insufficient_funds");
  assert.equal(book.hold(organizationId, inner as `hold_${string}`), null);
  assert.equal(book.hold(organizationId, kept)?.remaining, 10n);
  assert.equal(book.takeChanges().rows.length, 1);
});

test("pending credits never count: what a card holds is not the network's to take back", () => {
  const book = bookWith(100n);
  hold(book, card, 100n);
  assert.equal(book.available(organizationId, card), 0n);
  assert.equal(
    code(book.post(by, [{ ...topUp(1n), kind: "withdrawal", debit: card, credit: own }])),
    "insufficient_funds",
  );
});

test("a forced debit takes what is available, never held money, and the rest goes to the receivable", () => {
  const book = bookWith(100n);
  hold(book, card, 70n);
  const rows = done(
    book.forcedDebit(by, { kind: "forced_debit", debit: card, credit: network, amount: 50n }),
  );
  assert.deepEqual(
    rows.map(({ movement }) => [movement.debit.type, movement.amount]),
    [
      ["card", 30n],
      ["receivable", 20n],
    ],
  );
  assert.equal(book.account(organizationId, card).debitsPending, 70n);
  assert.equal(book.owed(organizationId, card), 20n);
});

test("a forced debit asks the fallback accounts before the receivable", () => {
  const book = bookWith(100n);
  const rows = done(
    book.forcedDebit(by, {
      kind: "forced_debit",
      debit: card,
      fallback: [own],
      credit: network,
      amount: 250n,
    }),
  );
  assert.deepEqual(
    rows.map(({ movement }) => [movement.debit.type, movement.amount]),
    [
      ["card", 100n],
      ["organization_available", 100n],
      ["receivable", 50n],
    ],
  );
});

const provisional = ref("provisional_credit", organizationId);

const credits: Readonly<
  Record<string, (book: Book, holdId: `hold_${string}`) => Posted[] | LedgerRefusal>
> = {
  "a top-up": (book) => book.post(by, [topUp(25n)]),
  "a refund": (book) =>
    book.post(by, [{ kind: "refund", debit: network, credit: card, amount: 25n }]),
  "a released hold": (book, holdId) => book.releaseHold(by, { holdId, amount: 25n }),
  "a capture of less than is released": (book, holdId) =>
    book.captureHold(by, { holdId, amount: 5n, final: true }),
  "a provisional credit": (book) =>
    book.post(by, [{ kind: "provisional_credit", debit: provisional, credit: card, amount: 25n }]),
  "a dispute credit": (book) =>
    book.post(by, [{ kind: "dispute_credit", debit: provisional, credit: card, amount: 25n }]),
};

for (const [name, credit] of Object.entries(credits)) {
  test(`${name} to a card that owes pays the receivable first, as its own row with its own transfer`, () => {
    const { book, holdId } = owingBook();
    const rows = done(credit(book, holdId));
    assert.equal(rows.length, 2);
    const [, repaid] = rows;
    assert.equal(repaid?.movement.kind, "receivable_repaid");
    assert.equal(repaid?.movement.amount, 25n);
    assert.match(repaid?.movement.transferId ?? "", /^trf_/);
    assert.equal(book.owed(organizationId, card), 15n);
    assert.equal(book.available(organizationId, card), 0n);
  });
}

test("a credit larger than the debt leaves the rest on the card, and a credit elsewhere pays nothing", () => {
  const { book } = owingBook();
  done(book.post(by, [topUp(10n, other)]));
  assert.equal(book.owed(organizationId, card), 40n);
  done(book.post(by, [topUp(50n)]));
  assert.equal(book.owed(organizationId, card), 0n);
  assert.equal(book.available(organizationId, card), 10n);
});

test("while something is owed a withdrawal is refused by name, and the debt can be collected but not overpaid", () => {
  const { book } = owingBook();
  const withdrawal: Movement = { kind: "withdrawal", debit: card, credit: own, amount: 1n };
  assert.equal(code(book.post(by, [withdrawal])), "receivable_outstanding");
  const collect = (amount: bigint): Movement => ({
    kind: "receivable_repaid",
    debit: own,
    credit: receivable(card),
    amount,
  });
  assert.equal(code(book.post(by, [collect(41n)])), "receivable_overpaid");
  assert.equal(code(book.post(by, [collect(40n)])), "done");
  assert.equal(book.owed(organizationId, card), 0n);
});

test("a closed account takes what the network or a rule brings, and nothing that a person asks for", () => {
  const closed = account(card, { creditsPosted: 100n, closed: true });
  const asked: Record<string, Movement> = {
    top_up: topUp(1n),
    withdrawal: { kind: "withdrawal", debit: card, credit: own, amount: 1n },
    sweep: { kind: "sweep", debit: card, credit: own, amount: 1n },
    refund: { kind: "refund", debit: network, credit: card, amount: 1n },
  };
  const answers = Object.entries(asked).map(([name, movement]) => [
    name,
    code(bookWith(100n, [closed]).post(by, [movement])),
  ]);
  assert.deepEqual(Object.fromEntries(answers), {
    top_up: "account_closed",
    withdrawal: "account_closed",
    sweep: "done",
    refund: "done",
  });
  const request = {
    holdId: newId("hold"),
    debit: card,
    credit: network,
    amount: 1n,
    expiresAt: null,
  };
  assert.equal(code(bookWith(100n, [closed]).openHold(by, request)), "account_closed");
});

test("an account that does not exist has nothing to give and takes nothing", () => {
  const book = new Book(
    [own, card, receivable(card)].map((one) => ({ organizationId, ref: one })),
    [],
    [],
  );
  assert.equal(code(book.post(by, [topUp(1n)])), "insufficient_funds");
  const deposit: Movement = { kind: "deposit", debit: funding, credit: own, amount: 1n };
  assert.equal(code(book.post(by, [deposit])), "account_unknown");
});

test("a book answers only for the accounts it was opened for", () => {
  const book = bookWith(100n);
  assert.throws(() => book.available(organizationId, ref("card", "card_3")), /not opened/);
  assert.throws(() => book.available("org_other", card), /not opened/);
});

test("a kind moves money only between its account types; a reversal only mirrors what a person may reverse", () => {
  const types = Object.keys(accountTypes) as AccountType[];
  const kinds = (Object.keys(movementKinds) as MovementKind[]).filter(
    (kind) => kind !== "reversal",
  );
  const allowed = kinds.map((kind) => {
    const pairs = types.flatMap((debit) =>
      types
        .filter((credit) => mayMove(kind, debit, credit))
        .map((credit) => `${debit} → ${credit}`),
    );
    return [kind, pairs] as const;
  });
  for (const [kind, pairs] of allowed) assert.ok(pairs.length > 0, kind);
  assert.deepEqual(Object.fromEntries(allowed).top_up, [
    "organization_available → card",
    "organization_available → budget",
  ]);
  assert.ok(mayMove("reversal", "card", "organization_available"));
  assert.ok(!mayMove("reversal", "receivable", "card"), "a debt that was paid stays paid");
  assert.ok(!mayMove("reversal", "network_settlement", "card"), "a capture is not undone by hand");
  const book = bookWith(100n);
  assert.throws(() => book.post(by, [{ ...topUp(1n), credit: fees }]), /not between/);
  assert.throws(() => book.post(by, [{ ...topUp(1n), kind: "hold" }]), /through their hold/);
  assert.throws(
    () => book.post(by, [{ ...topUp(1n), kind: "reversal" }]),
    /not between|names its row/,
  );
});

test("the same book and the same requests give the same rows, ids aside", () => {
  const run = () => {
    const { book, holdId } = owingBook();
    done(book.post(by, [topUp(90n)]));
    done(book.captureHold(by, { holdId, amount: 77n, final: true }));
    return book.takeChanges().rows.map(({ movement, debit, credit }) => {
      const { hold: _, transferId: __, ...rest } = movement;
      return { ...rest, debit, credit };
    });
  };
  assert.deepEqual(run(), run());
});
