import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, openDatabase } from "../../src/foundation/database/database.ts";
import { leftToDo } from "./reckoning.ts";

/** Looks as the server's own role does, and is gone after it: beside a dead server nobody may be connected. */
export async function inDatabase<T>(
  url: string,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase({ url, role: "cardwright_app", maxConnections: 4 });
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** Waits until nothing is due and nothing waits. */
export const quiet = (url: string): Promise<void> =>
  inDatabase(url, async (database) => {
    for (let waitedMs = 0; ; waitedMs += 50) {
      const left = await leftToDo({ url, database });
      if (left.length === 0) return;
      assert.ok(waitedMs < 60_000, `not quiet: ${left.join(", ")}`);
      await sleep(50);
    }
  });
