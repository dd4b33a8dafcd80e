import assert from "node:assert/strict";
import { test } from "node:test";
import { testDatabase } from "../../../test/harness/database.ts";
import { readinessOf } from "./readiness.ts";

test("a job or a sequencer that is far behind is told, and requests are served all the same", async () => {
  const { app } = await testDatabase();
  let lagMs = 0;
  let late: string[] = [];
  let lists: string[] = [];
  let providers: string[] = [];
  const ask = readinessOf({
    database: app,
    stopping: new AbortController().signal,
    lagMs: () => lagMs,
    lateJobs: () => late,
    lists: () => lists,
    providers: () => providers,
    warnings: ["known"],
  });
  const well = await ask();
  assert.deepEqual([well.ready, well.checks.jobs, well.checks.sequencer], [true, "ok", "ok"]);
  assert.deepEqual(well.warnings, ["known"]);
  lists = ["No list."];
  providers = ["No credentials."];
  late = ["The job cards.expire is 99 s behind."];
  lagMs = 10_000;
  const behind = await ask();
  assert.deepEqual(
    [behind.ready, behind.checks.jobs, behind.checks.sequencer],
    [true, "late", "late"],
  );
  assert.deepEqual(behind.warnings, [
    "known",
    "The sequencer is 10 s behind.",
    ...late,
    ...lists,
    ...providers,
  ]);
});
