import { mkdir, readFile, writeFile } from "node:fs/promises";
import { generatedFiles } from "./generated.ts";

/**
 * `npm run generate`: writes every generated file. With `--check` it writes nothing and exits 1 when
 * one of them is stale.
 */
const root = new URL("../../../", import.meta.url);
const checking = process.argv.includes("--check");
let stale = 0;

for (const [name, text] of Object.entries(await generatedFiles())) {
  const file = new URL(name, root);
  const present = await readFile(file, "utf8").catch(() => null);
  if (present === text) continue;
  stale += 1;
  if (!checking) {
    await mkdir(new URL(".", file), { recursive: true });
    await writeFile(file, text);
  }
  console.log(checking ? `${name} is stale: run npm run generate.` : `${name} written.`);
}
if (checking && stale > 0) process.exitCode = 1;
if (stale === 0) console.log("Every generated file is up to date.");
