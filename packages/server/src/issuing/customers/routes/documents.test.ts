import assert from "node:assert/strict";
import { request } from "node:http";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { asOwner, wordsOf } from "../../../../test/harness/database.ts";
import { furnish } from "../../../../test/harness/furnish.ts";
import { startTestServer } from "../../../../test/harness/server.ts";
import { inWork } from "../../../../test/harness/work.ts";
import { systemEntropy } from "../../../foundation/clock/clock.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { destroySubjectKey } from "../../../records/vault/actions.ts";
import { sweepDocuments } from "../../documents/actions.ts";
import {
  emptyZip,
  filler,
  heicOf,
  jpegOf,
  once,
  pdfOf,
  pdfStream,
  pngHeader,
  pngOf,
  pngWith,
  specimens,
  storedNames,
  waves,
  whole,
} from "../../documents/fixture.ts";
import {
  documentKinds,
  documentLifecycle,
  documentSides,
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENTS,
  ORPHAN_AGE_MS,
  realTypes,
} from "../../documents/model.ts";

const server = await startTestServer();
const own = await furnish(server);
const others = await furnish(server);
const customer = own.objects.customer;
const at = `/customers/${customer}/documents`;

const jpeg = jpegOf(900, 640);
const { files } = server.context;
const stored = () => storedNames(files);

