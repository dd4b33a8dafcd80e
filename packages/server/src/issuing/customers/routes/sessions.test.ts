import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../../test/harness/database.ts";
import { giveDocuments, givePeople } from "../../../../test/harness/evidence.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { business, person } from "../fixture.ts";

const server = await startTestServer();
const own = await server.newOrganization();
const DAY_MS = 86_400_000;

const create = async (body: object = {}) =>
  (await own.call("POST", "/customers", { type: "individual", level: "basic", ...body })).body;

const open = (id: string, body: object = {}, options = {}) =>
  own.call("POST", `/customers/${id}/verification-sessions`, body, options);

const list = async (id: string) =>
  (await own.call("GET", `/customers/${id}/verification-sessions`)).body.data;

const typesOf = async (id: string): Promise<string[]> => {
  await server.sequence();
  const { body } = await own.call("GET", `/events?objectId=${id}`);
  return body.data.map(({ type }: { type: string }) => type);
};

test("only type and level are needed: the answer has a link to give to the person", async () => {
  const { id, status, verification } = await create();
  assert.equal(status, "needs_information");
  const link = new URL(verification.link);
  assert.equal(`${link.origin}${link.pathname}`, `${server.url}/verify/`);
  assert.match(link.hash, /^#[A-Za-z0-9_-]{43}$/);
  assert.match(verification.sessionId, /^ses_/);
  const days = (Date.parse(verification.expiresAt) - Date.now()) / DAY_MS;
  assert.ok(days > 6.99 && days <= 7, `${days} days`);
  const [session] = await list(id);
  assert.equal(session.id, verification.sessionId);
  assert.equal(session.status, "waiting");
  assert.equal(session.customerId, id);
});

test("a customer that is complete gets no link, and others show none", async () => {
  const { verification } = await create({ ...person, level: "minimum" });
  assert.equal(verification, null);
  const { id } = await create();
  const { body } = await own.call("GET", `/customers/${id}`);
  assert.ok(!("verification" in body));
});

test("a new session has its own link; the older one is replaced, and says so in its event", async () => {
  const { id, verification } = await create();
  const { status, body } = await open(id, { returnUrl: "https://shop.example.com/back?a=1" });
  assert.equal(status, 201);
  assert.equal(body.returnUrl, "https://shop.example.com/back?a=1");
  assert.notEqual(body.link, verification.link);
  const found = await list(id);
  assert.deepEqual(
    found.map((session: { id: string; status: string }) => [session.id, session.status]),
    [
      [body.id, "waiting"],
      [verification.sessionId, "replaced"],
    ],
  );
  assert.deepEqual(await typesOf(verification.sessionId), [
    "verification_session.created",
    "verification_session.replaced",
  ]);
});

test("a link is shown once: its replay has null and says so, and nothing stored or told has it", async () => {
  const { id } = await create();
  const idempotencyKey = "session-once";
  const first = await open(id, {}, { idempotencyKey });
  const again = await open(id, {}, { idempotencyKey });
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, { ...first.body, link: null, secretOmitted: true });
  const made = { idempotencyKey: "customer-once" };
  const body = { type: "individual", level: "basic" };
  const customer = (await own.call("POST", "/customers", body, made)).body;
  const replayed = (await own.call("POST", "/customers", body, made)).body;
  assert.equal(replayed.verification.link, null);
  assert.equal(replayed.verification.sessionId, customer.verification.sessionId);
  await server.sequence();
  const tables = ["audit_log", "events", "idempotency_keys", "private_links"];
  for (const table of [...tables, "verification_sessions"]) {
    const rows = await asOwner<{ text: string }>(
      server.database.url,
      `select t::text as text from ${table} t`,
    );
    assert.ok(rows.length > 0, table);
    for (const { link } of [first.body, customer.verification]) {
      const secret = new URL(link).hash.slice(1);
      assert.ok(!rows.some(({ text }) => text.includes(secret)), table);
    }
  }
});

test("409: who has nothing to give in a session gets none", async () => {
  const active = await create({ ...person, level: "minimum" });
  const pending = await create(person);
  await giveDocuments(own.call, pending.id);
  const forGood = await create();
  const reasons = ["No."];
  const rejection = { reasons, canResubmit: false };
  await server.call("POST", `/customers/${forGood.id}/reject`, rejection);
  const whole = await create({ ...business, type: "business" });
  await giveDocuments(own.call, whole.id, ["company_register"]);
  await givePeople(own.call, whole.id);
  for (const { id } of [active, pending, forGood, whole]) {
    const { status, body } = await open(id);
    assert.deepEqual([status, body.code], [409, "verification_not_needed"]);
  }
  const { id } = await create();
  await own.call("DELETE", `/customers/${id}`);
  assert.deepEqual((await open(id)).body.code, "customer_deleted");
});

