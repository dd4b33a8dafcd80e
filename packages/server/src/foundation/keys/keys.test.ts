import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemEntropy } from "../clock/clock.ts";
import { Fault } from "../errors/errors.ts";
import { bind, seal, unseal } from "./cipher.ts";
import { fileKeys, KEY_FILE } from "./file.ts";
import { type Keys, KeysError } from "./keys.ts";
import { newMaterial, readMaterial, writeMaterial } from "./material.ts";
import { environmentKeys, openKeys } from "./open.ts";
import { softwareKeys } from "./software.ts";

const sandbox = { mode: "sandbox", mayCreate: true } as const;

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "cardwright-keys-"));
  folders.push(folder);
  return folder;
}

/** Whether two sets of keys are the same, as far as anybody outside can tell. */
const same = (one: Keys, other: Keys) =>
  Buffer.from(one.mac("pan", "x")).equals(other.mac("pan", "x"));

/** A refusal of keys whose message has this in it, and no key. */
const refused = (words: RegExp, secret?: string) => (error: unknown) => {
  assert.ok(error instanceof KeysError, String(error));
  assert.match(error.message, words);
  if (secret !== undefined) assert.ok(!error.message.includes(secret));
  return true;
};

test("AES-256-GCM agrees with the vector of the GCM specification (test case 16)", () => {
  const hex = (text: string) => Buffer.from(text, "hex");
  const key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const clear = hex(
    `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`.replace(/\s/g, ""),
  );
  const sealed = seal(
    key,
    hex("cafebabefacedbaddecaf888"),
    clear,
    hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
  );
  assert.equal(
    Buffer.from(sealed).subarray(-16).toString("hex"),
    "76fc6ece0f4e1768cddf8853bb2d551b",
  );
});

test("two different lists of parts never bind to the same bytes", () => {
  assert.notDeepEqual(bind("ab", "c"), bind("a", "bc"));
  assert.notDeepEqual(bind("a"), bind("a", ""));
});

test("G2: a changed byte, a cut tag, another key, nonce or context: authentication fails", () => {
  const [key, nonce, context] = [systemEntropy(32), systemEntropy(12), bind("a", "b")];
  const sealed = seal(key, nonce, Buffer.from("text"), context);
  assert.equal(Buffer.from(unseal(key, nonce, sealed, context)).toString(), "text");
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => unseal(key, nonce, changed, context), Fault);
  }
  for (let length = 0; length < sealed.length; length += 1) {
    assert.throws(() => unseal(key, nonce, sealed.subarray(0, length), context), Fault);
  }
  assert.throws(() => unseal(systemEntropy(32), nonce, sealed, context), Fault);
  assert.throws(() => unseal(key.subarray(1), nonce, sealed, context), Fault);
  assert.throws(() => unseal(key, systemEntropy(12), sealed, context), Fault);
  assert.throws(() => unseal(key, nonce, sealed, bind("a", "c")), Fault);
});

test("G2: a data key opens only in its own context and under its own key id", async () => {
  const material = newMaterial("sandbox", systemEntropy);
  const [current] = material.wrappingKeys.values();
  const wrappingKeys = new Map(material.wrappingKeys)
    .set("kek_other", systemEntropy(32))
    .set("kek_alias", current as Uint8Array);
  const keys = softwareKeys({ ...material, wrappingKeys }, "file");
  const { keyId, key, wrapped } = keys.newDataKey(bind("card 1"));
  assert.deepEqual(
    Buffer.from(await keys.unwrap(keyId, wrapped, bind("card 1"))),
    Buffer.from(key),
  );
  await assert.rejects(keys.unwrap(keyId, wrapped, bind("card 2")), Fault);
  await assert.rejects(keys.unwrap("kek_other", wrapped, bind("card 1")), Fault);
  await assert.rejects(keys.unwrap("kek_alias", wrapped, bind("card 1")), Fault);
  await assert.rejects(keys.unwrap("kek_gone", wrapped, bind("card 1")), Fault);
});

test("a data key wrapped under an older key-encryption key still opens", async () => {
  const old = newMaterial("sandbox", systemEntropy);
  const { keyId, key, wrapped } = softwareKeys(old, "file").newDataKey(bind("x"));
  const wrappingKeys = new Map(old.wrappingKeys).set("kek_new", systemEntropy(32));
  const both = softwareKeys({ ...old, current: "kek_new", wrappingKeys }, "file");
  assert.deepEqual(Buffer.from(await both.unwrap(keyId, wrapped, bind("x"))), Buffer.from(key));
  assert.equal(both.newDataKey(bind("x")).keyId, "kek_new");
});

test("each purpose of the keyed hash has a key of its own", () => {
  const keys = softwareKeys(newMaterial("sandbox", systemEntropy), "file");
  assert.deepEqual(keys.mac("pan", "1"), keys.mac("pan", "1"));
  assert.notDeepEqual(keys.mac("pan", "1"), keys.mac("idempotency", "1"));
  assert.equal(keys.mac("pan", "1").length, 32);
});

test("check values tell keys apart and are not the keys", () => {
  const material = newMaterial("sandbox", systemEntropy);
  const [hash, wrapping] = softwareKeys(material, "file").checks;
  const other = softwareKeys({ ...material, hashKey: systemEntropy(32) }, "file").checks;
  assert.equal(hash?.keyId, "hash");
  assert.equal(wrapping?.keyId, material.current);
  assert.notDeepEqual(hash?.value, other[0]?.value);
  assert.deepEqual(wrapping?.value, other[1]?.value);
  assert.ok(!Buffer.from(material.hashKey).includes(Buffer.from(hash?.value ?? [])));
});

