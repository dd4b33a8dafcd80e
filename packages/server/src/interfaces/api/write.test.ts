import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Type } from "typebox";
import { asOwner } from "../../../test/harness/database.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { statement } from "../../foundation/database/sql.ts";
import { generalErrors, Outage } from "../../foundation/errors/errors.ts";
import { writeRoute } from "../../foundation/route/route.ts";
import { object, oneOf, text } from "../../foundation/route/schemas.ts";
import { announce } from "../../records/events/actions.ts";

/** An action's work, its stored answer, its events and its audit row commit together, or not at all. */
const insert = statement("test.write", "insert into marks (name) values ($1)");
const slowly = statement("test.slowly", "select pg_sleep(0.3)");

const endings = ["done", "refused", "missing", "fault", "outage", "late", "told", "slow"] as const;

const mark = writeRoute({
  id: "markThing",
  method: "POST",
  path: "/marks",
  summary: "Make a mark",
  tag: "Marks",
  audience: "organization",
  scope: null,
  errors: [],
  body: object({ name: text(50), ending: oneOf(endings) }),
  reply: object({ id: Type.String(), name: Type.String() }),
  status: 201,
  async handle({ work, body: { name, ending } }) {
    await work.sql.query(insert, [name]);
    const objectId = work.newId("card");
    announce(work, { type: "mark.made", objectId, objectVersion: 1, object: { name } });
    if (ending === "refused") throw generalErrors.refusal("external_id_taken");
    if (ending === "missing") throw generalErrors.refusal("not_found");
    if (ending === "fault") throw new Error("broken");
    if (ending === "outage") throw new Outage("away");
    if (ending === "slow") await work.sql.query(slowly);
    if (ending === "late") {
      // One branch is refused while another goes on and writes.
      const later = delay(0).then(() => work.sql.query(insert, [`${name} later`]));
      later.catch(() => undefined);
      throw generalErrors.refusal("external_id_taken");
    }
    if (ending === "told") {
      const told = { type: "mark.made", objectId: work.newId("card"), objectVersion: 1 };
      const later = delay(0).then(() => announce(work, { ...told, object: { name: "too late" } }));
      later.catch(() => undefined);
      throw generalErrors.refusal("external_id_taken");
    }
    return { id: objectId, name };
  },
});

const server = await startTestServer({ routes: [mark] });
const { id: organizationId, call } = await server.newOrganization();
await asOwner(
  server.database.url,
  `create table marks (name text not null);
   grant select, insert on marks to cardwright_app`,
);

const rows = <R extends object>(text: string, values: unknown[] = []) =>
  asOwner<R>(server.database.url, text, values);
const marked = async (name: string) =>
  (await rows("select 1 from marks where name like $1", [`${name}%`])).length;
const stored = async (key: string) =>
  (await rows("select 1 from idempotency_keys where key = $1", [key])).length;
const audited = (requestId: string | null) =>
  rows<{ result: string; status: number; code: string | null; changes: unknown[] }>(
    "select result, status, code, changes from audit_log where request_id = $1",
    [requestId],
  );
const send = (name: string, ending: (typeof endings)[number], idempotencyKey?: string) =>
  call("POST", "/marks", { name, ending }, idempotencyKey === undefined ? {} : { idempotencyKey });

test("what is done is there with its answer, its event and its audit row", async () => {
  const answer = await send("done", "done", "k-done");
  assert.equal(answer.status, 201);
  assert.equal(await marked("done"), 1);
  assert.equal(await stored("k-done"), 1);
  const [row] = await audited(answer.headers.get("x-request-id"));
  assert.deepEqual(row, {
    result: "done",
    status: 201,
    code: null,
    changes: [
      {
        objectId: answer.body.id,
        version: 1,
        event: "mark.made",
        before: null,
        after: { name: "done" },
      },
    ],
  });
  await server.sequence();
  const events = await rows("select 1 from events where object_id = $1", [answer.body.id]);
  assert.equal(events.length, 1);
});

test("what business rules refuse writes nothing but its stored answer and its audit row", async () => {
  const answer = await send("refused", "refused", "k-refused");
  assert.equal(answer.status, 409);
  assert.equal(await marked("refused"), 0);
  assert.equal(await stored("k-refused"), 1);
  const [row] = await audited(answer.headers.get("x-request-id"));
  assert.deepEqual(row, { result: "refused", status: 409, code: "external_id_taken", changes: [] });
  await server.sequence();
  assert.equal((await rows("select 1 from events where data::text like '%refused%'")).length, 0);
  const again = await send("refused", "refused", "k-refused");
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, answer.body);
});

