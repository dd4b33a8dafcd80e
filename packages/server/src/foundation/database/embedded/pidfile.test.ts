import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isPostmaster, readPidFile, removeStalePidFile } from "./pidfile.ts";

function newData(t: TestContext, text?: string): string {
  const data = mkdtempSync(join(tmpdir(), "cardwright-pidfile-"));
  t.after(() => rmSync(data, { recursive: true }));
  if (text !== undefined) writeFileSync(join(data, "postmaster.pid"), text);
  return data;
}

const whole = (pid: number, state: string) =>
  `${pid}\n/data\n1700000000\n5433\n\n127.0.0.1\n  123 45\n${state}\n`;

test("postmaster.pid is read in each state it can be in", (t) => {
  const read = (text?: string) => readPidFile(newData(t, text));
  assert.equal(read(), null);
  assert.equal(read(""), null);
  assert.equal(read("rubbish\n"), null);
  assert.equal(read("0\n"), null, "zero would mean our own process group");
  assert.deepEqual(read("77\n/data\n"), { pid: 77, port: null, ready: false });
  assert.deepEqual(read("-77\n/data\n"), { pid: 77, port: null, ready: false });
  assert.deepEqual(read(whole(77, "starting")), { pid: 77, port: 5433, ready: false });
  assert.deepEqual(read(whole(77, "ready   ")), { pid: 77, port: 5433, ready: true });
});

test("C14: a program that is no postmaster of this folder is never taken for one", (t) => {
  const data = newData(t, whole(process.pid, "ready   "));
  assert.equal(isPostmaster(process.pid, data), false);
  assert.equal(isPostmaster(1, data), false);
  assert.equal(removeStalePidFile(data), true);
  assert.equal(readPidFile(data), null);
  assert.equal(removeStalePidFile(data), false);
});
