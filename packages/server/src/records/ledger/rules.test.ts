import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { newId } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { MAX_MOVEMENT, MAX_SUM, total } from "../../foundation/money/money.ts";
import { isRefused, type LedgerRefusal } from "./errors.ts";
import {
  type Account,
  type AccountRef,
  type AccountType,
  accountId,
  accountTypes,
  MAX_BALANCE,
  type Movement,
  type MovementKind,
  mayMove,
  movementKinds,
  type Posted,
  receivableOf,
  ZERO,
} from "./model.ts";
import { Book, type Posting } from "./rules.ts";

const organizationId: OrganizationId = "org_test";
const by: Posting = { organizationId, now: new Date("2030-01-01T00:00:00Z"), newId };
const ref = (type: AccountType, ownerId: string): AccountRef => ({
  type,
  ownerId,
  currency: "EUR",
});
const own = ref("organization_available", organizationId);
const card = ref("card", "card_1");
const other = ref("card", "card_2");
const budget = ref("budget", "bud_1");
const network = ref("network_settlement", organizationId);
const funding = ref("external_funding", organizationId);
const fees = ref("fees", organizationId);

const receivable = (of: AccountRef): AccountRef => {
  const found = receivableOf(of);
  assert.ok(found);
  return found;
};

const all = [own, card, other, budget, receivable(card), receivable(other), receivable(budget)];

const account = (of: AccountRef, numbers: Partial<Account> = {}): Account => ({
  ...of,
  ...ZERO,
  organizationId,
  id: accountId(of),
  version: 0n,
  closed: false,
  ...numbers,
});

/** A book whose organization and cards have this much. */
function bookWith(money: bigint, changed: readonly Account[] = []): Book {
  const given = new Map(changed.map((one) => [one.id, one]));
  const accounts = all.map((one) => {
    const creditsPosted = one.type === "receivable" ? 0n : money;
    return given.get(accountId(one)) ?? account(one, { creditsPosted });
  });
  return new Book(
    all.map((one) => ({ organizationId, ref: one })),
    accounts,
    [],
  );
}

const done = (answer: Posted[] | LedgerRefusal): Posted[] => {
  assert.ok(!isRefused(answer), isRefused(answer) ? answer.refused : "");
  return answer;
};
const code = (answer: Posted[] | LedgerRefusal) => (isRefused(answer) ? answer.refused : "done");

const topUp = (amount: bigint, to = card): Movement => ({
  kind: "top_up",
  debit: own,
  credit: to,
  amount,
});

const hold = (book: Book, on: AccountRef, amount: bigint) => {
  const holdId = newId("hold");
  done(book.openHold(by, { holdId, debit: on, credit: network, amount, expiresAt: null }));
  return holdId;
};

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

/** A book whose card owes 40 and holds 30. */
function owingBook() {
  const book = bookWith(100n);
  const holdId = hold(book, card, 30n);
  done(book.forcedDebit(by, { kind: "forced_debit", debit: card, credit: network, amount: 110n }));
  assert.equal(book.owed(organizationId, card), 40n);
  return { book, holdId };
}

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
