import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * `npm run prove -- <id> [--long] [--seed n]`: runs the tests of one id of the catalogue, in the short
 * form or the long one. Without an id it lists them.
 */
type Proof = {
  readonly what: string;
  readonly files: readonly string[];
  readonly pattern?: string;
};

const rootUrl = new URL("../../../", import.meta.url);
const root = fileURLToPath(rootUrl);
const file = (name: string) => `packages/server/${name}`;
const crash = [file("test/crash/crash.test.ts"), file("test/crash/due.test.ts")];
const people = [file("test/people-crash.test.ts"), file("test/winddowns-crash.test.ts")];
const jobs = [file("test/jobs.test.ts")];
const batches = [file("test/batches.test.ts")];

const proofs: Readonly<Record<string, Proof>> = {
  A: { what: "ledger laws against the naive model", files: [file("src/records/ledger/*.test.ts")] },
  B6: { what: "all writers at once, no deadlock", files: [file("test/deadlock.test.ts")] },
  C1: {
    what: "SIGKILL of the database under load",
    files: [file("test/crash/crash.test.ts")],
    pattern: "^C1",
  },
  C2: {
    what: "SIGKILL of the server at each named step, under requests of every kind, jobs and batches",
    files: [...crash, ...jobs, ...batches, ...people],
    pattern: "^C2",
  },
  C3: { what: "SIGKILL of both at once", files: crash, pattern: "^(C2, )?C3" },
  C12: {
    what: "migrations killed at each statement, on nothing and on the data of each earlier release",
    files: [file("test/upgrade.test.ts"), file("test/upgrade/*.test.ts")],
  },
  crash: { what: "C1, C2 and C3, under requests and while much is due", files: crash },
  due: { what: "C2 and C3 while jobs do much", files: [file("test/crash/due.test.ts")] },
  statements: {
    what: "statements of any length in bounded memory",
    files: [file("test/statements.test.ts")],
  },
  life: { what: "random lives against the naive issuer", files: [file("test/life.test.ts")] },
  people: { what: "C2 over customers, reviews, hits, access, links and wind-downs", files: people },
  batches: { what: "batches of cards over processes that are killed", files: batches },
  screening: {
    what: "screening of names; the long form times it over 50,000 entries",
    files: [file("test/screening.test.ts"), file("src/issuing/screening/**/*.test.ts")],
  },
  rescreen: {
    what: "a re-screen killed on its way; the long form has 100,000 customers",
    files: [file("test/rescreen.test.ts")],
  },
  jobs: { what: "jobs over several processes, with figures", files: jobs },
  G7: { what: "other tenants' ids on every route", files: [file("test/tenants.test.ts")] },
  G9: { what: "every scope on every route", files: [file("test/scopes.test.ts")] },
};

const [id = "", ...options] = process.argv.slice(2);
/** An id without a line of its own: every test that carries it in its name. */
function carrying(name: string): Proof | undefined {
  const pattern = `\\b${name}[:,]`;
  const files = globSync("packages/server/{src,test}/**/*.test.ts", { cwd: root })
    .filter((path) => !path.includes("/crash/"))
    .filter((path) => new RegExp(pattern).test(readFileSync(new URL(path, rootUrl), "utf8")));
  return files.length > 0 ? { what: `tests named ${name}`, files, pattern } : undefined;
}

const proof = proofs[id] ?? (/^[A-Z]\d+$/.test(id) ? carrying(id) : undefined);
if (proof === undefined) {
  const lines = Object.entries(proofs).map(([name, { what }]) => `  ${name.padEnd(11)} ${what}`);
  if (id !== "") console.error(`No test has the id ${id}.\n`);
  console.log(
    `npm run prove -- <id> [--long] [--seed n]\n\n${lines.join("\n")}\n  A1, …  the tests that carry an id`,
  );
  process.exit(id === "" ? 0 : 1);
}

/** The usual one, and one that refuses where nothing ran. */
const reporters = [
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  `--test-reporter=${new URL("ran.ts", import.meta.url)}`,
  "--test-reporter-destination=stderr",
];
const seed = options.indexOf("--seed");
const child = spawn(
  process.execPath,
  [
    "--test",
    "--test-concurrency=1",
    "--test-global-setup=packages/server/test/setup.ts",
    ...reporters,
    ...(proof.pattern === undefined ? [] : [`--test-name-pattern=${proof.pattern}`]),
    ...proof.files,
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      CW_PROVE_ID: id,
      ...(options.includes("--long") ? { CW_PROVE_LONG: "1" } : {}),
      ...(seed === -1 ? {} : { CW_PROVE_SEED: options[seed + 1] }),
    },
  },
);
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
