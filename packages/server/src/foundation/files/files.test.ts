import assert from "node:assert/strict";
import { mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { systemClock, systemEntropy } from "../clock/clock.ts";
import { ConfigError, loadConfig } from "../config/config.ts";
import { Fault, Outage } from "../errors/errors.ts";
import { bucketFiles } from "./bucket.ts";
import { directoryFiles } from "./directory.ts";
import type { FileStore, StoredFile } from "./files.ts";
import { openFiles } from "./open.ts";
import { sha256, signed } from "./signature.ts";

const keys = { accessKey: "access", secretKey: "secret", region: "eu-central-1" };

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "cardwright-files-"));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** A server that speaks as much of S3 as is used here, and checks every signature. */
async function double(t: TestContext) {
  const objects = new Map<string, { bytes: Buffer; at: Date }>();
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const given = request.headers["x-amz-date"] as string;
    const at = new Date(given.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
    const signable = { method: request.method ?? "", url, headers: {}, bodyHash: sha256(body) };
    const { authorization } = signed(signable, keys, at);
    if (request.headers.authorization !== authorization) return response.writeHead(403).end();
    const key = decodeURIComponent(url.pathname).slice(1);
    const found = objects.get(key);
    if (request.method === "PUT" && key.endsWith("unkept")) return refuse(response, url);
    if (request.method === "PUT") objects.set(key, { bytes: body, at: new Date(at) });
    else if (request.method === "DELETE") objects.delete(key);
    else if (url.searchParams.has("list-type")) return response.end(listing(url));
    else if (found === undefined) return refuse(response, url);
    else return response.end(found.bytes);
    return response.writeHead(request.method === "PUT" ? 200 : 204).end();
  });
  const refuse = (response: ServerResponse, { pathname }: URL) => {
    const code = pathname.startsWith("/ours/") ? "NoSuchKey" : "NoSuchBucket";
    response.writeHead(404).end(`<Error><Code>${code}</Code></Error>`);
  };
  const listing = ({ pathname, searchParams }: URL) => {
    const bucket = `${pathname.slice(1)}/`;
    const prefix = bucket + searchParams.get("prefix");
    const token = searchParams.get("continuation-token") ?? "";
    const after = Buffer.from(token, "base64").toString();
    const found = [...objects].filter(([key]) => key.startsWith(prefix) && key > after).sort();
    const page = found.slice(0, 1_000);
    const lines = page.map(([key, { at }]) => {
      const name = `<Key>${key.slice(bucket.length)}</Key>`;
      return `<Contents>${name}<LastModified>${at.toISOString()}</LastModified></Contents>`;
    });
    if (found.length > page.length) {
      const next = Buffer.from(page.at(-1)?.[0] ?? "").toString("base64");
      lines.push(`<NextContinuationToken>${next}</NextContinuationToken>`);
    }
    return `<ListBucketResult>${lines.join("")}</ListBucketResult>`;
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, objects };
}

const stores: Readonly<Record<string, (t: TestContext) => Promise<FileStore>>> = {
  directory: async (t) => directoryFiles(await folder(t), systemEntropy),
  bucket: async (t) => {
    const { endpoint } = await double(t);
    return bucketFiles({ ...keys, endpoint, bucket: "ours", prefix: "a/b" }, systemClock);
  },
};

async function walked(store: FileStore): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const file of store.walk()) files.push(file);
  return files;
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* gone(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("gone");
}

async function textOf(content: AsyncIterable<Uint8Array> | null): Promise<string | null> {
  if (content === null) return null;
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts).toString();
}

