import assert from "node:assert/strict";
import test from "node:test";
import { asOwner } from "../../../test/harness/database.ts";
import { giveDocuments } from "../../../test/harness/evidence.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";
import { person, residence } from "../../issuing/customers/fixture.ts";
import { CONSENT_VERSION } from "../../issuing/customers/model/sessions.ts";
import { pngOf, waves } from "../../issuing/documents/fixture.ts";
import { askWith, type Reply, secretOf } from "./fixture.ts";

const lines: string[] = [];
const log = createLog("trace", { write: (line) => lines.push(line) });
const server = await startTestServer({ log });
const own = await server.newOrganization({ name: "Example Shop" });
const ask = askWith(server);
const picture = pngOf(900, 700);
const consent = { version: CONSENT_VERSION, language: "en" };
const { nationalId: _, phone: __, ...basics } = person;

const create = async (body: object = {}) =>
  (await own.call("POST", "/customers", { type: "individual", level: "basic", ...body })).body;

const read = async (id: string) => (await own.call("GET", `/customers/${id}`)).body;

const sessionsOf = async (id: string) =>
  (await own.call("GET", `/customers/${id}/verification-sessions`)).body.data;

const exchange = (link: string, options = {}) =>
  ask("POST", "exchange", { secret: secretOf(link) }, options);

/** A customer whose link was exchanged. */
async function begin(body: object = {}) {
  const { id, verification } = await create(body);
  const started = await exchange(verification.link);
  assert.equal(started.status, 200, JSON.stringify(started.body));
  const { bearer, session } = started.body as { bearer: string; session: Reply["body"] };
  const cookie = (started.cookie ?? "").split(";")[0] ?? "";
  return { id, verification, bearer, session, cookie, options: { bearer } };
}

const calm = async (reply: Promise<Reply> | Reply) => {
  const { status, body } = await reply;
  const { requestId: _id, ...rest } = body;
  return { status, rest };
};

const notUsable = {
  status: 404,
  rest: {
    type: "/v1/error-codes#link_not_usable",
    title: "This link cannot be used",
    status: 404,
    code: "link_not_usable",
    detail: "This link cannot be used.",
    errors: [
      {
        code: "link_not_usable",
        message: "This link cannot be used.",
        remedy: "Ask whoever sent it for a new one.",
      },
    ],
  },
};

