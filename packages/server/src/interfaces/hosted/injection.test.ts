import assert from "node:assert/strict";
import { connect } from "node:net";
import test from "node:test";
import { owner } from "../../../test/harness/evidence.ts";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";
import { jpegOf } from "../../issuing/documents/fixture.ts";
import { askWith, secretOf } from "./fixture.ts";

/** G10: what a page shows, and what a link carries, is text and nothing else. */
const lines: string[] = [];
const log = createLog("trace", { write: (line) => lines.push(line) });
const server = await startTestServer({ log, mode: "live" });
const own = await server.newOrganization();
const live = await server.newOrganization({ mode: "live" });
const ask = askWith(server);
const picture = jpegOf(900, 700);

const create = async ({ call } = own) =>
  (await call("POST", "/customers", { type: "individual", level: "basic" })).body;

async function begin(owner = own) {
  const { id, verification } = await create(owner);
  const { body } = await ask("POST", "exchange", { secret: secretOf(verification.link) });
  return { id: id as string, session: body.session, options: { bearer: body.bearer as string } };
}

const RLO = "\u202e";
const markup = `<img src=x onerror=alert(1)>"'</script>`;

test("G10: an address that a page leads back to is of https and names a host in the open, or is refused", async () => {
  const { id } = await create();
  const open = (returnUrl: unknown, to = own, whose = id) =>
    to.call("POST", `/customers/${whose}/verification-sessions`, { returnUrl });
  const wrong = [
    "javascript:alert(1)",
    "JAVASCRIPT://example.com/%0aalert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://example.com/1",
    "intent://example.com#Intent;end",
    "//example.com",
    "\\\\example.com",
    "/relative",
    "example.com",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https://",
    "https://?x",
    "https://:443/",
    "http://example.com",
    "http://localhost.example.com/",
    "http://localhost@example.com/",
    "http://127.0.0.1/",
    "http://localhost:70000/",
    "https://example.com:70000/",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://example.com@evil.example/",
    "https://example.com\\@evil.example/",
    "https://example.com/a\\b",
    "https://example.com/ b",
    "https://example.com/\tb",
    "https://example.com/\r\nset-cookie: a=b",
    "https://example.com\r\n.evil.example/",
    "https://example.com/#fragment",
    `https://example.com/${RLO}moc.elgoog`,
    "https://example.com/\u200b",
    "https://exаmple.com/",
    "https://münchen.example/",
    "https://example。com/",
    `https://example.com/"><script>alert(1)</script>`,
    `https://example.com/${markup}`,
    "https://example.com/\u0000",
    `https://example.com/${"a".repeat(2_000)}`,
    "",
    1,
    ["https://example.com/"],
  ];
  for (const returnUrl of wrong) {
    const { status, body } = await open(returnUrl);
    assert.deepEqual([status, body.code], [400, "invalid_request"], String(returnUrl));
    assert.equal(body.errors[0].field, "returnUrl", String(returnUrl));
  }
  const good = [
    "https://example.com",
    "https://example.com:8443/done?customer=1&next=%2F%2Fevil.example",
    "https://xn--mnchen-3ya.example/",
    "http://localhost:3000/done",
    null,
  ];
  for (const returnUrl of good) {
    const { status, body } = await open(returnUrl);
    assert.deepEqual([status, body.returnUrl], [201, returnUrl]);
  }
  const other = await create(live);
  const plain = await open("http://localhost:3000/done", live, other.id);
  assert.deepEqual(
    [plain.status, plain.body.code, plain.body.errors[0].field],
    [422, "return_url_not_allowed", "returnUrl"],
  );
});

test("G10: a person's name is taken in any script, and given back as it was", async () => {
  const names = [
    ["নুসরাত", "জাহান"],
    ["नरेन्द्र", "सिंह"],
    ["สมชาย", "ใจดี"],
    ["محمد", "العربي"],
    ["יוסף", "כהן"],
    ["김", "민준"],
    ["さくら", "山田"],
    ["Nguyễn", "Thị"],
    ["Siân", "O’Connor-Smith"],
    ["علی‌رضا", "حسینی"],
  ];
  for (const [firstName, lastName] of names) {
    const { options } = await begin();
    const { status, body } = await ask("PUT", "details", { firstName, lastName }, options);
    assert.equal(status, 200, `${firstName}: ${JSON.stringify(body)}`);
    assert.deepEqual(body.details, { firstName, lastName });
  }
});

