import assert from "node:assert/strict";
import test from "node:test";
import { bookWith, by, card, code, done, hold, organizationId } from "./fixture.ts";
import type { Book } from "./rules.ts";

const resolutions = {
  "final capture": (book: Book, holdId: `hold_${string}`) =>
    book.captureHold(by, { holdId, amount: 60n, final: true }),
  void: (book: Book, holdId: `hold_${string}`) => book.releaseHold(by, { holdId, amount: "all" }),
  "full reversal": (book: Book, holdId: `hold_${string}`) =>
    book.releaseHold(by, { holdId, amount: 60n }),
  expiry: (book: Book, holdId: `hold_${string}`) => book.releaseHold(by, { holdId, amount: "all" }),
} as const;

for (const [first, resolve] of Object.entries(resolutions)) {
  for (const [second, again] of Object.entries(resolutions)) {
    test(`A3: after ${first} a hold is closed, and ${second} answers hold_already_resolved`, () => {
      const book = bookWith(100n);
      const holdId = hold(book, card, 60n);
      assert.equal(code(resolve(book, holdId)), "done");
      const before = book.account(organizationId, card);
      assert.equal(code(again(book, holdId)), "hold_already_resolved");
      const more = book.incrementHold(by, { holdId, amount: 1n });
      assert.equal(code(more), "hold_already_resolved");
      assert.deepEqual(book.account(organizationId, card), before);
    });
  }
}

test("captures: amount and released are independent; several, over and final are one verb", () => {
  const book = bookWith(100n);
  const holdId = hold(book, card, 60n);
  const state = () => {
    const { remaining, status } = book.hold(organizationId, holdId) ?? {};
    const { debitsPending, debitsPosted } = book.account(organizationId, card);
    return [remaining, status, debitsPending, debitsPosted];
  };
  done(book.captureHold(by, { holdId, amount: 20n, final: false }));
  assert.deepEqual(state(), [40n, "open", 40n, 20n]);
  done(book.captureHold(by, { holdId, amount: 5n, released: 0n, final: false }));
  assert.deepEqual(state(), [40n, "open", 40n, 25n]);
  done(book.captureHold(by, { holdId, amount: 1n, released: 30n, final: false }));
  assert.deepEqual(state(), [10n, "open", 10n, 26n]);
  done(book.captureHold(by, { holdId, amount: 15n, final: false }));
  assert.deepEqual(state(), [0n, "open", 0n, 41n]);
  const [last, ...more] = done(book.captureHold(by, { holdId, amount: 9n, final: true }));
  assert.deepEqual(state(), [0n, "closed", 0n, 50n]);
  assert.deepEqual([last?.movement.released, more.length], [0n, 0]);
});

test("a final capture of less releases the rest in the same row", () => {
  const book = bookWith(100n);
  const holdId = hold(book, card, 60n);
  const rows = done(book.captureHold(by, { holdId, amount: 20n, final: true }));
  assert.deepEqual(
    rows.map(({ movement }) => [movement.amount, movement.released]),
    [[20n, 60n]],
  );
  assert.equal(book.available(organizationId, card), 80n);
});

test("an over-capture takes its own hold and what is available, not the money of another hold", () => {
  const book = bookWith(100n);
  const holdId = hold(book, card, 50n);
  hold(book, card, 40n);
  const rows = done(book.captureHold(by, { holdId, amount: 80n, final: true }));
  assert.deepEqual(
    rows.map(({ movement }) => [movement.debit.type, movement.amount, movement.released ?? 0n]),
    [
      ["card", 60n, 50n],
      ["receivable", 20n, 0n],
    ],
  );
  assert.equal(book.account(organizationId, card).debitsPending, 40n);
});

test("a hold that has nothing left closes without a row, and gives no more than it has", () => {
  const book = bookWith(100n);
  const holdId = hold(book, card, 10n);
  assert.equal(code(book.releaseHold(by, { holdId, amount: 11n })), "hold_exceeded");
  const over = { holdId, amount: 5n, released: 11n, final: false };
  assert.equal(code(book.captureHold(by, over)), "hold_exceeded");
  done(book.captureHold(by, { holdId, amount: 10n, final: false }));
  assert.deepEqual(done(book.releaseHold(by, { holdId, amount: "all" })), []);
  assert.equal(book.hold(organizationId, holdId)?.status, "closed");
});
