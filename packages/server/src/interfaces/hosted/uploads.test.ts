import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import test, { afterEach } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startTestServer, type TestServer } from "../../../test/harness/server.ts";
import { filler, jpegOf } from "../../issuing/documents/fixture.ts";
import { MAX_DOCUMENT_BYTES } from "../../issuing/documents/model.ts";
import { MIN_BYTES_A_SECOND, PATIENCE } from "../api/arrival.ts";
import { MAX_OF_ORGANIZATION } from "../api/upload.ts";
import { askWith, secretOf } from "./fixture.ts";

/** How long a request may take here, ms; of a file, one step. */
const STEP_MS = 600;
const server = await startTestServer({
  settings: { CARDWRIGHT_REQUEST_TIMEOUT_MS: STEP_MS },
});
const own = await server.newOrganization();
/** 60 kB: at twice the least rate it takes more than six times as long as a request may. */
const photo = jpegOf(900, 700);
const picture = Buffer.concat([photo.subarray(0, 2), filler(60_000), photo.subarray(2)]);

type Caller = { readonly path: string; readonly authorization: string };

/** A session, as somebody who sends files in it. */
async function visitor({ call } = own, of: TestServer = server): Promise<Caller> {
  const { body } = await call("POST", "/customers", { type: "individual", level: "basic" });
  const secret = secretOf(body.verification.link);
  const { bearer } = (await askWith(of)("POST", "exchange", { secret })).body;
  const path = "/hosted/verification/documents?kind=passport";
  return { path, authorization: `Bearer ${bearer}` };
}

/** An organization, as a caller that uploads. */
async function caller({ call, apiKey } = own): Promise<Caller> {
  const { body } = await call("POST", "/customers", { type: "individual", level: "basic" });
  const path = `/v1/customers/${body.id}/documents?kind=passport`;
  return { path, authorization: `Bearer ${apiKey}` };
}

const head = ({ path, authorization }: Caller, ...more: readonly string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    "Host: x",
    `Authorization: ${authorization}`,
    "Content-Type: application/octet-stream",
    ...more,
    "\r\n",
  ].join("\r\n");

const headOf = (who: Caller, content: Buffer) => head(who, `Content-Length: ${content.length}`);

const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** A connection, and what came back on it. */
function open(of: TestServer = server) {
  const socket = connect(Number(new URL(of.url).port), "127.0.0.1");
  const begun = performance.now();
  const got = { answer: "", tookMs: 0 };
  socket.setEncoding("utf8").on("data", (text) => {
    got.answer += text;
    got.tookMs = performance.now() - begun;
  });
  socket.on("error", () => undefined);
  sockets.add(socket);
  return { socket, got };
}
type Got = ReturnType<typeof open>["got"];

/** Sends at so many bytes a second, until all is sent, the connection is closed or an answer is there. */
async function send(socket: Socket, got: Got, content: Buffer, rate: number): Promise<void> {
  const piece = Math.ceil(rate / 20);
  for (let at = 0; at < content.length && !socket.destroyed; at += piece) {
    if (got.answer !== "") return;
    socket.write(content.subarray(at, at + piece));
    await delay(50);
  }
}

/** Until there is an answer, 10 s at most. */
async function answered(got: Got): Promise<string> {
  for (let count = 0; count < 1_000 && got.answer === ""; count += 1) await delay(10);
  return got.answer;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

for (const [what, make, good] of [
  ["on the page", visitor, 200],
  ["by the API", caller, 201],
] as const) {
  test(`${what} a file that keeps coming is taken, though it takes much longer than a request may`, async () => {
    const who = await make();
    const { socket, got } = open();
    socket.write(headOf(who, picture));
    await send(socket, got, picture, 2 * MIN_BYTES_A_SECOND);
    const answer = await answered(got);
    assert.equal(statusOf(answer), good, answer);
    assert.ok(got.tookMs > 4 * STEP_MS, `${got.tookMs} ms`);
    socket.destroy();
  });

  test(`D11: ${what} a file that stops coming, or comes byte by byte, is cut off with 408`, async () => {
    for (const rate of [0, 20, MIN_BYTES_A_SECOND / 4]) {
      const { socket, got } = open();
      socket.write(headOf(await make(), picture));
      socket.write(picture.subarray(0, 2_000));
      if (rate > 0) void send(socket, got, picture.subarray(2_000), rate);
      const answer = await answered(got);
      assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*request_timeout/, `${rate}`);
      assert.ok(got.tookMs < (PATIENCE / 2) * STEP_MS, `${got.tookMs} ms`);
      for (let count = 0; count < 100 && !socket.destroyed; count += 1) await delay(10);
      assert.ok(socket.destroyed, "and the connection is closed");
    }
  });

  test(`${what} what comes after a file on the same connection has a request's own time again`, async () => {
    const who = await make();
    const small = picture.subarray(0, 20_000);
    const { socket, got } = open();
    socket.write(headOf(who, small));
    await send(socket, got, small, 2 * MIN_BYTES_A_SECOND);
    await answered(got);
    got.answer = "";
    socket.write(
      "POST /hosted/verification/resume HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
    );
    await send(socket, got, Buffer.alloc(90_000, 0x20), 2 * MIN_BYTES_A_SECOND);
    assert.equal(statusOf(await answered(got)), 408);
    socket.destroy();
  });

  test(`G19: ${what} JSON is not read where a file belongs, however long it is`, async () => {
    const { socket, got } = open();
    const json = headOf(await make(), Buffer.alloc(200_000));
    socket.write(json.replace("application/octet-stream", "application/json"));
    // Not a byte of it is sent, and the answer is there.
    assert.equal(statusOf(await answered(got)), 415);
    socket.destroy();
  });
}

