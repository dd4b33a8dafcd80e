import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { ConfigError } from "./config.ts";
import { makeFolder } from "./folder.ts";

const root = mkdtempSync(path.join(tmpdir(), "cardwright-folder-"));
after(() => rmSync(root, { recursive: true }));

test("a folder and those above it are made once, with the mode that is asked for", () => {
  const folder = path.join(root, "deep", "down");
  assert.equal(makeFolder(folder, 0o700), true);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(makeFolder(folder, 0o755), false);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test("a place where no folder can be made is refused, naming the setting and what to do", () => {
  const nowhere = path.join(root, "link");
  symlinkSync(path.join(root, "missing", "target"), nowhere);
  const below = process.platform === "linux" ? ["/proc/cardwright", "/proc/self/deep/down"] : [];
  for (const folder of [nowhere, ...below]) {
    assert.throws(
      () => makeFolder(folder, 0o700),
      (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /^CARDWRIGHT_FOLDER: \S+ cannot be made \(E[A-Z]+\)\. Set it /);
        return true;
      },
      folder,
    );
  }
});
