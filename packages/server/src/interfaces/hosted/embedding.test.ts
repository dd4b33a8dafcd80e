import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";
import { askWith, secretOf } from "./fixture.ts";

/** A page may be shown in a frame by whom its organization names, and has no cookie there. */
const server = await startTestServer();
const ask = askWith(server);
const shop = "https://shop.example.com";

/** An organization whose pages those origins may embed. */
async function organization(...embedOrigins: string[]) {
  const own = await server.newOrganization();
  await own.call("PATCH", "/organization", { embedOrigins });
  return own;
}
const embeddable = await organization(shop, "http://localhost:5173");
const other = await organization(shop);
const closed = await organization(shop);
await server.call("POST", `/organizations/${closed.id}/close`, {});

const linkOf = async ({ call }: typeof other): Promise<string> =>
  (await call("POST", "/customers", { type: "individual", level: "basic" })).body.verification.link;

const ancestorsOf = (headers: Headers): string | undefined =>
  /frame-ancestors ([^;]*)/.exec(headers.get("content-security-policy") ?? "")?.[1];

test("a link says openly whose it is, and nothing of whom it is for", async () => {
  const link = new URL(await linkOf(other));
  assert.equal(link.pathname + link.search, `/verify/?organization=${other.id}`);
});

test("the page of a link may be framed by the origins that its organization names, and by no other", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await fetch(await linkOf(embeddable), { method });
    assert.equal(ancestorsOf(headers), `${shop} http://localhost:5173`);
    assert.equal(headers.get("x-frame-options"), null, "it could name no origin");
    assert.equal(headers.get("set-cookie"), null);
    assert.equal(headers.get("cache-control"), "no-store");
    const policy = headers.get("content-security-policy") ?? "";
    assert.ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
  }
});

test("what names no organization that says so is framed nowhere, and answers all alike", async () => {
  const silent = await server.newOrganization();
  const queries = [
    "",
    `?organization=${silent.id}`,
    `?organization=${closed.id}`,
    "?organization=org_nothing",
    "?organization=org_platform",
    "?organization=",
    `?organization=external:${embeddable.id}`,
    `?organization=${embeddable.id}&organization=${other.id}`,
    `?organization=${encodeURIComponent("org_1; frame-ancestors *")}`,
    `?organization=org_${"x".repeat(500)}`,
    `?organization[]=${embeddable.id}`,
    "?organization=%00",
    "?organization=%ff",
  ];
  const answers = await Promise.all(
    queries.map(async (query) => {
      const reply = await fetch(`${server.url}/verify/${query}`);
      const differs = ["date", "x-request-id"];
      const headers = [...reply.headers].filter(([name]) => !differs.includes(name));
      return { status: reply.status, headers, text: await reply.text() };
    }),
  );
  for (const [index, answer] of answers.entries()) {
    assert.deepEqual(answer, answers[0], queries[index]);
  }
  const { headers } = await fetch(`${server.url}/verify/`);
  assert.equal(ancestorsOf(headers), "'none'");
  assert.equal(headers.get("x-frame-options"), "DENY");
});

test("nothing but the page itself may be framed, whoever it is for", async () => {
  for (const name of ["built/main.js", "verify.css", "icon.svg", "countries.json"]) {
    const { headers } = await fetch(`${server.url}/verify/${name}?organization=${embeddable.id}`);
    assert.equal(ancestorsOf(headers), "'none'", name);
    assert.equal(headers.get("x-frame-options"), "DENY", name);
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", name);
  }
});

test("an origin that is taken off the list may frame no page from then on", async () => {
  const own = await organization(shop);
  const link = await linkOf(own);
  assert.equal(ancestorsOf((await fetch(link)).headers), shop);
  await own.call("PATCH", "/organization", { embedOrigins: [] });
  assert.equal(ancestorsOf((await fetch(link)).headers), "'none'");
});

test("an address without its slash leads to the page of the same organization, and nowhere else", async () => {
  const go = async (query: string) => {
    const reply = await fetch(`${server.url}/verify${query}`, { redirect: "manual" });
    return [reply.status, reply.headers.get("location")];
  };
  const query = `?organization=${embeddable.id}`;
  assert.deepEqual(await go(query), [308, `/verify/${query}`]);
  assert.deepEqual(await go("?//evil.example"), [308, "/verify/?//evil.example"]);
  assert.deepEqual(await go("?a=%0d%0aset-cookie:x"), [308, "/verify/?a=%0d%0aset-cookie:x"]);
});

test("a page in a frame gets a bearer and no cookie; with the whole tab it gets both", async () => {
  const framed = { secret: secretOf(await linkOf(embeddable)), embeddedFor: embeddable.id };
  const { status, body, cookie } = await ask("POST", "exchange", framed);
  assert.deepEqual([status, cookie], [200, null]);
  const { status: alive } = await ask("GET", "session", undefined, { bearer: body.bearer });
  assert.equal(alive, 200);
  const whole = await ask("POST", "exchange", { secret: secretOf(await linkOf(embeddable)) });
  assert.match(whole.cookie ?? "", /cardwright-verification=/);
});

test("in a frame that is for one organization no link of another can be used, and none is spent by that", async () => {
  const link = await linkOf(embeddable);
  for (const embeddedFor of [other.id, "org_nothing", "none"]) {
    const { status, body } = await ask("POST", "exchange", { secret: secretOf(link), embeddedFor });
    assert.deepEqual([status, body.code], [404, "link_not_usable"]);
  }
  assert.equal((await ask("POST", "exchange", { secret: secretOf(link) })).status, 200);
});

test("in a frame nobody resumes by a cookie, also on a site that the browser holds for the same", async () => {
  const link = await linkOf(embeddable);
  const secret = secretOf(link);
  const { cookie: set } = await ask("POST", "exchange", { secret });
  const cookie = (set ?? "").split(";")[0] ?? "";
  const framed = await ask("POST", "exchange", { secret, embeddedFor: embeddable.id }, { cookie });
  assert.deepEqual([framed.status, framed.body.code], [404, "link_not_usable"]);
  assert.equal((await ask("POST", "exchange", { secret }, { cookie })).status, 200);
});
