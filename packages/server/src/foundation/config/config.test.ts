import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { ConfigError, loadConfig, settingsWarnings, variables } from "./config.ts";

const mistakes = (environment: Record<string, string>): string => {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return "";
};

test("without any variable every setting has its default", () => {
  const config = loadConfig({});
  assert.deepEqual(Object.keys(config), Object.keys(variables));
  assert.equal(config.PORT, null);
  assert.equal(config.DATABASE_URL, null);
  assert.equal(config.CARDWRIGHT_MODE, "sandbox");
  assert.equal(config.CARDWRIGHT_ALLOW_SOFTWARE_KEYS, false);
  assert.equal(config.CARDWRIGHT_FOLDER, path.resolve(".cardwright"));
});

test("an empty variable counts as not given", () => {
  const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
  assert.deepEqual(loadConfig(empty), loadConfig({}));
});

test("values are read as their types", () => {
  const config = loadConfig({
    PORT: "0",
    DATABASE_URL: "postgresql://user:word@db.example:5433/cards",
    CARDWRIGHT_MODE: "live",
    CARDWRIGHT_ALLOW_SOFTWARE_KEYS: "live",
    CARDWRIGHT_RATE_LIMIT: "5",
    UNRELATED: "x",
  });
  assert.equal(config.PORT, 0);
  assert.equal(config.CARDWRIGHT_MODE, "live");
  assert.equal(config.CARDWRIGHT_ALLOW_SOFTWARE_KEYS, true);
  assert.equal(config.CARDWRIGHT_RATE_LIMIT, 5);
});

test("every bad variable is named at once, with what to write and without its value", () => {
  const message = mistakes({
    PORT: "65536",
    DATABASE_URL: "mysql://root:hunter2@db/cards",
    CARDWRIGHT_MODE: "prod",
    CARDWRIGHT_BODY_LIMIT: "1e6",
    CARDWRIGHT_ALLOW_SOFTWARE_KEYS: "yes",
    CARDWRIGHT_MOOD: "good",
  });
  assert.match(message, /PORT must be a whole number from 0 to 65535/);
  assert.match(message, /DATABASE_URL must look like postgres:/);
  assert.match(message, /CARDWRIGHT_MODE must be one of: sandbox, live/);
  assert.match(message, /CARDWRIGHT_BODY_LIMIT must be a whole number/);
  assert.match(message, /CARDWRIGHT_ALLOW_SOFTWARE_KEYS must be one of: live, no/);
  assert.match(message, /CARDWRIGHT_MOOD is not a setting/);
  assert.equal(message.split("\n").length, 6);
  for (const value of ["hunter2", "65536", "1e6", "prod", "good"]) {
    assert.ok(!message.includes(value), value);
  }
});

test("whole numbers are taken at both ends of their range and refused beyond", () => {
  for (const [name, low, high] of [
    ["PORT", 0, 65_535],
    ["CARDWRIGHT_DATABASE_CONNECTIONS", 4, 500],
    ["CARDWRIGHT_BODY_LIMIT", 1_024, 16_777_216],
    ["CARDWRIGHT_IDEMPOTENCY_DAYS", 7, 365],
  ] as const) {
    for (const good of [low, high]) assert.equal(loadConfig({ [name]: String(good) })[name], good);
    for (const bad of [low - 1, high + 1, "", " 7", "7.0", "0x10", "-0", "٧"]) {
      if (bad !== "")
        assert.match(mistakes({ [name]: String(bad) }), /whole number/, `${name} ${bad}`);
    }
  }
});

test("each setting says what it means and what holds without it", () => {
  for (const [name, { meaning, otherwise }] of Object.entries(variables)) {
    assert.match(meaning, /\.$/, name);
    assert.ok(otherwise.length > 0, name);
  }
});

test("trusted proxies are addresses and ranges; anything else is refused", () => {
  const read = (text: string) =>
    loadConfig({ CARDWRIGHT_TRUSTED_PROXIES: text }).CARDWRIGHT_TRUSTED_PROXIES;
  assert.deepEqual(read("10.0.0.0/8, 2001:db8::1"), ["10.0.0.0/8", "2001:db8::1"]);
  for (const wrong of [
    "proxy.example",
    "10.0.0.0/33",
    "10.0.0.0/",
    "::/129",
    "10.0.0.1/8/8",
    "*",
  ]) {
    assert.throws(() => read(wrong), /CARDWRIGHT_TRUSTED_PROXIES must be addresses/, wrong);
  }
});

test("documents lie in the directory or in a bucket with a prefix; anything else is refused", () => {
  const place = (text: string) => loadConfig({ CARDWRIGHT_DOCUMENTS: text }).CARDWRIGHT_DOCUMENTS;
  assert.equal(loadConfig({}).CARDWRIGHT_DOCUMENTS, null);
  assert.equal(place("directory"), null);
  assert.deepEqual(place("s3://our-bucket"), { bucket: "our-bucket", prefix: "" });
  assert.deepEqual(place("s3://our-bucket/a/b/"), { bucket: "our-bucket", prefix: "a/b" });
  for (const wrong of [
    "s3://",
    "s3://Our",
    "s3://a/../b",
    "s3://our-bucket//a",
    "/tmp",
    "https://x",
  ]) {
    assert.throws(() => place(wrong), /CARDWRIGHT_DOCUMENTS must be directory/, wrong);
  }
  const endpoint = (text: string) =>
    loadConfig({ CARDWRIGHT_S3_ENDPOINT: text }).CARDWRIGHT_S3_ENDPOINT;
  assert.equal(endpoint("http://127.0.0.1:9000/"), "http://127.0.0.1:9000");
  for (const wrong of ["ftp://x", "https://user@x", "https://x/path", "https://x/?a", "x"]) {
    assert.throws(() => endpoint(wrong), /CARDWRIGHT_S3_ENDPOINT must look like/, wrong);
  }
});

test("a live installation that does not know its public address is warned; no other is", () => {
  const warned = (environment: Record<string, string>) =>
    settingsWarnings(loadConfig(environment)).length;
  const url = { CARDWRIGHT_PUBLIC_URL: "https://cards.example.com" };
  assert.equal(warned({ CARDWRIGHT_MODE: "live" }), 1);
  assert.equal(warned({ CARDWRIGHT_MODE: "live", ...url }), 0);
  assert.equal(warned({}), 0);
});
