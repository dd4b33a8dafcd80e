import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import { openBook, writeBook } from "../../src/records/ledger/actions.ts";
import type { AccountRef, AccountType, Posted } from "../../src/records/ledger/model.ts";
import type { Book, Posting } from "../../src/records/ledger/rules.ts";
import { posted } from "./ledger.ts";
import type { TestServer } from "./server.ts";
import { inWork, newId } from "./work.ts";

/** What the network does to one account: through the ledger, as there is no other way in yet. */
export type Spending = {
  readonly account: AccountRef;
  /** Opens a hold. @returns its id */
  hold(amount: bigint): Promise<string>;
  /** Takes an amount whether it is there or not; the rest is owed. */
  force(amount: bigint): Promise<void>;
  /** A merchant gives money back. */
  refund(amount: bigint): Promise<void>;
  capture(holdId: string, amount: bigint): Promise<void>;
  release(holdId: string): Promise<void>;
};

/** The spending of a card's or budget's account. */
export function spendingOf(
  { database, context }: Pick<TestServer, "database" | "context">,
  organization: string,
  account: AccountRef,
): Spending {
  const organizationId = organization as OrganizationId;
  const about = (type: AccountType): AccountRef => ({
    type,
    ownerId: organizationId,
    currency: account.currency,
  });
  const network = about("network_settlement");
  const links = account.type === "card" ? { cardId: account.ownerId as `card_${string}` } : {};
  const inBook = (act: (book: Book, by: Posting) => Posted[], holds: readonly string[] = []) =>
    inWork(database.app, organizationId, context.keys, async (work) => {
      const refs = [{ organizationId, ref: account }];
      const held = holds.map((holdId) => ({ organizationId, holdId: holdId as `hold_${string}` }));
      const book = await openBook(work.sql, refs, held);
      act(book, work);
      await writeBook(work.sql, book);
    });
  return {
    account,
    async hold(amount) {
      const holdId = newId("hold");
      const request = { ...links, holdId, debit: account, credit: network, amount };
      await inBook((book, by) => posted(book.openHold(by, { ...request, expiresAt: null })));
      return holdId;
    },
    force: (amount) => {
      const forced = { ...links, kind: "forced_debit", debit: account, credit: network } as const;
      return inBook((book, by) => posted(book.forcedDebit(by, { ...forced, amount })));
    },
    refund: (amount) => {
      const refund = { ...links, kind: "refund", debit: network, credit: account } as const;
      return inBook((book, by) => posted(book.post(by, [{ ...refund, amount }])));
    },
    capture: (id, amount) => {
      const holdId = id as `hold_${string}`;
      return inBook(
        (book, by) => posted(book.captureHold(by, { holdId, amount, final: true })),
        [id],
      );
    },
    release: (id) => {
      const holdId = id as `hold_${string}`;
      return inBook((book, by) => posted(book.releaseHold(by, { holdId, amount: "all" })), [id]);
    },
  };
}
