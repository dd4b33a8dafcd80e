import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { makeDuties, organizationsOf } from "../../../test/harness/duties.ts";
import type { Due } from "../../foundation/job/job.ts";
import { jobs } from "./jobs.ts";

test("names of jobs are module and verb, each once; limits are of a size to work with", () => {
  assert.equal(new Set(jobs.map(({ name }) => name)).size, jobs.length);
  for (const { name, summary, everyS, together } of jobs) {
    assert.match(name, /^[a-z]+\.[a-z][A-Za-z]+$/);
    assert.ok(name.length <= 100, name);
    assert.ok(summary.length <= 80 && !summary.endsWith("."), summary);
    assert.ok(everyS >= 1 && everyS <= 86_400, name);
    assert.ok(together >= 1 && together <= 1_000, name);
  }
});

test("every job finds nothing in an empty installation, behind any page", async () => {
  const { app } = await testDatabase();
  const after: Due = { organizationId: "org_any", id: "\u{10ffff}", dueAt: new Date(0) };
  for (const job of jobs) {
    assert.deepEqual(await job.findDue(app, { after: null, limit: 10 }), [], job.name);
    assert.deepEqual(await job.findDue(app, { after, limit: 10 }), [], job.name);
  }
});

test("pages of what is due meet everything once, in the order of organization and id", async () => {
  const database = await testDatabase();
  const { job, add } = await makeDuties(database);
  await add(organizationsOf(5), 7);
  await add(["org_duties_zz"], 1, -60_000);
  const found: string[] = [];
  let after: Due | null = null;
  for (;;) {
    const page: readonly Due[] = await job.findDue(database.app, { after, limit: 4 });
    found.push(...page.map(({ organizationId, id }) => `${organizationId} ${id}`));
    after = page.at(-1) ?? null;
    if (after === null) break;
  }
  assert.equal(found.length, 35);
  assert.deepEqual(found, [...new Set(found)].toSorted());
});
