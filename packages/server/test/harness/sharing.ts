import { setTimeout as sleep } from "node:timers/promises";
import type { Database, Transaction } from "../../src/foundation/database/database.ts";

/** Transactions that share something one over the other, so that at no moment nobody does. */
export type Sharing = { readonly begun: Promise<unknown>; end(): Promise<void> };

/** Each holds what `share` locks for 90 ms, and one begins every 30 ms. */
export function keepShared(
  database: Database,
  share: (sql: Transaction) => Promise<unknown>,
): Sharing {
  let isOver = false;
  const one = async (): Promise<void> => {
    while (!isOver) {
      await database.transaction(async (sql) => {
        await share(sql);
        await sleep(90);
      });
    }
  };
  const all = [0, 30, 60].map((delay) => sleep(delay).then(one));
  return {
    begun: sleep(200),
    end: async () => {
      isOver = true;
      await Promise.all(all);
    },
  };
}
