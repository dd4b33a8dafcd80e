import assert from "node:assert/strict";
import test from "node:test";
import { priceOf } from "./price.ts";

const program = { model: "card", currency: "EUR", fees: { issuance: 150n } } as const;

test("the price of a card is the fee and the balance it starts with", () => {
  assert.deepEqual(priceOf(program, { initialBalance: 5_000n }), {
    currency: "EUR",
    lines: [
      { kind: "issuance_fee", amount: 150n },
      { kind: "initial_balance", amount: 5_000n },
    ],
    total: 5_150n,
  });
});

test("the price of a budget card is the fee alone, whatever is sent with it", () => {
  const budgetCard = { ...program, model: "budgetCard" } as const;
  const price = priceOf(budgetCard, { initialBalance: 5_000n });
  assert.deepEqual(price.lines, [{ kind: "issuance_fee", amount: 150n }]);
  assert.equal(price.total, 150n);
});

test("a missing initial balance has no line", () => {
  assert.equal(priceOf(program, {}).total, 150n);
});
