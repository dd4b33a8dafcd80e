import { fork } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/foundation/database/embedded/index.ts";
import {
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "../test/harness/process.ts";
import type { LoadPlan, LoadReport } from "./load.ts";
import { findPgbench, HOW_TO_INSTALL, preparePgbench, runPgbench } from "./pgbench.ts";
import {
  BATCH,
  countRows,
  drained,
  findBreaches,
  issueBatch,
  makeWorld,
  type Series,
  type World,
} from "./world.ts";

/**
 * `npm run bench`: how many transfers and cards a second the whole server does over HTTP, durable,
 * beside what pgbench's TPC-B does on the same database server in the same run. Interleaved rounds,
 * medians; speed never fails it, a wrong book does. Flags: `--long`; `--only=<text of the series' name>`.
 */

const long = process.argv.includes("--long");
const only = process.argv.find((word) => word.startsWith("--only="))?.slice("--only=".length);
const rounds = long ? 5 : 3;
const seconds = long ? 15 : 3;
const scale = long ? 50 : 10;
const inFlight = [1, 16, 64] as const;
const WARM_UP_MS = 1_500;
/** Rows of a measured batch, and of the one that warms up. */
const BATCH_ROWS = 1_000;
const BATCH_WARM_UP_ROWS = 200;

/** One measured point of one round. */
type Point = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number | null };

/** Points by series and number in flight. */
type Results = Map<string, Map<number, Point[]>>;

const PGBENCH = "pgbench TPC-B";

/** What was started; ended in reverse order, also when the run is interrupted. */
const started = new AsyncDisposableStack();

async function main(): Promise<void> {
  const pgbench = findPgbench();
  if (pgbench === null) console.log(`${HOW_TO_INSTALL}\nWithout it there are no ratios.\n`);
  const { server, watch, databaseUrl } = await start();
  await describeMachine(watch);
  const pgbenchUrl = pgbench === null ? null : await preparedPgbench(pgbench, databaseUrl);
  const baseline = (clients: number) =>
    pgbench === null || pgbenchUrl === null
      ? null
      : runPgbench(pgbench, pgbenchUrl, clients, seconds);
  process.exitCode = (await measure(server, watch, baseline)) ? 0 : 1;
}

/** A database server with fsync on in a folder of its own, the real server on it, and a look beside. */
async function start() {
  const folder = await newServerFolder();
  started.defer(() => removeFolder(folder));
  const database = await startEmbeddedPostgres({ folder, log: () => undefined });
  started.defer(() => rm(path.dirname(database.dataFolder), { recursive: true, force: true }));
  started.defer(() => database.stop());
  const server = await startProcess(path.join(folder, "server"), { DATABASE_URL: database.url });
  started.defer(() => stopProcess(server));
  const watch = new pg.Client({ connectionString: database.url });
  await watch.connect();
  started.defer(() => watch.end());
  return { server, watch, databaseUrl: database.url };
}

async function preparedPgbench(pgbench: string, serverUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query("create database pgbench");
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = "/pgbench";
  await preparePgbench(pgbench, url.href, scale);
  return url.href;
}

type Baseline = (
  clients: number,
) => Promise<{ readonly perSecond: number; readonly p50Ms: number }> | null;

/** @returns whether the books are right afterwards. */
async function measure(
  server: ServerProcess,
  watch: pg.Client,
  baseline: Baseline,
): Promise<boolean> {
  const world = await makeWorld(server);
  const series = world.series.filter(({ name }) => only === undefined || name.includes(only));
  const load = fork(fileURLToPath(new URL("load.ts", import.meta.url)));
  started.defer(() => void load.kill());
  const before = await countRows(watch);
  const acknowledged = { transfers: 0, cards: 0 };
  const results: Results = new Map();
  const backlogsMs: number[] = [];
  let plans = 0;
  const point = async (each: Series, count: number, ms = seconds * 1000): Promise<Point> => {
    const report = await generate(load, planOf(world, each, count, ms, `${plans++}-`));
    const done = report.done.reduce((sum, one) => sum + one, 0);
    acknowledged[each.counts] += done;
    warnOfRefusals(each, report);
    return { ...report, perSecond: (done * 1000) / report.elapsedMs };
  };
  const withBatch = only === undefined || BATCH.includes(only);
  const batch = async (rows: number): Promise<Point> => {
    const tookMs = await issueBatch(server, watch, world, rows);
    acknowledged.cards += rows;
    return { perSecond: (rows * 1000) / tookMs, p50Ms: tookMs, p99Ms: null };
  };
  if (withBatch) await batch(BATCH_WARM_UP_ROWS);
  await warmUp(series, watch, point);
  for (let round = 0; round < rounds; round += 1) {
    for (const each of [null, ...series]) {
      for (const count of inFlight) {
        if (each === null) {
          const point = await baseline(count);
          if (point !== null) keep(results, PGBENCH, count, { ...point, p99Ms: null });
          continue;
        }
        keep(results, each.name, count, await point(each, count));
        backlogsMs.push(await drained(watch));
      }
    }
    if (!withBatch) continue;
    keep(results, BATCH, 1, await batch(BATCH_ROWS));
    backlogsMs.push(await drained(watch));
  }
  printResults(results);
  printBacklogs(backlogsMs);
  return check(server, world, watch, before, acknowledged);
}

