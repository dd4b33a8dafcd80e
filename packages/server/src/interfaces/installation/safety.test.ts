import assert from "node:assert/strict";
import { test } from "node:test";
import { cloneTemplate, dropDatabase } from "../../../test/harness/database.ts";
import { readSettings, type ServerSettings } from "../../foundation/database/settings.ts";
import { judgeSettings } from "./safety.ts";

/** A server that money may lie on. */
const safe: ServerSettings = {
  version: "PostgreSQL 18.4 on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit",
  versionNumber: 180_004,
  fsync: "on",
  fullPageWrites: "on",
  synchronousCommit: "on",
  dataChecksums: "on",
  takesRoles: true,
  login: "cardwright",
};

const unsafe: readonly [Partial<ServerSettings>, what: RegExp, remedy: RegExp][] = [
  [{ fsync: "off" }, /fsync is off/, /fsync = on/],
  [{ fullPageWrites: "off" }, /full_page_writes is off/, /full_page_writes = on/],
  [{ synchronousCommit: "off" }, /synchronous_commit is off/, /synchronous_commit = on/],
  [{ dataChecksums: "off" }, /checksums are off/, /pg_checksums --enable/],
  [
    { version: "PostgreSQL 17.5 on wasm32-unknown-emscripten, compiled by emcc 3.1.74, 32-bit" },
    /PGlite/,
    /real PostgreSQL/,
  ],
  [{ takesRoles: false }, /roles .* are missing/, /create role cardwright_app nologin/],
];

test("C13: a live installation refuses each unsafe setting with reason and remedy, a sandbox warns", () => {
  for (const [change, what, remedy] of unsafe) {
    const live = judgeSettings({ ...safe, ...change }, "live");
    assert.equal(live.refusals.length, 1, JSON.stringify(change));
    assert.match(live.refusals[0]?.what ?? "", what);
    assert.match(live.refusals[0]?.remedy ?? "", remedy);
    const sandbox = judgeSettings({ ...safe, ...change }, "sandbox");
    assert.deepEqual(sandbox.refusals, []);
    assert.match(sandbox.warnings[0]?.what ?? "", what);
  }
});

test("C13: every unsafe setting is named at once, and a safe server passes", () => {
  const all = Object.assign({}, safe, ...unsafe.map(([change]) => change));
  assert.equal(judgeSettings(all, "live").refusals.length, unsafe.length);
  for (const synchronousCommit of ["on", "local", "remote_write", "remote_apply"]) {
    const verdict = judgeSettings({ ...safe, synchronousCommit }, "live");
    assert.deepEqual(verdict, { refusals: [], warnings: [] });
  }
});

test("a PostgreSQL older than 15 is refused in every mode", () => {
  for (const mode of ["live", "sandbox"] as const) {
    assert.match(
      judgeSettings({ ...safe, versionNumber: 140_012 }, mode).refusals[0]?.what ?? "",
      /older than 15/,
    );
  }
});

test("the settings are those of this database and login", async (t) => {
  const url = await cloneTemplate();
  t.after(() => dropDatabase(url));
  const settings = await readSettings(url);
  assert.ok(settings.versionNumber >= 150_000);
  assert.match(settings.version, /^PostgreSQL/);
  assert.equal(settings.takesRoles, true);
  assert.ok(["on", "off"].includes(settings.dataChecksums));
});