test("the exchange gives a bearer and a cookie that no script reads and no other site sends", async () => {
  const { id, verification } = await create();
  const { status, body, cookie } = await exchange(verification.link);
  assert.equal(status, 200);
  assert.match(body.bearer, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(body.session.organization.name, "Example Shop");
  for (const word of [/HttpOnly/, /SameSite=Strict/, /Path=\//, /Max-Age=25\d{5}/]) {
    assert.match(cookie ?? "", word);
  }
  const [session] = await sessionsOf(id);
  assert.equal(session.status, "started");
  const days = (Date.parse(session.expiresAt) - Date.parse(session.startedAt)) / 86_400_000;
  assert.equal(days, 30);
});

test("behind https the cookie is of this host alone and never goes over plain http", async () => {
  const { verification } = await create();
  const far = await startTestServer({ publicUrl: "https://cards.example.com" });
  const mine = await far.newOrganization();
  const { body } = await mine.call("POST", "/customers", { type: "individual", level: "basic" });
  assert.match(
    body.verification.link,
    /^https:\/\/cards\.example\.com\/verify\/\?organization=org_\w+#/,
  );
  const headers = { origin: "https://cards.example.com" };
  const secret = secretOf(body.verification.link);
  const { cookie } = await askWith(far)("POST", "exchange", { secret }, { headers });
  assert.match(cookie ?? "", /^__Host-cardwright-verification=/);
  assert.match(cookie ?? "", /; Secure$/);
  assert.doesNotMatch(cookie ?? "", /Domain/i);
  assert.equal((await exchange(verification.link)).status, 200);
});

test("previews and mail scanners spend nothing: no GET or HEAD of anything, with the secret or without", async () => {
  const { verification } = await create();
  const { pathname, hash } = new URL(verification.link);
  const secret = hash.slice(1);
  const agents = [
    "facebookexternalhit/1.1",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (compatible; Microsoft Outlook SafeLinks)",
    "BarracudaCentral/1.0",
  ];
  for (const agent of agents) {
    for (const method of ["GET", "HEAD"]) {
      for (const path of [
        pathname,
        `${pathname}?secret=${secret}`,
        `/hosted/verification/exchange?secret=${secret}`,
        `/hosted/verification/resume`,
        `/hosted/verification/session`,
      ]) {
        const reply = await fetch(server.url + path, { method, headers: { "user-agent": agent } });
        assert.equal(reply.headers.get("set-cookie"), null, path);
        await reply.arrayBuffer();
      }
    }
  }
  assert.equal((await exchange(verification.link)).status, 200);
});

test("of two exchanges at once one wins; the other is told what a guess is told", async () => {
  const { verification } = await create();
  const both = await Promise.all([exchange(verification.link), exchange(verification.link)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 404]);
  const lost = both.find(({ status }) => status === 404) as Reply;
  assert.deepEqual(await calm(lost), notUsable);
});

test("a page that never heard of its exchange asks again with the bearer it made, and goes on; nobody else does", async () => {
  const { verification } = await create();
  const secret = secretOf(verification.link);
  const bearer = "b".repeat(43);
  const first = await ask("POST", "exchange", { secret, bearer });
  assert.deepEqual([first.status, first.body.bearer], [200, bearer]);
  const again = await ask("POST", "exchange", { secret, bearer });
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.ok(again.cookie !== null);
  const other = "c".repeat(43);
  assert.deepEqual(await calm(ask("POST", "exchange", { secret, bearer: other })), notUsable);
  assert.deepEqual(await calm(ask("POST", "exchange", { secret })), notUsable);
  assert.deepEqual(await calm(ask("POST", "exchange", { secret: other, bearer })), notUsable);
  for (const malformed of ["b", "b".repeat(42), "b".repeat(44), `${"b".repeat(42)}+`]) {
    const { status } = await ask("POST", "exchange", { secret, bearer: malformed });
    assert.equal(status, 400, malformed);
  }
});

test("a link that is used, expired, replaced, revoked or guessed gets one same answer", async () => {
  const used = await begin();
  const expired = await create();
  await asOwner(
    server.database.url,
    "update private_links set expires_at = now() where object_id = $1",
    [expired.id],
  );
  const replaced = await create();
  await own.call("POST", `/customers/${replaced.id}/verification-sessions`, {});
  const revoked = await create();
  const path = `/customers/${revoked.id}/verification-sessions/${revoked.verification.sessionId}`;
  await own.call("DELETE", path);
  const links = [used, expired, replaced, revoked].map(({ verification }) => verification.link);
  for (const link of [...links, `${server.url}/verify/#${"x".repeat(43)}`, `${server.url}/#x`]) {
    const reply = await exchange(link);
    assert.deepEqual(await calm(reply), notUsable);
    assert.equal(reply.cookie, null);
  }
});

test("the same browser resumes by its cookie, also through the link that it has used; another does not", async () => {
  const { verification, bearer, cookie } = await begin();
  const resumed = await ask("POST", "resume", {}, { cookie });
  assert.deepEqual([resumed.status, resumed.body.bearer], [200, bearer]);
  assert.equal((await exchange(verification.link, { cookie })).body.bearer, bearer);
  assert.deepEqual(await calm(ask("POST", "resume", {})), notUsable);
  const other = await begin();
  assert.deepEqual(await calm(exchange(verification.link, { cookie: other.cookie })), notUsable);
});

test("another site can neither resume by the cookie nor exchange a link of its own", async () => {
  const { cookie } = await begin();
  const { verification } = await create();
  for (const headers of [
    { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "null" },
  ]) {
    assert.deepEqual(await calm(ask("POST", "resume", {}, { cookie, headers })), notUsable);
    assert.deepEqual(await calm(exchange(verification.link, { headers })), notUsable);
  }
  assert.equal((await exchange(verification.link)).status, 200, "none of these spent it");
});

test("the cookie alone does nothing but resume", async () => {
  const { cookie } = await begin();
  for (const [method, path, body] of [
    ["GET", "session"],
    ["PUT", "details", { firstName: "Ada" }],
    ["POST", "documents?kind=passport", picture],
    ["POST", "submit", { consent }],
  ] as const) {
    const reply = await ask(method, path, body, { cookie });
    assert.deepEqual([reply.status, reply.body.code], [401, "session_not_usable"], path);
  }
});

test("an API key is no bearer of a session, and a bearer no API key", async () => {
  const { bearer } = await begin();
  assert.equal((await ask("GET", "session", undefined, { bearer: own.apiKey })).status, 401);
  assert.equal((await own.call("GET", "/customers", undefined, { key: bearer })).status, 401);
});

test("a session says what is missing and nothing of what is known", async () => {
  const { session } = await begin({ ...person, email: null });
  assert.deepEqual(session.wanted, {
    fields: ["email"],
    documents: [
      {
        need: "documents.identity",
        kinds: ["passport", "id_card", "driving_licence", "residence_permit"],
      },
    ],
    people: [],
  });
  assert.ok(!/Ada|Example Street|X1234567|1990-05/.test(JSON.stringify(session)));
});

test("what is given is kept, sealed, until it is submitted: then it is the customer's, in review", async () => {
  const { id, bearer, options } = await begin();
  const saved = await ask("PUT", "details", basics, options);
  assert.equal(saved.status, 200, JSON.stringify(saved.body));
  const given = await ask("POST", "documents?kind=passport", picture, options);
  assert.equal(given.status, 200, JSON.stringify(given.body));
  assert.deepEqual(
    given.body.documents.map((one: { kind: string }) => one.kind),
    ["passport"],
  );
  const before = await read(id);
  assert.deepEqual([before.status, before.firstName], ["needs_information", null]);
  const again = await ask("GET", "session", undefined, options);
  assert.deepEqual(again.body.details, basics);
  const rows = await asOwner<{ text: string }>(
    server.database.url,
    "select s::text || encode(s.draft, 'escape') as text from verification_sessions s where customer_id = $1",
    [id],
  );
  assert.equal(rows.length, 1);
  assert.doesNotMatch(rows[0]?.text ?? "Ada", /Ada"|Example|1990-05-17/);
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual([done.body.status, done.body.outcome], ["submitted", "in_review"]);
  const after = await read(id);
  assert.deepEqual([after.status, after.missing], ["pending", []]);
  for (const [field, value] of Object.entries(basics)) assert.deepEqual(after[field], value, field);
  const [session] = await sessionsOf(id);
  assert.equal(session.status, "submitted");
  assert.deepEqual(session.consent, { ...consent, at: session.submittedAt });
  const write = await ask("PUT", "details", basics, { bearer });
  assert.deepEqual([write.status, write.body.code], [409, "verification_ended"]);
  assert.equal((await ask("GET", "session", undefined, options)).body.outcome, "in_review");
});

test("each step has its event and its audit row, by the session and without personal data", async () => {
  const { id, verification, options } = await begin();
  await ask("PUT", "details", basics, options);
  await ask("POST", "documents?kind=id_card&side=front", picture, options);
  await ask("PUT", "details", { birthDate: "2999-01-01" }, options);
  await ask("POST", "submit", { consent }, options);
  await server.sequence();
  const audit = await own.call("GET", `/audit-log?actorId=${verification.sessionId}`);
  assert.deepEqual(
    audit.body.data
      .map((one: { action: string; result: string }) => `${one.action} ${one.result}`)
      .reverse(),
    [
      "startVerification done",
      "saveDetails done",
      "giveDocument done",
      "saveDetails refused",
      "submitVerification done",
    ],
  );
  for (const { actor, objectId } of audit.body.data) {
    assert.deepEqual([actor.kind, objectId], ["session", id]);
  }
  assert.ok(!/Ada|ada@|Example Street|1990-05/.test(JSON.stringify(audit.body)));
  const events = await own.call("GET", `/events?objectId=${verification.sessionId}`);
  assert.deepEqual(
    events.body.data.map(({ type }: { type: string }) => type),
    [
      "verification_session.created",
      "verification_session.started",
      "verification_session.submitted",
    ],
  );
  const history = await own.call("GET", `/customers/${id}/status-history`);
  assert.deepEqual(history.body.data[0].actor, { kind: "session", id: verification.sessionId });
});

test("422: each field that cannot be right is named, and nothing is kept", async () => {
  const { options } = await begin();
  const wrong = { firstName: "Test", lastName: "Example", birthDate: "2020-01-01", email: "a@b" };
  const { status, body } = await ask("PUT", "details", wrong, options);
  assert.equal(status, 422);
  assert.deepEqual(
    body.errors.map(({ code, field }: { code: string; field: string }) => `${field} ${code}`),
    ["firstName name_invalid", "birthDate age_too_low", "email email_invalid"],
  );
  assert.deepEqual((await ask("GET", "session", undefined, options)).body.details, {});
});

test("400: a field that there is not, and what is not asked for is left out", async () => {
  const { id, options } = await begin();
  const unknown = await ask("PUT", "details", { firstName: "Ada", level: "advanced" }, options);
  assert.deepEqual([unknown.status, unknown.body.errors[0].field], [400, "level"]);
  const { body } = await ask("PUT", "details", { ...basics, phone: "+4930123456" }, options);
  assert.ok(!("phone" in body.details));
  const selfie = await ask("POST", "documents?kind=selfie", picture, options);
  assert.deepEqual([selfie.status, selfie.body.code], [422, "document_not_asked"]);
  assert.deepEqual((await own.call("GET", `/customers/${id}/documents`)).body.data, []);
});

test("422: what is incomplete is not submitted, and the answer names what is missing", async () => {
  const { id, options } = await begin();
  await ask("PUT", "details", { firstName: "Ada", lastName: "Example" }, options);
  const { status, body } = await ask("POST", "submit", { consent }, options);
  assert.deepEqual([status, body.code], [422, "verification_incomplete"]);
  assert.deepEqual(
    body.errors.map(({ field }: { field: string }) => field),
    [
      "birthDate",
      "nationality",
      "residence.country",
      "residence.line1",
      "residence.city",
      "email",
      "documents.identity",
    ],
  );
  assert.equal((await read(id)).firstName, null);
});

test("without consent to the text that stands there now nothing is submitted", async () => {
  const { options } = await begin();
  assert.equal((await ask("POST", "submit", {}, options)).status, 400);
  const old = { consent: { version: "2020-01", language: "en" } };
  const { status, body } = await ask("POST", "submit", old, options);
  assert.deepEqual([status, body.code], [409, "consent_outdated"]);
});

test("a picture that is not sharp is told so; a document can be taken back; a file that is none is refused", async () => {
  const { id, options } = await begin();
  const blurred = await ask("POST", "documents?kind=passport", pngOf(900, 700, waves), options);
  const [document] = blurred.body.documents;
  assert.deepEqual(document.findings, ["sharpness"]);
  const other = await begin();
  assert.equal(
    (await ask("DELETE", `documents/${document.id}`, undefined, other.options)).status,
    404,
  );
  const gone = await ask("DELETE", `documents/${document.id}`, undefined, options);
  assert.deepEqual(gone.body.documents, []);
  const [kept] = (await own.call("GET", `/customers/${id}/documents`)).body.data;
  assert.equal(kept.status, "erased");
  const text = await ask("POST", "documents?kind=passport", Buffer.from("hello"), options);
  assert.deepEqual([text.status, text.body.code], [422, "document_type_not_allowed"]);
});

test("what was given does not count before it is submitted, whatever the organization does in between", async () => {
  const { id, options } = await begin(person);
  const given = await ask("POST", "documents?kind=passport", picture, options);
  const [{ id: documentId }] = given.body.documents;
  const path = `/customers/${id}/documents/${documentId}`;
  assert.equal((await own.call("PATCH", path, { country: "DEU" })).status, 200);
  const before = await read(id);
  assert.deepEqual([before.status, before.missing], ["needs_information", ["documents.identity"]]);
  await ask("POST", "submit", { consent }, options);
  const after = await read(id);
  assert.deepEqual([after.status, after.missing], ["pending", []]);
});

test("a session that ends unsubmitted takes what was given in it along; what was submitted stays", async () => {
  const statuses = async (id: string) =>
    (await own.call("GET", `/customers/${id}/documents`)).body.data.map(
      ({ status }: { status: string }) => status,
    );
  const replaced = await begin();
  await ask("POST", "documents?kind=passport", picture, replaced.options);
  await own.call("POST", `/customers/${replaced.id}/verification-sessions`, {});
  assert.deepEqual(await statuses(replaced.id), ["erased"]);
  const revoke = ({ id, verification }: Awaited<ReturnType<typeof begin>>) =>
    own.call("DELETE", `/customers/${id}/verification-sessions/${verification.sessionId}`);
  const revoked = await begin();
  await ask("POST", "documents?kind=passport", picture, revoked.options);
  await revoke(revoked);
  assert.deepEqual(await statuses(revoked.id), ["erased"]);
  const submitted = await begin(person);
  await ask("POST", "documents?kind=passport", picture, submitted.options);
  await ask("POST", "submit", { consent }, submitted.options);
  const ended = await revoke(submitted);
  assert.equal(ended.status, 200, JSON.stringify(ended.body));
  assert.deepEqual(await statuses(submitted.id), ["uploaded"]);
});

test("who submitted, and was rejected with another try, gets another session", async () => {
  const { id, verification, options } = await begin(person);
  await ask("POST", "documents?kind=passport", picture, options);
  await ask("POST", "submit", { consent }, options);
  await server.call("POST", `/customers/${id}/reject`, { reasons: ["The picture is cut off."] });
  const opened = await own.call("POST", `/customers/${id}/verification-sessions`, {});
  assert.equal(opened.status, 201, JSON.stringify(opened.body));
  const older = (await sessionsOf(id)).find(
    (one: { id: string }) => one.id === verification.sessionId,
  );
  assert.equal(older.status, "replaced");
  assert.notEqual(older.submittedAt, null);
});

test("lines of a document are compared with the details of the session, named where they are wrong, and kept nowhere", async () => {
  const { id, options } = await begin();
  const details = { ...basics, firstName: "Anna Maria", lastName: "Eriksson" };
  await ask("PUT", "details", { ...details, birthDate: "1974-08-12" }, options);
  const given = await ask("POST", "documents?kind=passport", picture, options);
  const [{ id: documentId, isDescribed }] = given.body.documents;
  assert.equal(isDescribed, false);
  const lines = (second: string) => ({
    mrz: ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", second],
  });
  const say = (second: string, whose = options) =>
    ask("PATCH", `documents/${documentId}`, lines(second), whose);
  const right = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
  const wrong = await say(right.replace("L8", "M8"));
  assert.deepEqual(
    [wrong.status, wrong.body.code, wrong.body.errors[0].code],
    [422, "mrz_invalid", "mrz_document_number_check"],
  );
  const other = await begin();
  assert.equal((await say(right, other.options)).status, 404, "of another session");
  const { status, body } = await say(right);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.documents[0].isDescribed, true);
  assert.ok(!/L898902C|ERIKSSON</.test(JSON.stringify(body)));
  const kept = (await own.call("GET", `/customers/${id}/documents/${documentId}`)).body;
  const holder = kept.checks.find(({ check }: { check: string }) => check === "holder");
  assert.equal(holder.result, "passed");
  const audit = await own.call("GET", `/audit-log?objectId=${id}`);
  assert.ok(!/L898902C|ERIKSSON/.test(JSON.stringify(audit.body)));
});

test("at level minimum the person is done at once", async () => {
  const { id, options } = await begin({ level: "minimum" });
  const { firstName, lastName, birthDate } = person;
  await ask("PUT", "details", { firstName, lastName, birthDate }, options);
  const { body } = await ask("POST", "submit", { consent }, options);
  assert.equal(body.outcome, "approved");
  assert.equal((await read(id)).status, "active");
});

test("who was rejected and may submit again gives all of it again, and is in review", async () => {
  const { id } = await create(person);
  await giveDocuments(own.call, id);
  await server.call("POST", `/customers/${id}/reject`, { reasons: ["The name is another."] });
  const opened = await own.call("POST", `/customers/${id}/verification-sessions`, {});
  const { body } = await exchange(opened.body.link);
  assert.ok(body.session.wanted.fields.includes("firstName"));
  assert.ok(!JSON.stringify(body).includes("another"), "reasons are not for this page");
  const options = { bearer: body.bearer };
  await ask("PUT", "details", { ...basics, firstName: "Grace" }, options);
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.body.outcome, "in_review", JSON.stringify(done.body));
  const { status, firstName } = await read(id);
  assert.deepEqual([status, firstName], ["pending", "Grace"]);
});

test("a known country of residence stays when its street is asked for", async () => {
  const { id, options } = await begin({ ...person, residence: { country: "AUT" } });
  await ask("PUT", "details", { residence: { ...residence, country: "DEU" } }, options);
  await ask("POST", "documents?kind=passport", picture, options);
  await ask("POST", "submit", { consent }, options);
  const { residence: kept } = await read(id);
  assert.deepEqual(kept, { ...residence, country: "AUT" });
});

test("the page never says that somebody is held, or why somebody is not approved", async () => {
  const { id, options } = await begin();
  await ask("PUT", "details", basics, options);
  await ask("POST", "documents?kind=passport", picture, options);
  await server.call("POST", `/customers/${id}/hold`, { reason: "sanctions" });
  const done = await ask("POST", "submit", { consent }, options);
  assert.equal(done.body.outcome, "in_review");
  assert.ok(!/sanction|hold/.test(JSON.stringify(done.body)));
  await server.call("POST", `/customers/${id}/release`, {});
  await server.call("POST", `/customers/${id}/reject`, { reasons: ["Forged."] });
  const { body } = await ask("GET", "session", undefined, options);
  assert.equal(body.outcome, "not_possible");
  assert.ok(!/Forged/.test(JSON.stringify(body)));
});

test("a session ends at once when it is revoked or replaced, and with its customer", async () => {
  const revoked = await begin();
  const path = `/customers/${revoked.id}/verification-sessions/${revoked.verification.sessionId}`;
  await own.call("DELETE", path);
  const replaced = await begin();
  await own.call("POST", `/customers/${replaced.id}/verification-sessions`, {});
  const deleted = await begin();
  await own.call("DELETE", `/customers/${deleted.id}`);
  for (const { options, cookie } of [revoked, replaced, deleted]) {
    const reply = await ask("GET", "session", undefined, options);
    assert.deepEqual([reply.status, reply.body.code], [401, "session_not_usable"]);
    const write = await ask("PUT", "details", { firstName: "Ada" }, options);
    assert.deepEqual([write.status, write.body.code], [401, "session_not_usable"]);
    assert.notEqual((await ask("POST", "resume", {}, { cookie })).status, 200);
  }
});

test("two submissions at once make one", async () => {
  const { id, options } = await begin();
  await ask("PUT", "details", basics, options);
  await ask("POST", "documents?kind=passport", picture, options);
  const both = await Promise.all([
    ask("POST", "submit", { consent }, options),
    ask("POST", "submit", { consent }, options),
  ]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  assert.equal((await read(id)).status, "pending");
});

test("G1: no secret of a link, no bearer and no personal data is in the log", () => {
  const all = lines.join("\n");
  assert.ok(all.includes("/hosted/verification/exchange"), "requests are logged");
  assert.ok(!/[A-Za-z0-9_-]{43}/.test(all.replaceAll(/"stack":"[^"]*"/g, "")), "no secret");
  assert.ok(!/Ada|ada@example|Example Street|1990-05-17/.test(all));
});