test("however steadily it comes, a file has an end of its time", async () => {
  const hasty = await startTestServer({ settings: { CARDWRIGHT_REQUEST_TIMEOUT_MS: 100 } });
  const who = await visitor(await hasty.newOrganization(), hasty);
  const { socket, got } = open(hasty);
  socket.write(headOf(who, Buffer.alloc(MAX_DOCUMENT_BYTES)));
  await send(socket, got, Buffer.alloc(1_000_000), 8 * MIN_BYTES_A_SECOND);
  assert.equal(statusOf(await answered(got)), 408);
  const mostMs = PATIENCE * 100;
  assert.ok(got.tookMs > mostMs - 200, `${got.tookMs} ms`);
});

test("D11: without a session not a byte of a file is waited for, and who goes on sending is cut off", async () => {
  const nobody = { ...(await visitor()), authorization: `Bearer ${"x".repeat(43)}` };
  const { socket, got } = open();
  socket.write(headOf(nobody, picture));
  assert.equal(statusOf(await answered(got)), 401);
  const begun = performance.now();
  while (!socket.destroyed && performance.now() - begun < 6_000) {
    socket.write("x".repeat(1_000));
    await delay(20);
  }
  assert.ok(socket.destroyed);
});

test("D11: any other body of the page has the time of every request", async () => {
  const { authorization } = await visitor();
  const { socket, got } = open();
  socket.write(
    `PUT /hosted/verification/details HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n`,
  );
  await send(socket, got, Buffer.alloc(190_000, 0x20), 4 * MIN_BYTES_A_SECOND);
  assert.equal(statusOf(await answered(got)), 408);
});

test("413: a file above ten megabytes is told so on the page, announced or not", async () => {
  const who = await visitor();
  for (const line of [`Content-Length: ${MAX_DOCUMENT_BYTES + 1}`, "Transfer-Encoding: chunked"]) {
    const { socket, got } = open();
    socket.write(head(who, line));
    const megabyte = Buffer.alloc(1_048_576);
    for (let count = 0; count < 12 && got.answer === "" && !socket.destroyed; count += 1) {
      if (line.startsWith("T")) socket.write(`${megabyte.length.toString(16)}\r\n`);
      socket.write(megabyte);
      if (line.startsWith("T")) socket.write("\r\n");
      await delay(5);
    }
    assert.match(await answered(got), /^HTTP\/1\.1 413 [\s\S]*payload_too_large/, line);
    socket.destroy();
  }
});

/** Here a file that sends nothing keeps its place for long, also on a machine that is busy. */
const patient = await startTestServer({ settings: { CARDWRIGHT_REQUEST_TIMEOUT_MS: 10_000 } });

/** Files of which each has its place and sends nothing of it. */
async function hold(who: readonly Caller[]): Promise<Socket[]> {
  const held = who.map((one) => {
    const { socket } = open(patient);
    socket.write(headOf(one, picture));
    return socket;
  });
  await delay(1_000);
  return held;
}

for (const [what, make, most, good] of [
  ["session", visitor, 2, 200],
  ["organization", caller, MAX_OF_ORGANIZATION, 201],
] as const) {
  test(`one ${what} that sends ${most} files slowly waits with the next; another is let in, and a place that is left is free`, async () => {
    const makeOf = async () => make(await patient.newOrganization(), patient);
    const [slow, other] = [await makeOf(), await makeOf()];
    const held = await hold(Array.from({ length: most }, () => slow));
    const post = ({ path, authorization }: Caller) =>
      fetch(patient.url + path, {
        method: "POST",
        headers: { authorization, "content-type": "application/octet-stream" },
        body: new Uint8Array(photo),
      });
    const refused = await post(slow);
    const { code } = (await refused.json()) as { code: string };
    assert.deepEqual([refused.status, code], [503, "unavailable"]);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal((await post(other)).status, good);
    for (const socket of held) socket.destroy();
    await delay(500);
    assert.equal((await post(slow)).status, good);
  });
}
