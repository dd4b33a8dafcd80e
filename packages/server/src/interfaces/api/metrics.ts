import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PoolLoad } from "../../foundation/database/database.ts";

/** What the server counts and measures, for Prometheus. Names end in their unit. */
export type Metrics = ReturnType<typeof createMetrics>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64];

/** Makes the meters of one server. `processDefaults` adds those of the process: one server has them. */
export function createMetrics(processDefaults = false) {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  if (processDefaults) collectDefaultMetrics({ register });
  const pools = new Map<string, () => PoolLoad>();
  return {
    register,
    /** Pools of connections by name, each with what tells its load. */
    pools,
    connections: new Gauge({
      name: "cardwright_database_connections",
      help: "Connections to the database: open, idle; and requests that wait for one.",
      labelNames: ["pool", "state"],
      registers,
      collect() {
        for (const [pool, load] of pools) {
          for (const [state, count] of Object.entries(load())) this.set({ pool, state }, count);
        }
      },
    }),
    httpDuration: new Histogram({
      name: "cardwright_http_request_duration_seconds",
      help: "Time from the headers of a request to the end of its answer.",
      labelNames: ["route", "status"],
      buckets: SECONDS,
      registers,
    }),
    transactions: new Counter({
      name: "cardwright_transactions_total",
      help: "Transactions of actions: committed, refused, failed, or unavailable.",
      labelNames: ["kind", "result"],
      registers,
    }),
    batchSize: new Histogram({
      name: "cardwright_batch_size",
      help: "Requests that were decided together in one transaction.",
      labelNames: ["lane"],
      buckets: SIZES,
      registers,
    }),
    laneQueued: new Gauge({
      name: "cardwright_lane_queued",
      help: "Requests that wait for their batch.",
      labelNames: ["lane"],
      registers,
    }),
    laneRefused: new Counter({
      name: "cardwright_lane_refused_total",
      help: "Requests answered 503 at once because their lane was full or late.",
      labelNames: ["lane"],
      registers,
    }),
    providerRequests: new Counter({
      name: "cardwright_provider_requests_total",
      help: "What was asked of providers outside: done, refused, or down.",
      labelNames: ["provider", "result"],
      registers,
    }),
    failedLogins: new Counter({
      name: "cardwright_failed_logins_total",
      help: "Requests without a valid API key.",
      registers,
    }),
  };
}
