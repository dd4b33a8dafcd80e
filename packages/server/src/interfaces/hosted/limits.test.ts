import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { startTestServer } from "../../../test/harness/server.ts";
import { askWith, secretOf } from "./fixture.ts";

/** G19: what is too much is refused by the name of its limit, and costs next to nothing. */
const server = await startTestServer();
const own = await server.newOrganization();
const { body: made } = await own.call("POST", "/customers", { type: "business", level: "basic" });
const secret = secretOf(made.verification.link);
const started = await askWith(server)("POST", "exchange", { secret });
const authorization = `Bearer ${started.body.bearer}`;

/** CPU that one such request may take, ms, the test's own part of it included. */
const MOST_MS = 50;
/** The cheapest of at most so many: a machine that is busy with something else is no cost of ours. */
const TRIES = 50;

type Sent = {
  readonly method?: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

async function send({ method = "PUT", path, type = "application/json", body, headers }: Sent) {
  const key = path.startsWith("/v1/") ? `Bearer ${own.apiKey}` : authorization;
  const response = await fetch(server.url + path, {
    method,
    headers: {
      authorization: key,
      ...(body === undefined ? {} : { "content-type": type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: body as string }),
  });
  const told = (await response.json()) as {
    readonly code: string;
    readonly errors: readonly { readonly code: string; readonly field?: string }[];
  };
  return { status: response.status, told };
}

async function assertCheap(what: string, sent: Sent, expected: string): Promise<void> {
  let cheapest = Number.POSITIVE_INFINITY;
  for (let count = 0; count < TRIES && cheapest >= MOST_MS; count += 1) {
    const before = process.cpuUsage();
    const { status, told } = await send(sent);
    const { user, system } = process.cpuUsage(before);
    cheapest = Math.min(cheapest, (user + system) / 1_000);
    const [{ code = "" } = {}] = told.errors;
    assert.equal(`${status} ${told.code} ${code}`, expected, what);
  }
  assert.ok(cheapest < MOST_MS, `${what}: ${cheapest} ms`);
}

const details = "/hosted/verification/details";
const documents = "/hosted/verification/documents";
const deep = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
const most = 262_000;

test("G19: JSON of a page that is too deep, too long, or made to be looked at for long is refused cheaply", async () => {
  const invalid = "400 invalid_request";
  const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["33 levels", deep(32), `${invalid} json_too_deep`],
    ["130,000 levels", deep(most / 2 - 10), `${invalid} json_too_deep`],
    ["unclosed levels", "[".repeat(most), `${invalid} json_malformed`],
    ["one name 20,000 times", `{${'"a":1,'.repeat(20_000)}"a":1}`, `${invalid} field_repeated`],
    [
      "20,000 names",
      `{${Array.from({ length: 20_000 }, (_, at) => `"n${at}":1`).join()}}`,
      `${invalid} field_unknown`,
    ],
    [
      "a long name",
      JSON.stringify({ firstName: "a".repeat(most - 20) }),
      `${invalid} field_length`,
    ],
    ["a long number", `{"firstName":${"9".repeat(most - 20)}}`, `${invalid} field_number`],
    [
      "a name that regular expressions go back in",
      JSON.stringify({ email: `${"a.".repeat(120)}@` }),
      "422 customer_invalid email_invalid",
    ],
    [
      "no UTF-8",
      Buffer.from('{"residence":{"line1":"\xff"}}', "latin1"),
      `${invalid} json_malformed`,
    ],
    ["too long", `{"a":"${"x".repeat(300_000)}"}`, "413 payload_too_large payload_too_large"],
  ];
  for (const [what, body, expected] of cases) {
    await assertCheap(what, { path: details, body }, expected);
  }
});

test("G19: arrays of a page have an end, and so have addresses", async () => {
  const mrz = Array.from({ length: 60_000 }, () => "<");
  const body = JSON.stringify({ mrz });
  await assertCheap(
    "lines of a passport",
    { method: "PATCH", path: `${documents}/doc_1`, body },
    "400 invalid_request field_count",
  );
  const roles = Array.from({ length: 20_000 }, () => "director");
  await assertCheap(
    "roles of a person",
    {
      method: "PATCH",
      path: "/hosted/verification/people/per_1",
      body: JSON.stringify({ roles }),
    },
    "400 invalid_request field_count",
  );
  const path = `${documents}/${"d".repeat(10_000)}`;
  const { status } = await send({ method: "DELETE", path });
  assert.ok([400, 404].includes(status), `${status}`);
  const { told } = await send({ method: "DELETE", path: `${documents}/${"d".repeat(20_000)}` });
  assert.equal(told.code, "headers_too_large");
});

test("G19: compressed bodies are refused unread, and many parts are no body of ours", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  for (const encoding of ["gzip", "br", "deflate", "zstd", "gzip, gzip"]) {
    const headers = { "content-encoding": encoding };
    const sent = { path: details, body: bomb, headers };
    await assertCheap(encoding, sent, "415 unsupported_media_type unsupported_media_type");
    const file = {
      method: "POST",
      path: `${documents}?kind=company_register`,
      type: "application/octet-stream",
      body: bomb,
      headers,
    };
    await assertCheap(encoding, file, "415 unsupported_media_type unsupported_media_type");
  }
  const part = '--b\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n';
  const parts = `${part.repeat(3_000)}--b--`;
  for (const [method, path] of [
    ["PUT", details],
    ["POST", `${documents}?kind=company_register`],
    ["POST", `/v1/customers/${made.id}/documents?kind=company_register`],
  ] as const) {
    const sent = { method, path, type: "multipart/form-data; boundary=b", body: parts };
    await assertCheap(path, sent, "415 unsupported_media_type unsupported_media_type");
  }
});

test("G19: cursors that nobody was given are refused, or find nothing of anybody else", async () => {
  const other = await server.newOrganization();
  const theirs = await other.call("POST", "/customers", { type: "individual", level: "basic" });
  const lists = [
    `/customers/${made.id}/verification-sessions`,
    `/customers/${made.id}/documents`,
    `/customers/${made.id}/people`,
    "/customers",
    "/verifications",
  ];
  const encode = (text: string) => Buffer.from(text).toString("base64url");
  const forged = [
    "x",
    "%00",
    "../..",
    encode("{}"),
    encode("' or 1=1 --"),
    encode(JSON.stringify({ id: { $gt: "" } })),
    encode("zzz_~~~"),
    encode(theirs.body.id),
    theirs.body.id,
    "a".repeat(5_000),
  ];
  for (const list of lists) {
    for (const cursor of forged) {
      const { status, body } = await own.call(
        "GET",
        `${list}?cursor=${encodeURIComponent(cursor)}`,
      );
      const what = `${list} ${cursor.slice(0, 40)}: ${status}`;
      assert.ok(status === 200 || status === 400, what);
      if (status === 400) assert.equal(body.errors[0].field, "cursor", what);
      else assert.ok(!JSON.stringify(body).includes(theirs.body.id), what);
    }
  }
});