/** Uploads bytes as they are. */
async function upload(
  content: Buffer,
  query = "?kind=passport",
  { key = own.key, type = "application/octet-stream", idempotencyKey = "", path = at } = {},
) {
  const response = await fetch(`${server.url}/v1${path}${query}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": type,
      ...(idempotencyKey === "" ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: content as never,
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers.
  return { status: response.status, body: JSON.parse(text) as any, headers: response.headers };
}

const download = (id: string, key = server.platformKey) =>
  fetch(`${server.url}/v1${at}/${id}/content`, { headers: { authorization: `Bearer ${key}` } });

test("201: each of the four types is kept, sealed, and told by its content", async () => {
  const contents = { jpeg, png: pngOf(900, 640), heic: heicOf(900, 640), pdf: pdfOf() };
  for (const [realType, content] of Object.entries(contents)) {
    const query = "?kind=id_card&side=front&country=DEU&expiryDate=2099-12-31";
    const { status, body } = await upload(content, query, { type: "image/png" });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.realType, realType);
    assert.deepEqual([body.status, body.size, body.side], ["uploaded", content.length, "front"]);
    assert.equal(body.customerId, customer);
    const results = Object.fromEntries(
      body.checks.map(({ check, result }: { check: string; result: string }) => [check, result]),
    );
    const isDecoded = realType === "jpeg" || realType === "png";
    assert.equal(results.sharpness, isDecoded ? "passed" : "not_possible", realType);
    assert.equal(results.resolution, realType === "pdf" ? "not_possible" : "passed", realType);
    assert.equal(results.expiry, "passed");
    const read = await server.call("GET", `${at}/${body.id}`);
    assert.deepEqual(read.body, body);
    const kept = await whole(await files.open(`${own.id}/${body.id}`));
    assert.ok(kept.length >= content.length, realType);
    for (let at = 0; at + 16 <= content.length; at += 1_000) {
      assert.equal(kept.indexOf(content.subarray(at, at + 16)), -1, `${realType} in clear`);
    }
    const back = await download(body.id);
    assert.equal(back.status, 200);
    assert.ok(Buffer.from(await back.arrayBuffer()).equals(content), realType);
  }
  const list = await own.call("GET", `${at}?limit=3`);
  assert.equal(list.body.data.length, 3);
  assert.ok(list.body.nextCursor);
});

test("a blurred picture and an expired document are taken, and said to be so", async () => {
  const { body } = await upload(jpegOf(900, 640, waves), "?kind=passport&expiryDate=2020-01-01");
  const failed = body.checks
    .filter(({ result }: { result: string }) => result === "failed")
    .map(({ check }: { check: string }) => check);
  assert.deepEqual(failed, ["sharpness", "expiry"]);
});

test("422: what is disguised, hidden, folded or active is refused by name and leaves nothing", async () => {
  const before = await stored();
  const joined = (...parts: (Buffer | string)[]) => Buffer.concat(parts.map((p) => Buffer.from(p)));
  const bomb = pngWith(pngHeader(8, 8), [["IDAT", deflateSync(Buffer.alloc(100 * 1024 * 1024))]]);
  const cases: Record<string, [string, Buffer]> = {
    "HTML named .png": [
      "document_type_not_allowed",
      Buffer.from("<!doctype html><script>1</script>"),
    ],
    "a ZIP": ["document_type_not_allowed", emptyZip],
    nothing: ["document_empty", Buffer.alloc(0)],
    "a JPEG that is also a ZIP": ["document_polyglot", joined(jpeg, emptyZip)],
    "a PDF that is also HTML": ["document_polyglot", joined(pdfOf(), "<html></html>")],
    "a cut JPEG": ["document_damaged", jpeg.subarray(0, 5_000)],
    "a bomb": ["document_unfolds_too_large", bomb],
    "a picture of 10^9 pixels": ["document_too_many_pixels", heicOf(30_000, 30_000)],
    "a PDF with a script": [
      "document_active_content",
      pdfOf(["<< /OpenAction << /S /JavaScript /JS (1) >> >>"]),
    ],
    "a PDF with a folded script": [
      "document_active_content",
      pdfOf(["<< >>", pdfStream("/Type /ObjStm /N 1 /First 4", "1 0 << /S /JavaScript >>")]),
    ],
    "an encrypted PDF": ["document_encrypted", pdfOf(undefined, "/Encrypt 3 0 R ")],
  };
  for (const [what, [code, content]] of Object.entries(cases)) {
    const { status, body, headers } = await upload(content, "?kind=other", { type: "image/png" });
    assert.equal(status, 422, `${what}: ${JSON.stringify(body)}`);
    assert.equal(body.code, code, what);
    assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.ok(body.errors[0].remedy, what);
  }
  assert.deepEqual(await stored(), before);
});

test("413: above ten megabytes, announced or not, up to a stream of two gigabytes", async () => {
  const before = await stored();
  const { status, body } = await upload(Buffer.alloc(MAX_DOCUMENT_BYTES + 1, 0xff));
  assert.deepEqual([status, body.code], [413, "payload_too_large"]);
  const streamed = await endless(2 * 1024 ** 3);
  assert.match(streamed.answer, /^HTTP\/1\.1 413 /);
  assert.match(streamed.answer, /payload_too_large/);
  assert.ok(streamed.sent < 100 * 1024 * 1024, `${streamed.sent} bytes were taken`);
  assert.deepEqual(await stored(), before);
  const largest = Buffer.concat([
    jpeg.subarray(0, 2),
    filler(MAX_DOCUMENT_BYTES - jpeg.length),
    jpeg.subarray(2),
  ]);
  assert.equal(largest.length, MAX_DOCUMENT_BYTES);
  assert.equal((await upload(largest)).status, 201);
});

test("a caller that goes away in the middle leaves nothing, and the next one is served", async () => {
  const before = await stored();
  for (let time = 0; time < 12; time += 1) await abandoned();
  assert.deepEqual(await stored(), before);
  assert.equal((await upload(jpeg)).status, 201);
});

test("an upload is done once for its Idempotency-Key, compared by its content", async () => {
  const idempotencyKey = "upload-1";
  const first = await upload(jpeg, "?kind=selfie", { idempotencyKey });
  const before = await stored();
  const again = await upload(jpeg, "?kind=selfie", { idempotencyKey });
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(again.body, first.body);
  const other = await upload(pngOf(900, 640), "?kind=selfie", { idempotencyKey });
  assert.deepEqual([other.status, other.body.code], [409, "idempotency_key_reused"]);
  assert.deepEqual(await stored(), before);
  const refused = await upload(emptyZip, "?kind=selfie", { idempotencyKey: "upload-2" });
  const replayed = await upload(emptyZip, "?kind=selfie", { idempotencyKey: "upload-2" });
  assert.deepEqual([refused.status, replayed.status], [422, 422]);
  assert.equal(replayed.headers.get("idempotency-replayed"), "true");
});

test("the content goes to the platform alone, as a file, and each read stands in the audit log", async () => {
  const { body } = await upload(jpeg);
  const organizations = await download(body.id, own.key);
  assert.equal(organizations.status, 403);
  const reviewers = await server.newKey(null, ["documents:read"]);
  const nobody = await server.newKey(null, ["customers:review", "customers:read"]);
  assert.equal((await download(body.id, nobody)).status, 403);
  for (let time = 0; time < 2; time += 1) {
    const { status, headers } = await download(body.id, reviewers);
    assert.equal(status, 200);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("content-type"), "image/jpeg");
    assert.equal(headers.get("content-disposition"), `attachment; filename="${body.id}.jpeg"`);
  }
  const reads = await asOwner<{ actor: string; owner: string }>(
    server.database.url,
    `select actor_id as actor, object_organization_id as owner from audit_log
     where action = 'readDocumentContent' and object_id = $1 and result = 'done'`,
    [body.id],
  );
  assert.equal(reads.length, 2);
  assert.equal(new Set(reads.map(({ actor }) => actor)).size, 1);
  assert.equal(reads[0]?.owner, own.id);
});

test("lines, number and words of a document are compared, and only the end of the number is kept", async () => {
  const { body } = await upload(jpeg, "?kind=passport");
  const change = (given: object) => own.call("PATCH", `${at}/${body.id}`, given);
  const wrong = await change({ mrz: [specimens.TD3[0], specimens.TD3[1].replace("L8", "M8")] });
  assert.deepEqual([wrong.status, wrong.body.code], [422, "mrz_invalid"]);
  const named = wrong.body.errors.map(({ code }: { code: string }) => code);
  assert.deepEqual(named, ["mrz_document_number_check", "mrz_composite_check"]);
  const right = await change({ mrz: specimens.TD3, number: "L898902C3", expiryDate: "2012-04-15" });
  assert.equal(right.status, 200, JSON.stringify(right.body));
  assert.equal(right.body.numberMasked, "•••••02C3");
  assert.equal(right.body.version, 2);
  const resultOf = ({ body: of }: typeof right, check: string) =>
    of.checks.find((each: { check: string }) => each.check === check).result;
  assert.deepEqual([resultOf(right, "mrz"), resultOf(right, "expiry")], ["passed", "failed"]);
  assert.equal(resultOf(await change({ mrz: specimens.TD3, number: "X1" }), "mrz"), "failed");
  assert.equal(resultOf(await change({ country: "DEU" }), "mrz"), "failed");
  const [row] = await asOwner<{ text: string }>(
    server.database.url,
    "select d::text as text from documents d where id = $1",
    [body.id],
  );
  assert.doesNotMatch(row?.text ?? "", /L898902C3|ERIKSSON/);
});

test("an erased document cannot be read by anybody, and its bytes go with the next sweep", async () => {
  const { body } = await upload(jpeg);
  const erased = await own.call("DELETE", `${at}/${body.id}`);
  assert.deepEqual([erased.status, erased.body.status, erased.body.sha256], [200, "erased", null]);
  assert.equal((await download(body.id)).status, 404);
  const again = await own.call("DELETE", `${at}/${body.id}`);
  assert.deepEqual([again.status, again.body.code], [409, "document_move_not_allowed"]);
  const name = `${own.id}/${body.id}`;
  assert.ok((await stored()).includes(name));
  const kept = (await stored()).filter((each) => each !== name);
  await sweepDocuments(server.database.app, files, new Date());
  assert.deepEqual(await stored(), kept);
});

test("a file without a document is removed once no upload can be under way", async () => {
  await files.put(`${own.id}/doc_orphan`, once(Buffer.from("left over")));
  const names = await stored();
  const soon = new Date(Date.now() + ORPHAN_AGE_MS - 60_000);
  assert.equal(await sweepDocuments(server.database.app, files, soon), 0);
  assert.deepEqual(await stored(), names);
  const later = new Date(Date.now() + ORPHAN_AGE_MS + 60_000);
  assert.equal(await sweepDocuments(server.database.app, files, later), 1);
  assert.deepEqual(
    await stored(),
    names.filter((name) => !name.endsWith("doc_orphan")),
  );
});

test("one walk of the store finds every file without a document among many others", async () => {
  const orphans = Array.from({ length: 600 }, (_, number) => `${own.id}/doc_orphan${number}`);
  const names = await stored();
  for (const name of orphans) await files.put(name, once(Buffer.from("left over")));
  let walks = 0;
  const walk = () => {
    walks += 1;
    return files.walk();
  };
  const later = new Date(Date.now() + ORPHAN_AGE_MS + 60_000);
  assert.equal(
    await sweepDocuments(server.database.app, { ...files, walk }, later),
    orphans.length,
  );
  assert.deepEqual([walks, await stored()], [1, names]);
});

test("404: documents of others, by customer or by document, are as those that do not exist", async () => {
  const { body } = await upload(jpeg);
  const theirs = `/customers/${others.objects.customer}/documents`;
  const before = await stored();
  assert.equal((await upload(jpeg, "?kind=other", { path: theirs })).status, 404);
  assert.deepEqual(await stored(), before);
  for (const call of [others.call, own.call]) {
    assert.equal((await call("GET", `${theirs}/${body.id}`)).status, 404);
    assert.equal((await call("DELETE", `${theirs}/${body.id}`)).status, 404);
  }
  assert.equal((await others.call("GET", `${at}/${body.id}`)).status, 404);
});

test("409: a customer has at most fifty documents that are not erased, and a refused one is removed", async () => {
  const made = await own.call("POST", "/customers", { type: "individual", level: "basic" });
  const path = `/customers/${made.body.id}/documents`;
  const first = await upload(jpeg, "?kind=other", { path });
  assert.equal(first.status, 201);
  await asOwner(
    server.database.url,
    `insert into documents (organization_id, id, customer_id, kind, real_type, size, sha256, checks,
       status, reasons, sealed_key, version, created_at)
     select organization_id, id || n, customer_id, kind, real_type, size, sha256, checks, status,
       reasons, sealed_key, version, created_at
     from documents, generate_series(2, $2::integer) n where id = $1`,
    [first.body.id, MAX_DOCUMENTS - 1],
  );
  assert.equal((await upload(jpeg, "?kind=other", { path })).status, 201);
  const before = await stored();
  const refused = await upload(jpeg, "?kind=other", { path });
  assert.deepEqual([refused.status, refused.body.code], [409, "document_limit_reached"]);
  assert.deepEqual(await stored(), before);
  assert.equal((await own.call("DELETE", `${path}/${first.body.id}`)).status, 200);
  assert.equal((await upload(jpeg, "?kind=other", { path })).status, 201);
});

test("409: a deleted customer gets no documents", async () => {
  const made = await own.call("POST", "/customers", { type: "individual", level: "basic" });
  assert.equal((await own.call("DELETE", `/customers/${made.body.id}`)).status, 200);
  const path = `/customers/${made.body.id}/documents`;
  const before = await stored();
  const { status, body } = await upload(jpeg, "?kind=other", { path });
  assert.deepEqual([status, body.code], [409, "customer_deleted"]);
  assert.deepEqual(await stored(), before);
});

test("once a customer's key is destroyed its documents are unreadable for ever", async () => {
  const made = await own.call("POST", "/customers", { type: "individual", level: "basic" });
  const path = `/customers/${made.body.id}/documents`;
  const { body } = await upload(jpeg, "?kind=other", { path });
  await asOwner(
    server.database.url,
    `update subject_keys set key_id = null, wrapped_key = null, destroyed_at = now()
     where subject_id = $1`,
    [made.body.id],
  );
  const content = await server.call("GET", `${path}/${body.id}/content`);
  assert.equal(content.status, 404);
});

test("the constraints of the table and the lists of the model name the same words", async () => {
  const namedIn = (column: string) => wordsOf(server.database.url, `documents_${column}_check`);
  assert.deepEqual(await namedIn("status"), [...documentLifecycle.states].sort());
  assert.deepEqual(await namedIn("kind"), [...documentKinds].sort());
  assert.deepEqual(await namedIn("side"), [...documentSides].sort());
  assert.deepEqual(await namedIn("real_type"), [...realTypes].sort());
});

test("415: JSON is no file; 400: a query that is unknown or without a kind", async () => {
  const { status, body } = await upload(Buffer.from("{}"), "?kind=other", {
    type: "application/json",
  });
  assert.deepEqual([status, body.code], [415, "unsupported_media_type"]);
  const bad = await upload(jpeg, "?side=top&colour=red");
  const fields = bad.body.errors.map(({ field }: { field: string }) => field).sort();
  assert.deepEqual([bad.status, fields], [400, ["colour", "kind", "side"]]);
});

test("bytes that were changed in the store are not given out", async () => {
  const { body } = await upload(jpeg);
  const name = `${own.id}/${body.id}`;
  const bytes = await whole(await files.open(name));
  bytes[20] = (bytes[20] as number) ^ 1;
  await files.put(name, once(bytes));
  assert.equal((await download(body.id)).status, 500);
  await files.put(name, once(Buffer.from(systemEntropy(100))));
  assert.equal((await download(body.id)).status, 500);
  await files.remove(name);
  assert.equal((await download(body.id)).status, 503);
});

/** Sends a body in chunks without saying how long it is, until it is stopped or all is sent. */
function endless(size: number): Promise<{ sent: number; answer: string }> {
  const piece = Buffer.alloc(1024 * 1024, 0xff);
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${own.key}`,
      "content-type": "image/jpeg",
      "transfer-encoding": "chunked",
    };
    const outgoing = request(`${server.url}/v1${at}?kind=other`, { method: "POST", headers });
    let [sent, answer] = [0, ""];
    const more = () => {
      while (sent < size && !outgoing.destroyed) {
        sent += piece.length;
        if (!outgoing.write(piece)) return void outgoing.once("drain", more);
      }
      outgoing.end();
    };
    outgoing.on("response", (response) => {
      answer = `HTTP/1.1 ${response.statusCode} `;
      response.on("data", (part) => {
        answer += part;
      });
      response.on("close", () => outgoing.destroy());
    });
    outgoing.on("error", () => undefined);
    outgoing.on("close", () => resolve({ sent, answer }));
    more();
  });
}