test("G10: markup, turned text, NUL and towers of marks are no name; the field is named, and nothing of it is told back", async () => {
  const { options } = await begin();
  const wrong = [
    markup,
    "{{7*7}}",
    "#{7*7}",
    "<%= 7*7 %>",
    "=HYPERLINK(1)",
    "Ada'); drop table customers;--",
    `Ada${RLO}adA`,
    "Ada\u2066",
    "Ada\u200e",
    "Ada\u0000",
    "Ada\r\nset-cookie: a=b",
    "\ud800",
    `A${"\u0301".repeat(5_000)}`,
    "A".repeat(10_000),
  ];
  for (const firstName of wrong) {
    const reply = await ask("PUT", "details", { firstName }, options);
    const what = JSON.stringify(firstName).slice(0, 60);
    assert.ok([400, 422].includes(reply.status), `${what}: ${reply.status}`);
    assert.equal(reply.body.errors[0].field, "firstName", what);
    const told = JSON.stringify(reply.body);
    assert.ok(told.length < 1_000 && !told.includes(JSON.stringify(firstName).slice(1, -1)), what);
  }
  const { body } = await ask("GET", "session", undefined, options);
  assert.deepEqual(body.details, {});
});

test("G10: the names of a business and of its people are names as well", async () => {
  const made = await own.call("POST", "/customers", { type: "business", level: "basic" });
  const secret = secretOf(made.body.verification.link);
  const options = { bearer: (await ask("POST", "exchange", { secret })).body.bearer };
  const give = (firstName: string) => ask("POST", "people", { ...owner, firstName }, options);
  const call = (legalName: string) => ask("PUT", "details", { legalName }, options);
  for (const name of [markup, `Ada${RLO}adA`, "Ada\u0000", `A${"\u0301".repeat(5_000)}`]) {
    const reply = await give(name);
    assert.ok([400, 422].includes(reply.status), `${reply.status}`);
    assert.match(reply.body.errors[0].field, /firstName/);
    assert.ok(!JSON.stringify(reply.body).includes(name));
  }
  for (const name of [`Shop${RLO}pohS`, "Shop\u0000", "Shop\u2066", "\u0301".repeat(5_000)]) {
    const reply = await call(name);
    assert.ok([400, 422].includes(reply.status), `${reply.status}`);
    assert.equal(reply.body.errors[0].field, "legalName");
  }
  const signs = `<b>"Söhne" & 'Co.' {label} $& 100% GmbH</b>`;
  assert.equal((await call(signs)).body.details.legalName, signs, "signs are of names");
  const { status, body } = await give("ব্রজেন্দ্র");
  assert.deepEqual([status, body.people[0].firstName], [200, "ব্রজেন্দ্র"]);
});

test("G10: what else a person types is kept as text: markup in an address stays what it is", async () => {
  const { options } = await begin();
  const residence = { country: "DEU", line1: markup, line2: `${RLO}2`, city: "'; --" };
  const whole = { ...residence, region: null, postalCode: "=1+1" };
  const { status, body } = await ask("PUT", "details", { residence: whole }, options);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.details.residence, whole);
  for (const line1 of ["a\u0000", "a\u001b[31m", "a\u007f"]) {
    const given = { residence: { ...whole, line1 } };
    const reply = await ask("PUT", "details", given, options);
    assert.deepEqual([reply.status, reply.body.errors[0].field], [400, "residence.line1"]);
  }
});

test("G10: the name of an organization cannot turn the sentences of the page round", async () => {
  const turns = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u202c\u2069\u200e\u200f\u061c";
  const turned = await server.newOrganization({ name: `${turns}Shop${RLO} & <b>Söhne</b>` });
  const { session } = await begin(turned);
  assert.equal(session.organization.name, "Shop & <b>Söhne</b>");
  const joined = await server.newOrganization({ name: "شرکت علی‌رضا" });
  assert.equal((await begin(joined)).session.organization.name, "شرکت علی‌رضا", "joiners stay");
});

