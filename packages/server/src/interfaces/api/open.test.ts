import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";
import { errorTables, publishedCodes } from "./codes.ts";
import { openApiDocument } from "./openapi.ts";
import { routes } from "./routes.ts";

/** What is answered without a key: state, meters, the document, the docs, the codes. */
const server = await startTestServer();
const live = await startTestServer({ mode: "live" });

const get = (path: string, headers: Record<string, string> = {}, url = server.url) =>
  fetch(`${url}${path}`, { headers });

test("/healthz and /readyz answer without a key", async () => {
  assert.deepEqual(await (await get("/healthz")).json(), { status: "ok" });
  const ready = await get("/readyz");
  assert.equal(ready.status, 200);
  assert.equal(((await ready.json()) as { status: string }).status, "ready");
});

test("/metrics speaks Prometheus; in a live installation only to the platform", async () => {
  const { call } = await server.newOrganization();
  await call("GET", "/organization");
  const answer = await get("/metrics");
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
  const text = await answer.text();
  assert.match(text, /_duration_seconds_count\{route="getOwnOrganization",status="2xx"\} 1/);
  assert.equal((await get("/metrics", {}, live.url)).status, 401);
  const organization = await live.newOrganization();
  const as = (key: string) => get("/metrics", { authorization: `Bearer ${key}` }, live.url);
  assert.equal((await as(organization.apiKey)).status, 403);
  assert.equal((await as(live.platformKey)).status, 200);
});

test("/openapi.json is the document of the route table", async () => {
  const document = (await (await get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { operationId: string; security: object[] }>>;
  };
  assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument(routes))));
  for (const { id, path, method } of routes) {
    const operation = document.paths[`/v1${path}`]?.[method.toLowerCase()];
    assert.equal(operation?.operationId, id);
  }
});

test("/docs runs its own scripts under a policy that lets it talk to this server alone", async () => {
  const page = await get("/docs/");
  const html = await page.text();
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /connect-src 'self'(;|$)/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.ok(!/script-src[^;]*unsafe/.test(policy));
  const [, inline = ""] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(html) ?? [];
  assert.ok(inline.includes("/openapi.json"));
  const digest = createHash("sha256").update(inline).digest("base64");
  assert.ok(policy.includes(`'sha256-${digest}'`));
  const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  assert.deepEqual(addresses, ["js/scalar.js"]);
  const script = await get("/docs/js/scalar.js");
  assert.equal(script.status, 200);
  assert.match(script.headers.get("content-type") ?? "", /javascript/);
  await script.arrayBuffer();
});

test("/v1/error-codes publishes every code once, with its meaning", async () => {
  const { data } = (await (await get("/v1/error-codes")).json()) as {
    data: { code: string; title: string }[];
  };
  assert.deepEqual(data, publishedCodes());
  const all = errorTables.flatMap(({ entries }) => Object.keys(entries));
  assert.equal(new Set(all).size, all.length, "no code is in two tables");
  assert.equal(data.length, all.length + 1);
  for (const { code, title } of data) {
    assert.match(code, /^[a-z][a-z0-9_]+$/);
    assert.ok(title.length > 5 && !title.endsWith("."), `${code}: ${title}`);
  }
});

test("every code that a route names is published", () => {
  const known = new Set(publishedCodes().map(({ code }) => code));
  for (const { id, errors } of routes) {
    for (const code of errors) assert.ok(known.has(code), `${id}: ${code}`);
  }
});

test("ids of routes are unique, and so are method and path", () => {
  const unique = (values: string[]) => assert.equal(new Set(values).size, values.length);
  unique(routes.map(({ id }) => id));
  unique(routes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`));
});
