import type { Database } from "../../src/foundation/database/database.ts";
import type { OrganizationId } from "../../src/foundation/ids/ids.ts";
import { openBook, writeBook } from "../../src/records/ledger/actions.ts";
import type { AccountRef, Movement } from "../../src/records/ledger/model.ts";
import { posted } from "./ledger.ts";
import { inWork, testKeys } from "./work.ts";

/** Movements of one transaction: many at once are many times faster. */
const AT_ONCE = 2_000;

/**
 * Posts many movements on one account through the ledger: refunds of 3 and purchases of 2 in turn, which
 * leave half a unit a movement.
 */
export async function postMany(
  database: Database,
  organization: string,
  account: AccountRef,
  count: number,
): Promise<void> {
  const organizationId = organization as OrganizationId;
  const { currency } = account;
  const network: AccountRef = { type: "network_settlement", ownerId: organization, currency };
  const about = account.type === "card" ? { cardId: account.ownerId as `card_${string}` } : {};
  const refund: Movement = {
    ...about,
    kind: "refund",
    debit: network,
    credit: account,
    amount: 3n,
  };
  const purchase = { ...about, kind: "forced_debit", debit: account, credit: network } as const;
  const keys = testKeys();
  for (let done = 0; done < count; done += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - done);
    await inWork(database, organizationId, keys, async (work) => {
      const book = await openBook(work.sql, [{ organizationId, ref: account }]);
      for (let at = 0; at < size; at += 1) {
        const answer =
          at % 2 === 0
            ? book.post(work, [refund])
            : book.forcedDebit(work, { ...purchase, amount: 2n });
        posted(answer);
      }
      await writeBook(work.sql, book);
    });
  }
}
