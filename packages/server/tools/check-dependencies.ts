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
  readonly hasInstallScript?: boolean;
};

const permissive =
  /^\(?(MIT|MIT-0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|Apache-2\.0|BlueOak-1\.0\.0|Python-2\.0|Unlicense|CC0-1\.0|PostgreSQL|CC-BY-4\.0)\)?( (OR|AND) .*)?$/;

/** Packages whose manifest names no licence, by version: what the LICENSE file in them says. */
const fromLicenceFile: Readonly<Record<string, string>> = { "png-js@2.0.0": "MIT" };

const text = await readFile(new URL("../../../package-lock.json", import.meta.url), "utf8");
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
const problems: string[] = [];
const scripts: string[] = [];

for (const [name, locked] of Object.entries(packages)) {
  if (!name.startsWith("node_modules/") || locked.link) continue;
  if (locked.integrity === undefined) problems.push(`${name} has no integrity hash.`);
  if (locked.resolved !== undefined) problems.push(`${name} names a download address.`);
  const released = `${name.replace("node_modules/", "")}@${locked.version}`;
  const licence = locked.license ?? fromLicenceFile[released] ?? "";
  if (!permissive.test(licence)) problems.push(`${name}: licence ${locked.license}.`);
  if (locked.hasInstallScript) scripts.push(name.replace("node_modules/", ""));
}

for (const problem of problems) console.log(problem);
console.log(`Install scripts that are not needed and may be skipped: ${scripts.join(", ")}.`);
if (problems.length > 0) process.exitCode = 1;
