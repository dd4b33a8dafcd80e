import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** PostgreSQL's own benchmark, TPC-B, as the measure of what this machine's database can do. */

const run = promisify(execFile);

/** Where Debian and its kin put the binaries of each PostgreSQL release. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";

export const HOW_TO_INSTALL =
  "pgbench was not found on PATH or in /usr/lib/postgresql/*/bin. It comes with PostgreSQL: " +
  "`apt-get install postgresql` on Debian and Ubuntu (any version from 14 on; it need not run), " +
  "`brew install postgresql` on macOS.";

/** The newest pgbench of this machine, or null. */
export function findPgbench(): string | null {
  const onPath = (process.env.PATH ?? "").split(path.delimiter);
  const debian = existsSync(DEBIAN_FOLDER)
    ? readdirSync(DEBIAN_FOLDER)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => path.join(DEBIAN_FOLDER, version, "bin"))
    : [];
  const candidates = [...debian, ...onPath].map((folder) => path.join(folder, "pgbench"));
  return candidates.find((file) => existsSync(file)) ?? null;
}

/** Makes and fills the tables of TPC-B; one unit of scale is 100,000 accounts. */
export async function preparePgbench(pgbench: string, url: string, scale: number): Promise<void> {
  await run(pgbench, ["--initialize", "--quiet", "--scale", String(scale), url], {
    maxBuffer: 1 << 24,
  });
}

/** What it tells is the mean latency; it stands where others have their median. */
export type PgbenchPoint = { readonly perSecond: number; readonly p50Ms: number };

/** Runs TPC-B (prepared statements) with a number of clients. */
export async function runPgbench(
  pgbench: string,
  url: string,
  clients: number,
  seconds: number,
): Promise<PgbenchPoint> {
  const threads = Math.min(clients, 2);
  const { stdout } = await run(pgbench, [
    "--no-vacuum",
    "--protocol=prepared",
    `--client=${clients}`,
    `--jobs=${threads}`,
    `--time=${seconds}`,
    url,
  ]);
  const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  const meanMs = Number(/latency average = ([\d.]+) ms/.exec(stdout)?.[1]);
  if (Number.isNaN(perSecond)) throw new Error(`pgbench said something else:\n${stdout}`);
  return { perSecond, p50Ms: meanMs };
}
