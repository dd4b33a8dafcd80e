import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { systemEntropy } from "../src/foundation/clock/clock.ts";
import { openDatabase } from "../src/foundation/database/database.ts";
import { directoryFiles } from "../src/foundation/files/directory.ts";
import { sweepDocuments } from "../src/issuing/documents/actions.ts";
import { jpegOf } from "../src/issuing/documents/fixture.ts";
import { ORPHAN_AGE_MS } from "../src/issuing/documents/model.ts";
import { asOwner, cloneTemplate, dropDatabase } from "./harness/database.ts";
import {
  ended,
  newServerFolder,
  removeFolder,
  type ServerProcess,
  startProcess,
} from "./harness/process.ts";

/** Documents and kill -9: the store and the table agree again, and nothing acknowledged is lost. */
test("what an upload that is killed leaves behind is removed; what was answered stays readable", async (t) => {
  const folder = await newServerFolder();
  const url = await cloneTemplate();
  t.after(async () => {
    await removeFolder(folder);
    await dropDatabase(url);
  });
  const documents = path.join(folder, "documents");
  const stored = async () =>
    (await readdir(documents, { recursive: true })).filter((name) => /doc_/.test(name));
  const start = async () => {
    const server = await startProcess(folder, { DATABASE_URL: url });
    t.after(async () => {
      server.child.kill("SIGKILL");
      await ended(server);
    });
    return server;
  };
  const first = await start();
  const made = await ask(first, "POST", "/customers", { type: "individual", level: "basic" });
  const customer = (made.body as { id: string }).id;
  const kept = await upload(first, customer);
  assert.equal(kept.status, 201);

  // A lock on the customer holds the next upload between its file and its row.
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  await holder.query("begin");
  await holder.query("select from customers where id = $1 for update", [customer]);
  const cut = upload(first, customer).catch(() => null);
  for (let waited = 0; (await stored()).length < 2 && waited < 500; waited += 1) await delay(20);
  assert.equal((await stored()).length, 2, "the file is there before its row");
  first.child.kill("SIGKILL");
  await ended(first);
  assert.equal(await cut, null);
  await holder.query("rollback");
  await holder.end();
  await writeFile(path.join(documents, "0123456789abcdef.part"), "half");

  const second = await start();
  assert.ok(!(await readdir(documents)).some((name) => name.endsWith(".part")));
  const rows = await asOwner<{ id: string }>(url, "select id from documents");
  assert.deepEqual(
    rows.map(({ id }) => id),
    [kept.body.id],
  );
  const database = openDatabase({ url, role: "cardwright_app", maxConnections: 2 });
  t.after(() => database.close());
  const files = await directoryFiles(documents, systemEntropy);
  const later = new Date(Date.now() + ORPHAN_AGE_MS + 60_000);
  assert.equal(await sweepDocuments(database, files, later), 1);
  assert.deepEqual(
    (await stored()).map((name) => path.basename(name)),
    [kept.body.id],
  );
  const content = await fetch(
    `${second.facts.url}/v1/customers/${customer}/documents/${kept.body.id}/content`,
    { headers: { authorization: `Bearer ${second.facts.platformKey}` } },
  );
  assert.equal(content.status, 200);
  assert.ok(Buffer.from(await content.arrayBuffer()).equals(picture));
});

const picture = jpegOf(700, 620);

async function ask({ facts }: ServerProcess, method: string, to: string, body: unknown) {
  const response = await fetch(`${facts.url}/v1${to}`, {
    method,
    headers: { authorization: `Bearer ${facts.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function upload({ facts }: ServerProcess, customer: string) {
  const response = await fetch(`${facts.url}/v1/customers/${customer}/documents?kind=other`, {
    method: "POST",
    headers: { authorization: `Bearer ${facts.apiKey}`, "content-type": "image/jpeg" },
    body: new Uint8Array(picture),
  });
  return { status: response.status, body: (await response.json()) as { id: string } };
}
