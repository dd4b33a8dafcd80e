// Starts Cardwright, and every other command of this repository (`node start.mjs help` lists them),
// with a Node that can. This is plain JavaScript that old releases of Node can read, and it imports
// nothing in TypeScript, so that a Node that is too old gets a sentence and not a syntax error.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { constants, cpus } from "node:os";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const root = dirname(fileURLToPath(import.meta.url));
const calledFrom = process.cwd();

// command → [what it does, and what makes the words after "node" from those after the command]
const commands = {
  "": ["start the platform, with its own database", script("packages/server/src/main.ts")],
  test: ["all tests, or those in the paths given; flags go to node --test", tests],
  "test:browser": ["the tests that need a browser, which must be there", testsInBrowser],
  "test:postgres": ["the tests of a database, on the PostgreSQL in DATABASE_URL", testsOnPostgres],
  check: ["format, lint, types, architecture, generated files", tool("check.ts")],
  generate: ["write the generated files", tool("generate.ts")],
  bench: ["measure the hot path against pgbench", script("packages/server/bench/bench.ts")],
  prove: ["run one proof by its id, --long for its long form", tool("prove.ts")],
  fixture: [
    "make the data of an earlier release for the tests of upgrades",
    tool("release-fixture.ts"),
  ],
  "ledger:verify": ["check the books and the hash chain", tool("ledger-verify.ts")],
  "keys:create": ["make an API key at the machine itself", tool("keys-create.ts")],
  "lists:load": ["load a published sanctions or PEP list", tool("lists-load.ts")],
};

main(process.argv.slice(2));

function main([command = "", ...extra]) {
  if (["help", "--help", "-h"].includes(command)) return console.log(listing());
  if (!Object.hasOwn(commands, command)) {
    return refuse(`There is no command "${command}".\n\n${listing()}`);
  }
  const node = findNode();
  if (node === null) return;
  if (!existsSync(join(root, "node_modules"))) {
    return refuse('The dependencies are not installed yet. Run "npm ci" first.');
  }
  const [, build] = commands[command];
  process.chdir(root);
  const built = build(extra);
  if (built !== null) run(node, built);
}

function listing() {
  const lines = Object.entries(commands).map(
    ([name, [what]]) => `  node start.mjs ${name.padEnd(14)} ${what}`,
  );
  return `Commands:\n${lines.join("\n")}`;
}

function script(path) {
  return (extra) => [path, ...extra];
}

function tool(name) {
  return script(`packages/server/tools/${name}`);
}

function refuse(text) {
  console.error(text);
  process.exitCode = 1;
  return null;
}

// The Node that runs this if it will do, else the one that npm brought along.
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return process.execPath;
  const brought = join(root, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (process.platform === "linux" && existsSync(brought)) return brought;
  return refuse(
    `Cardwright needs Node ${NEEDED} or later: it is written in TypeScript, which earlier ` +
      `releases cannot run. This is Node ${process.versions.node}.\n${cure()}`,
  );
}

function cure() {
  const linux = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);
  if (linux && !existsSync(join(root, "node_modules"))) {
    return 'Run "npm ci" first: it brings the right Node along.';
  }
  const again = linux ? ', or run "npm ci" without --omit=optional, which brings it along' : "";
  return `Install Node ${NEEDED} or later (https://nodejs.org)${again}.`;
}

function tests(extra, isWanted = () => true) {
  const isPath = (word) => !word.startsWith("-") && existsSync(resolve(calledFrom, word));
  const isPattern = (word) => !word.startsWith("-") && /[*?{]/.test(word);
  const named = extra.filter((word) => isPath(word) || isPattern(word));
  const flags = extra.filter((word) => !named.includes(word));
  const files = named.length === 0 ? allTests().filter(isWanted) : named.flatMap(testsAt);
  if (files.length === 0) return refuse(`There are no tests in ${named.join(", ")}.`);
  const setup = "--test-global-setup=packages/server/test/setup.ts";
  return ["--test", setup, atOnce(), ...reporters(flags), ...flags, ...files];
}

// Node leaves one processor free. Of two that is half: while a test waits for its database, another can run.
function atOnce() {
  return `--test-concurrency=${Math.max(2, cpus().length - 1)}`;
}

// Where tests are chosen by name: Node counts a file in which no name matches as one that passed.
function reporters(flags) {
  const has = (name) => flags.some((flag) => flag === name || flag.startsWith(`${name}=`));
  if (!has("--test-name-pattern") || has("--test-reporter")) return [];
  return [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./packages/server/tools/ran.ts",
    "--test-reporter-destination=stderr",
  ];
}

function testsOnPostgres(extra) {
  if (process.env.DATABASE_URL) return tests(extra, usesDatabase);
  return refuse(
    "Set DATABASE_URL to the PostgreSQL that these tests shall use; they make and drop databases " +
      "there.\nFor example: DATABASE_URL=postgres://user:password@127.0.0.1:5432/postgres. " +
      '"npm test" needs none.',
  );
}

// Without a browser "npm test" leaves these tests out; here it has to be there.
function testsInBrowser(extra) {
  process.env.CW_BROWSER_NEEDED = "1";
  return tests([...extra, join(root, "packages", "server", "test", "browser")]);
}

// The crash tests kill servers for minutes; "prove" runs them.
function allTests() {
  const crash = join("packages", "server", "test", "crash");
  return readdirSync("packages")
    .flatMap((name) => [join("packages", name, "src"), join("packages", name, "test")])
    .filter((folder) => existsSync(folder))
    .flatMap(testsBelow)
    .filter((file) => !file.startsWith(crash));
}

// What never comes to the harness of the database runs the same whatever DATABASE_URL says.
function usesDatabase(file) {
  return reached(resolve(file)).has(resolve("packages/server/test/harness/database.ts"));
}

// A file and all files of ours that it imports, and those that they import.
function reached(file, found = new Set()) {
  if (found.has(file) || !existsSync(file)) return found;
  found.add(file);
  const imports = readFileSync(file, "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g);
  for (const [, path] of imports) reached(resolve(dirname(file), path), found);
  return found;
}

function testsAt(word) {
  const path = resolve(calledFrom, word);
  if (!existsSync(path)) return [word];
  const fromRoot = relative(root, path);
  return statSync(path).isDirectory() ? testsBelow(fromRoot) : [fromRoot];
}

function testsBelow(folder) {
  return readdirSync(folder || ".", { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testsBelow(path);
      return entry.name.endsWith(".test.ts") ? [path] : [];
    });
}

// Where Node can replace itself it does: signals then reach the program itself, also SIGKILL, and
// its exit is its own. An earlier Node cannot, and stays as a parent that passes on what it gets.
function run(node, words) {
  const env = {
    // What Node made of each file is kept: the next process has it in less than half the time.
    NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compiled"),
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH || ""}`,
  };
  if (node === process.execPath && typeof process.execve === "function") {
    process.execve(node, [node, ...process.execArgv, ...words], env);
  }
  const child = spawn(node, words, { stdio: "inherit", env });
  passSignals(child);
  child.on("error", (error) => refuse(`${node} cannot be run: ${error.message}.`));
  child.on("exit", (code, signal) => endLike(code, signal));
}

function passSignals(child) {
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends these to the child as well, and a second could cut its shutdown short.
      if (atTerminal && signal !== "SIGTERM") return;
      child.kill(signal);
    });
  }
}

function endLike(code, signal) {
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // For the case that the signal is ignored here.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
}
