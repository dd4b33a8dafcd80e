import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { findBreaches, judgeImport, parseFloors } from "../tools/architecture.ts";
import { asOwner, testDatabase } from "./harness/database.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const src = path.join(root, "packages/server/src");

test("arrows point only down, and on one floor only to the left", async () => {
  assert.deepEqual(await findBreaches(root), []);
});

test("an upward, a rightward, a store's and a cyclic import are each found", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "cardwright-arch-"));
  t.after(() => rm(folder, { recursive: true }));
  const put = async (file: string, text: string) => {
    const full = path.join(folder, "packages/server/src", file);
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, text);
  };
  await writeFile(
    path.join(folder, "ARCHITECTURE.md"),
    "```floors\nissuing: cards\nrecords: ledger vault\n```\n",
  );
  await put(
    "issuing/cards/model.ts",
    "import type { L } from '../../records/ledger/store.ts';\nexport type C = L;\n",
  );
  await put(
    "records/ledger/store.ts",
    "import type { V } from '../vault/model.ts';\nexport type L = V;\n",
  );
  await put(
    "records/vault/model.ts",
    "import type { C } from '../../issuing/cards/model.ts';\nexport type V = C;\n",
  );
  const breaches = await findBreaches(folder);
  const found = (words: string) => breaches.some((breach) => breach.includes(words));
  assert.ok(found("a store is private"), breaches.join("\n"));
  assert.ok(found("to the right on its floor"), breaches.join("\n"));
  assert.ok(found("upwards"), breaches.join("\n"));
  assert.ok(found("An import cycle"), breaches.join("\n"));
});

test("inside a module a file imports only from those above it", () => {
  const floors = parseFloors("```floors\nissuing: cards\n```");
  const judge = (from: string, to: string) => judgeImport(floors, { from, to });
  assert.equal(judge("issuing/cards/actions.ts", "issuing/cards/store.ts"), null);
  assert.match(judge("issuing/cards/store.ts", "issuing/cards/actions.ts") ?? "", /below it/);
  assert.match(judge("issuing/cards/model.ts", "main.ts") ?? "", /nothing may import/);
});

test("a table is named in the SQL of one module only", async () => {
  const { url } = await testDatabase();
  const tables = await asOwner<{ name: string }>(
    url,
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('public', 'vault')`,
  );
  const users = new Map<string, Set<string>>();
  for (const file of await sourceFiles()) {
    const text = await readFile(path.join(src, file), "utf8");
    const module = file.split(path.sep).slice(0, 2).join("/");
    for (const [, table = ""] of text.matchAll(
      /\b(?:from|into|join|update|table)\s+(?:vault\.)?([a-z_]+)\b/g,
    )) {
      if (tables.some(({ name }) => name === table))
        users.set(table, (users.get(table) ?? new Set()).add(module));
    }
  }
  assert.ok(users.size > 10, "the scan found the tables at all");
  const shared = [...users].filter(([, modules]) => modules.size > 1);
  assert.deepEqual(
    shared.map(([table, modules]) => `${table}: ${[...modules].join(", ")}`),
    [],
  );
});

test("nothing but foundation/clock reads time or randomness", async () => {
  const offenders: string[] = [];
  for (const file of await sourceFiles()) {
    if (file.startsWith("foundation/clock") || file.startsWith("foundation/database/embedded"))
      continue;
    const text = await readFile(path.join(src, file), "utf8");
    if (
      /\bDate\.now\(|new Date\(\)|Math\.random\(|\brandom(Bytes|UUID|Int)\b|performance\.now\(/.test(
        text,
      )
    ) {
      offenders.push(file);
    }
  }
  assert.deepEqual(offenders, []);
});

async function sourceFiles(): Promise<string[]> {
  const files = await readdir(src, { recursive: true });
  return files.filter((file) => file.endsWith(".ts") && !/\.test\.ts$|fixture/.test(file));
}