test("G10: every answer of a page is JSON that no browser takes for anything else, whatever was sent", async () => {
  const { options } = await begin();
  const sent = [
    ["PUT", "details", { [markup]: 1 }],
    ["PUT", `details?${encodeURIComponent(markup)}`, { firstName: markup }],
    ["DELETE", `documents/${encodeURIComponent(markup)}`, undefined],
    ["PATCH", "documents/doc_1", { mrz: [markup, markup] }],
    ["POST", `documents?kind=${encodeURIComponent(markup)}`, picture],
    ["POST", "submit", { consent: { version: markup, language: "en" } }],
  ] as const;
  for (const [method, path, body] of sent) {
    const reply = await ask(method, path, body, options);
    assert.ok(reply.status >= 400 && reply.status < 500, path);
    assert.match(reply.headers.get("content-type") ?? "", /^application\/problem\+json/, path);
    assert.equal(reply.headers.get("x-content-type-options"), "nosniff", path);
    assert.ok(![...reply.headers.values()].some((value) => /onerror|[\r\n]/.test(value)), path);
  }
});

test("G10: what a caller says of a file's name and type is not what a reviewer saves and opens", async () => {
  const { id, options } = await begin();
  const headers = {
    "content-disposition": `attachment; filename="${"../".repeat(9)}etc/passwd"; filename*=UTF-8''x%22%0d%0a.html`,
    "x-file-name": markup,
  };
  const query = `documents?kind=passport`;
  const { status, body } = await ask("POST", query, picture, { ...options, headers });
  assert.equal(status, 200, JSON.stringify(body));
  const [{ id: documentId }] = body.documents;
  const content = await fetch(`${server.url}/v1/customers/${id}/documents/${documentId}/content`, {
    headers: { authorization: `Bearer ${server.platformKey}` },
  });
  assert.equal(content.status, 200, await content.clone().text());
  assert.equal(
    content.headers.get("content-disposition"),
    `attachment; filename="${documentId}.jpeg"`,
  );
  assert.equal(content.headers.get("content-type"), "image/jpeg");
  assert.equal(content.headers.get("x-content-type-options"), "nosniff");
  assert.equal(content.headers.get("content-security-policy"), "default-src 'none'; sandbox");
});

/** Sends bytes as they are; answers all that comes back. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (piece) => {
    answer += piece;
  });
  socket.end(Buffer.from(text, "latin1"));
  await new Promise((resolve) => socket.on("close", resolve).on("error", resolve));
  return answer;
}

test("G10: no address makes a header of its own, leaves the page's folder, or leads elsewhere", async () => {
  const paths = [
    "/verify?a\rset-cookie:b=1",
    "/verify?%0d%0aset-cookie:b=1",
    "/verify//evil.example",
    "//evil.example/verify",
    "/verify/..%2f..%2fpages.ts",
    "/verify/%2e%2e/%2e%2e/package.json",
    "/verify/messages/..%5c..%5cpages.ts",
    "/verify/built/%00",
    "/verify\xff?\xfe",
    "/verify?\xff",
    "/verify/?organization=org_1%0d%0aset-cookie:b=1",
  ];
  for (const path of paths) {
    const answer = await raw(
      `GET ${path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    );
    const [head = ""] = answer.split("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 (?:200|308|400|404) /, path);
    assert.doesNotMatch(head, /^set-cookie/im, path);
    const location = /^location: (.*)$/im.exec(head)?.[1];
    if (location !== undefined) assert.match(location, /^\/verify\/(?:\?|$)/, path);
    assert.ok(!/addPages|workspaces/.test(answer), path);
  }
});

test("G10: one line of the log stays one, and the secret of a link that was mangled on its way is not in it", async () => {
  const { verification } = await create();
  const secret = secretOf(verification.link);
  for (const path of [
    `/verify/%23${secret}`,
    `/verify/${secret}`,
    `/verify/?organization=x%23${secret}`,
    `/${secret}/verify%0a{"level":"info","msg":"forged"}`,
    "/verify/x%0d%0a%1b[31mforged",
  ]) {
    await (await fetch(server.url + path)).arrayBuffer();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const all = lines.join("");
  assert.ok(!all.includes(secret));
  assert.ok(all.includes("/verify/[redacted]"), "the path was logged");
  for (const line of lines) {
    assert.equal(line.trimEnd().split("\n").length, 1);
    const { msg } = JSON.parse(line);
    assert.notEqual(msg, "forged");
  }
  assert.ok(!/onerror|drop table|\u202e/.test(all), "nothing that was typed");
});
