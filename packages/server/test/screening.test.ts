import assert from "node:assert/strict";
import test from "node:test";
import { madeEntries, madeSubjects } from "../src/issuing/screening/rules/fixture.ts";
import { ScreeningIndex } from "../src/issuing/screening/rules/search.ts";

const long = process.env.CW_PROVE_LONG === "1";

test("screening: every listed name is found by itself, whatever the size of the list", (t) => {
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
});

function memoryMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