test("the key file is made once, for this user alone, and read again", async () => {
  const folder = path.join(await newFolder(), "deep", "er");
  const first = await fileKeys(folder, sandbox);
  const file = path.join(folder, KEY_FILE);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.ok(same(first, await fileKeys(folder, sandbox)));
  assert.deepEqual(await readdir(folder), [KEY_FILE]);
});

test("ten starts at nearly the same moment in an empty folder agree on one set of keys", async () => {
  for (let round = 0; round < 10; round += 1) {
    const folder = await newFolder();
    const starts = Array.from({ length: 10 }, async (_, turn) => {
      await pause(turn / 2);
      return fileKeys(folder, sandbox);
    });
    const all = await Promise.all(starts);
    assert.ok(all.every((keys) => same(keys, all[0] as Keys)));
    assert.deepEqual(await readdir(folder), [KEY_FILE]);
  }
});

test("a missing key file is refused where the database already holds data, and none is made", async () => {
  const folder = await newFolder();
  await assert.rejects(fileKeys(folder, { ...sandbox, mayCreate: false }), refused(/back-up/));
  assert.deepEqual(await readdir(folder), []);
});

test("G20: a key file that group or others may read or write is refused with chmod as remedy", async () => {
  const folder = await newFolder();
  const file = path.join(folder, KEY_FILE);
  await fileKeys(folder, sandbox);
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666]) {
    await chmod(file, mode);
    await assert.rejects(fileKeys(folder, sandbox), refused(/chmod 600/), mode.toString(8));
  }
  await chmod(file, 0o400);
  await fileKeys(folder, sandbox);
});

test("G20: a key file of another user is refused, naming both users", async (t) => {
  const own = process.getuid?.();
  assert.ok(own !== undefined, "Cardwright runs on systems with user ids.");
  const folder = await newFolder();
  await fileKeys(folder, sandbox);
  t.mock.method(process as { getuid(): number }, "getuid", () => own + 1);
  await assert.rejects(fileKeys(folder, sandbox), refused(new RegExp(`user ${own},.* ${own + 1}`)));
});

test("a link, a folder or a huge file in place of the key file is refused", async () => {
  const linked = await newFolder();
  const real = await newFolder();
  await fileKeys(real, sandbox);
  await symlink(path.join(real, KEY_FILE), path.join(linked, KEY_FILE));
  await assert.rejects(fileKeys(linked, sandbox), refused(/plain key file/));
  const huge = await newFolder();
  await writeFile(path.join(huge, KEY_FILE), " ".repeat(70_000), { mode: 0o600 });
  await assert.rejects(fileKeys(huge, sandbox), refused(/plain key file/));
});

test("a damaged key file is refused, left as it is, and never quoted", async () => {
  const folder = await newFolder();
  const file = path.join(folder, KEY_FILE);
  await fileKeys(folder, sandbox);
  const whole = await readFile(file, "utf8");
  const secret = JSON.parse(whole).hashKey as string;
  const damages = [
    "",
    "{",
    whole.slice(0, -20),
    whole.replace(secret, secret.slice(1)),
    "null",
    "[]",
  ];
  for (const text of [...damages, whole.replace("cardwright-keys", "other")]) {
    await writeFile(file, text);
    await assert.rejects(fileKeys(folder, sandbox), refused(/damaged/, secret));
    assert.equal(await readFile(file, "utf8"), text);
  }
});

test("keys of an unknown layout, without the current one, or typed in by hand are refused", () => {
  const whole = JSON.parse(writeMaterial(newMaterial("sandbox", systemEntropy)));
  const read = (changes: object) => () =>
    readMaterial(JSON.stringify({ ...whole, ...changes }), "here", "sandbox");
  assert.throws(read({ version: 2 }), refused(/does not know/));
  assert.throws(read({ current: "kek_none" }), refused(/damaged/));
  assert.throws(read({ wrappingKeys: {} }), refused(/damaged/));
  assert.throws(read({ mode: "test" }), refused(/damaged/));
  assert.throws(read({ hashKey: Buffer.alloc(32).toString("base64url") }), refused(/at random/));
  const [wrapping] = Object.values(whole.wrappingKeys) as string[];
  assert.throws(read({ hashKey: wrapping }), refused(/same key twice/));
  assert.doesNotThrow(read({}));
});

test("G20: sandbox keys do not open a live installation, nor live keys a sandbox", () => {
  const json = writeMaterial(newMaterial("sandbox", systemEntropy));
  assert.throws(() => environmentKeys(json, "live"), refused(/made for sandbox/));
  const live = writeMaterial(newMaterial("live", systemEntropy));
  assert.throws(() => environmentKeys(live, "sandbox"), refused(/made for live/));
});

test("G20: live refuses software keys unless the operator has accepted them", async () => {
  const environment = writeMaterial(newMaterial("live", systemEntropy));
  const live = { mode: "live", folder: "/nowhere", environment } as const;
  const refusing = openKeys({ ...live, allowSoftwareKeysInLive: false }, true);
  await assert.rejects(refusing, refused(/CARDWRIGHT_ALLOW_SOFTWARE_KEYS=live/));
  const keys = await openKeys({ ...live, allowSoftwareKeysInLive: true }, true);
  assert.equal(keys.provider, "environment");
});

test("keys from the environment are the ones that were written", () => {
  const material = newMaterial("sandbox", systemEntropy);
  const keys = environmentKeys(writeMaterial(material), "sandbox");
  assert.ok(same(keys, softwareKeys(material, "environment")));
  assert.throws(() => environmentKeys("secret", "sandbox"), refused(/CARDWRIGHT_KEYS/, "secret"));
});
