import assert from "node:assert/strict";
import { test } from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { makeDuties } from "../../../test/harness/duties.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { registerJobs, releaseLease, takeLease } from "./actions.ts";
import { jobRoutes } from "./routes.ts";

/** What the operator is told of jobs. */
const jobs: Parameters<typeof jobRoutes>[0][number][] = [];
const server = await startTestServer({ routes: jobRoutes(jobs) });
const { job, add } = await makeDuties(server.database);
jobs.push({ ...job, name: "duties.second", findDue: async () => [] }, job);
const { app } = server.database;
await registerJobs(app, jobs);

test("200: jobs are listed by name, with what was done, what failed and what is due", async () => {
  const lease = { name: job.name, holder: "process", leaseMs: 60_000 };
  await takeLease(app, lease, 1, true);
  const result = { done: 12, error: "sql 23505", isClean: false, leftNothing: false };
  await releaseLease(app, lease, result);
  await add(["org_lagging"], 3, 90_400);
  const { status, body } = await server.call("GET", "/jobs");
  assert.equal(status, 200);
  const [first, second] = body.data;
  const { lagSeconds, lastStartedAt, lastFinishedAt, lastDoneAt, ...rest } = first;
  assert.ok(lagSeconds >= 90 && lagSeconds <= 95, `${lagSeconds}`);
  for (const at of [lastStartedAt, lastFinishedAt, lastDoneAt]) {
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 10_000, at);
  }
  assert.deepEqual(rest, {
    name: "duties.perform",
    summary: "Do what the test asks for",
    everySeconds: 1,
    isRunning: false,
    lastSucceededAt: null,
    lastDone: 12,
    failuresInARow: 1,
    lastError: "sql 23505",
  });
  assert.deepEqual([second.name, second.lagSeconds], ["duties.second", 0]);
});

test("200: one job by its name; 404: a name that no job has", async () => {
  const one = await server.call("GET", "/jobs/duties.perform");
  assert.deepEqual([one.status, one.body.name], [200, "duties.perform"]);
  for (const name of ["duties", "duties.performed", "external:duties.perform", "__proto__"]) {
    const { status, body } = await server.call("GET", `/jobs/${name}`);
    assert.deepEqual([status, body.code], [404, "not_found"], name);
  }
});

test("a lag that nobody writes down is read from what is due: also where no process runs", async () => {
  await asOwner(server.database.url, "update duties set due_at = due_at - interval '1 hour'");
  const { body } = await server.call("GET", "/jobs/duties.perform");
  assert.ok(body.lagSeconds > 3_600);
});
