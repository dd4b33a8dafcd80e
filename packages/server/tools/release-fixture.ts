import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/foundation/database/embedded/index.ts";
import {
  newServerFolder,
  removeFolder,
  startProcess,
  stopProcess,
} from "../test/harness/process.ts";
import { type Filling, fillFirstRelease } from "../test/upgrade/0014.ts";
import { dumpData } from "../test/upgrade/dump.ts";
import { fixtureKeys } from "../test/upgrade/keys.ts";

/**
 * `node start.mjs fixture <checkout of the release> <its last migration, such as 0014>`: starts the server of
 * an earlier release (its dependencies installed) on an empty database, fills it over HTTP and writes
 * what came of it to `test/upgrade/<name>.sql.gz`: the release's grants, and all rows.
 */
const fills: Readonly<Record<string, (filling: Filling) => Promise<void>>> = {
  "0014": fillFirstRelease,
};

const [checkout = "", name = ""] = process.argv.slice(2);
const fill = fills[name];
if (fill === undefined) {
  const names = Object.keys(fills).join(", ");
  console.error(`Give the checkout of a release and its last migration, one of: ${names}.`);
  process.exit(2);
}
const server = path.resolve(checkout, "packages/server");

const folder = await newServerFolder();
const postgres = await startEmbeddedPostgres({ folder, settings: {}, log: () => undefined });
try {
  const grants = await readFile(path.join(server, "migrations/grants.sql"), "utf8");
  const data = await fillAndDump(postgres.url, fill);
  const heading = "-- Data of an earlier release, made by its server: see CONTRIBUTING.";
  const file = new URL(`../test/upgrade/${name}.sql.gz`, import.meta.url);
  await writeFile(file, gzipSync(`${heading}\n\n${grants}\n${data}`, { level: 9 }));
} finally {
  await postgres.stop();
  await removeFolder(folder);
}

async function fillAndDump(
  url: string,
  fill: (filling: Filling) => Promise<void>,
): Promise<string> {
  const environment = { DATABASE_URL: url, CARDWRIGHT_KEYS: fixtureKeys() };
  const main = path.join(server, "src/main.ts");
  const running = await startProcess(folder, environment, [], main);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const advance = async (organizationId: string, day: string): Promise<void> => {
      await client.query(
        `insert into organization_clocks (organization_id, offset_ms) values
           ($1, ceil(extract(epoch from $2::timestamptz - now()) * 1000))
         on conflict (organization_id) do update set offset_ms = excluded.offset_ms`,
        [organizationId, `${day}T12:00:00Z`],
      );
    };
    await fill({ ...running.facts, advance });
    await waitSequenced(client);
    await stopProcess(running);
    return await dumpData(client);
  } finally {
    await stopProcess(running);
    await client.end();
  }
}

async function waitSequenced(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ waiting: string }>(
      "select (select count(*) from record_queue) + (select count(*) from event_queue) as waiting",
    );
    if (rows[0]?.waiting === "0") return;
    await sleep(50);
  }
}