for (const [kind, open] of Object.entries(stores)) {
  test(`${kind}: what was put is read back, replaced, walked over and removed`, async (t) => {
    const store = await open(t);
    assert.equal(await store.open("org_1/doc_1"), null);
    await store.put("org_1/doc_1", pieces("one ", "two"));
    await store.put("org_2/doc_3", pieces("three"));
    await store.put("org_1/doc_2", pieces());
    assert.equal(await textOf(await store.open("org_1/doc_1")), "one two");
    await store.put("org_1/doc_1", pieces("new"));
    assert.equal(await textOf(await store.open("org_1/doc_1")), "new");
    const names = async () => (await walked(store)).map(({ name }) => name).sort();
    assert.deepEqual(await names(), ["org_1/doc_1", "org_1/doc_2", "org_2/doc_3"]);
    for await (const { storedAt } of store.walk()) {
      assert.ok(Math.abs(Date.now() - storedAt.getTime()) < 60_000);
      break;
    }
    await store.remove("org_1/doc_1");
    await store.remove("org_1/doc_1");
    assert.equal(await store.open("org_1/doc_1"), null);
    assert.deepEqual(await names(), ["org_1/doc_2", "org_2/doc_3"]);
  });

  test(`${kind}: a name that leads elsewhere is a fault`, async (t) => {
    const store = await open(t);
    for (const name of ["../x", "a/../../x", "/x", "a//b", "", "a.part", "a\u0000", "a b"]) {
      await assert.rejects(async () => store.put(name, pieces("x")), Fault, name);
      await assert.rejects(async () => store.open(name), Fault, name);
      await assert.rejects(async () => store.remove(name), Fault, name);
    }
  });

  test(`${kind}: others are answered between the pieces of a file that is put`, async (t) => {
    const store = await open(t);
    let turns = 0;
    let isOver = false;
    const beat = () => {
      turns += 1;
      if (!isOver) setImmediate(beat);
    };
    const at: number[] = [];
    async function* counted() {
      for (const text of ["one", "two", "three", "four"]) {
        at.push(turns);
        yield Buffer.from(text);
      }
    }
    setImmediate(beat);
    await store.put("org_1/doc_1", counted()).finally(() => {
      isOver = true;
    });
    assert.equal(new Set(at).size, 4, at.join());
  });

  test(`${kind}: what breaks while it is written leaves nothing`, async (t) => {
    const store = await open(t);
    await assert.rejects(store.put("org_1/doc_1", gone()), /gone/);
    assert.deepEqual(await walked(store), []);
    assert.equal(await store.open("org_1/doc_1"), null);
  });
}

/** Where the system tells what a process has open: what of it lies in a directory. */
async function openIn(place: string): Promise<readonly string[]> {
  const told = "/proc/self/fd";
  const names = await readdir(told).catch(() => []);
  const targets = names.map((name) => readlink(path.join(told, name)).catch(() => ""));
  return (await Promise.all(targets)).filter((target) => target.startsWith(place));
}

test("directory: a walk reads as it is asked, over what is removed, and leaves nothing open", async (t) => {
  const place = await folder(t);
  const store = await directoryFiles(place, systemEntropy);
  const all = ["org_1", "org_2", "org_3"].flatMap((one) =>
    Array.from({ length: 50 }, (_, number) => `${one}/doc_${number}`),
  );
  for (const name of all) await store.put(name, pieces("x"));
  await symlink(path.join(place, "org_1"), path.join(place, "org_4"));
  await writeFile(path.join(place, "org_1", "a.part"), "half");
  assert.deepEqual((await walked(store)).map(({ name }) => name).sort(), all.sort());
  const seen: string[] = [];
  for await (const { name } of store.walk()) {
    seen.push(name);
    if (seen.length > 1) continue;
    for (const one of await readdir(place)) await rm(path.join(place, one), { recursive: true });
  }
  assert.ok(seen.length < all.length, "what was removed before it was read is not found");
  await store.put("org_1/doc_1", pieces("x"));
  for await (const _ of store.walk()) break;
  assert.deepEqual(await openIn(place), []);
});

test("bucket: a walk goes over all pages, also over one that has no file of ours", async (t) => {
  const { endpoint, objects } = await double(t);
  const store = bucketFiles({ ...keys, endpoint, bucket: "ours", prefix: "a" }, systemClock);
  const put = (name: string) => objects.set(`ours/a/${name}`, { bytes: Buffer.alloc(0), at: now });
  const now = new Date();
  const all = Array.from({ length: 1_500 }, (_, number) => `org_1/doc_${number}`);
  for (let number = 0; number < 1_200; number += 1) put(`backup.of/${number}`);
  for (const name of all) put(name);
  assert.deepEqual((await walked(store)).map(({ name }) => name).sort(), all.sort());
});

