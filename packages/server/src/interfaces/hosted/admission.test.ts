import assert from "node:assert/strict";
import test from "node:test";
import { cookieBearer, resumeCookie } from "./admission.ts";

const at = (url: string) => ({ publicUrl: () => url });
const bearer = "b".repeat(43);

test("over https the cookie is Secure and of this host alone", () => {
  assert.equal(
    resumeCookie(at("https://cards.example.com"), bearer, 60),
    `__Host-cardwright-verification=${bearer}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure`,
  );
});

test("over http on loopback the cookie has a name that every browser takes there", () => {
  for (const url of ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000"]) {
    const cookie = resumeCookie(at(url), bearer, 60) ?? "";
    assert.match(cookie, /^cardwright-verification=b{43}; .*HttpOnly; SameSite=Strict$/, url);
  }
});

test("over http that others can read no cookie is set, and none is taken", () => {
  const urls = ["http://0.0.0.0:3000", "http://192.0.2.7:3000", "http://127.0.0.1.example:3000"];
  for (const url of urls) {
    assert.equal(resumeCookie(at(url), bearer, 60), null, url);
    const headers = { cookie: `cardwright-verification=${bearer}` };
    assert.equal(cookieBearer(at(url), { headers }), null, url);
  }
});
