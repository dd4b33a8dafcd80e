import assert from "node:assert/strict";
import { test } from "node:test";
import { claimName, parseClaimName } from "./claim.ts";

test("a claim's name says process and address, and reads back", () => {
  for (const url of [null, "http://127.0.0.1:8080", "https://issuer.example"]) {
    assert.deepEqual(parseClaimName(claimName(url)), { pid: process.pid, url });
  }
});

test("a claim's name fits PostgreSQL's 63 bytes; a cut address ends in dots", () => {
  const name = claimName(`https://${"a".repeat(80)}.example`);
  assert.equal(Buffer.byteLength(name), 63);
  const holder = parseClaimName(name);
  assert.equal(holder.pid, process.pid);
  assert.match(String(holder.url), /^https:\/\/a+\.\.\.$/);
});

test("a session of somebody else names no holder", () => {
  assert.deepEqual(parseClaimName("psql"), { pid: 0, url: null });
});
