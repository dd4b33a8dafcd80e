import assert from "node:assert/strict";
import test from "node:test";
import type { Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { createIds, type OrganizationId } from "../../foundation/ids/ids.ts";
import { isRefused } from "../../records/ledger/errors.ts";
import {
  type Account,
  type AccountRef,
  accountId,
  movementKinds,
} from "../../records/ledger/model.ts";
import { Book } from "../../records/ledger/rules.ts";
import { type TransferKind, transferKind, transferKindNames } from "./model.ts";
import {
  type PlannedTransfer,
  planTransfer,
  refusalOf,
  requireReversible,
  type TransferPlan,
} from "./rules.ts";

const organizationId: OrganizationId = "org_1";
let tick = 0;
const work = {
  organizationId,
  now: new Date("2030-01-01T00:00:00Z"),
  newId: createIds(
    () => 1_900_000_000_000 + tick++,
    (bytes) => new Uint8Array(bytes),
  ),
  actor: { kind: "key", id: "key_1", organizationId },
} as unknown as Work;

const ref = (type: AccountRef["type"], ownerId: string): AccountRef => ({
  type,
  ownerId,
  currency: "EUR",
});
const own = ref("organization_available", organizationId);
const outside = ref("external_funding", organizationId);
const card = ref("card", "card_1");
const owed = ref("receivable", "card_1");
const budget = ref("budget", "bud_1");
const subBudget = ref("budget", "bud_2");

/** A book of accounts with these credits (of a receivable: debits). */
function bookOf(...balances: readonly (readonly [AccountRef, bigint])[]): Book {
  const all = [own, card, owed, budget, subBudget, ref("receivable", "bud_1")];
  const refs = [...all, ref("receivable", "bud_2"), outside];
  const accounts = refs.map((each): Account => {
    const sum = balances.find(([one]) => accountId(one) === accountId(each))?.[1] ?? 0n;
    const owing = each.type === "receivable";
    return {
      ...each,
      organizationId,
      id: accountId(each),
      debitsPending: 0n,
      debitsPosted: owing ? sum : 0n,
      creditsPending: 0n,
      creditsPosted: owing ? 0n : sum,
      version: 1n,
      closed: false,
    };
  });
  return new Book(
    refs.map((each) => ({ organizationId, ref: each })),
    accounts,
    [],
  );
}

function plan(book: Book, given: TransferPlan): PlannedTransfer {
  const planned = planTransfer(book, work, given);
  assert.ok(
    !isRefused(planned),
    JSON.stringify(planned, (_, v) => String(v)),
  );
  return planned;
}

function refusal(book: Book, given: TransferPlan): string {
  const planned = planTransfer(book, work, given);
  assert.ok(isRefused(planned));
  return refusalOf(planned, "amount").code;
}

test("a transfer tells the available balance of each ordered side before and after, null for pooled", () => {
  const { transfer, more } = plan(bookOf([own, 100n]), {
    kind: "organization_payout",
    from: own,
    to: outside,
    amount: 30n,
    note: "October",
  });
  assert.deepEqual(more, []);
  assert.deepEqual(transfer.from, { type: own.type, id: "org_1", before: 100n, after: 70n });
  assert.deepEqual(transfer.to, { type: outside.type, id: "org_1", before: null, after: null });
  assert.equal(transfer.journalIds.length, 1);
  assert.equal(transfer.note, "October");
  assert.deepEqual(transfer.actor, { kind: "key", id: "key_1" });
});

test("what a card owes is paid first, as a transfer of its own beside the top-up", () => {
  const book = bookOf([own, 100n], [owed, 25n]);
  const given = {
    kind: "card_top_up",
    from: own,
    to: card,
    amount: 40n,
    cardId: "card_1",
  } as const;
  const { transfer, more } = plan(book, given);
  assert.deepEqual(
    [transfer.to.before, transfer.to.after, transfer.amount],
    [0n, 40n, 40n],
    "the top-up credits the whole amount",
  );
  const [recovery, ...others] = more;
  assert.deepEqual(others, []);
  assert.ok(recovery);
  assert.equal(recovery.kind, "receivable_recovery");
  assert.equal(recovery.amount, 25n);
  assert.equal(recovery.relatedTransferId, transfer.id);
  assert.equal(recovery.cardId, "card_1");
  assert.deepEqual([recovery.from.before, recovery.from.after], [40n, 15n]);
  assert.deepEqual([recovery.to.before, recovery.to.after], [25n, 0n]);
  assert.notEqual(recovery.id, transfer.id);
  const rows = book.takeChanges().rows.map(({ movement }) => movement.transferId);
  assert.deepEqual(rows, [transfer.id, recovery.id], "each journal row names its transfer");
});

test("each shortage is named after the balance that is too low, with what is available", () => {
  const book = bookOf([own, 5n], [card, 6n], [budget, 7n]);
  const top = { from: own, to: card, amount: 10n, kind: "card_top_up" } as const;
  assert.equal(refusal(book, top), "insufficient_organization_balance");
  const back = { from: card, to: own, amount: 10n, kind: "card_withdrawal" } as const;
  assert.equal(refusal(book, back), "insufficient_card_balance");
  const from = { from: budget, to: own, amount: 10n, kind: "budget_withdrawal" } as const;
  assert.equal(refusal(book, from), "insufficient_budget_balance");
  const planned = planTransfer(book, work, from);
  assert.ok(isRefused(planned));
  assert.match(refusalOf(planned).detail, /7 minor units of EUR/);
  assert.deepEqual(book.takeChanges().rows, [], "a refused transfer leaves nothing in the book");
});

test("between two budgets the ledger's movement is that of sub-budgets", () => {
  const book = bookOf([budget, 50n], [own, 50n]);
  plan(book, { kind: "budget_top_up", from: budget, to: subBudget, amount: 20n });
  plan(book, { kind: "budget_withdrawal", from: subBudget, to: budget, amount: 5n });
  plan(book, { kind: "budget_top_up", from: own, to: budget, amount: 1n });
  plan(book, { kind: "budget_withdrawal", from: budget, to: own, amount: 1n });
  assert.deepEqual(
    book.takeChanges().rows.map(({ movement }) => movement.kind),
    ["sub_budget_top_up", "sub_budget_withdrawal", "top_up", "withdrawal"],
  );
});

test("a reversal mirrors the journal row and names it; it needs the money to be there", () => {
  const book = bookOf([own, 100n]);
  const { transfer: original } = plan(book, {
    kind: "card_top_up",
    from: own,
    to: card,
    amount: 60n,
  });
  const mirrored = {
    kind: "reversal",
    from: card,
    to: own,
    amount: 60n,
    reverses: original,
  } as const;
  plan(book, { kind: "card_withdrawal", from: card, to: own, amount: 1n });
  assert.equal(refusal(book, mirrored), "insufficient_card_balance");
  plan(book, { kind: "card_top_up", from: own, to: card, amount: 1n });
  const { transfer } = plan(book, mirrored);
  assert.equal(transfer.reverses, original.id);
  const row = book.takeChanges().rows.at(-1);
  assert.equal(row?.movement.kind, "reversal");
  assert.equal(row?.movement.reverses, original.journalIds[0]);
});

test("who may reverse what, in a sandbox and live", () => {
  const { transfer } = plan(bookOf([own, 100n]), {
    kind: "card_top_up",
    from: own,
    to: card,
    amount: 1n,
  });
  const may = (kind: TransferKind, platform: boolean, mode: "sandbox" | "live") => {
    try {
      requireReversible({ ...transfer, kind }, { platform, mode });
      return true;
    } catch (error) {
      assert.equal((error as Refusal).code, "transfer_not_reversible");
      return false;
    }
  };
  const byPlatform = transferKindNames.filter((kind) => may(kind, true, "live"));
  assert.deepEqual(byPlatform, [
    "organization_deposit",
    "organization_payout",
    "card_top_up",
    "card_withdrawal",
    "budget_top_up",
    "budget_withdrawal",
    "fee",
    "adjustment",
  ]);
  const own4 = ["card_top_up", "card_withdrawal", "budget_top_up", "budget_withdrawal"];
  assert.deepEqual(
    transferKindNames.filter((kind) => may(kind, false, "live")),
    own4,
  );
  assert.deepEqual(
    transferKindNames.filter((kind) => may(kind, false, "sandbox")),
    ["organization_deposit", ...own4],
  );
  assert.throws(
    () => requireReversible({ ...transfer, status: "reversed" }, { platform: true, mode: "live" }),
    (error) => error instanceof Refusal && error.code === "transfer_already_reversed",
  );
});

test("every kind of transfer is a movement that the ledger knows", () => {
  for (const kind of transferKindNames) {
    const { movement, betweenBudgets, meaning } = transferKind(kind);
    assert.ok(movement in movementKinds, kind);
    assert.ok(betweenBudgets === undefined || betweenBudgets in movementKinds, kind);
    assert.match(meaning, /^[A-Z].*\.$/);
  }
});
