import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { keepBounded, openLogFile } from "./logfile.ts";

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cardwright-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "database.log");
}

test("a log over its limit is moved aside, and who has it open goes on at its start", (t) => {
  const path = newPath(t);
  const log = openLogFile(path);
  t.after(log.close);
  writeSync(log.descriptor, "0123456789");
  keepBounded(path, 10);
  assert.equal(statSync(path).size, 10, "at the limit it stays");
  writeSync(log.descriptor, "x");
  keepBounded(path, 10);
  writeSync(log.descriptor, "new");
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(readFileSync(`${path}.1`, "utf8"), "0123456789x");
});

test("the last lines since a moment are told, and nothing from before it", (t) => {
  const path = newPath(t);
  writeFileSync(path, "before\n");
  const log = openLogFile(path);
  t.after(log.close);
  const size = log.sizeBytes();
  writeSync(log.descriptor, Array.from({ length: 9 }, (_, line) => `line ${line}\n`).join(""));
  assert.equal(log.since(size), "line 3\nline 4\nline 5\nline 6\nline 7\nline 8");
});
