import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../../foundation/clock/clock.ts";
import type { Database } from "../../foundation/database/database.ts";
import { statement } from "../../foundation/database/sql.ts";
import type { Readiness } from "../api/context.ts";

const ping = statement("installation.ping", "select 1");

/** Longest wait for the database's sign of life, ms. */
const PING_TIMEOUT_MS = 2_000;
/** How long an answer is good, ms: many may ask. */
const FRESH_MS = 500;
/** From this lag on the sequencer is a warning, s. */
const LATE_S = 10;

export type ReadinessOptions = {
  readonly database: Database;
  readonly stopping: AbortSignal;
  lagMs(): number;
  /** The jobs that are far behind, in words. */
  lateJobs(): readonly string[];
  /** What is known of the lists to screen against, in words. */
  lists(): readonly string[];
  /** What is known of the providers that review customers, in words. */
  providers(): readonly string[];
  /** What is known since the start. */
  readonly warnings: readonly string[];
};

/** Tells whether requests are served. Migrations are done before anything listens. */
export function readinessOf(options: ReadinessOptions): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly alive: Promise<boolean> } | null = null;
  return async () => {
    const nowMs = steadyMs();
    if (last === null || nowMs - last.atMs > FRESH_MS) {
      last = { atMs: nowMs, alive: isAlive(options.database) };
    }
    const alive = await last.alive;
    const lagS = Math.round(options.lagMs() / 1_000);
    const stopping = options.stopping.aborted;
    const late = lagS < LATE_S ? [] : [`The sequencer is ${lagS} s behind.`];
    const lateJobs = options.lateJobs();
    return {
      ready: alive && !stopping,
      checks: {
        server: stopping ? "stopping" : "ok",
        database: alive ? "ok" : "away",
        migrations: "ok",
        sequencer: lagS < LATE_S ? "ok" : "late",
        jobs: lateJobs.length === 0 ? "ok" : "late",
      },
      warnings: [
        ...options.warnings,
        ...late,
        ...lateJobs,
        ...options.lists(),
        ...options.providers(),
      ],
    };
  };
}

async function isAlive(database: Database): Promise<boolean> {
  const answer = database.query(ping).then(
    () => true,
    () => false,
  );
  const timeout = new AbortController();
  const late = delay(PING_TIMEOUT_MS, false, { signal: timeout.signal }).catch(() => false);
  const alive = await Promise.race([answer, late]);
  timeout.abort();
  return alive;
}
