import assert from "node:assert/strict";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { jobs } from "../src/interfaces/worker/jobs.ts";
import { type Ask, askForLooks, asking, DAY_MS } from "./crash/estate.ts";
import { requireWhole, untilAlone } from "./crash/halves.ts";
import { newName } from "./crash/lives.ts";
import { inDatabase, quiet } from "./crash/quiet.ts";
import { reckonLaws } from "./crash/reckoning.ts";
import { asOwner, cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  ended,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
  stopProcess,
} from "./harness/process.ts";
import { type Dice, dice, extent, proofSeed } from "./harness/proof.ts";

/**
 * In each round the cards of one country are announced, those of a second blocked and those of a third lifted,
 * and a program begins to grant by itself what many wait for: all of it due at once, over two organizations, while the
 * server is killed again and again. Once all is quiet each card was told and blocked once.
 */
const ROUNDS = extent(1, 30);
const KILLS = 5;
/** Customers of each country in each organization, and cards of each. */
const CUSTOMERS = extent(20, 100);
const CARDS_EACH = 3;
const DAYS = 5;
const countries = ["BFA", "BGD", "AGO"] as const;
type Country = (typeof countries)[number];

const seeded: Dice = dice(proofSeed());
const strike = fileURLToPath(new URL("./crash/strike.ts", import.meta.url));
/** Where it is killed, and from which time on until which. */
const steps = [
  ["after any write", 10, 150],
  ["before commit", 3, 25],
  ["after commit, before the answer", 3, 25],
] as const;

const folder = await newServerFolder();
const url = await cloneTemplate();
let server: ServerProcess | null = null;
after(async () => {
  if (server !== null) await stopProcess(server);
  await removeFolder(folder);
  await dropDatabase(url);
});

const start = (more: Readonly<Record<string, string>> = {}, options: readonly string[] = []) =>
  startProcess(folder, { DATABASE_URL: url, ...more }, options);

/** How far the cards of a country are, and how often they came to each move. */
type Course = {
  ruleId: string | null;
  readonly moves: { announced: number; blocked: number; lifted: number };
};
const courseOf = new Map<Country, Course>(
  countries.map((country) => [
    country,
    { ruleId: null, moves: { announced: 0, blocked: 0, lifted: 0 } },
  ]),
);

test("C2: killed again and again while rules announce, block, lift and grant for hundreds, each is done and told once", async (t) => {
  const places = await furnish();
  for (let round = 0; round < ROUNDS; round += 1) {
    server ??= await start();
    const gated = await makeDue(server, places, round);
    await killAtWork();
    server = await start();
    await askForLooks(url);
    await quiet(url);
    await requireWhole(url);
    await reckonCourses();
    await reckonGrants(gated);
  }
  await inDatabase(url, (database) => reckonLaws(database, []));
  t.diagnostic(`due after each kill: ${found.join(" ")}`);
  const inTheMidst = found.filter((due, at) => due > 0 && at % KILLS > 0 && due !== found[at - 1]);
  assert.ok(inTheMidst.length >= ROUNDS, `only ${inTheMidst.length} kills met jobs at work`);
});

/** How much was due after each kill. */
const found: number[] = [];

/** Kills the server that runs, then each that is started, in the midst of what its jobs do. */
async function killAtWork(): Promise<void> {
  let running = server;
  for (let kill = 0; kill < KILLS; kill += 1) {
    if (kill > 0) {
      await askForLooks(url);
      const [step, first, last] = seeded.pick<(typeof steps)[number]>(steps);
      const at = { CW_STRIKE: `${step}@${first + seeded.roll(last - first)}` };
      running = await start(at, ["--import", strike]).catch(() => null);
      if (running !== null) await Promise.race([ended(running), sleep(1_500)]);
    }
    running?.child.kill("SIGKILL");
    if (running !== null) await ended(running);
    await untilAlone(url);
    await requireWhole(url);
    found.push(await countDue());
  }
}

/** What is known of the estate whichever server runs. */
type Places = {
  readonly keys: readonly string[];
  readonly program: string;
  readonly customers: readonly (readonly string[])[];
};

const terms = { model: "card", brand: "private", bin: "99990300", panLength: 16, currency: "EUR" };
const shared = { ...terms, availability: "all", requiresCustomer: true };

/** Two organizations with customers of three countries and their cards; one country's are announced, one's blocked. */
async function furnish(): Promise<Places> {
  server = await start();
  const { facts } = server;
  const platform = asking(facts, facts.platformKey);
  const second = await platform("POST", "organizations", { name: "Second", currencies: ["EUR"] });
  const keys = [facts.apiKey, second.apiKey];
  const { id: program } = await platform("POST", "card-programs", { name: "Open", ...shared });
  const customers = await Promise.all(
    keys.map((key) => makeCustomers(asking(facts, key), program)),
  );
  await quiet(url);
  const [, next, last] = countries;
  await restrict(platform, next, DAYS);
  await restrict(platform, last, 0);
  await quiet(url);
  note(next, "announced");
  note(last, "announced");
  note(last, "blocked");
  await requireWhole(url);
  await reckonCourses();
  return { keys, program, customers };
}

