import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const START = join(ROOT, "start.mjs");

/** A Node that is too old for Cardwright, or null. */
const OLD_NODE = findOldNode();
const WITH_OLD_NODE = { skip: OLD_NODE === null ? "no Node below 24 on this machine" : false };

function findOldNode(): string | null {
  const folders = ["/usr/local/bin", "/usr/bin", ...(process.env.PATH ?? "").split(":")];
  const candidates = folders.map((folder) => join(folder, "node")).filter(existsSync);
  return candidates.find((node) => isOld(node)) ?? null;
}

function isOld(node: string): boolean {
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? "";
  return /^v(18|20|22)\./.test(version);
}

/** A copy of start.mjs in a repository of its own, with these scripts in place of the real ones. */
function repository(
  t: TestContext,
  scripts: Readonly<Record<string, string>>,
  options: { readonly modules: boolean } = { modules: true },
): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "cardwright-start-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(START, join(folder, "start.mjs"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  if (options.modules) symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries(scripts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function run(node: string, folder: string, words: readonly string[] = [], env = {}) {
  const { DATABASE_URL: _, NODE_TEST_CONTEXT: __, ...clean } = process.env;
  const options = { cwd: folder, encoding: "utf8", env: { ...clean, ...env } } as const;
  return spawnSync(node, [join(folder, "start.mjs"), ...words], options);
}

const MAIN = "packages/server/src/main.ts";
const ECHO = `
  const words: string[] = process.argv.slice(2);
  console.log(JSON.stringify({ node: process.versions.node, words, cwd: process.cwd() }));`;

const NODES: readonly [string, string | null][] = [
  ["Node 24", process.execPath],
  ["an old Node", OLD_NODE],
];

for (const [name, node] of NODES) {
  const available = { skip: node === null ? "no Node below 24 on this machine" : false };
  const binary = String(node);

  test(`run by ${name}, a command runs on Node 24 or later with its arguments`, available, (t) => {
    const folder = repository(t, { [MAIN]: ECHO, "packages/server/tools/prove.ts": ECHO });
    const started = JSON.parse(run(binary, folder).stdout);
    assert.ok(Number.parseInt(started.node, 10) >= 24, started.node);
    assert.deepEqual(started, { node: started.node, words: [], cwd: folder });
    const proved = JSON.parse(run(binary, folder, ["prove", "C1", "--long"]).stdout);
    assert.deepEqual(proved.words, ["C1", "--long"]);
  });

  test(`run by ${name}, the exit code is the program's own`, available, (t) => {
    const folder = repository(t, { [MAIN]: "process.exit(37);" });
    assert.equal(run(binary, folder).status, 37);
  });

  test(`run by ${name}, a program that is killed shows by which signal`, available, (t) => {
    const folder = repository(t, { [MAIN]: "process.kill(process.pid, 'SIGKILL');" });
    assert.equal(run(binary, folder).signal, "SIGKILL");
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(
      `run by ${name}, ${signal} reaches the program once and it may end in peace`,
      available,
      async (t) => {
        const folder = repository(t, { [MAIN]: COUNTER });
        const child = launch(t, binary, [join(folder, "start.mjs")]);
        const said = output(child);
        await said.until("ready");
        child.kill(signal);
        const [code] = await once(child, "close");
        assert.equal(code, 5);
        assert.equal(said.text(), `ready\n${signal} 1\n`);
      },
    );
  }

  test(`run by ${name}, an unknown command lists those there are`, available, () => {
    const answer = run(binary, ROOT, ["strat"]);
    assert.equal(answer.status, 1);
    assert.match(answer.stderr, /There is no command "strat"/);
    for (const command of ["test", "test:postgres", "check", "generate", "bench", "prove"]) {
      assert.match(answer.stderr, new RegExp(`node start.mjs ${command} +\\w+`));
    }
  });

  test(`run by ${name}, missing dependencies are named with their cure`, available, (t) => {
    const folder = repository(t, { [MAIN]: ECHO }, { modules: false });
    const answer = run(binary, folder);
    assert.equal(answer.status, 1);
    assert.match(answer.stderr, /npm ci/);
    assert.equal(answer.stdout, "");
  });
}

/** Says that it is ready, counts signals, and takes its time to end. */
const COUNTER = `
  let count = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      console.log(signal + " " + ++count);
      setTimeout(() => process.exit(5), 200);
    });
  }
  setInterval(() => {}, 1000);
  console.log("ready");`;

/** Spawns a group of its own, of which nothing survives the test. */
function launch(t: TestContext, program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => {
    try {
      process.kill(-(child.pid ?? Number.NaN), "SIGKILL");
    } catch {
      // All of it has ended.
    }
  });
  return child;
}

function output(child: ChildProcess) {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  return {
    text: () => text,
    async until(words: string) {
      while (!text.includes(words)) {
        await once(child.stdout ?? child, "data", { signal: AbortSignal.timeout(10_000) });
      }
    },
  };
}

const SCRIPT = spawnSync("script", ["--version"]).status === 0;
for (const [name, node] of NODES) {
  const skip = node === null ? "no Node below 24 here" : SCRIPT ? false : "no script(1) here";
  test(`run by ${name} in a terminal, Ctrl-C reaches the program once`, { skip }, async (t) => {
    const folder = repository(t, { [MAIN]: COUNTER });
    // Without exec a shell may stay in between, and dies of the same Ctrl-C.
    const command = `exec '${node}' '${join(folder, "start.mjs")}'`;
    const child = launch(t, "script", ["-qec", command, "/dev/null"]);
    const said = output(child);
    await said.until("ready");
    child.stdin?.write("\x03");
    const [code] = await once(child, "close");
    assert.equal(code, 5);
    assert.match(said.text(), /SIGINT 1/);
    assert.doesNotMatch(said.text(), /SIGINT 2/);
  });
}

