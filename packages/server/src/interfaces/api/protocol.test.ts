import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Type } from "typebox";
import { startTestServer } from "../../../test/harness/server.ts";
import { createLog } from "../../foundation/log/log.ts";
import { readRoute, writeRoute } from "../../foundation/route/route.ts";
import {
  date,
  idParams,
  nullable,
  object,
  oneOf,
  pageQuery,
  positiveAmount,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";

/** What any body is checked for before a module sees it, through HTTP. */
let handled = 0;
const common = { tag: "Things", scope: null, errors: [], audience: "any" } as const;

const routes = [
  readRoute({
    ...common,
    id: "readThing",
    path: "/things/{id}",
    summary: "Read a thing",
    params: idParams,
    query: object({ ...pageQuery, day: Type.Optional(date), flag: Type.Optional(Type.Boolean()) }),
    reply: object({
      id: Type.String(),
      limit: Type.Integer(),
      note: nullable(text(10)),
      inner: nullable(object({ shown: Type.Integer() })),
    }),
    handle: async ({ params, query }) => ({
      id: params.id,
      limit: query.limit ?? 0,
      note: null,
      inner: params.id === "inner" ? { shown: 1, secret: "never shown" } : null,
      secret: "never shown",
    }),
  }),
  writeRoute({
    ...common,
    id: "writeThing",
    method: "POST",
    path: "/things",
    summary: "Write a thing",
    body: object({
      amount: Type.Optional(positiveAmount),
      note: Type.Optional(nullable(text(20))),
      kind: Type.Optional(oneOf(["one", "two"])),
      at: Type.Optional(timestamp),
      list: Type.Optional(Type.Array(Type.Integer(), { maxItems: 3 })),
      inner: Type.Optional(object({ deep: Type.Integer() })),
    }),
    reply: object({ done: Type.Boolean() }),
    status: 200,
    handle: async () => {
      handled += 1;
      return { done: true };
    },
  }),
  writeRoute({
    ...common,
    id: "pokeThing",
    method: "POST",
    path: "/things/{id}/poke",
    summary: "Poke a thing",
    params: idParams,
    reply: object({ done: Type.Boolean() }),
    status: 200,
    handle: async () => ({ done: true }),
  }),
];

const errorsLogged: string[] = [];
const log = createLog("error", { write: (line) => void errorsLogged.push(line) });
const server = await startTestServer({ routes, log });
const { call, apiKey } = await server.newOrganization();

type Line = { code: string; field?: string; message: string; remedy?: string };
type Answer = { status: number; body: { code?: string; errors?: Line[] } };

/** `code field` of each line, sorted. */
const lines = ({ body }: Answer) =>
  (body.errors ?? []).map(({ code, field }) => `${code} ${field ?? "-"}`).sort();

const post = (body: unknown, headers: Record<string, string> = {}) =>
  call("POST", "/things", body, { headers });

/** Sends bytes and reads the answer to the end. */
async function raw(
  request: string | Buffer,
): Promise<{ status: number; head: string; body: string }> {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(request);
  await new Promise((resolve) => socket.on("close", resolve).on("error", resolve));
  const answer = Buffer.concat(chunks).toString("utf8");
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1] ?? 0), head, body };
}

const head = (line: string, more: readonly string[] = []) =>
  `${[line, "Host: x", `Authorization: Bearer ${apiKey}`, "Connection: close", ...more].join("\r\n")}\r\n\r\n`;

const jsonOf = (length: number) => ["Content-Type: application/json", `Content-Length: ${length}`];

const chunkedJson = ["Content-Type: application/json", "Transfer-Encoding: chunked"];

const jsonHead = (bytes: Buffer, more: readonly string[] = []) =>
  head("POST /v1/things HTTP/1.1", [...jsonOf(bytes.length), ...more]);

