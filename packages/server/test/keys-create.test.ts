import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { newServerFolder, removeFolder, startProcess } from "./harness/process.ts";

/** The command as an operator runs it, beside a server. */
const folder = await newServerFolder();
after(() => removeFolder(folder));
const { facts } = await startProcess(folder);
const tool = fileURLToPath(new URL("../tools/keys-create.ts", import.meta.url));
const environment = { PATH: process.env.PATH, CARDWRIGHT_FOLDER: folder };

const run = (...words: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [tool, ...words], { env: environment }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });

async function ask(key: string, path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${key.trim()}`, "content-type": "application/json" };
  const answer = await fetch(`${facts.url}/v1${path}`, { ...init, headers });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every route.
  return { status: answer.status, body: (await answer.json()) as any };
}

test("a platform key with all scopes is made beside the server, and works at once", async () => {
  const { code, out, err } = await run("--name", "Operator");
  assert.deepEqual([code, /^cw_\w+\n$/.test(out)], [0, true], err);
  assert.match(err, /^key_\w+ of org_platform, sandbox: Operator\nScopes: .*compliance:write/);
  assert.ok(!err.includes(out.trim()), "the secret is on the standard output alone");
  const { status, body } = await ask(out, "/api-keys?limit=100");
  assert.equal(status, 200);
  const made = body.data.find(({ name }: { name: string }) => name === "Operator");
  const known = body.data.find(({ name }: { name: string }) => name === "Sandbox platform key");
  assert.deepEqual(made.scopes, known.scopes);
});

test("an organization's key has the scopes that were asked for, and its making is in the audit log and the events", async () => {
  const { organizationId, platformKey } = facts;
  const scopes = "organization:read,events:read";
  const { code, out, err } = await run("--organization", organizationId, "--scopes", scopes);
  assert.equal(code, 0, err);
  const own = await ask(out, "/organization");
  assert.deepEqual([own.status, own.body.id], [200, organizationId]);
  assert.equal((await ask(out, "/customers")).status, 403);
  const id = /^key_\w+/.exec(err)?.[0];
  for (const [path, field, wanted, key] of [
    [`/audit-log?objectId=${id}`, "action", "createApiKeyByHand", platformKey],
    [`/events?objectId=${id}`, "type", "api_key.created", out],
  ] as const) {
    const seen = await until(async () => (await ask(key, path)).body.data);
    assert.deepEqual(
      seen.map((line) => line[field]),
      [wanted],
    );
  }
});

/** What is put into order within a moment. */
async function until(read: () => Promise<Record<string, unknown>[]>) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await read();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return [];
}

for (const [what, words, code, why] of [
  [
    "a scope that there is not",
    ["--scopes", "all"],
    2,
    /may not have all; they may have .*keys:write/,
  ],
  [
    "a scope of organizations for the platform",
    ["--scopes", "customers:write"],
    2,
    /may not have customers:write/,
  ],
  ["a name that is too long", ["--name", "x".repeat(101)], 2, /1 to 100 characters/],
  ["an unknown option", ["--scope", "x"], 2, /--scope/],
  ["an unknown organization", ["--organization", "org_none"], 1, /no such organization/],
] as const) {
  test(`${what}: nothing is made, and why is told`, async () => {
    const { code: found, out, err } = await run(...words);
    assert.deepEqual([found, out], [code, ""], err);
    assert.match(err, why);
    if (code === 2) assert.match(err, /npm run keys:create/);
  });
}