test("directory: only this user may read, and what was half written is gone at the next start", async (t) => {
  const place = path.join(await folder(t), "documents");
  const store = await directoryFiles(place, systemEntropy);
  await store.put("org_1/doc_1", pieces("x"));
  const modeOf = async (file: string) => (await stat(path.join(place, file))).mode & 0o777;
  assert.equal(await modeOf("."), 0o700);
  assert.equal(await modeOf("org_1"), 0o700);
  assert.equal(await modeOf("org_1/doc_1"), 0o600);
  await assert.rejects(store.put("org_1/doc_2", gone()), /gone/);
  assert.deepEqual(await readdir(place), ["org_1"]);
  await writeFile(path.join(place, "0123456789abcdef.part"), "half");
  await directoryFiles(place, systemEntropy);
  assert.deepEqual((await readdir(place)).sort(), ["org_1"]);
});

test("directory: what cannot be written is an outage whose text has no path", async (t) => {
  const place = await folder(t);
  const store = await directoryFiles(place, systemEntropy);
  await writeFile(path.join(place, "org_1"), "no folder");
  await assert.rejects(store.put("org_1/doc_1", pieces("x")), (error: unknown) => {
    assert.ok(error instanceof Outage);
    assert.ok(!error.message.includes(place));
    return true;
  });
  assert.deepEqual(await readdir(place), ["org_1"]);
});

test("bucket: refused, absent or silent, it is an outage whose text has no key", async (t) => {
  const { endpoint } = await double(t);
  const settings = { ...keys, endpoint, bucket: "ours", prefix: "" };
  const stranger = bucketFiles({ ...settings, secretKey: "another" }, systemClock);
  const nobody = bucketFiles({ ...settings, endpoint: "http://127.0.0.1:1" }, systemClock);
  const missing = bucketFiles({ ...settings, bucket: "none" }, systemClock);
  for (const ask of [
    () => stranger.put("a", pieces("x")),
    () => stranger.open("a"),
    () => nobody.put("a", pieces("x")),
    () => walked(nobody),
    () => missing.open("a"),
  ]) {
    await assert.rejects(ask, (error: unknown) => {
      assert.ok(error instanceof Outage);
      assert.doesNotMatch(error.message, /another|secret|access/);
      return true;
    });
  }
});

test("bucket: a file that was not kept is an outage, whatever the store says of it", async (t) => {
  const store = await stores.bucket?.(t);
  await assert.rejects(async () => store?.put("unkept", pieces("x")), Outage);
});

test("the settings open a directory in the folder, or a bucket with both of its keys", async (t) => {
  const place = await folder(t);
  const parts = { clock: systemClock, random: systemEntropy };
  const settings = (environment: Record<string, string>) =>
    loadConfig({ CARDWRIGHT_FOLDER: place, ...environment });
  const directory = await openFiles(settings({}), parts);
  await directory.put("org_1/doc_1", pieces("x"));
  assert.deepEqual(await readdir(path.join(place, "documents", "org_1")), ["doc_1"]);
  const { endpoint, objects } = await double(t);
  const named = { CARDWRIGHT_DOCUMENTS: "s3://ours/docs", CARDWRIGHT_S3_ENDPOINT: endpoint };
  await assert.rejects(openFiles(settings(named), parts), ConfigError);
  const whole = {
    ...named,
    CARDWRIGHT_S3_REGION: keys.region,
    CARDWRIGHT_S3_ACCESS_KEY: keys.accessKey,
    CARDWRIGHT_S3_SECRET_KEY: keys.secretKey,
  };
  const bucket = await openFiles(settings(whole), parts);
  await bucket.put("org_1/doc_1", pieces("x"));
  assert.deepEqual([...objects.keys()], ["ours/docs/org_1/doc_1"]);
  assert.ok(!bucket.place.includes(keys.secretKey));
});
