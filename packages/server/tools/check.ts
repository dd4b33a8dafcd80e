import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** `npm run check`: everything that can be known without running the server. Each step is shown. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const bin = (name: string) => path.join(root, "node_modules/.bin", name);
const tool = (name: string) => path.join(root, "packages/server/tools", name);

type Step = readonly [title: string, command: string, ...argv: string[]];

const steps: readonly Step[] = [
  ["format and lint", bin("biome"), "check", "--error-on-warnings", "."],
  ["types", bin("tsc"), "-p", "."],
  ["types of the hosted pages", bin("tsc"), "-p", "packages/server/src/interfaces/hosted/page"],
  ["arrows of the architecture", process.execPath, tool("check-architecture.ts")],
  ["generated files", process.execPath, tool("generate.ts"), "--check"],
  [
    "openapi.json",
    process.execPath,
    bin("redocly"),
    "lint",
    "--extends=recommended-strict",
    "openapi.json",
  ],
  ["lock file, licences, install scripts", process.execPath, tool("check-dependencies.ts")],
];

const run = ([title, command, ...argv]: Step): Promise<boolean> =>
  new Promise((resolve) => {
    console.log(`\n== ${title}`);
    const environment = {
      ...process.env,
      REDOCLY_TELEMETRY: "off",
      REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
    };
    const child = spawn(command, argv, { cwd: root, stdio: "inherit", env: environment });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });

const failed: string[] = [];
for (const step of steps) if (!(await run(step))) failed.push(step[0]);
console.log(failed.length === 0 ? "\nAll checks passed." : `\nFailed: ${failed.join(", ")}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