/**
 * Compiles what is hot and fills the tables a little; then the planner is told their sizes, as pgbench does
 * after filling its own. On a young database autovacuum tells it within a minute.
 */
async function warmUp(
  series: readonly Series[],
  watch: pg.Client,
  point: (each: Series, count: number, ms: number) => Promise<Point>,
): Promise<void> {
  for (const each of series) await point(each, 64, WARM_UP_MS);
  await drained(watch);
  await watch.query("analyze");
}

function planOf(
  { host, port }: World,
  { targets }: Series,
  inFlight: number,
  durationMs: number,
  prefix: string,
): LoadPlan {
  return { host, port, targets, prefix, inFlight, durationMs };
}

async function generate(load: ReturnType<typeof fork>, plan: LoadPlan): Promise<LoadReport> {
  load.send(plan);
  const [answer] = (await once(load, "message")) as [LoadReport | { failed: string }];
  if ("failed" in answer) throw new Error(`The load generator failed: ${answer.failed}`);
  return answer;
}

function keep(results: Results, name: string, count: number, point: Point): void {
  const series = results.get(name) ?? new Map<number, Point[]>();
  results.set(name, series.set(count, [...(series.get(count) ?? []), point]));
}

function warnOfRefusals({ name }: Series, { refused }: LoadReport): void {
  for (const [what, times] of Object.entries(refused)) {
    console.log(`${name}: ${times} × ${what}`);
  }
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** Prints a line for each series: rate, ratio to pgbench's best point, latencies. */
function printResults(results: Results): void {
  const best = Math.max(...inFlight.map((count) => rateOf(results.get(PGBENCH)?.get(count))));
  console.log(
    `\nMedians of ${rounds} interleaved rounds of ${seconds} s a point; in flight: ${inFlight.join(", ")}.`,
  );
  console.log(
    "A second (ratio to pgbench's best point; p50 / p99 in ms, of pgbench the mean, of a batch of " +
      `${BATCH_ROWS} the whole):\n`,
  );
  for (const [name, series] of results) {
    const cells = inFlight.map((count) => {
      const points = series.get(count);
      return (points === undefined ? "" : showPoints(points, best)).padEnd(34);
    });
    console.log(`${name.padEnd(42)}${cells.join("").trimEnd()}`);
  }
}

const rateOf = (points: readonly Point[] = []): number =>
  points.length === 0 ? 0 : median(points.map(({ perSecond }) => perSecond));

function showPoints(points: readonly Point[], best: number): string {
  const rate = rateOf(points);
  const p99s = points.flatMap(({ p99Ms }) => p99Ms ?? []);
  const latencies = [points.map(({ p50Ms }) => p50Ms), p99s].filter(({ length }) => length > 0);
  const shown = latencies.map((values) => median(values).toFixed(1)).join(" / ");
  const ratio = best > 0 ? (rate / best).toFixed(2) : "–";
  return `${Math.round(rate).toString().padStart(6)} (${ratio}; ${shown})`;
}

function printBacklogs(backlogsMs: readonly number[]): void {
  console.log(
    `\nAfter each point the sequencer had sealed everything in ${median(backlogsMs).toFixed(0)} ms ` +
      `(median), ${Math.max(...backlogsMs).toFixed(0)} ms at most.`,
  );
}

/** Counts what was acknowledged against what is there, and checks the laws of the ledger. */
async function check(
  server: ServerProcess,
  world: World,
  watch: pg.Client,
  before: Record<Series["counts"], number>,
  acknowledged: Record<Series["counts"], number>,
): Promise<boolean> {
  const after = await countRows(watch);
  const wrong = await findBreaches(server, world);
  for (const what of ["transfers", "cards"] as const) {
    const written = after[what] - before[what];
    console.log(`${what}: ${acknowledged[what]} acknowledged, ${written} written.`);
    if (written !== acknowledged[what]) wrong.push(`${what} acknowledged and written differ.`);
  }
  for (const line of wrong) console.log(line);
  if (wrong.length === 0) console.log("The laws of the ledger hold in every organization.");
  return wrong.length === 0;
}

async function describeMachine(watch: pg.Client): Promise<void> {
  const { rows } = await watch.query(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as sync, current_setting('shared_buffers') as buffers`,
  );
  const [{ version, fsync, sync, buffers }] = rows;
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  console.log(
    `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${gigabytes} GB; Node ${process.version}; ` +
      `PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${sync}, shared_buffers ${buffers}; ` +
      `pgbench scale ${scale}.\nEverything, load generator included, shares these cores.`,
  );
}

let ending: Promise<void> | null = null;

function end(): Promise<void> {
  ending ??= started.disposeAsync().catch((error: unknown) => console.error(error));
  return ending;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void end().finally(() => process.exit(1)));
}
try {
  await main();
} catch (error) {
  // What was interrupted fails, too; that need not be told.
  if (ending === null) console.error(error);
  process.exitCode = 1;
}
await end();
