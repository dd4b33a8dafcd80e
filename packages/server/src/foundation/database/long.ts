import { setTimeout } from "node:timers/promises";
import { steadyMs } from "../clock/clock.ts";
import { generalErrors } from "../errors/errors.ts";
import type { Database } from "./database.ts";
import { sqlState } from "./errors.ts";
import { type Sql, statement } from "./sql.ts";

/** The first half of the advisory lock of long reads: "CWLR" in ASCII. */
const LOCK_CLASS = 0x43574c52;

/** Memory of one sort or hash of a long read: what is larger goes through the disk. */
const SORT_MEMORY = "64MB";

/** How long a long read waits for its turn, and how often it asks; it holds no connection meanwhile. */
const TURN_WAIT_MS = 5_000;
const TURN_POLL_MS = 100;

/** SQLSTATE of a statement that ran into its timeout. */
const CANCELLED = "57014";

/** Plans for these values and not for any: a whole journal is read otherwise than a page of it. */
const begin = statement(
  "database.beginLongRead",
  `select set_config('statement_timeout', $1, true), set_config('work_mem', '${SORT_MEMORY}', true),
     set_config('plan_cache_mode', 'force_custom_plan', true),
     pg_try_advisory_xact_lock(${LOCK_CLASS}, 1) as taken`,
);

/**
 * Runs reads that go through all of an organization's rows, with more time for each statement than
 * requests have, and one at a time over all processes: two would only make each other slow.
 *
 * @param timeoutMs longest run of one statement, ms.
 * @throws Refusal `unavailable` when its turn does not come in five seconds, and when a statement takes
 *   longer.
 */
export async function readLong<T>(
  database: Database,
  timeoutMs: number,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const patienceEndsMs = steadyMs() + TURN_WAIT_MS;
  for (;;) {
    const done = await tryRead(database, timeoutMs, work);
    if (done !== null) return done.value;
    if (steadyMs() > patienceEndsMs) throw busy();
    await setTimeout(TURN_POLL_MS);
  }
}

/** Null where another long read runs. */
async function tryRead<T>(
  database: Database,
  timeoutMs: number,
  work: (sql: Sql) => Promise<T>,
): Promise<{ readonly value: T } | null> {
  try {
    return await database.transaction(async (sql) => {
      const [begun] = await sql.query<{ taken: boolean }>(begin, [String(timeoutMs)]);
      return begun?.taken ? { value: await work(sql) } : null;
    });
  } catch (error) {
    throw sqlState((error as { cause?: unknown }).cause) === CANCELLED ? tooLong(timeoutMs) : error;
  }
}

const busy = () =>
  generalErrors.refusal("unavailable", "Another check of whole books is running.", {
    retryAfterS: 10,
  });

const tooLong = (timeoutMs: number) =>
  generalErrors.refusal(
    "unavailable",
    `A step took longer than the ${timeoutMs / 1_000} s that a request has for it; the operator's command has no such end.`,
    { retryAfterS: 600 },
  );