/** Begins an upload and hangs up in its midst. */
function abandoned(): Promise<void> {
  return new Promise((resolve) => {
    const headers = {
      authorization: `Bearer ${own.key}`,
      "content-type": "image/jpeg",
      "content-length": jpeg.length,
    };
    const outgoing = request(`${server.url}/v1${at}?kind=other`, { method: "POST", headers });
    outgoing.on("error", () => undefined);
    outgoing.on("close", () => resolve());
    outgoing.write(jpeg.subarray(0, 1_000), () => setTimeout(() => outgoing.destroy(), 20));
  });
}

test("a document outlives the deletion of its customer, as the law wants it, and not the key that it is kept under", async () => {
  const person = { type: "individual", level: "minimum", firstName: "Ada", lastName: "Example" };
  const { body } = await own.call("POST", "/customers", person);
  const path = `/customers/${body.id}/documents`;
  const kept = await upload(jpeg, "?kind=passport", { path });
  assert.equal(kept.status, 201, JSON.stringify(kept.body));
  assert.equal((await own.call("DELETE", `/customers/${body.id}`)).status, 200);
  const read = () =>
    fetch(`${server.url}/v1${path}/${kept.body.id}/content`, {
      headers: { authorization: `Bearer ${server.platformKey}` },
    });
  const before = await read();
  assert.equal(before.status, 200);
  assert.ok(Buffer.from(await before.arrayBuffer()).equals(jpeg));
  await inWork(server.database.app, own.id as OrganizationId, server.context.keys, (work) =>
    destroySubjectKey(work, body.id, "retained"),
  );
  assert.equal((await read()).status, 404);
});
