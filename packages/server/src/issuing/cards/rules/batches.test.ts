import assert from "node:assert/strict";
import test from "node:test";
import type { CardBatch } from "../model/batches.ts";
import type { Price } from "../model.ts";
import {
  batchKeyContext,
  cancelled,
  openRow,
  rowName,
  rowOf,
  sealRow,
  workedOff,
} from "./batches.ts";
import { sumPrices } from "./price.ts";

const now = new Date("2031-07-01T00:00:00Z");
const batchId = "batch_1";
const key = new Uint8Array(32).fill(7);
const nonce = new Uint8Array(12).fill(1);

const fresh: CardBatch = {
  organizationId: "org_1",
  id: batchId,
  externalId: null,
  status: "accepted",
  size: 3,
  issued: 0,
  failed: 0,
  cancelled: 0,
  price: [],
  charged: [],
  key: { keyId: "k", wrappedKey: key },
  actor: { kind: "key", id: "key_1" },
  version: 1n,
  createdAt: now,
  completedAt: null,
};
const issued = (number: number) =>
  ({ batchId, number, status: "issued", cardId: `card_${number}`, errors: null }) as const;
const failed = (number: number) =>
  ({ batchId, number, status: "failed", cardId: null, errors: [] }) as const;
const price = (currency: string, fee: bigint, balance?: bigint): Price => ({
  currency,
  lines: [
    { kind: "issuance_fee", amount: fee },
    ...(balance === undefined ? [] : [{ kind: "initial_balance", amount: balance } as const]),
  ],
  total: fee + (balance ?? 0n),
});

test("the first group starts a batch, one in the middle only counts, the last completes it", () => {
  const [first, ...none] = workedOff(fresh, [issued(1)], [price("EUR", 1n, 2n)], now);
  assert.ok(first !== undefined && none.length === 0);
  assert.deepEqual([first.status, first.version, first.issued], ["processing", 2n, 1]);
  const [second, ...alsoNone] = workedOff(first, [failed(2)], [], now);
  assert.ok(second !== undefined && alsoNone.length === 0);
  assert.deepEqual([second.status, second.version, second.failed], ["processing", 2n, 1]);
  const [third, ...more] = workedOff(second, [issued(3)], [price("EUR", 1n)], now);
  assert.ok(third !== undefined && more.length === 0);
  assert.deepEqual(
    [third.status, third.version, third.completedAt, third.key],
    ["completed", 3n, now, null],
  );
  assert.deepEqual(third.charged, [price("EUR", 2n, 2n)]);
});

test("a group that is all of a batch starts and completes it, a version each", () => {
  const moves = workedOff(fresh, [issued(1), issued(2), failed(3)], [], now);
  assert.deepEqual(
    moves.map(({ status, version }) => [status, version]),
    [
      ["processing", 2n],
      ["completed", 3n],
    ],
  );
});

test("cancelling counts what is left, and forgets the key", () => {
  const after = cancelled({ ...fresh, issued: 1, failed: 1 }, now);
  assert.deepEqual(
    [after.status, after.cancelled, after.version, after.key],
    ["cancelled", 1, 2n, null],
  );
});

test("prices add up by currency and kind, in the order of their codes", () => {
  assert.deepEqual(sumPrices([]), []);
  assert.deepEqual(
    sumPrices([price("USD", 5n), price("EUR", 1n, 10n), price("EUR", 2n), price("EUR", 0n, 5n)]),
    [price("EUR", 3n, 15n), price("USD", 5n)],
  );
});

test("names of rows are in the order of the rows, byte by byte, and are read back", () => {
  const numbers = [1, 9, 10, 99, 100, 999, 1_000];
  const names = numbers.map((number) => rowName({ batchId, number }));
  assert.deepEqual(names, names.toSorted());
  assert.deepEqual(
    names.map(rowOf),
    numbers.map((number) => ({ batchId, number })),
  );
  assert.deepEqual(rowOf("\u{10ffff}"), { batchId: "\u{10ffff}", number: 0 });
});

test("a sealed row opens as this row of this batch of this organization, and as no other", () => {
  const sealed = sealRow(key, nonce, '{"a":1}', "org_1", { batchId, number: 1 });
  const open = (organizationId: string, id: typeof batchId | "batch_2", number: number) =>
    openRow(key, sealed, organizationId, { batchId: id, number });
  assert.equal(open("org_1", batchId, 1), '{"a":1}');
  assert.ok(!Buffer.from(sealed).includes('"a"'));
  for (const elsewhere of [
    () => open("org_2", batchId, 1),
    () => open("org_1", "batch_2", 1),
    () => open("org_1", batchId, 2),
  ]) {
    assert.throws(elsewhere, /belongs to another/);
  }
  assert.notDeepEqual(batchKeyContext("org_1", batchId), batchKeyContext("org_1", "batch_2"));
});
