import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import test from "node:test";
import { startTestServer } from "../../../test/harness/server.ts";
import { personRoles } from "../../issuing/customers/model/people.ts";
import { CONSENT_VERSION, pageLanguages } from "../../issuing/customers/model/sessions.ts";
import { customerFields, evidenceNeeds, needs } from "../../issuing/customers/model.ts";
import { documentKinds, documentSides } from "../../issuing/documents/model.ts";

const server = await startTestServer();
const folder = new URL("page/", import.meta.url);
type Texts = Readonly<Record<string, string>>;

const textsOf = async (language: string): Promise<Texts> =>
  JSON.parse(await readFile(new URL(`messages/${language}.json`, folder), "utf8"));

const scripts = async (): Promise<Map<string, string>> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts"));
  const texts = names.map(async (name) => {
    const text = await readFile(new URL(name, folder), "utf8");
    return [name, text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")] as const;
  });
  return new Map(await Promise.all(texts));
};

test("every language has every text, with the same places to fill in", async () => {
  const english = await textsOf("en");
  const places = (text = "") => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const language of pageLanguages) {
    const texts = await textsOf(language);
    assert.deepEqual(Object.keys(texts), Object.keys(english), language);
    for (const [key, text] of Object.entries(texts)) {
      assert.ok(text.trim().length > 0, `${language} ${key}`);
      assert.deepEqual(places(text), places(english[key]), `${language} ${key}`);
    }
  }
  const same = Object.entries(await textsOf("ar")).filter(([key, text]) => text === english[key]);
  assert.deepEqual(same, [], "what was not translated");
});

test("no text for people stands in a script, and each text that one names is there", async () => {
  const english = await textsOf("en");
  for (const [name, script] of await scripts()) {
    for (const [, literal = ""] of script.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)) {
      assert.ok(
        !/^[A-Z][a-z]+ |[a-z] [a-z]+ [a-z]|[\u0600-\u06ff]/.test(literal),
        `${name}: ${literal}`,
      );
    }
    for (const [, key = ""] of script.matchAll(/\bsay\("([\w.]+)"/g)) {
      assert.ok(key in english, `${name}: ${key}`);
    }
  }
});

test("all that can be asked for, given and found has its words", async () => {
  const english = await textsOf("en");
  const documents = Object.keys(evidenceNeeds).filter((need) => need.startsWith("documents."));
  const wanted = [
    ...customerFields.map((field) => `field.${field}`),
    ...personRoles.flatMap((role) => [`role.${role}`, `role.${role}.text`]),
    ...Object.keys(evidenceNeeds).map((need) => `need.${need}`),
    ...documents.flatMap((need) => [`need.${need}`, `need.${need}.text`]),
    ...documentKinds.map((kind) => `kind.${kind}`),
    ...documentSides.map((side) => `side.${side}`),
    ...["in_review", "more_needed", "approved", "not_possible"].flatMap((outcome) => [
      `status.${outcome}.title`,
      `status.${outcome}.text`,
    ]),
  ];
  assert.ok(needs.length > 0);
  for (const key of wanted) assert.ok(key in english, key);
});

test("the page runs nothing but its own scripts, is kept nowhere, framed nowhere, found nowhere", async () => {
  const paths = ["", "built/main.js", "verify.css", "messages/en.json", "countries.json"];
  for (const path of paths) {
    const { status, headers } = await fetch(`${server.url}/verify/${path}`);
    assert.equal(status, 200, path);
    const policy = headers.get("content-security-policy") ?? "";
    assert.ok(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), path);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /base-uri 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.doesNotMatch(policy, /unsafe|https?:|data:/);
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.match(headers.get("x-robots-tag") ?? "", /noindex/);
    assert.match(headers.get("permissions-policy") ?? "", /camera=\(self\)/);
    assert.equal(headers.get("set-cookie"), null);
  }
});

test("the page has no script or style inside, and asks no other server", async () => {
  const html = await (await fetch(`${server.url}/verify/`)).text();
  assert.doesNotMatch(html, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|\{\{/);
  const css = await readFile(new URL("verify.css", folder), "utf8");
  const texts = [html, css, ...(await scripts()).values()];
  for (const text of texts) assert.doesNotMatch(text, /https?:\/\/|url\(|innerHTML|eval\(/);
});

test("another text of the consent is another version", async () => {
  const all = await Promise.all(pageLanguages.map(textsOf));
  const words = all.map((texts) =>
    ["consent.text1", "consent.text2", "consent.agree", "consent.agreeBusiness"]
      .map((key) => texts[key])
      .join("\n"),
  );
  const hash = createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 16);
  assert.deepEqual([CONSENT_VERSION, hash], ["2026-11-26", "eef981bafb080f52"]);
});

test("an address without its slash leads to the page; sources are not served", async () => {
  const reply = await fetch(`${server.url}/verify`, { redirect: "manual" });
  assert.deepEqual([reply.status, reply.headers.get("location")], [308, "/verify/"]);
  for (const path of ["main.ts", "tsconfig.json", "index.html", "../pages.ts"]) {
    assert.equal((await fetch(`${server.url}/verify/${path}`)).status, 404, path);
  }
});