/** Of each country as many; each has three cards. */
async function makeCustomers(own: Ask, typeId: string): Promise<string[]> {
  const wanted = countries.flatMap((nationality) =>
    Array.from({ length: CUSTOMERS }, () => nationality),
  );
  const person = { type: "individual", level: "minimum", birthDate: "1990-05-17" };
  const ids = await together(wanted, async (nationality) => {
    const name = { firstName: "Ada", lastName: newName() };
    return (await own("POST", "customers", { ...person, ...name, nationality })).id as string;
  });
  const rows = ids.flatMap((customerId) =>
    Array.from({ length: CARDS_EACH }, () => ({ typeId, customerId, initialBalance: 0 })),
  );
  await own("POST", "cards/batches", { rows });
  return ids;
}

/** Does it for all, some at a time. */
async function together<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < items.length; at += 16) {
    done.push(...(await Promise.all(items.slice(at, at + 16).map(act))));
  }
  return done;
}

const courseFor = (country: Country): Course => {
  const course = courseOf.get(country);
  assert.ok(course);
  return course;
};

const note = (country: Country, move: keyof Course["moves"]): void => {
  courseFor(country).moves[move] += 1;
};

async function restrict(platform: Ask, country: Country, windDownDays: number): Promise<void> {
  const body = { subject: "nationality", countries: [country], reasonCode: "embargo" };
  const { id } = await platform("POST", "compliance-rules", { ...body, windDownDays });
  courseFor(country).ruleId = id;
}

/** Has everything due at once. @returns the program whose access is granted by itself from now on */
async function makeDue({ facts }: ServerProcess, places: Places, round: number): Promise<string> {
  const platform = asking(facts, facts.platformKey);
  const gates = { name: `Gated ${round}`, ...shared, requiresAccess: true };
  const { id: gated } = await platform("POST", "card-programs", gates);
  for (const [at, key] of places.keys.entries()) {
    const own = asking(facts, key);
    await together(places.customers[at] ?? [], (id) =>
      own("POST", `customers/${id}/access-requests`, { product: "cards", typeId: gated }),
    );
  }
  await asOwner(
    url,
    `insert into organization_clocks select organization_id, $1::bigint from customers group by 1
     on conflict (organization_id) do update
       set offset_ms = organization_clocks.offset_ms + excluded.offset_ms`,
    [(DAYS + 1) * DAY_MS],
  );
  for (const [at, country] of countries.entries()) {
    const phase = (at + round) % countries.length;
    if (phase === 0) await restrict(platform, country, DAYS);
    const { ruleId } = courseFor(country);
    if (phase === 2) await platform("POST", `compliance-rules/${ruleId}/end`, {});
    note(country, (["announced", "blocked", "lifted"] as const)[phase] ?? "lifted");
  }
  await platform("PATCH", `card-programs/${gated}`, {
    accessGrant: "automatic",
    accessRule: { minimumLevel: "minimum" },
  });
  await askForLooks(url);
  return gated;
}

/** Of each card it was told and done as often as its country's turn came. */
async function reckonCourses(): Promise<void> {
  for (const country of countries) {
    const { announced, blocked, lifted } = courseFor(country).moves;
    const rows = await asOwner<Record<string, number>>(
      url,
      `with told as (
         select w.card_id, e.type from card_wind_downs w
         join events e on e.organization_id = w.organization_id and e.object_id = w.id)
       select count(t.type) filter (where t.type = 'wind_down.announced')::integer as announced,
         count(t.type) filter (where t.type = 'wind_down.blocked')::integer as blocked,
         count(t.type) filter (where t.type = 'wind_down.lifted')::integer as lifted,
         (select count(*)::integer from card_restrictions r where r.card_id = k.id) as restricted,
         (select count(*)::integer from card_restrictions r where r.card_id = k.id
           and r.lifted_at is not null) as released
       from customers c join cards k
         on k.organization_id = c.organization_id and k.customer_id = c.id
       left join told t on t.card_id = k.id
       where c.nationality = $1 group by k.id`,
      [country],
    );
    assert.equal(rows.length, 2 * CUSTOMERS * CARDS_EACH);
    const expected = { announced, blocked, lifted, restricted: blocked, released: lifted };
    for (const row of rows) assert.deepEqual(row, expected, `a card of ${country}`);
  }
}

/** Each that waited was granted once, by the rule, and told. */
async function reckonGrants(program: string): Promise<void> {
  const rows = await asOwner<Record<string, string>>(
    url,
    `select a.status, a.version, a.decided_by_kind as by,
       (select count(*)::integer from events e where e.organization_id = a.organization_id
         and e.object_id = a.id and e.type = 'access.granted') as told
     from access_requests a where a.program_id = $1`,
    [program],
  );
  assert.equal(rows.length, 2 * countries.length * CUSTOMERS);
  const expected = { status: "granted", version: "2", by: "system", told: 1 };
  for (const row of rows) assert.deepEqual(row, expected);
}

const countDue = () =>
  inDatabase(url, async (database) => {
    const page = { after: null, limit: 1_000 };
    const due = await Promise.all(jobs.map((job) => job.findDue(database, page)));
    return due.reduce((sum, { length }) => sum + length, 0);
  });
