import assert from "node:assert/strict";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";
import { askWith, secretOf } from "./fixture.ts";
import { FAILURES_A_MINUTE, REQUESTS_OF_ONE } from "./hosted.ts";

/** What is done to a link by whom it was not meant for spends nothing, and locks nobody out. */
const server = await startTestServer({
  settings: { CARDWRIGHT_TRUSTED_PROXIES: ["127.0.0.1"] },
});
const own = await server.newOrganization();
const ask = askWith(server);

const newLink = async (): Promise<string> =>
  (await own.call("POST", "/customers", { type: "individual", level: "basic" })).body.verification
    .link;

/** From an address of its own, so that tests do not use up each other's tries. */
let addresses = 0;
const newAddress = () => ({ "x-forwarded-for": `192.0.2.${++addresses}` });

const exchange = (link: string, headers: Readonly<Record<string, string>> = newAddress()) =>
  ask("POST", "exchange", { secret: secretOf(link) }, { headers });

/** As our page would send it, with any body. */
const post = (path: string, body: string | Uint8Array | undefined, type: string | null) =>
  fetch(`${server.url}/hosted/verification/${path}`, {
    method: "POST",
    headers: {
      origin: server.url,
      "sec-fetch-site": "same-origin",
      ...(type === null ? {} : { "content-type": type }),
      ...newAddress(),
    },
    ...(body === undefined ? {} : { body: body as string }),
  });

async function assertUnspent(link: string): Promise<void> {
  const { status, cookie } = await exchange(link);
  assert.equal(status, 200);
  assert.notEqual(cookie, null);
}

test("no other method than POST spends a link, and none lets another site's scripts in", async () => {
  const link = await newLink();
  const { search } = new URL(link);
  const secret = secretOf(link);
  for (const method of ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]) {
    for (const path of [
      `/verify/${search}`,
      `/verify/${search}&secret=${secret}`,
      `/hosted/verification/exchange?secret=${secret}`,
      `/hosted/verification/resume?secret=${secret}`,
    ]) {
      const { status, headers, body } = await fetch(server.url + path, {
        method,
        headers: {
          origin: "https://evil.example",
          "access-control-request-method": "POST",
          ...newAddress(),
        },
      });
      await body?.cancel();
      const names = [...headers.keys()].filter((name) => /^access-control|^set-cookie/.test(name));
      assert.deepEqual(names, [], `${method} ${path}`);
      const reads = path.startsWith("/verify") && ["GET", "HEAD"].includes(method);
      assert.equal(status < 300, reads, `${method} ${path}: ${status}`);
    }
  }
  await assertUnspent(link);
});

test("a POST that does not say what our page says spends nothing: empty, garbage, of another form", async () => {
  const link = await newLink();
  const secret = secretOf(link);
  const json = "application/json";
  const bodies: readonly (readonly [string | Uint8Array | undefined, string | null])[] = [
    [undefined, null],
    ["", json],
    ["{}", json],
    ["null", json],
    ["[]", json],
    [`"${secret}"`, json],
    [`["${secret}"]`, json],
    [`{"secret":["${secret}"]}`, json],
    [`{"secret":{"secret":"${secret}"}}`, json],
    [`{"secret":"${secret}","secret":"${secret}"}`, json],
    [`{"secret":"${secret}","utm_source":"mail"}`, json],
    [`{"secret":"${secret}","embeddedFor":null}`, json],
    [`{"secret":"${secret}","embeddedFor":""}`, json],
    [`{"__proto__":{"secret":"${secret}"}}`, json],
    [`{"secret":"${secret}"`, json],
    [`{"secret":"${secret.slice(0, -1)}"}`, json],
    [`{"secret":"${secret} "}`, json],
    [`{"secret":"#${secret}"}`, json],
    [`{"secret":"${secret}\\u0000"}`, json],
    [`{"secret":"${"x".repeat(100_000)}"}`, json],
    [new Uint8Array([0xff, 0xfe, 0x00]), json],
    [`secret=${secret}`, "application/x-www-form-urlencoded"],
    [
      `--b\r\ncontent-disposition: form-data; name="secret"\r\n\r\n${secret}\r\n--b--`,
      "multipart/form-data; boundary=b",
    ],
    [`{"secret":"${secret}"}`, "text/plain"],
    [`{"secret":"${secret}"}`, "application/octet-stream"],
    [`{"secret":"${secret}"}`, "application/x-json"],
    [`{"secret":"${secret}"}`, null],
  ];
  for (const [body, type] of bodies) {
    const reply = await post("exchange", body, type);
    const text = await reply.text();
    const what = `${String(body).slice(0, 80)} as ${type}`;
    assert.ok([400, 404, 415].includes(reply.status), `${what}: ${reply.status} ${text}`);
    assert.equal(reply.headers.get("set-cookie"), null, what);
    assert.ok(!text.includes(secret), what);
  }
  await assertUnspent(link);
});

