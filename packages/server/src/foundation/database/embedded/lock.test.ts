import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { tryLock } from "./lock.ts";

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cardwright-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "database.lock");
}

/** Runs an expression on `tryLock` and `path` in another process; its exit code is the answer. */
function elsewhere(path: string, expression: string): number | string | null {
  const script = `
    import { tryLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    const path = ${JSON.stringify(path)};
    ${expression}`;
  const answer = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  return answer.signal ?? answer.status;
}

test("C14: one holder at a time, in this process and in others, until it lets go", (t) => {
  const path = newPath(t);
  const answer = "process.exit(tryLock(path) === null ? 10 : 20);";
  const lock = tryLock(path);
  assert.ok(lock);
  assert.equal(tryLock(path), null);
  assert.equal(elsewhere(path, answer), 10);
  assert.equal(tryLock(path), null, "the refused attempts gave it away");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  lock.release();
  lock.release();
  assert.equal(elsewhere(path, answer), 20);
});

test("C14: the lock of a process that was killed is free", (t) => {
  const path = newPath(t);
  assert.equal(elsewhere(path, "tryLock(path); process.kill(process.pid, 'SIGKILL');"), "SIGKILL");
  const lock = tryLock(path);
  assert.ok(lock);
  lock.release();
});

test("a lock that cannot be taken at all is refused in plain words", (t) => {
  const path = join(newPath(t), "missing", "database.lock");
  assert.throws(() => tryLock(path), /lock file .* cannot be used/);
});