test("who was asked again, who may submit again and who is held on the way gets a session", async () => {
  const asked = await create(person);
  await giveDocuments(own.call, asked.id);
  const request = { reasons: ["Which?"], fields: ["nationalId"] };
  await server.call("POST", `/customers/${asked.id}/request-information`, request);
  const rejected = await create();
  await server.call("POST", `/customers/${rejected.id}/reject`, { reasons: ["Blurred."] });
  const held = await create();
  await server.call("POST", `/customers/${held.id}/hold`, { reason: "sanctions" });
  for (const { id } of [asked, rejected, held]) {
    const { status, body } = await open(id);
    assert.equal(status, 201, JSON.stringify(body));
  }
});

test("a revoked session has ended, once; that of another customer is not found", async () => {
  const { id, verification } = await create();
  const other = await create();
  const path = (customer: string) =>
    `/customers/${customer}/verification-sessions/${verification.sessionId}`;
  assert.equal((await own.call("DELETE", path(other.id))).status, 404);
  const { status, body } = await own.call("DELETE", path(id));
  assert.deepEqual([status, body.status], [200, "revoked"]);
  const again = await own.call("DELETE", path(id));
  assert.deepEqual([again.status, again.body.code], [409, "verification_ended"]);
});

test("a link that nobody used in time is shown as expired, also where the clock was not moved", async () => {
  const { id } = await create();
  await asOwner(
    server.database.url,
    "update verification_sessions set expires_at = now() where customer_id = $1",
    [id],
  );
  assert.equal((await list(id))[0].status, "expired");
});

test("400: the address to lead back to is an https address", async () => {
  const { id } = await create();
  for (const returnUrl of [
    "https://shop.example.com:65536/",
    "http://shop.example.com/",
    "javascript:alert(1)",
    "https://user:word@shop.example.com/",
    "https:///x",
    "shop.example.com",
  ]) {
    assert.equal((await open(id, { returnUrl })).status, 400, returnUrl);
  }
});

test("with its customer's deletion a session ends: its link is nobody's, and where it led back to is gone", async () => {
  const { id, verification } = await create();
  const { body } = await open(id, { returnUrl: "https://shop.example.com/back?who=Qxvanna" });
  assert.equal((await own.call("DELETE", `/customers/${id}`)).status, 200);
  const found = await list(id);
  assert.deepEqual(
    found.map((one: { id: string; status: string; returnUrl: string | null }) => [
      one.id,
      one.status,
      one.returnUrl,
    ]),
    [
      [body.id, "revoked", null],
      [verification.sessionId, "replaced", null],
    ],
  );
  const alive = "select id from private_links where object_id = $1 and ended_at is null";
  assert.deepEqual(await asOwner(server.database.url, alive, [id]), []);
  assert.ok((await typesOf(body.id)).includes("verification_session.revoked"));
  const events = "select id from events e where e::text like '%Qxvanna%'";
  assert.deepEqual(await asOwner(server.database.url, events), []);
});

test("once its organization is closed each session says that it ended, and why; what was submitted stays so", async () => {
  const of = await server.newOrganization();
  const session = async () => {
    const body = { type: "individual", level: "basic" };
    const { id, verification } = (await of.call("POST", "/customers", body)).body;
    return { id, sessionId: verification.sessionId as string };
  };
  const [waiting, started, submitted, expired, revoked, replaced] = [
    await session(),
    await session(),
    await session(),
    await session(),
    await session(),
    await session(),
  ];
  await server.sequence();
  const change = (id: string, text: string) =>
    asOwner(server.database.url, `update verification_sessions set ${text} where id = $1`, [id]);
  await change(started.sessionId, "status = 'started', started_at = now()");
  await change(
    submitted.sessionId,
    "status = 'submitted', submitted_at = now(), consented_at = now(), consent_version = '1', consent_language = 'en'",
  );
  await change(expired.sessionId, "expires_at = now() - interval '1 minute'");
  const path = `/customers/${revoked.id}/verification-sessions/${revoked.sessionId}`;
  const { body } = await of.call("DELETE", path);
  assert.deepEqual([body.status, body.endedReason], ["revoked", "revoked"]);
  await of.call("POST", `/customers/${replaced.id}/verification-sessions`, {});
  const seen = async (call = of.call) => {
    const told = [];
    for (const { id } of [waiting, started, submitted, expired, revoked, replaced]) {
      const { data } = (await call("GET", `/customers/${id}/verification-sessions`)).body;
      for (const { status, endedReason } of data) told.push(`${status} ${endedReason}`);
    }
    return told;
  };
  assert.deepEqual(await seen(), [
    "waiting null",
    "started null",
    "submitted null",
    "expired null",
    "revoked revoked",
    "waiting null",
    "replaced replaced",
  ]);
  const closed = await server.call("POST", `/organizations/${of.id}/close`, {});
  assert.equal(closed.status, 200, JSON.stringify(closed.body));
  const ended = [
    "revoked organization_closed",
    "revoked organization_closed",
    "submitted organization_closed",
    "expired null",
    "revoked revoked",
    "revoked organization_closed",
    "replaced replaced",
  ];
  assert.deepEqual(await seen(), ended);
  assert.deepEqual(await seen(server.call), ended);
});
