import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { createLog, redactLine, redactText } from "./log.ts";

/** What a log of everything writes, as parsed lines. */
function written(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog("trace", { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

/** Made-up, in a prefix that no network routes. */
const number = "9999001234567894";

test("G1: a card number is taken out of a text in every form it may stand in", () => {
  for (const form of [
    number,
    "9999 0012 3456 7894",
    "9999-0012-3456-7894",
    `card${number}`,
    `_${number}_`,
    `"${number}"`,
    `;${number}=30122010000000000?`,
    `${number}D30122010000000000F`,
    `0100723A0001${number}000000000000001000`,
    `${number}30121234567`,
  ]) {
    const redacted = redactText(`before ${form} after`);
    assert.ok(!/\d{9}/.test(redacted.replace(/[ -]/g, "")), redacted);
    assert.ok(redacted.startsWith("before ") && redacted.endsWith(" after"), redacted);
  }
});

test("G1: no run of 12 digits comes through, whatever stands around it", () => {
  const digits = fc.stringMatching(/^\d{12,40}$/);
  const around = fc.stringMatching(/^[A-Za-z_:;,. ="]{0,5}$/);
  fc.assert(
    fc.property(around, digits, around, (before, run, after) => {
      assert.ok(!redactText(before + run + after).includes(run));
    }),
  );
});

test("API keys and passwords in URLs are taken out, ids and trace ids are left", () => {
  assert.equal(redactText("Bearer cw_live_abcDEF123."), "Bearer [redacted].");
  assert.equal(
    redactText("postgres://cardwright:hunter2@db:5432/cw and https://docs.example/@x"),
    "postgres://[redacted]@db:5432/cw and https://docs.example/@x",
  );
  for (const kept of [
    "card_01jd12345678901abcdefghjkm",
    "req_01jdabcdefghjkmnpqrstvwxyz",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "2026-11-23T10:11:12.123Z",
    "12345678901",
  ]) {
    assert.equal(redactText(kept), kept);
  }
  assert.equal(redactText("12345678901234567890123456789012"), "[redacted]");
});

test("a line stays JSON, whatever numbers and texts are in it", () => {
  assert.equal(redactLine('{"n":9999001234567894}'), '{"n":"[redacted]"}');
  assert.equal(redactLine('{"ms":0.123456789012345}'), '{"ms":0.123456789012345}');
  assert.equal(redactLine('{"a":"1,9999001234567894,2"}'), '{"a":"1,[redacted],2"}');
  assert.equal(redactLine('{"a":"\\\\","n":-9999001234567894}'), '{"a":"\\\\","n":"[redacted]"}');
  fc.assert(
    fc.property(fc.jsonValue(), fc.double(), fc.bigInt(), (value, double, integer) => {
      const line = `{"v":${JSON.stringify(value)},"d":${JSON.stringify(double)},"i":${integer}}`;
      assert.doesNotThrow(() => JSON.parse(redactLine(line)));
    }),
  );
});

test("named secrets and personal data are taken out at the first levels of an object", () => {
  const secrets = { pan: "1", pin: "2", secret: "3", token: "4", email: "5", firstName: "6" };
  const [line] = written((log) =>
    log.info({ ...secrets, body: secrets, request: { body: secrets }, kept: "yes" }, "done"),
  );
  const text = JSON.stringify(line);
  for (const value of Object.values(secrets)) assert.ok(!text.includes(`"${value}"`), value);
  assert.equal(line?.kept, "yes");
  assert.equal(line?.msg, "done");
});

test("an error's message and stack are redacted too", () => {
  const [line] = written((log) => log.error({ err: new Error(`no card ${number}`) }, "failed"));
  assert.ok(!JSON.stringify(line).includes(number));
  assert.ok(JSON.stringify(line).includes('"message":"no card [redacted]"'));
});

test("a line has its level in words and its time in UTC; lower levels are not written", () => {
  const lines: string[] = [];
  const log = createLog("warn", { write: (line) => void lines.push(line) });
  log.info("quiet");
  log.warn("loud");
  const { level, time, msg } = JSON.parse(lines.join(""));
  assert.deepEqual([level, msg], ["warn", "loud"]);
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test("G1: what a database error quotes of a row is not written, nor that of its cause", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => void lines.push(line) });
  const quoting = Object.assign(new Error("violates check constraint"), {
    code: "23514",
    constraint: "customers_check",
    detail: "Failing row contains (cus_1, Ada, Example, ada@example.com).",
    where: "unnamed portal parameter $1 = 'Ada'",
  });
  log.error({ err: quoting }, "failed");
  log.error({ err: new Error("outer", { cause: quoting }) }, "failed");
  assert.equal(lines.length, 2);
  for (const line of lines) {
    assert.match(line, /23514.*customers_check/);
    assert.doesNotMatch(line, /Ada|example\.com/);
  }
});
