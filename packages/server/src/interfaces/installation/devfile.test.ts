import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { type DevFacts, removeDevFile, writeDevFile, writePrivately } from "./devfile.ts";

const folder = await mkdtemp(path.join(tmpdir(), "cardwright-dev-"));
test.after(() => rm(folder, { recursive: true }));

const file = path.join(folder, "dev.json");
const facts: DevFacts = {
  url: "http://127.0.0.1:8787",
  apiKey: "one",
  platformKey: null,
  organizationId: "org_example",
  programs: [{ id: "prog_example", model: "card", currency: "EUR" }],
};

test("dev.json is private, also where a draft or a public one lay before, and leaves no draft", async () => {
  writeFileSync(file, "{}", { mode: 0o644 });
  writeFileSync(`${file}.${process.pid}.draft`, "half", { mode: 0o644 });
  await writeDevFile(folder, facts);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), facts);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ["dev.json"]);
});

test("a folder that is missing is made, for this user alone", async () => {
  const missing = path.join(folder, "missing");
  await writeDevFile(missing, facts);
  assert.equal(statSync(missing).mode & 0o777, 0o700);
  await rm(missing, { recursive: true });
});

test("a server removes its own dev.json and no other's", async () => {
  await writeDevFile(folder, facts);
  await removeDevFile(folder, "http://127.0.0.1:8788");
  assert.ok(existsSync(file));
  await removeDevFile(folder, facts.url);
  assert.ok(!existsSync(file));
  await removeDevFile(folder, facts.url);
});

test("a file that cannot be written is an error, and the one before stays", async () => {
  await writeDevFile(folder, facts);
  await assert.rejects(writePrivately(path.join(file, "x"), "text"), { code: "ENOTDIR" });
  assert.ok(existsSync(file));
});
