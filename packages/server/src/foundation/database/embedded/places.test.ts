import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type Account, canEnter } from "./account.ts";
import { IS_ROOT, newFolder, query, spawnServer, start } from "./fixture.ts";
import { choosePlaces, readRecord } from "./places.ts";

const ROOT_ONLY = { skip: IS_ROOT ? false : "only root changes users" };

/** The user these tests start servers as, when root runs them. */
const NOBODY: Account | null = IS_ROOT ? nobody() : null;

function nobody(): Account {
  const number = (flag: string) =>
    Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { name: "nobody", uid: number("-u"), gid: number("-g"), own: false };
}

/** A cluster that root made: PostgreSQL's user is another. */
const whole = { after };
const rootsFolder = newFolder(whole);
before(async () => {
  if (IS_ROOT) await (await start(whole, rootsFolder)).stop();
});

const AS_NOBODY = {
  skip:
    NOBODY === null
      ? "only root changes users"
      : !canEnter(NOBODY, import.meta.dirname) && "nobody cannot read this folder",
};

test(
  "below a folder closed to others, root's cluster lies in /var/lib, and the record says where",
  ROOT_ONLY,
  async (t) => {
    const folder = newFolder(t, 0o700);
    const first = await start(t, folder);
    assert.match(first.dataFolder, /^\/var\/lib\/cardwright\/[0-9a-f]{16}\/database$/);
    assert.equal(first.folder, folder);
    const record = readRecord(join(folder, "database.json"));
    assert.equal(record?.dataFolder, first.dataFolder);
    await query(first.url, "CREATE TABLE kept AS SELECT 7 AS number");
    await first.stop();
    // Opened later, the folder does not get a second, empty cluster.
    chmodSync(dirname(folder), 0o755);
    const second = await start(t, folder);
    assert.equal(second.dataFolder, first.dataFolder);
    assert.deepEqual(await query(second.url, "SELECT number FROM kept"), [{ number: 7 }]);
  },
);

test(
  "a renamed folder still finds its cluster in /var/lib, a copy of it does not take it",
  ROOT_ONLY,
  async (t) => {
    const folder = newFolder(t, 0o700);
    const first = await start(t, folder);
    await first.stop();
    const renamed = `${folder}-renamed`;
    const copy = newFolder(t, 0o700);
    execFileSync("cp", ["-a", folder, copy]);
    assert.notEqual(choosePlaces(copy).data, first.dataFolder);
    renameSync(folder, renamed);
    assert.equal(choosePlaces(renamed).data, first.dataFolder);
    renameSync(renamed, folder);
  },
);

test(
  "data that can no longer be reached are refused, naming the closed folder, not replaced",
  ROOT_ONLY,
  async (t) => {
    const above = dirname(rootsFolder);
    chmodSync(above, 0o700);
    await assert.rejects(start(t, rootsFolder), {
      name: "CannotStart",
      remedy: new RegExp(`chmod o\\+x ${above}`),
    });
    chmodSync(above, 0o755);
  },
);

test(
  "an ordinary user runs PostgreSQL as itself, and root later runs it as that user",
  AS_NOBODY,
  async (t) => {
    const folder = newFolder(t, 0o755);
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, Number(NOBODY?.uid), Number(NOBODY?.gid));
    const theirs = spawnServer(t, folder, { uid: Number(NOBODY?.uid), gid: Number(NOBODY?.gid) });
    const word = await theirs.word;
    assert.equal(word.message, undefined);
    assert.equal(word.dataFolder, join(folder, "database"));
    assert.equal(statSync(`/proc/${word.postmaster}`).uid, NOBODY?.uid);
    await query(String(word.url), "CREATE TABLE kept AS SELECT 7 AS number");
    await theirs.end("SIGTERM");

    const ours = await start(t, folder);
    assert.equal(statSync(`/proc/${ours.pid()}`).uid, NOBODY?.uid);
    assert.deepEqual(await query(ours.url, "SELECT number FROM kept"), [{ number: 7 }]);
  },
);

test(
  "an ordinary user is told whose database it is that they cannot open",
  AS_NOBODY,
  async (t) => {
    chmodSync(rootsFolder, 0o777);
    const word = await spawnServer(t, rootsFolder, {
      uid: Number(NOBODY?.uid),
      gid: Number(NOBODY?.gid),
    }).word;
    assert.equal(word.up, false);
    assert.match(word.message, /belongs to the user \w+, who is not who started this/);
  },
);

test("a folder that may not be written is refused in plain words", AS_NOBODY, async (t) => {
  const folder = newFolder(t);
  mkdirSync(folder);
  const word = await spawnServer(t, folder, {
    uid: Number(NOBODY?.uid),
    gid: Number(NOBODY?.gid),
  }).word;
  assert.equal(word.up, false);
  assert.match(word.message, /cannot be used: EACCES/);
});

test(
  "data that belong to root are refused with the command that cures it",
  ROOT_ONLY,
  async (t) => {
    const folder = newFolder(t);
    mkdirSync(join(folder, "database", "base"), { recursive: true });
    const attempt = start(t, folder);
    await assert.rejects(attempt, /chown -R \w+ .*database/);
  },
);

test("the folder and all above it are made where they are missing", async (t) => {
  const folder = join(newFolder(t), "deep", "down");
  const places = choosePlaces(folder);
  accessSync(places.folder);
  assert.equal(places.folder, folder);
  assert.equal(existsSync(places.data), false);
});
