/** What the tests of the rules share: one organization, two cards, a budget, and books on them. */
import assert from "node:assert/strict";
import { newId } from "../../../test/harness/work.ts";
import type { OrganizationId } from "../../foundation/ids/ids.ts";
import { isRefused, type LedgerRefusal } from "./errors.ts";
import {
  type Account,
  type AccountRef,
  type AccountType,
  accountId,
  type Movement,
  type Posted,
  receivableOf,
  ZERO,
} from "./model.ts";
import { Book, type Posting } from "./rules.ts";

export const organizationId: OrganizationId = "org_test";
export const by: Posting = { organizationId, now: new Date("2030-01-01T00:00:00Z"), newId };
export const ref = (type: AccountType, ownerId: string): AccountRef => ({
  type,
  ownerId,
  currency: "EUR",
});
export const own = ref("organization_available", organizationId);
export const card = ref("card", "card_1");
export const other = ref("card", "card_2");
export const budget = ref("budget", "bud_1");
export const network = ref("network_settlement", organizationId);
export const funding = ref("external_funding", organizationId);
export const fees = ref("fees", organizationId);

export const receivable = (of: AccountRef): AccountRef => {
  const found = receivableOf(of);
  assert.ok(found);
  return found;
};

export const all = [
  own,
  card,
  other,
  budget,
  receivable(card),
  receivable(other),
  receivable(budget),
];

export const account = (of: AccountRef, numbers: Partial<Account> = {}): Account => ({
  ...of,
  ...ZERO,
  organizationId,
  id: accountId(of),
  version: 0n,
  closed: false,
  ...numbers,
});

/** A book whose organization and cards have this much. */
export function bookWith(money: bigint, changed: readonly Account[] = []): Book {
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

export const done = (answer: Posted[] | LedgerRefusal): Posted[] => {
  assert.ok(!isRefused(answer), isRefused(answer) ? answer.refused : "");
  return answer;
};
export const code = (answer: Posted[] | LedgerRefusal) =>
  isRefused(answer) ? answer.refused : "done";

export const topUp = (amount: bigint, to = card): Movement => ({
  kind: "top_up",
  debit: own,
  credit: to,
  amount,
});

export const hold = (book: Book, on: AccountRef, amount: bigint) => {
  const holdId = newId("hold");
  done(book.openHold(by, { holdId, debit: on, credit: network, amount, expiresAt: null }));
  return holdId;
};

/** A book whose card owes 40 and holds 30. */
export function owingBook() {
  const book = bookWith(100n);
  const holdId = hold(book, card, 30n);
  done(book.forcedDebit(by, { kind: "forced_debit", debit: card, credit: network, amount: 110n }));
  assert.equal(book.owed(organizationId, card), 40n);
  return { book, holdId };
}
