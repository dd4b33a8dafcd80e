import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { dueIn, runAll, runJob } from "../../../test/harness/jobs.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { person } from "../../issuing/customers/fixture.ts";
import { customerJobs } from "../../issuing/customers/jobs.ts";
import { CONSENT_VERSION } from "../../issuing/customers/model/sessions.ts";
import { sweepDocuments } from "../../issuing/documents/actions.ts";
import { pngOf, storedNames } from "../../issuing/documents/fixture.ts";
import { askWith, secretOf } from "./fixture.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const ask = askWith(server);
const picture = pngOf(900, 700);
const { nationalId: _, phone: __, ...basics } = person;

const job = customerJobs.find(({ name }) => name === "customers.eraseAbandoned");
assert.ok(job);

/** A session with details and a document that nobody submitted. */
async function begin() {
  const individual = { type: "individual", level: "basic" };
  const { id, verification } = (await own.call("POST", "/customers", individual)).body;
  const started = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  const options = { bearer: started.body.bearer as string };
  await ask("PUT", "details", basics, options);
  await ask("POST", "documents?kind=passport", picture, options);
  return { id, sessionId: verification.sessionId as string, options };
}

const expire = (id: string) =>
  asOwner(
    server.database.url,
    "update verification_sessions set expires_at = now() where customer_id = $1",
    [id],
  );

const draftOf = async (id: string) => {
  const sql = "select draft from verification_sessions where customer_id = $1";
  const [row] = await asOwner<{ draft: unknown }>(server.database.url, sql, [id]);
  return row?.draft ?? null;
};

const statuses = async (id: string) =>
  (await own.call("GET", `/customers/${id}/documents`)).body.data.map(
    ({ status }: { status: string }) => status,
  );

const filesOf = async () => (await storedNames(server.context.files)).length;

test("a session that runs out takes along what was given in it, and the files with the next sweep", async () => {
  const running = await begin();
  const over = await begin();
  await expire(over.id);
  const before = await filesOf();
  assert.equal(await runAll(server, job, own.id), 1);
  assert.deepEqual([await statuses(over.id), await draftOf(over.id)], [["erased"], null]);
  assert.deepEqual(await statuses(running.id), ["uploaded"]);
  assert.notEqual(await draftOf(running.id), null);
  await sweepDocuments(server.database.app, server.context.files, new Date());
  assert.equal(await filesOf(), before - 1);
  await server.sequence();
  const { body } = await own.call("GET", "/events?type=document.erased");
  assert.equal(body.data.length, 1);
});

test("what was submitted stays, whenever its session runs out", async () => {
  const { id, options } = await begin();
  const consent = { version: CONSENT_VERSION, language: "en" };
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  await expire(id);
  assert.deepEqual(await dueIn(server, job, own.id), []);
  assert.deepEqual(await statuses(id), ["uploaded"]);
});

test("a session's time is real: a sandbox whose clock is moved on loses nothing that can be submitted still", async () => {
  const { id, sessionId } = await begin();
  const sql =
    "update organization_clocks set offset_ms = 40 * 86400000::bigint where organization_id = $1";
  await asOwner(server.database.url, sql, [own.id]);
  assert.deepEqual(await dueIn(server, job, own.id), []);
  assert.equal(await runJob(server, job, own.id, [sessionId]), 0);
  assert.deepEqual(await statuses(id), ["uploaded"]);
});

test("under a legal hold nothing is erased; once it is lifted it is", async () => {
  const { id, sessionId } = await begin();
  await expire(id);
  const hold = await server.call("POST", `/customers/${id}/legal-hold`, { reason: "Court order." });
  assert.equal(hold.status, 200, JSON.stringify(hold.body));
  assert.equal(await runAll(server, job, own.id), 0);
  assert.equal(await runJob(server, job, own.id, [sessionId]), 0);
  assert.deepEqual(await statuses(id), ["uploaded"]);
  await server.call("DELETE", `/customers/${id}/legal-hold`);
  assert.equal(await runAll(server, job, own.id), 1);
  assert.deepEqual(await statuses(id), ["erased"]);
});

test("two processes that find the same erase it once", async () => {
  const { id, sessionId } = await begin();
  await expire(id);
  const both = await Promise.all([1, 2].map(() => runJob(server, job, own.id, [sessionId])));
  assert.deepEqual(both.sort(), [0, 1]);
  assert.deepEqual(await statuses(id), ["erased"]);
});
