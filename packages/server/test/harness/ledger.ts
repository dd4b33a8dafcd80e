import assert from "node:assert/strict";
import type { Database } from "../../src/foundation/database/database.ts";
import type { Work } from "../../src/foundation/database/work.ts";
import type { HoldId, OrganizationId } from "../../src/foundation/ids/ids.ts";
import { auditSource } from "../../src/records/audit/actions.ts";
import {
  invariants,
  journalSource,
  openAccounts,
  openBook,
  writeBook,
} from "../../src/records/ledger/actions.ts";
import { isRefused, type LedgerRefusal } from "../../src/records/ledger/errors.ts";
import type { AccountRef, AccountType, Movement, Posted } from "../../src/records/ledger/model.ts";
import type { Book } from "../../src/records/ledger/rules.ts";
import { newId, testKeys, workOf } from "./work.ts";

export const sources = [journalSource, auditSource];

const keys = testKeys();

/** One organization with its own accounts, for tests of the books alone. */
export type TestBooks = {
  readonly organizationId: OrganizationId;
  readonly database: Database;
  readonly own: AccountRef;
  readonly network: AccountRef;
  readonly funding: AccountRef;
  readonly fees: AccountRef;
  readonly provisional: AccountRef;
  /** The organization's pooled account of a type. */
  pooled(type: AccountType): AccountRef;
  /** Opens accounts of new cards or budgets. */
  newAccounts(type: "card" | "budget", count: number): Promise<AccountRef[]>;
  work<T>(act: (work: Work) => Promise<T>): Promise<T>;
  /** Opens a book on these accounts, does something in it, and writes it. */
  inBook<T>(
    refs: readonly AccountRef[],
    act: (book: Book, work: Work) => T,
    holds?: readonly string[],
  ): Promise<T>;
};

/** Books of a new organization, without money. */
export async function testBooks(database: Database, currency = "EUR"): Promise<TestBooks> {
  const organizationId = newId("organization");
  const ref = (type: AccountType, ownerId: string): AccountRef => ({ type, ownerId, currency });
  const pooled = (type: AccountType) => ref(type, organizationId);
  const work = <T>(act: (work: Work) => Promise<T>) =>
    database.transaction((sql) => act(workOf(sql, organizationId, keys)));
  const own = ref("organization_available", organizationId);
  await work((opening) => openAccounts(opening, [own]));
  return {
    organizationId,
    database,
    own,
    network: pooled("network_settlement"),
    funding: pooled("external_funding"),
    fees: pooled("fees"),
    provisional: pooled("provisional_credit"),
    pooled,
    async newAccounts(type, count) {
      const kind = type === "card" ? ("card" as const) : ("budget" as const);
      const refs = Array.from({ length: count }, () => ref(type, newId(kind)));
      await work((opening) => openAccounts(opening, refs));
      return refs;
    },
    work,
    inBook: (refs, act, holds = []) =>
      work(async (writing) => {
        const book = await openBook(
          writing.sql,
          refs.map((one) => ({ organizationId, ref: one })),
          holds.map((holdId) => ({ organizationId, holdId: holdId as `hold_${string}` })),
        );
        const result = act(book, writing);
        await writeBook(writing.sql, book);
        return result;
      }),
  };
}

/** Money from the organization onto a card or budget. */
export const topUp = (books: TestBooks, to: AccountRef, amount: bigint): Movement => ({
  kind: "top_up",
  debit: books.own,
  credit: to,
  amount,
});

/** New books with this much available, and as much on one card. */
export async function booksWithCard(
  database: Database,
  money: bigint,
): Promise<{ books: TestBooks; card: AccountRef }> {
  const books = await testBooks(database);
  const [card] = await books.newAccounts("card", 1);
  if (card === undefined) throw new Error("A card was asked for.");
  const { own, funding } = books;
  const deposit: Movement = { kind: "deposit", debit: funding, credit: own, amount: 2n * money };
  await books.inBook([own, card], (book, work) =>
    posted(book.post(work, [deposit, topUp(books, card, money)])),
  );
  return { books, card };
}

/** Opens a hold on an account, in a transaction of its own. */
export async function openHold(
  books: TestBooks,
  debit: AccountRef,
  amount: bigint,
): Promise<HoldId> {
  const holdId = newId("hold");
  const request = { holdId, debit, credit: books.network, amount, expiresAt: null };
  await books.inBook([debit], (book, work) => posted(book.openHold(work, request)));
  return holdId;
}

/** Fails, naming them, where laws of the books do not hold. */
export async function assertLawful({ database, organizationId }: TestBooks): Promise<void> {
  const { laws } = await invariants(database, organizationId);
  assert.deepEqual(
    laws.filter(({ breach }) => breach !== null),
    [],
  );
}

/** What was posted. @throws Error with the code where it was refused. */
export function posted(answer: Posted[] | LedgerRefusal): Posted[] {
  if (isRefused(answer)) throw new Error(`Refused: ${answer.refused}`);
  return answer;
}

/** The code of a refusal; null where it was posted. */
export function refused(answer: Posted[] | LedgerRefusal): string | null {
  return isRefused(answer) ? answer.refused : null;
}
