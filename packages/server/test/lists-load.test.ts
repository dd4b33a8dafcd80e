import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { asOwner, testDatabase } from "./harness/database.ts";

/** The command as an operator runs it, in a process of its own. */
const { url } = await testDatabase();
const tool = fileURLToPath(new URL("../tools/lists-load.ts", import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), "cardwright-lists-"));
after(() => rm(folder, { recursive: true }));

const environment = { PATH: process.env.PATH, DATABASE_URL: url };

type Ran = { readonly code: number; readonly out: string; readonly err: string };

const run = (...words: string[]): Promise<Ran> => node(tool, ...words);

const node = (...words: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, words, { env: environment }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });

/** As on a terminal: what is written over there is told. */
const TERMINAL = "data:text/javascript,process.stderr.isTTY = true";

const row = (id: number, name = `EXAMPLE, Person${id}`) =>
  `${id},"${name}","individual","TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1970."`;

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

const inForce = () =>
  asOwner<{ version: string; entries: number }>(
    url,
    "select version, entries from screening_lists where source = 'ofac_sdn' order by version desc limit 1",
  );

test("a published file is loaded, and loaded again nothing changes", async () => {
  const file = await write("sdn.csv", [1, 2, 3].map((id) => row(id)).join("\r\n"));
  const alt = await write("alt.csv", '1,11,"aka","OTHER, Name",-0- ');
  const words = ["--source", "ofac_sdn", "--file", file, "--alt", alt];
  const first = await run(...words);
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.match(first.out, /^ofac_sdn version 1: 3 entries, in force\.$/m);
  assert.match((await run(...words)).out, /version 1: 3 entries, was in force already/);
  const [entry] = await asOwner<{ names: string }>(
    url,
    "select entry->>'names' as names from screening_entries where source_id = '1'",
  );
  assert.match(entry?.names ?? "", /OTHER, Name/);
  const xml = await write(
    "un.xml",
    '<CONSOLIDATED_LIST dateGenerated="2026-06-05T00:00:00Z"><INDIVIDUALS></INDIVIDUALS></CONSOLIDATED_LIST>',
  );
  const un = await run("--source", "un_consolidated", "--file", xml, "--allow-shrink");
  assert.match(un.out, /un_consolidated version 2: 0 entries, published on 2026-06-05/);
});

test("on a terminal a bar tells how much is read and how many entries there are, up to the whole; elsewhere none", async () => {
  const rows = Array.from({ length: 5_000 }, (_, at) => row(at + 1));
  const file = await write("far.csv", rows.join("\r\n"));
  const words = [tool, "--source", "ofac_sdn", "--file", file];
  const { code, out, err } = await node("--import", TERMINAL, ...words);
  assert.equal(code, 0);
  assert.match(out, /5000 entries, in force/);
  const told = [...err.matchAll(/ofac_sdn \[([#.]{30})\] +(\d+)% (\d+) entries/g)];
  const column = (at: number) => told.map((line) => Number(line[at]));
  for (const numbers of [column(2), column(3)]) {
    assert.ok(new Set(numbers).size > 3, "it goes on");
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
      "and never back",
    );
  }
  for (const [, bar = "", percent] of told) {
    assert.ok(Math.abs(bar.replaceAll(".", "").length - 0.3 * Number(percent)) <= 1, bar);
  }
  assert.deepEqual([column(2).at(-1), column(3).at(-1)], [100, 5_000]);
  assert.ok(err.endsWith("\r\x1b[K"), "at the end the line is empty");
  assert.equal((await run(...words.slice(1))).err, "");
  const small = await write("near.csv", [1, 2, 3].map((id) => row(id)).join("\r\n"));
  await run("--source", "ofac_sdn", "--file", small, "--allow-shrink");
});

test("a file with a broken line is refused with its name, line and remedy; the list before stays", async () => {
  const before = await inForce();
  const file = await write("broken.csv", `${row(1)}\r\n2,"NO","MORE"\r\n`);
  const { code, err } = await run("--source", "ofac_sdn", "--file", file);
  assert.equal(code, 1);
  assert.match(err, /broken\.csv: Line 2: 3 columns where 12 are due\.\n.*anew/);
  assert.deepEqual(await inForce(), before);
});

test("a list that shrank to less than half is refused with what to do", async () => {
  const file = await write("short.csv", row(1));
  const short = await run("--source", "ofac_sdn", "--file", file);
  assert.equal(short.code, 1);
  assert.match(short.err, /has 1 entries, the one in force 3.*\n.*--allow-shrink/);
  assert.equal((await run("--source", "ofac_sdn", "--file", file, "--allow-shrink")).code, 0);
});

for (const [what, words, why] of [
  ["no source", ["--file", "x.csv"], /--source is one of/],
  ["another source", ["--source", "other", "--file", "x.csv"], /--source is one of/],
  ["no file", ["--source", "pep"], /--file names/],
  ["a form that the source has not", ["--source", "pep", "--file", "x.xml"], /read as csv/],
  [
    "a file that is not there",
    ["--source", "pep", "--file", "none.csv"],
    /none\.csv cannot be read/,
  ],
  [
    "aliases of another source",
    ["--source", "pep", "--file", "x.csv", "--alt", "y.csv"],
    /belong to/,
  ],
] as const) {
  test(`${what}: nothing is tried, and the usage is told`, async () => {
    const { code, err } = await run(...words);
    assert.equal(code, 2);
    assert.match(err, why);
    assert.match(err, /npm run lists:load/);
  });
}

test("C2: a load that is killed leaves the list before in force, whole", async () => {
  const before = await inForce();
  const entries = await asOwner(url, "select count(*) from screening_entries");
  const many = Array.from({ length: 40_000 }, (_, at) => row(at + 1)).join("\r\n");
  const file = await write("long.csv", many);
  const words = [tool, "--source", "ofac_sdn", "--file", file];
  const child = spawn(process.execPath, words, { env: environment, stdio: "ignore" });
  const gone = once(child, "exit");
  await untilWriting(child);
  child.kill("SIGKILL");
  assert.deepEqual((await gone)[1], "SIGKILL");
  assert.deepEqual(await inForce(), before);
  assert.deepEqual(await asOwner(url, "select count(*) from screening_entries"), entries);
  assert.equal((await run("--source", "ofac_sdn", "--file", file)).code, 0);
  assert.deepEqual((await inForce())[0]?.entries, 40_000);
});

/** Until the command has written some entries in its transaction. */
async function untilWriting(child: ChildProcess): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode, null, "the command ended before it could be killed");
    const rows = await asOwner(
      url,
      `select from pg_stat_activity where application_name = 'cardwright lists:load'
         and backend_xid is not null and query ~ 'screening_entries'`,
    );
    if (rows.length > 0) return;
    await sleep(5);
  }
}
