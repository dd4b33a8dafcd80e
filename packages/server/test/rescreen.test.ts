import assert from "node:assert/strict";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { customerJobs } from "../src/issuing/customers/jobs.ts";
import { load } from "../src/issuing/screening/fixture.ts";
import { madeEntries, madeName, numbers } from "../src/issuing/screening/rules/fixture.ts";
import { asOwner } from "./harness/database.ts";
import { runJob } from "./harness/jobs.ts";
import { startTestServer } from "./harness/server.ts";

/** A whole re-screen, killed on its way: `npm run prove -- rescreen --long` does it with 100,000 customers. */
const long = process.env.CW_PROVE_LONG === "1";
const CUSTOMERS = long ? 100_000 : 300;
const ENTRIES = long ? 50_000 : 500;

/** Every one of so many is on the list. */
const LISTED = 50;

const entries = madeEntries(ENTRIES);
const sure = entries.filter(({ births }) => births.length === 0);
const listedNames = Array.from(
  { length: CUSTOMERS },
  (_, at) => sure[at % sure.length]?.names[0]?.text ?? "",
);

const server = await startTestServer();
const { app, url } = server.database;
const own = await server.newOrganization();
const rescreen = customerJobs.find(({ name }) => name === "customers.rescreen");
assert.ok(rescreen);
const { together, findDue } = rescreen;

/** What is found at once. */
const PAGE = long ? 1_000 : 100;

/** Most of the heap that the customers of a re-screen may take beside the index, whatever their number, MB. */
const BESIDE_MB = 150;

// What is garbage by now takes none of it.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const heapMb = () => {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** Customers as they lie in their rows: creating so many over HTTP would time that instead. */
async function furnish(): Promise<void> {
  const draw = numbers(7);
  for (let at = 0; at < CUSTOMERS; at += 1_000) {
    const ids = Array.from(
      { length: Math.min(1_000, CUSTOMERS - at) },
      (_, more) => `cus_${String(at + more).padStart(26, "0")}`,
    );
    const names = ids.map((_, place) =>
      (at + place) % LISTED === 0 ? (listedNames[at + place] ?? "") : madeName(draw),
    );
    await asOwner(
      url,
      `insert into customers (organization_id, id, type, level, status, status_at, first_name, last_name,
         birth_date, evidence, version, created_at)
       select $1, id, 'individual', 'minimum', 'active', now(), split_part(name, ' ', 1),
         substr(name, strpos(name, ' ') + 1), '1970-01-02', '{}', 1, now()
       from unnest($2::text[], $3::text[]) as t (id, name)`,
      [own.id, ids, names],
    );
  }
}

const behind = async () => {
  const [row] = await asOwner<{ count: string }>(
    url,
    "select count(*) from customers where screened_version < (select max(version) from screening_lists)",
  );
  return Number(row?.count);
};

/** A page of what is due, group by group, as the scheduler does it. @returns how many it did */
async function some(meanwhile?: () => Promise<void>): Promise<number> {
  const due = await findDue(app, { after: null, limit: PAGE });
  let done = 0;
  for (let at = 0; at < due.length; at += together) {
    const ids = due.slice(at, at + together).map(({ id }) => id);
    done += rescreen ? await runJob(server, rescreen, own.id, ids, meanwhile) : 0;
  }
  return done;
}

test("a re-screen that is killed on its way goes on where it was, in bounded memory, and nobody is left out", async (t) => {
  await furnish();
  await load(app, entries);
  const killed = () => Promise.reject(new Error("killed"));
  await assert.rejects(some(killed), /killed/);
  assert.equal(await behind(), CUSTOMERS, "what was not committed was not screened");
  const before = heapMb();
  const start = performance.now();
  let done = await some();
  await assert.rejects(some(killed), /killed/);
  let most = 0;
  for (let more = await some(); more > 0; more = await some()) {
    done += more;
    most = Math.max(most, heapMb());
  }
  const seconds = (performance.now() - start) / 1_000;
  assert.equal(done, CUSTOMERS, "each once");
  assert.equal(await behind(), 0);
  const [{ held } = { held: 0 }] = await asOwner<{ held: number }>(
    url,
    "select count(*)::integer as held from customers where status = 'on_hold'",
  );
  const [{ subjects } = { subjects: 0 }] = await asOwner<{ subjects: number }>(
    url,
    "select count(distinct subject_id)::integer as subjects from screening_hits",
  );
  assert.equal(held, subjects, "on hold are those who have a hit");
  assert.ok(held >= CUSTOMERS / LISTED, `${held} are on hold, of whom every one listed`);
  assert.ok(most - before < BESIDE_MB, `${most - before} MB more`);
  t.diagnostic(
    `${CUSTOMERS} customers against ${ENTRIES} entries in ${seconds.toFixed(1)} s, one group of ` +
      `${together} after the other; ${held} on hold; ${Math.max(0, most - before).toFixed(0)} MB more than the index`,
  );
});
