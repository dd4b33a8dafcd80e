import assert from "node:assert/strict";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { madeEntries, madeSubjects } from "../src/issuing/screening/rules/fixture.ts";
import { ScreeningIndex } from "../src/issuing/screening/rules/search.ts";

const long = process.env.CW_PROVE_LONG === "1";

/** Most of the heap that a list and its index may take: 500 MB for 50,000 entries. */
const MOST_KB_AN_ENTRY = 10;

test("screening: every listed name is found by itself, whatever the size of the list, which takes a bounded part of memory", (t) => {
  const count = long ? 50_000 : 2_000;
  const before = memoryMb();
  const entries = madeEntries(count);
  const index = new ScreeningIndex();
  const building = performance.now();
  for (const entry of entries) index.add(entry);
  const buildMs = performance.now() - building;
  const memory = memoryMb() - before;
  const subjects = madeSubjects(long ? 5_000 : 200, entries);
  for (const subject of subjects.slice(0, 100)) index.search(subject);
  const times: number[] = [];
  let found = 0;
  let innocentsHit = 0;
  for (const [at, subject] of subjects.entries()) {
    const listed = at % 5 === 0;
    const asked = listed ? { name: subject.name } : subject;
    const start = performance.now();
    const matches = index.search(asked);
    times.push(performance.now() - start);
    if (listed) found += Number(matches.some(({ name }) => name.text === subject.name));
    else innocentsHit += Number(matches.length > 0);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] as number).toFixed(2);
  t.diagnostic(
    `${count} entries, ${index.size} names: built in ${buildMs.toFixed(0)} ms, ` +
      `${memory.toFixed(0)} MB; a search takes p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ` +
      `${at(0.9999)} ms; of ${subjects.length * 0.8} made innocents ${innocentsHit} have a match`,
  );
  assert.equal(found, subjects.length / 5);
  const each = (memory * 1_024) / count;
  assert.ok(each < MOST_KB_AN_ENTRY, `${each.toFixed(1)} KB an entry`);
});

function memoryMb(): number {
  // What is garbage by now takes none of it.
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}
