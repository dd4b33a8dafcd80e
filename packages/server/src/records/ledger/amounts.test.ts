import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { newId } from "../../../test/harness/work.ts";
import { MAX_MOVEMENT, MAX_SUM, total } from "../../foundation/money/money.ts";
import {
  account,
  all,
  bookWith,
  budget,
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
  own,
  topUp,
} from "./fixture.ts";
import { MAX_BALANCE, type Movement } from "./model.ts";

const edges: readonly (readonly [amount: bigint, outcome: string])[] = [
  [-1n, "amount_invalid"],
  [0n, "amount_invalid"],
  [1n, "done"],
  [MAX_MOVEMENT, "done"],
  [MAX_MOVEMENT + 1n, "amount_too_large"],
  [2n ** 53n - 1n, "amount_too_large"],
  [2n ** 53n, "amount_too_large"],
  [2n ** 63n - 1n, "amount_too_large"],
];

for (const [amount, outcome] of edges) {
  test(`A4: an amount of ${amount} is ${outcome} in every verb`, () => {
    const book = bookWith(3n * MAX_MOVEMENT);
    assert.equal(code(book.post(by, [topUp(amount)])), outcome);
    const forced = { kind: "forced_debit", debit: card, credit: network, amount } as const;
    assert.equal(code(book.forcedDebit(by, forced)), outcome);
    const holdId = newId("hold");
    const opening = { holdId, debit: other, credit: network, amount, expiresAt: null };
    assert.equal(code(book.openHold(by, opening)), outcome);
    const standing = hold(book, budget, 5n);
    const capture = { holdId: standing, amount, final: false };
    assert.equal(code(book.captureHold(by, capture)), outcome);
  });
}

test("A4: a hold is at most one movement large, increments together", () => {
  const book = bookWith(3n * MAX_MOVEMENT);
  const holdId = hold(book, card, MAX_MOVEMENT - 1n);
  assert.equal(code(book.incrementHold(by, { holdId, amount: 2n })), "amount_too_large");
  assert.equal(code(book.incrementHold(by, { holdId, amount: 1n })), "done");
});

test("A4: a sum is exact up to 2^63-1, and one more is refused as overflow", () => {
  const sums = { creditsPosted: MAX_SUM - 5n, debitsPosted: MAX_SUM - 5n };
  const book = bookWith(100n, [account(card, sums)]);
  assert.equal(code(book.post(by, [topUp(6n)])), "overflow");
  assert.equal(code(book.post(by, [topUp(5n)])), "done");
  assert.equal(book.account(organizationId, card).creditsPosted, MAX_SUM);
});

test("A4: a balance is exact up to 2^53-1, and one more is refused as overflow", () => {
  const book = bookWith(100n, [account(card, { creditsPosted: MAX_BALANCE - 5n })]);
  assert.equal(code(book.post(by, [topUp(6n)])), "overflow");
  assert.equal(code(book.post(by, [topUp(5n)])), "done");
  assert.equal(book.available(organizationId, card), MAX_BALANCE);
});

const amounts = fc.bigInt({ min: 1n, max: 10_000n });

test("A5: the parts of a forced debit or an over-capture sum exactly to what was asked", () => {
  fc.assert(
    fc.property(amounts, amounts, amounts, fc.boolean(), (money, held, amount, forced) => {
      fc.pre(held <= money);
      const book = bookWith(money);
      const holdId = hold(book, card, held);
      const rows = forced
        ? done(book.forcedDebit(by, { kind: "forced_debit", debit: card, credit: network, amount }))
        : done(book.captureHold(by, { holdId, amount, final: true }));
      const toNetwork = rows.filter(({ movement }) => movement.credit.type === network.type);
      assert.equal(total(toNetwork.map(({ movement }) => movement.amount)), amount);
      assert.ok(book.available(organizationId, card) >= 0n);
      assert.ok(
        book.owed(organizationId, card) === 0n || book.available(organizationId, card) === 0n,
      );
    }),
  );
});

test("A5: what is freed or credited is split exactly between the debt and the card", () => {
  fc.assert(
    fc.property(amounts, amounts, (debt, credit) => {
      const book = bookWith(0n, [account(own, { creditsPosted: MAX_BALANCE })]);
      done(
        book.forcedDebit(by, { kind: "forced_debit", debit: card, credit: network, amount: debt }),
      );
      const rows = done(book.post(by, [topUp(credit)]));
      const repaid = rows.filter(({ movement }) => movement.kind === "receivable_repaid");
      const paid = total(repaid.map(({ movement }) => movement.amount));
      assert.equal(paid + book.available(organizationId, card), credit);
      assert.equal(paid + book.owed(organizationId, card), debt);
    }),
  );
});

const independent = fc.array(
  fc.record({
    to: fc.constantFrom(card, other, budget),
    amount: fc.bigInt({ min: 1n, max: 50n }),
    what: fc.constantFrom("top_up", "withdrawal", "fee", "deposit", "refund"),
  }),
  { minLength: 1, maxLength: 30 },
);

test("A2: operations that do not depend on each other end in the same balances in every order", () => {
  fc.assert(
    fc.property(
      independent.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      ([list, shuffled]) => {
        const run = (steps: typeof list) => {
          const book = bookWith(100_000n);
          for (const { to, amount, what } of steps) {
            const moves: Record<typeof what, Movement> = {
              top_up: topUp(amount, to),
              withdrawal: { kind: "withdrawal", debit: to, credit: own, amount },
              fee: { kind: "fee", debit: own, credit: fees, amount },
              deposit: { kind: "deposit", debit: funding, credit: own, amount },
              refund: { kind: "refund", debit: network, credit: to, amount },
            };
            done(book.post(by, [moves[what]]));
          }
          return all.map((one) => book.account(organizationId, one));
        };
        assert.deepEqual(run(shuffled), run(list));
      },
    ),
  );
});
