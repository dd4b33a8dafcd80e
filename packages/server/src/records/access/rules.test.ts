import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { systemEntropy } from "../../foundation/clock/clock.ts";
import { PLATFORM } from "../../foundation/ids/ids.ts";
import { redactText } from "../../foundation/log/log.ts";
import { keyStatus, scopeNames, scopes } from "./model.ts";
import {
  allowing,
  apiKeyPattern,
  hashSecret,
  hintOf,
  looksLikeSecret,
  mayHold,
  readRange,
  writeSecret,
} from "./rules.ts";

test("a secret says what it is for, holds all 256 bits, and two of them never agree", () => {
  const bits = systemEntropy(32);
  assert.match(writeSecret("org_a", "sandbox", bits), /^cw_sandbox_[A-Za-z0-9]{49}$/);
  assert.match(writeSecret("org_a", "live", bits), /^cw_live_[A-Za-z0-9]{49}$/);
  assert.match(writeSecret(PLATFORM, "live", bits), /^cw_platform_[A-Za-z0-9]{49}$/);
  const seen = new Set<string>();
  for (let bit = 0; bit < 256; bit += 1) {
    const flipped = Uint8Array.from(bits);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    seen.add(writeSecret("org_a", "live", flipped).slice(0, -6));
  }
  assert.equal(seen.size, 256);
  assert.match(writeSecret("org_a", "live", new Uint8Array(32)), /^cw_live_0{43}/);
  assert.match(
    writeSecret("org_a", "live", new Uint8Array(32).fill(255)),
    /^cw_live_[A-Za-z0-9]{49}$/,
  );
});

test("a mistyped secret is known as such without a question to the database", () => {
  const secret = writeSecret("org_a", "live", systemEntropy(32));
  assert.ok(looksLikeSecret(secret));
  for (let at = 0; at < secret.length; at += 1) {
    const wrong = secret[at] === "x" ? "y" : "x";
    assert.ok(!looksLikeSecret(secret.slice(0, at) + wrong + secret.slice(at + 1)), `at ${at}`);
  }
  assert.ok(!looksLikeSecret(secret.slice(0, -1)));
  assert.ok(!looksLikeSecret(`${secret}\n`));
  assert.ok(!looksLikeSecret(secret.replace("cw_live", "cw_sandbox")));
  fc.assert(fc.property(fc.string(), (text) => !looksLikeSecret(text)));
});

test("a hint shows four characters of the secret and the hash none", () => {
  const secret = writeSecret("org_a", "sandbox", systemEntropy(32));
  assert.equal(hintOf(secret), secret.slice(0, "cw_sandbox_".length + 4));
  assert.equal(hashSecret(secret).length, 32);
});

test("G11: a secret is found in a URL and taken out of a log line", () => {
  const secret = writeSecret(PLATFORM, "live", systemEntropy(32));
  assert.match(`/v1/cards?key=${secret}&limit=5`, apiKeyPattern);
  assert.match(`/v1/cards/${secret}`, apiKeyPattern);
  assert.doesNotMatch("/v1/cards?label=cw_sandbox_", apiKeyPattern);
  assert.ok(!redactText(`Bearer ${secret}, again ${secret}.`).includes(secret.slice(12, 40)));
});

test("revoked outranks expired, and a key is expired from its instant on", () => {
  const now = new Date("2030-01-01T00:00:00.000Z");
  const at = (ms: number) => new Date(now.getTime() + ms);
  assert.equal(keyStatus({ revokedAt: null, expiresAt: null }, now), "active");
  assert.equal(keyStatus({ revokedAt: null, expiresAt: at(1) }, now), "active");
  assert.equal(keyStatus({ revokedAt: null, expiresAt: at(0) }, now), "expired");
  assert.equal(keyStatus({ revokedAt: at(-5), expiresAt: at(-9) }, now), "revoked");
  assert.equal(keyStatus({ revokedAt: at(5), expiresAt: null }, now), "revoked");
});

test("G9: keys of an organization hold no scope of the platform, and the platform's none that acts for a tenant", () => {
  for (const name of scopeNames) {
    const { audience } = scopes[name];
    assert.equal(mayHold("org_a", name), audience !== "platform", name);
    assert.equal(mayHold(PLATFORM, name), audience !== "organization", name);
  }
  for (const name of scopeNames.filter((each) => each.endsWith(":read"))) {
    assert.ok(mayHold(PLATFORM, name), `the platform may read: ${name}`);
  }
  assert.ok(!mayHold("org_a", "everything"));
  assert.ok(!mayHold("org_a", "toString"));
});

test("allow-lists take addresses and CIDR ranges, v4 and v6, and nothing else", () => {
  for (const good of [
    "203.0.113.7",
    "203.0.113.0/24",
    "0.0.0.0/0",
    "203.0.113.7/32",
    "2001:db8::1",
    "2001:db8::/32",
    "::/0",
    "::1/128",
    "::ffff:203.0.113.7",
  ]) {
    assert.notEqual(readRange(good), null, good);
  }
  for (const bad of [
    "",
    "/",
    "203.0.113",
    "203.0.113.7/",
    "203.0.113.7/33",
    "203.0.113.7/-1",
    "203.0.113.7/08",
    "203.0.113.7/8/8",
    "203.0.113.007",
    "2001:db8::/129",
    "fe80::1%eth0",
    "localhost",
    "203.0.113.7 ",
  ]) {
    assert.equal(readRange(bad), null, bad);
  }
});

test("an address passes where a range has it, on both sides of the range's edge", () => {
  const allows = allowing(["203.0.113.64/26", "198.51.100.9", "2001:db8:a::/48"]);
  for (const inside of [
    "203.0.113.64",
    "203.0.113.127",
    "198.51.100.9",
    "2001:db8:a::1",
    "2001:db8:a:ffff:ffff:ffff:ffff:ffff",
    "::ffff:203.0.113.100",
    "::FFFF:198.51.100.9",
  ]) {
    assert.ok(allows(inside), inside);
  }
  for (const outside of [
    "203.0.113.63",
    "203.0.113.128",
    "198.51.100.8",
    "2001:db8:9:ffff:ffff:ffff:ffff:ffff",
    "2001:db8:b::",
    "::ffff:198.51.100.8",
    "",
    "unknown",
  ]) {
    assert.ok(!allows(outside), outside);
  }
  assert.ok(allowing(["fe80::/10"])("fe80::1%eth0"));
  assert.ok(allowing([])("anything"));
  assert.ok(!allowing(["0.0.0.0/0"])("2001:db8::1"));
  assert.ok(allowing(["::ffff:203.0.113.0/120"])("203.0.113.9"), "a mapped range means IPv4");
});