test("a 404 is not stored: the same key may be sent again", async () => {
  assert.equal((await send("missing", "missing", "k-missing")).status, 404);
  assert.equal(await marked("missing"), 0);
  assert.equal(await stored("k-missing"), 0);
  assert.equal((await send("found", "done", "k-missing")).status, 201);
});

test("a fault and an outage leave nothing behind, and the key may be sent again", async () => {
  const fault = await send("fault", "fault", "k-fault");
  assert.deepEqual([fault.status, fault.body.code], [500, "internal_error"]);
  const outage = await send("outage", "outage", "k-outage");
  assert.deepEqual([outage.status, outage.body.code], [503, "unavailable"]);
  assert.equal(outage.headers.get("retry-after"), "1");
  for (const name of ["fault", "outage"]) {
    assert.equal(await marked(name), 0);
    assert.equal(await stored(`k-${name}`), 0);
    assert.equal((await send(name, "done", `k-${name}`)).status, 201);
  }
});

test("once refused, an action that goes on in another branch writes nothing any more", async () => {
  const answer = await send("late", "late");
  assert.equal(answer.status, 409);
  await delay(100);
  assert.equal(await marked("late"), 0);
});

test("once refused, an action that goes on in another branch announces nothing any more", async () => {
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await send("told", "told")).status, 409);
  }
  await delay(50);
  await server.sequence();
  assert.deepEqual(await rows("select 1 from events where data::text like '%too late%'"), []);
});

test("B3: one key 100 times in parallel, same and other body: one effect, others replayed or 409", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => send(at % 4 === 3 ? "other" : "same", "done", "k-b3")),
  );
  const first = answers.filter(
    ({ status, headers }) => status === 201 && headers.get("idempotency-replayed") === null,
  );
  assert.equal(first.length, 1);
  assert.equal((await marked("same")) + (await marked("other")), 1);
  const winner = first[0]?.body;
  for (const { status, body } of answers) {
    if (status === 201) assert.deepEqual(body, winner);
    else {
      assert.equal(status, 409);
      assert.match(body.code, /^idempotency_(in_progress|key_reused)$/);
    }
  }
  assert.equal(await stored("k-b3"), 1);
});

test("409 while the first request with the key still runs, then its answer", async () => {
  const first = send("slow", "slow", "k-slow");
  await delay(100);
  const second = await send("slow", "slow", "k-slow");
  assert.deepEqual([second.status, second.body.code], [409, "idempotency_in_progress"]);
  const answer = await first;
  const third = await send("slow", "slow", "k-slow");
  assert.deepEqual(third.body, answer.body);
});

test("the same key is another's in another organization; a key that is no key is refused", async () => {
  const other = await server.newOrganization();
  const body = { name: "theirs", ending: "done" };
  const theirs = await other.call("POST", "/marks", body, { idempotencyKey: "k-done" });
  assert.equal(theirs.status, 201);
  assert.equal(theirs.headers.get("idempotency-replayed"), null);
  for (const idempotencyKey of ["", "x".repeat(256)]) {
    const answer = await call("POST", "/marks", body, { idempotencyKey });
    assert.deepEqual([answer.status, answer.body.code], [400, "idempotency_key_invalid"]);
  }
  assert.equal((await send("longest", "done", "x".repeat(255))).status, 201);
  assert.ok(organizationId.startsWith("org_"));
});

test("with its database away the API answers 503, and goes on without a restart", async () => {
  const { url } = server.database;
  const name = new URL(url).pathname.slice(1);
  const admin = new URL(url);
  admin.pathname = "/postgres";
  await asOwner(admin.href, `alter database ${name} allow_connections false`);
  await asOwner(
    admin.href,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  try {
    const away = await send("away", "done");
    assert.deepEqual([away.status, away.body.code], [503, "unavailable"]);
    assert.ok(!/database|connect/i.test(JSON.stringify(away.body)));
  } finally {
    await asOwner(admin.href, `alter database ${name} allow_connections true`);
  }
  assert.equal((await send("back", "done")).status, 201);
});