test("400: numbers that are not exact are refused by their field, and nothing is done", async () => {
  const before = handled;
  const bad = ["1.0", "1e3", "-0", "0.1", "9007199254740992", "9007199254740990.6", "1E400"];
  for (const number of bad) {
    const answer = await post(`{"amount": ${number}}`);
    assert.equal(answer.status, 400, number);
    assert.deepEqual(lines(answer), ["field_number amount"], number);
  }
  for (const number of ["0", "-1", "1000000000001", "9007199254740991"]) {
    const answer = await post(`{"amount": ${number}}`);
    assert.deepEqual([answer.status, lines(answer)], [400, ["field_range amount"]], number);
  }
  assert.equal(handled, before);
  assert.equal((await post('{"amount": 1000000000000}')).status, 200);
});

test("400: types are not converted", async () => {
  for (const wrong of ['"5"', "true", "[7]", "{}", "null"]) {
    assert.deepEqual(lines(await post(`{"amount": ${wrong}}`)), ["field_type amount"], wrong);
  }
  assert.deepEqual(lines(await post({ note: 5 })), ["field_type note"]);
  assert.equal((await post({ note: null })).status, 200);
});

test("400: every broken field is named at once, each with what to do", async () => {
  const answer = await post({
    amount: -1,
    note: "x".repeat(21),
    kind: "three",
    at: "yesterday",
    list: [1, 2, 3, 4],
    inner: { deep: "x", more: 1 },
    unknown: 1,
  });
  assert.equal(answer.status, 400);
  assert.deepEqual(lines(answer), [
    "field_count list",
    "field_format at",
    "field_length note",
    "field_range amount",
    "field_type inner.deep",
    "field_unknown inner.more",
    "field_unknown unknown",
    "field_value kind",
  ]);
  for (const { message } of answer.body.errors) assert.ok(message.length > 5);
  assert.deepEqual(lines(await post({ inner: {} })), ["field_required inner.deep"]);
});

test("400: NUL, half surrogates, repeated and forbidden names", async () => {
  assert.deepEqual(lines(await post('{"note": "a\\u0000b"}')), ["field_nul note"]);
  assert.deepEqual(lines(await post('{"note": "\\ud83d"}')), ["field_unicode note"]);
  assert.deepEqual(lines(await post('{"amount": 1, "amount": 2}')), ["field_repeated amount"]);
  assert.deepEqual(lines(await post('{"__proto__": {"amount": 1}}')), ["field_unknown __proto__"]);
  assert.deepEqual(lines(await post('{"inner": {"constructor": 1}}')), [
    "field_unknown inner.constructor",
  ]);
});

