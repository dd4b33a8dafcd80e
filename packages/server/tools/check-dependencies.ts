import { readFile } from "node:fs/promises";

/**
 * What the lock file must hold: an integrity hash for every package, no address of a registry, and
 * permissive licences only. Packages that declare an install script are listed: none is needed.
 */
type Locked = {
  readonly link?: boolean;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  /** Of use to tests and tools alone: not installed with the product. */
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
};

const permissive =
  /^\(?(MIT|MIT-0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|Apache-2\.0|BlueOak-1\.0\.0|Python-2\.0|Unlicense|CC0-1\.0|PostgreSQL|CC-BY-4\.0)\)?( (OR|AND) .*)?$/;

/** Packages whose manifest names no licence, by version: what the LICENSE file in them says. */
const fromLicenceFile: Readonly<Record<string, string>> = { "png-js@2.0.0": "MIT" };

/** What is not permissive and may be used by tests, because it is never shipped. */
const inTestsOnly: readonly string[] = ["axe-core MPL-2.0"];

const text = await readFile(new URL("../../../package-lock.json", import.meta.url), "utf8");
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
const problems: string[] = [];
const scripts: string[] = [];

const nameOf = (place: string): string => place.replace("node_modules/", "");

for (const [name, locked] of Object.entries(packages)) {
  if (!name.startsWith("node_modules/") || locked.link) continue;
  if (locked.integrity === undefined) problems.push(`${name} has no integrity hash.`);
  if (locked.resolved !== undefined) problems.push(`${name} names a download address.`);
  const released = `${nameOf(name)}@${locked.version}`;
  const licence = locked.license ?? fromLicenceFile[released] ?? "";
  const isTestsOwn = locked.dev === true && inTestsOnly.includes(`${nameOf(name)} ${licence}`);
  if (!permissive.test(licence) && !isTestsOwn)
    problems.push(`${name}: licence ${locked.license}.`);
  if (locked.hasInstallScript) scripts.push(nameOf(name));
}

for (const problem of problems) console.log(problem);
console.log(`Install scripts that are not needed and may be skipped: ${scripts.join(", ")}.`);
if (problems.length > 0) process.exitCode = 1;