test("a scanner that sends the right body, but from no page of ours, spends nothing", async () => {
  const link = await newLink();
  const body = JSON.stringify({ secret: secretOf(link) });
  for (const headers of [
    {},
    { origin: "null" },
    { origin: `${server.url}.evil.example` },
    { origin: server.url.replace("http:", "ftp:") },
    { origin: server.url, "sec-fetch-site": "none" },
    { origin: server.url, "sec-fetch-site": "same-site" },
    { referer: `${server.url}/verify/` },
  ]) {
    const reply = await fetch(`${server.url}/hosted/verification/exchange`, {
      method: "POST",
      headers: { "content-type": "application/json", ...newAddress(), ...headers },
      body,
    });
    assert.equal(reply.status, 404, JSON.stringify(headers));
    await reply.body?.cancel();
  }
  await assertUnspent(link);
});

test("who guesses is told to wait after so many tries in a minute; who has a link behind the same address is not", async () => {
  const address = newAddress();
  const link = await newLink();
  const started = await exchange(await newLink(), address);
  const cookie = (started.cookie ?? "").split(";")[0] ?? "";
  const { bearer } = started.body;
  const tries = [
    () => ask("POST", "exchange", { secret: "y".repeat(43) }, { headers: address }),
    () => ask("POST", "resume", {}, { headers: address }),
    () => ask("GET", "session", undefined, { headers: address, bearer: "z".repeat(43) }),
  ];
  const inVain = async (count: number) => (await tries[count % tries.length]?.())?.status;
  for (let count = 0; count < FAILURES_A_MINUTE; count += 1) {
    const status = await inVain(count);
    assert.ok(status === 404 || status === 401, `${status}`);
  }
  for (const guess of tries) {
    const { status, body, headers } = await guess();
    assert.deepEqual([status, body.code], [429, "rate_limited"]);
    const afterS = Number(headers.get("retry-after"));
    assert.ok(afterS > 0 && afterS <= 60, `${afterS} s`);
  }
  assert.equal((await exchange(link, address)).status, 200, "a good link");
  const resumed = await ask("POST", "resume", {}, { cookie, headers: address });
  assert.equal(resumed.status, 200, "a browser that was here");
  const session = await ask("GET", "session", undefined, { bearer, headers: address });
  assert.equal(session.status, 200, "a session");
  const elsewhere = await ask("POST", "resume", {}, { headers: newAddress() });
  assert.equal(elsewhere.status, 404, "another address");
});

test("one session that asks on and on is told to wait; another behind the same address is not", async () => {
  const address = newAddress();
  const [greedy, calm] = await Promise.all(
    [await newLink(), await newLink()].map(async (link) => (await exchange(link, address)).body),
  );
  const read = (bearer: string) => ask("GET", "session", undefined, { bearer, headers: address });
  const replies = [];
  for (let count = 0; count <= REQUESTS_OF_ONE; count += 1) replies.push(await read(greedy.bearer));
  assert.equal(replies.at(-2)?.status, 200);
  assert.deepEqual([replies.at(-1)?.status, replies.at(-1)?.body.code], [429, "rate_limited"]);
  assert.equal((await read(calm.bearer)).status, 200);
});
