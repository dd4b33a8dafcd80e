import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ADMIN_URL } from "./harness/database.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

function run(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  // Inside a test of Node, another one would take itself for a part of it.
  const { NODE_TEST_CONTEXT: _, CW_PROVE_ID: __, ...env } = process.env;
  const options = { cwd: ROOT, encoding: "utf8", env: { ...env, ...more } } as const;
  return spawnSync(process.execPath, words, options);
}

/** A file with one test that has an id, one that is skipped, and nothing that needs a database. */
function fileOfTests(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cardwright-prove-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "some.test.mjs");
  const skipped = 'test("S1: is skipped", { skip: true }, () => undefined);';
  writeFileSync(path, `import test from "node:test";\ntest("A1: holds", () => {});\n${skipped}\n`);
  return path;
}

const choosing = (pattern: string, path: string) => [
  "--test",
  `--test-name-pattern=${pattern}`,
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  "--test-reporter=./packages/server/tools/ran.ts",
  "--test-reporter-destination=stderr",
  path,
];

test("a proof of an id that no test carries is refused with the list of proofs", () => {
  const { status, stdout, stderr } = run(["packages/server/tools/prove.ts", "Q99"]);
  assert.equal(status, 1);
  assert.match(stderr, /No test has the id Q99\./);
  assert.match(stdout, /B6 +all writers at once/);
});

test("a proof in which no test ran has failed, also where the files were opened", (t) => {
  const path = fileOfTests(t);
  for (const id of ["B1", "S1"]) {
    const { status, stderr } = run(choosing(`^${id}`, path), { CW_PROVE_ID: id });
    assert.deepEqual([status, stderr], [1, `No test has the id ${id}.\n`]);
  }
  const { status, stderr } = run(choosing("^A1", path), { CW_PROVE_ID: "A1" });
  assert.deepEqual([status, stderr], [0, ""]);
});

test("npm test with a name that no test has says so and fails; with one that some has it runs", (t) => {
  const path = fileOfTests(t);
  const env = { DATABASE_URL: process.env[ADMIN_URL] ?? "" };
  const none = run(["start.mjs", "test", "--test-name-pattern=nothing", path], env);
  assert.deepEqual([none.status, none.stderr], [1, "No test has a name like this.\n"]);
  const one = run(["start.mjs", "test", "--test-name-pattern=A1", path], env);
  assert.equal(one.status, 0);
  assert.match(one.stdout, /A1: holds/);
});
