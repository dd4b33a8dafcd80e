import assert from "node:assert/strict";
import test from "node:test";
import { asOwner, testDatabase } from "../../../../test/harness/database.ts";
import { inWork, testKeys } from "../../../../test/harness/work.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import { PLATFORM } from "../../../foundation/ids/ids.ts";
import { ListRefused } from "../errors.ts";
import { each, listed, load } from "../fixture.ts";
import { madeEntries } from "../rules/fixture.ts";
import { listsInForce, readLists } from "./lists.ts";
import { loadList } from "./load.ts";

const { app, url } = await testDatabase();

/** A process of its own: it has no index yet. */
const found = async (name: string, keys = testKeys()) => {
  const { search, version } = await listsInForce({ sql: app, keys });
  return { version, names: search({ name }).map((match) => match.name.text) };
};

const refused = (what: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ListRefused, String(error));
  assert.match(error.message, what);
  return true;
};

test("a list takes the place of its source's older one and of no other; versions count over all", async () => {
  const ofac = await load(app, [listed("1", "Zoltan Example"), listed("2", "Yusuf Example")]);
  const pep = await load(app, [listed("1", "Xenia Example")], "pep");
  assert.deepEqual([ofac.list.version, pep.list.version], [1n, 2n]);
  const newer = await load(app, [listed("3", "Wanda Sample")]);
  assert.equal(newer.list.version, 3n);
  const inForce = await readLists(app);
  assert.deepEqual(
    inForce.map(({ source, version, entries }) => [source, version, entries]),
    [
      ["ofac_sdn", 3n, 1],
      ["pep", 2n, 1],
    ],
  );
  assert.deepEqual(await found("Zoltan Example"), { version: 3n, names: [] });
  assert.deepEqual((await found("Xenia Example")).names, ["Xenia Example"]);
  const rows = await asOwner(url, "select distinct list_version from screening_entries order by 1");
  assert.deepEqual(rows, [{ list_version: "2" }, { list_version: "3" }]);
});

test("the same files again change nothing", async () => {
  const entries = [listed("8", "Viola Example")];
  const first = await load(app, entries);
  const again = await load(app, entries);
  assert.deepEqual([first.loaded, again.loaded], [true, false]);
  assert.equal(again.list.version, first.list.version);
});

test("an empty list and one of less than half the entries are refused unless that is allowed; half is taken", async () => {
  const some = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => listed(String(from + at), `Person Number${at}`));
  await load(app, some(4), "un_consolidated");
  await assert.rejects(load(app, some(1), "un_consolidated", false), refused(/has 1 entries.*4/));
  await assert.rejects(load(app, [], "un_consolidated", false), refused(/has 0 entries/));
  assert.equal((await load(app, some(2), "un_consolidated", false)).list.entries, 2);
  assert.equal((await load(app, [], "un_consolidated", true)).list.entries, 0);
  await assert.rejects(load(app, [], "eu_consolidated", false), refused(/has 0 entries/));
});

test("a list with an entry twice is refused, and what was in force stays", async () => {
  const before = await load(app, [listed("1", "Ulrich Example")]);
  const twice = [listed("5", "Tove Example"), listed("5", "Tove Sample")];
  await assert.rejects(load(app, twice), refused(/5 stands in the list twice/));
  assert.deepEqual(await found("Ulrich Example"), {
    version: before.list.version,
    names: ["Ulrich Example"],
  });
});

test("who had indexed the older list looks into the newer one from its COMMIT on, and not before", async () => {
  const keys = testKeys();
  await load(app, [listed("1", "Sigrid Example")]);
  assert.deepEqual((await found("Sigrid Example", keys)).names, ["Sigrid Example"]);
  const newer = [listed("2", "Ragnar Sample")];
  await inWork(app, PLATFORM, keys, async (work) => {
    const entries = each(newer);
    const loadedBy = "tester";
    const source = "ofac_sdn";
    const sha256 = new Uint8Array(32);
    await loadList(work, {
      source,
      publishedOn: null,
      sha256,
      loadedBy,
      entries,
      allowShrink: true,
    });
    assert.deepEqual((await found("Sigrid Example", keys)).names, ["Sigrid Example"]);
  });
  assert.deepEqual((await found("Sigrid Example", keys)).names, []);
  assert.deepEqual((await found("Ragnar Sample", keys)).names, ["Ragnar Sample"]);
});

test("many who ask at once for a list that is not indexed yet all get it, though the first of them fails", async () => {
  await load(app, madeEntries(3_000));
  const keys = testKeys();
  const { version } = await found("nobody");
  const failing = inWork(app, PLATFORM, keys, async ({ sql }) => {
    const asked = listsInForce({ sql, keys });
    asked.catch(() => undefined);
    await sql.query({ name: undefined, text: "select 1 / 0" });
  });
  const others = Promise.all(Array.from({ length: 5 }, () => found("Mohammed Ali", keys)));
  await assert.rejects(failing);
  for (const each of await others) assert.equal(each.version, version);
});

test("a list that is replaced while it is indexed gives no half list: the newer one is", async () => {
  const [older = [], newer = []] = ["a", "b"].map((prefix) =>
    madeEntries(1_500).map((entry) => ({ ...entry, sourceId: `${prefix}${entry.sourceId}` })),
  );
  await load(app, older);
  let replaced = false;
  const query: Sql["query"] = async (statement, values) => {
    const rows = await app.query(statement, values);
    if (statement.name === "screening.entriesAfter" && !replaced) {
      replaced = true;
      await load(app, newer);
    }
    return rows as never;
  };
  const { search, sources } = await listsInForce({ sql: { query }, keys: testKeys() });
  const [last] = [...newer].sort((one, two) => (one.sourceId < two.sourceId ? 1 : -1));
  const found = search({ name: last?.names[0]?.text ?? "" });
  assert.ok(found.some(({ entry }) => entry.sourceId === last?.sourceId));
  const inForce = await readLists(app);
  assert.deepEqual(sources, inForce);
});

test("each load is in the platform's audit log, with who ran it", async () => {
  const { list } = await load(app, [listed("77", "Quirin Example")]);
  const rows = await asOwner<{ changes: string; actor: string }>(
    url,
    "select changes::text, actor_kind || ' ' || actor_id as actor from audit_log where action = 'loadScreeningList' order by id desc limit 1",
  );
  assert.match(rows[0]?.changes ?? "", new RegExp(`"version": ?${list.version}.*tester`));
});

test("others have their turn while a list is indexed: after each hundred entries", async () => {
  await load(app, madeEntries(3_000));
  // Answers that are there at once, so that only the indexing itself can give others a turn.
  const answers = new Map<string, Promise<unknown[]>>();
  const query: Sql["query"] = (statement, values) => {
    const name = `${statement.name} ${values?.join()}`;
    const answer = answers.get(name) ?? app.query(statement, values);
    answers.set(name, answer);
    return answer as Promise<never[]>;
  };
  await listsInForce({ sql: { query }, keys: testKeys() });
  let turns = 0;
  let over = false;
  const count = () => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await listsInForce({ sql: { query }, keys: testKeys() });
  over = true;
  assert.ok(turns >= 30, `${turns} turns`);
});
