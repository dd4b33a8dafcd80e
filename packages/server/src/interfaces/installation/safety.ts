import { rolesSql } from "../../foundation/database/roles.ts";
import type { ServerSettings } from "../../foundation/database/settings.ts";
import type { Mode } from "../../foundation/route/route.ts";

/** Something about the database that money should not lie on. */
export type Finding = { readonly what: string; readonly remedy: string };

/** What was found: a live installation does not start on it, a sandbox says it at each start. */
export type Verdict = {
  readonly refusals: readonly Finding[];
  readonly warnings: readonly Finding[];
};

/** PostgreSQL that older releases than this do not serve. */
const OLDEST_VERSION = 150_000;

type Check = Finding & {
  readonly isBroken: (settings: ServerSettings) => boolean;
  /** Also a sandbox does not start on it. */
  readonly always?: true;
};

/** Each check with what breaks and what to do, as an operator needs it. */
const checks: readonly Check[] = [
  {
    what: "The PostgreSQL is older than 15.",
    remedy: "Use PostgreSQL 15 or later.",
    isBroken: ({ versionNumber }) => versionNumber < OLDEST_VERSION,
    always: true,
  },
  {
    what: "fsync is off: a power cut can destroy the books.",
    remedy: "Set fsync = on in postgresql.conf and reload.",
    isBroken: ({ fsync }) => fsync !== "on",
  },
  {
    what: "full_page_writes is off: a power cut can leave half-written pages.",
    remedy: "Set full_page_writes = on in postgresql.conf and reload.",
    isBroken: ({ fullPageWrites }) => fullPageWrites !== "on",
  },
  {
    what: "synchronous_commit is off: what was acknowledged can be lost.",
    remedy:
      "Set synchronous_commit = on for the server, the database and the login (ALTER DATABASE, ALTER ROLE … RESET).",
    isBroken: ({ synchronousCommit }) => synchronousCommit === "off",
  },
  {
    what: "Data checksums are off: damage of the disk would not be noticed.",
    remedy: "Stop the server and run pg_checksums --enable, or initdb with --data-checksums.",
    isBroken: ({ dataChecksums }) => dataChecksums !== "on",
  },
  {
    what: "This is PGlite, which never syncs to disk: every crash can lose money.",
    remedy: "Use a real PostgreSQL; the embedded one is.",
    isBroken: ({ version }) => /pglite|emcc|emscripten|wasm/i.test(version),
  },
];

/** Judges a database server for an installation of a mode. */
export function judgeSettings(settings: ServerSettings, mode: Mode): Verdict {
  const broken: Check[] = checks.filter(({ isBroken }) => isBroken(settings));
  if (!settings.takesRoles) broken.push(rolesMissing(settings.login));
  const isRefused = ({ always }: Check) => mode === "live" || always === true;
  const finding = ({ what, remedy }: Check): Finding => ({ what, remedy });
  return {
    refusals: broken.filter(isRefused).map(finding),
    warnings: broken.filter((check) => !isRefused(check)).map(finding),
  };
}

const rolesMissing = (login: string): Check => ({
  what: "The roles cardwright_app and cardwright_vault are missing, so nothing keeps the application from card numbers and from changing the books.",
  remedy: `Let an administrator run:\n${rolesSql(login)}`,
  isBroken: () => true,
});

/** A start that was refused: the message says each reason with its remedy. */
export class StartRefused extends Error {
  constructor(findings: readonly Finding[]) {
    super(findings.map(({ what, remedy }) => `${what} ${remedy}`).join("\n"));
    this.name = "StartRefused";
  }
}