test("G19: nesting beyond 32 levels is refused at once, whatever its size", async () => {
  const nested = (depth: number) => `{"note":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  assert.deepEqual(lines(await post(nested(31))), ["field_type note"]);
  const before = process.cpuUsage();
  assert.deepEqual(lines(await post(nested(32))), ["json_too_deep -"]);
  assert.deepEqual(lines(await post(nested(100_000))), ["json_too_deep -"]);
  assert.ok(process.cpuUsage(before).user < 100_000, "under 50 ms each");
});

test("G19: thousands of unknown fields are refused in milliseconds, at most 100 are named", async () => {
  const fields = Array.from({ length: 20_000 }, (_, at) => `"f${at}":1`).join(",");
  const before = process.cpuUsage();
  const answer = await post(`{${fields}}`);
  assert.ok(process.cpuUsage(before).user < 200_000);
  assert.equal(answer.status, 400);
  assert.equal(answer.body.errors.length, 100);
});

test("400: what is no JSON object is refused without being echoed", async () => {
  for (const body of ["{", "nonsense 4111111111111111", "[1,2]", '"text"', "5", "null", "NaN"]) {
    const answer = await post(body);
    assert.equal(answer.status, 400, body);
    assert.equal(answer.body.code, "invalid_request");
    assert.ok(!JSON.stringify(answer.body).includes("4111"));
  }
  const invalid = Buffer.from([0x7b, 0x22, 0x6e, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
  const answer = await raw(Buffer.concat([Buffer.from(jsonHead(invalid)), invalid]));
  assert.equal(answer.status, 400);
  assert.match(answer.body, /json_malformed/);
});

test("a body may be left out where nothing in it is required, and is refused where there is none", async () => {
  assert.equal((await call("POST", "/things")).status, 200);
  assert.equal((await call("POST", "/things/x/poke")).status, 200);
  assert.equal((await call("POST", "/things/x/poke", {})).status, 200);
  assert.deepEqual(lines(await call("POST", "/things/x/poke", { a: 1 })), ["field_unknown a"]);
  const empty = await raw(jsonHead(Buffer.alloc(0)));
  assert.equal(empty.status, 200);
});

test("415: other content types, charsets and encodings; a compressed bomb is not unpacked", async () => {
  const typed = (type: string) => post("{}", { "content-type": type });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    assert.equal((await typed(type)).body.code, "unsupported_media_type", type);
  }
  assert.equal((await typed("application/json; charset=latin1")).status, 415);
  assert.equal((await typed("application/json; charset=UTF-8")).status, 200);
  const bomb = gzipSync(Buffer.alloc(10_000_000, " "));
  const packed = await raw(
    Buffer.concat([Buffer.from(jsonHead(bomb, ["Content-Encoding: gzip"])), bomb]),
  );
  assert.equal(packed.status, 415);
  assert.match(packed.body, /Content-Encoding/);
});

test("413: a body beyond the limit, told or streamed, is not read to its end", async () => {
  const large = Buffer.from(`{"note":"${"x".repeat(300_000)}"}`);
  const told = await raw(Buffer.concat([Buffer.from(jsonHead(large)), large]));
  assert.equal(told.status, 413);
  assert.match(told.body, /payload_too_large/);
  const streamed = await raw(
    `${head("POST /v1/things HTTP/1.1", chunkedJson)}${`10000\r\n${"x".repeat(65_536)}\r\n`.repeat(5)}0\r\n\r\n`,
  );
  assert.equal(streamed.status, 413);
});

test("431: headers and addresses that are too long; 400: garbage; each is a problem", async () => {
  const long = await raw(head("GET /v1/things/x HTTP/1.1", [`X-Long: ${"x".repeat(20_000)}`]));
  assert.equal(long.status, 431);
  assert.match(long.head, /application\/problem\+json/);
  assert.equal((await raw(head(`GET /v1/things/${"x".repeat(20_000)} HTTP/1.1`))).status, 431);
  const garbage = await raw("GARBAGE\r\n\r\n");
  assert.equal(garbage.status, 400);
  assert.match(garbage.body, /invalid_request/);
  const badPercent = await raw(head("GET /v1/things/%zz HTTP/1.1"));
  assert.equal(badPercent.status, 400);
  assert.match(badPercent.head, /application\/problem\+json/);
});

test("400: an id too long for the router is refused like any that is too long", async () => {
  for (const length of [265, 4_097, 12_000]) {
    const answer = await raw(head(`GET /v1/things/${"x".repeat(length)} HTTP/1.1`));
    assert.equal(answer.status, 400, `${length}`);
    assert.match(answer.body, /invalid_request/);
  }
  assert.deepEqual(errorsLogged, []);
});

test("400: two Idempotency-Key headers are refused, not joined to one key", async () => {
  const body = Buffer.from("{}");
  const keys = ["Idempotency-Key: one", "Idempotency-Key: two"];
  const answer = await raw(Buffer.concat([Buffer.from(jsonHead(body, keys)), body]));
  assert.equal(answer.status, 400);
  assert.match(answer.body, /idempotency_key_invalid/);
});

test("a caller who goes away in the middle of a body, or garbles it, is no error of ours", async () => {
  const { port, hostname } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(head("POST /v1/things HTTP/1.1", jsonOf(100)));
  socket.write("{");
  await setTimeout(100);
  socket.destroy();
  await raw(`${head("POST /v1/things HTTP/1.1", chunkedJson)}zz\r\n{}\r\n0\r\n\r\n`);
  await setTimeout(100);
  assert.deepEqual(errorsLogged, []);
  const metrics = await fetch(`${server.url}/metrics`).then((answer) => answer.text());
  assert.doesNotMatch(metrics, /route="writeThing",status="5xx"/);
});

test("params and query: converted, bounded, unknown and repeated ones named", async () => {
  const get = (path: string) => call("GET", `/things/${path}`);
  assert.deepEqual((await get("a?limit=7")).body, { id: "a", limit: 7, note: null, inner: null });
  assert.equal((await get(encodeURIComponent("ä/ö?#:"))).body.id, "ä/ö?#:");
  assert.deepEqual(lines(await get("a?limit=0")), ["field_range limit"]);
  assert.deepEqual(lines(await get("a?limit=101")), ["field_range limit"]);
  for (const wrong of ["1e1", "0x10", "1.0", "+5", " 5"]) {
    assert.deepEqual(lines(await get(`a?limit=${encodeURIComponent(wrong)}`)), [
      "field_number limit",
    ]);
  }
  assert.deepEqual(lines(await get("a?limit=5&limit=6")), ["field_type limit"]);
  assert.deepEqual(lines(await get("a?page=2&__proto__=x")), [
    "field_unknown __proto__",
    "field_unknown page",
  ]);
  assert.deepEqual(lines(await get("a%00b")), ["field_nul id"]);
  const longest = `external:${"x".repeat(255)}`;
  assert.deepEqual(lines(await get(`${longest}x`)), ["field_length id"]);
  assert.equal((await get(longest)).status, 200);
});

test("G8: an answer has the fields of its schema, at every level, and no other", async () => {
  const { body } = await call("GET", "/things/inner");
  assert.deepEqual(body, { id: "inner", limit: 25, note: null, inner: { shown: 1 } });
});

test("dates and times are real ones", async () => {
  const day = (text: string) => call("GET", `/things/a?day=${encodeURIComponent(text)}`);
  for (const good of ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"]) {
    assert.equal((await day(good)).status, 200, good);
  }
  for (const bad of [
    "2023-02-29",
    "1900-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-1-1",
    "0000-01-01",
  ]) {
    assert.deepEqual(lines(await day(bad)), ["field_format day"], bad);
  }
  for (const good of [
    "2024-02-29T23:59:59Z",
    "2024-01-01T00:00:00.123456+05:30",
    "9999-12-31T23:59:59.999Z",
  ]) {
    assert.equal((await post({ at: good })).status, 200, good);
  }
  const bad = ["2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "2024-01-01 00:00:00Z"];
  for (const wrong of [
    ...bad,
    "2024-01-01T00:00:00",
    "2024-01-01t00:00:00z",
    "2024-02-30T00:00:00Z",
    "9999-12-31T23:59:59-00:01",
  ]) {
    assert.deepEqual(lines(await post({ at: wrong })), ["field_format at"], wrong);
  }
});

test("404, 405 with Allow, OPTIONS and HEAD", async () => {
  for (const path of ["/nowhere", "/things/a/b/c", "/Things"]) {
    const answer = await call("GET", path);
    assert.deepEqual([answer.status, answer.body.code], [404, "not_found"], path);
  }
  const wrong = await call("PUT", "/things/x");
  assert.deepEqual([wrong.status, wrong.body.code], [405, "method_not_allowed"]);
  assert.equal(wrong.headers.get("allow"), "GET, HEAD, OPTIONS");
  const options = await call("OPTIONS", "/things", undefined, { key: null });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("allow"), "OPTIONS, POST");
  const onlyHead = await call("HEAD", "/things/x");
  assert.equal(onlyHead.status, 200);
  assert.equal(onlyHead.body, "");
});

test("every problem has the fields of RFC 9457, our request id, and nothing from inside", async () => {
  const answer = await post({ amount: "x" }, { "x-request-id": "mine\u0041" });
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const { type, title, status, code, detail, requestId, errors, ...rest } = answer.body;
  assert.deepEqual(rest, {});
  assert.equal(type, "/v1/error-codes#invalid_request");
  assert.ok(title && detail && errors.length === 1);
  assert.deepEqual([status, code], [400, "invalid_request"]);
  assert.match(requestId, /^req_/);
  assert.equal(
    answer.headers.get("x-request-id"),
    requestId,
    "an id that a caller sends is ignored",
  );
});

test("a field's name that a caller made up comes back short, and never with a card number", async () => {
  const answer = await post(`{"4111111111111111": 1, "${"n".repeat(1_000)}": 1}`);
  const text = JSON.stringify(answer.body);
  assert.ok(!text.includes("4111111111111111"));
  assert.ok(text.length < 1_500);
});