test("Node 24 gives its place to the program: SIGKILL of it ends the server", async (t) => {
  const folder = repository(t, { [MAIN]: `${COUNTER}\nconsole.log(process.pid);` });
  const child = launch(t, process.execPath, [join(folder, "start.mjs")]);
  const said = output(child);
  await said.until(String(child.pid));
});

test(
  "a Node that is too old, without one that npm brought, is told why and what to do",
  WITH_OLD_NODE,
  (t) => {
    const folder = repository(t, { [MAIN]: ECHO }, { modules: false });
    mkdirSync(join(folder, "node_modules"));
    const answer = run(String(OLD_NODE), folder);
    assert.equal(answer.status, 1);
    assert.match(answer.stderr, /needs Node 24 or later: it is written in TypeScript/);
    assert.match(answer.stderr, /Install Node 24 or later/);
  },
);

test("a Node that npm brought but that this system cannot load is said so", WITH_OLD_NODE, (t) => {
  const folder = repository(t, { [MAIN]: ECHO }, { modules: false });
  const brought = join(folder, "node_modules", `node-linux-${process.arch}`, "bin");
  mkdirSync(brought, { recursive: true });
  writeFileSync(join(brought, "node"), "#!/nowhere/loader\n", { mode: 0o755 });
  const answer = run(String(OLD_NODE), folder);
  assert.equal(answer.status, 1);
  assert.match(answer.stderr, /cannot be run/);
});

const PASSING = `import { basename } from "node:path"; import { test } from "node:test";
  test("in " + basename(import.meta.filename), () => {});`;
const SUITE = {
  "packages/server/test/setup.ts": "export function globalSetup() { process.env.SET_UP = 'yes'; }",
  "packages/server/src/floor/a.test.ts": PASSING,
  "packages/server/test/b.test.ts": `import { test } from "node:test";
    test("b " + process.env.SET_UP, () => {});`,
  "packages/server/test/crash/c.test.ts": PASSING,
  "packages/other/src/d.test.ts": PASSING,
};

test("npm test runs the tests of every package after the set-up, but not the crash tests", (t) => {
  const folder = repository(t, SUITE);
  const answer = run(process.execPath, folder, ["test", "--test-reporter=spec"]);
  assert.equal(answer.status, 0, answer.stderr);
  for (const words of [/✔ in a\.test\.ts/, /✔ b yes/, /✔ in d\.test\.ts/])
    assert.match(answer.stdout, words);
  assert.doesNotMatch(answer.stdout, /c\.test\.ts/);
});

test("npm test takes paths, folders, patterns and flags of node --test", (t) => {
  const folder = repository(t, SUITE);
  const tests = (...words: string[]) => {
    const answer = run(process.execPath, folder, ["test", "--test-reporter=spec", ...words]);
    assert.equal(answer.status, 0, answer.stderr);
    return [..."abcd"].filter((name) => {
      return new RegExp(`✔ (in ${name}\\.test\\.ts|${name} yes)`).test(answer.stdout);
    });
  };
  assert.deepEqual(tests("packages/server/test/b.test.ts"), ["b"]);
  assert.deepEqual(tests("packages/server/test"), ["b", "c"]);
  assert.deepEqual(tests("packages/*/src/**/*.test.ts"), ["a", "d"]);
  assert.deepEqual(tests("--test-name-pattern", "yes"), ["b"]);
});

test("npm test fails when a test fails, and when a folder holds none", (t) => {
  const folder = repository(t, {
    ...SUITE,
    "packages/server/src/e.test.ts": `import { test } from "node:test";
      test("e", () => { throw 1; });`,
    "packages/server/bench/empty.ts": "",
  });
  assert.equal(run(process.execPath, folder, ["test"]).status, 1);
  const empty = run(process.execPath, folder, ["test", "packages/server/bench"]);
  assert.equal(empty.status, 1);
  assert.match(empty.stderr, /no tests in packages\/server\/bench/);
});

test("npm run test:postgres refuses without DATABASE_URL, and runs what comes to a database with it", (t) => {
  const folder = repository(t, {
    ...SUITE,
    "packages/server/test/harness/database.ts": "export const ok = true;",
    "packages/server/test/harness/server.ts": `export { ok } from "./database.ts";`,
    "packages/server/test/used.test.ts": `import test from "node:test";
      import { ok } from "./harness/server.ts";
      test("comes to the database", () => ok);`,
    "packages/server/test/pure.test.ts": `import test from "node:test";
      test("comes to none", () => { throw 1; });`,
  });
  const refused = run(process.execPath, folder, ["test:postgres"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /Set DATABASE_URL/);
  const env = { DATABASE_URL: "postgres://127.0.0.1/none" };
  const ran = run(process.execPath, folder, ["test:postgres"], env);
  assert.equal(ran.status, 0);
  assert.match(ran.stdout, /comes to the database/);
  const named = ["test:postgres", "packages/server/test/pure.test.ts"];
  assert.equal(run(process.execPath, folder, named, env).status, 1);
});

test("help lists the commands, and every command of package.json is one of them", async () => {
  const { default: manifest } = await import("../../../package.json", { with: { type: "json" } });
  const help = run(process.execPath, ROOT, ["help"]);
  assert.equal(help.status, 0);
  for (const command of Object.values(manifest.scripts)) {
    assert.ok(`${help.stdout} `.includes(`  ${command} `), command);
  }
});
