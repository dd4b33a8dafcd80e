/**
 * Which user of the operating system PostgreSQL runs as. It refuses to run as root, so root hands
 * it to an unprivileged user; everybody else runs it as themselves.
 */
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { CannotStart } from "./errors.ts";

/** `own` is true where it is simply the user this process runs as. */
export type Account = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly own: boolean;
};

/** In order of preference, for root. */
const UNPRIVILEGED = ["postgres", "nobody"] as const;

/**
 * The account for a cluster. An existing cluster keeps its owner: a folder that a developer began
 * and root starts later still opens.
 *
 * @param existingData the data folder, or null where there is none yet
 * @throws CannotStart when the data belong to somebody this process cannot act as
 */
export function chooseAccount(existingData: string | null): Account {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const owner = existingData === null ? null : statSync(existingData);
  if (uid !== 0) {
    if (owner !== null && owner.uid !== uid) throw foreignData(String(existingData), owner.uid);
    return { name: nameOf(uid), uid, gid, own: true };
  }
  if (owner?.uid === 0) throw rootData(String(existingData));
  if (owner) return { name: nameOf(owner.uid), uid: owner.uid, gid: owner.gid, own: false };
  return unprivileged();
}

function unprivileged(): Account {
  for (const name of UNPRIVILEGED) {
    const uid = identity("-u", name);
    const gid = identity("-g", name);
    if (uid !== null && gid !== null && uid !== 0) return { name, uid, gid, own: false };
  }
  throw new CannotStart(
    'PostgreSQL refuses to run as root, and there is neither a user "postgres" nor "nobody" here.',
    "Start Cardwright as an ordinary user, or create one: useradd --system postgres.",
  );
}

function identity(flag: "-u" | "-g", name: string): number | null {
  const answer = spawnSync("id", [flag, name], { encoding: "utf8" });
  const number = Number.parseInt(answer.stdout ?? "", 10);
  return answer.status === 0 && Number.isInteger(number) ? number : null;
}

function nameOf(uid: number): string {
  const answer = spawnSync("id", ["-un", String(uid)], { encoding: "utf8" });
  return answer.status === 0 ? answer.stdout.trim() : String(uid);
}

function foreignData(data: string, uid: number): CannotStart {
  return new CannotStart(
    `The database in ${data} belongs to the user ${nameOf(uid)}, who is not who started this.`,
    "Start Cardwright as the same user as before (or as root), or give it another folder.",
  );
}

function rootData(data: string): CannotStart {
  const { name } = unprivileged();
  return new CannotStart(
    `The database in ${data} belongs to root, and PostgreSQL refuses to run as root.`,
    `Give it to an unprivileged user: chown -R ${name} ${data}.`,
  );
}

/**
 * What every process of PostgreSQL is spawned with. The environment is empty but for the language:
 * the server's own holds secrets, and variables such as PGDATA would lead PostgreSQL elsewhere.
 */
export function processOptions(account: Account) {
  return {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    ...(account.own ? {} : { uid: account.uid, gid: account.gid }),
  };
}

/**
 * Whether the account can enter this folder. It is tried, not computed: groups, access lists and
 * mount options all have a say.
 */
export function canEnter(account: Account, folder: string): boolean {
  const trial = spawnSync("/bin/sh", ["-c", 'cd -- "$1"', "sh", folder], processOptions(account));
  return trial.status === 0;
}

/** The first folder on the way to this one that the account cannot enter, or null. */
export function firstClosedFolder(account: Account, folder: string): string | null {
  const way = [folder];
  for (let next = dirname(folder); next !== way[0]; next = dirname(next)) way.unshift(next);
  return way.find((step) => !canEnter(account, step)) ?? null;
}
