import assert from "node:assert/strict";
import test from "node:test";
import { jpegOf, jpegWith, pdfOf, specimens } from "../fixture.ts";
import { type DocumentCheck, documentChecks, thresholds } from "../model.ts";
import { type Checked, checksOf } from "./checks.ts";
import { readMrz } from "./mrz.ts";
import { sharpnessOf } from "./sharpness.ts";

const bytes = jpegOf(16, 16);
const today = "2012-04-15";
const reading = readMrz(specimens.TD3, today);
assert.ok(reading.ok);
const { mrz } = reading;

const nothing: Checked = {
  form: { type: "jpeg", width: 600, height: 900 },
  bytes,
  sharpness: null,
  expiryDate: null,
  country: null,
  number: null,
  mrz: null,
  today,
};

function found(check: DocumentCheck, known: Partial<Checked>) {
  const one = checksOf({ ...nothing, ...known }).find((each) => each.check === check);
  assert.ok(one);
  return one;
}

test("every check answers, in one order", () => {
  assert.deepEqual(
    checksOf(nothing).map(({ check }) => check),
    documentChecks,
  );
});

test("resolution and sharpness are passed at the limit and failed below it", () => {
  const { resolution, sharpness } = thresholds;
  const form = (width: number, height: number) => ({ form: { ...nothing.form, width, height } });
  assert.deepEqual(found("resolution", form(resolution, 4_000)), {
    check: "resolution",
    result: "passed",
    value: resolution,
    limit: resolution,
  });
  assert.equal(found("resolution", form(4_000, resolution - 1)).result, "failed");
  assert.equal(found("sharpness", { sharpness }).result, "passed");
  assert.equal(found("sharpness", { sharpness: sharpness - 1 }).result, "failed");
  assert.equal(found("sharpness", {}).result, "not_possible");
  const pdf = { form: { type: "pdf", width: null, height: null }, bytes: pdfOf() } as const;
  assert.equal(found("resolution", pdf).result, "not_possible");
});

test("an editor's name in the metadata fails; without metadata nothing can be told", () => {
  const exif = (software: string) => jpegWith(bytes, 0xe1, `Exif\u0000\u0000${software}`);
  assert.equal(found("editing", { bytes: exif("Adobe Photoshop 25.0") }).result, "failed");
  assert.equal(found("editing", { bytes: exif("17.4.1") }).result, "passed");
  assert.equal(found("editing", {}).result, "not_possible");
});

test("a document is valid on its last day and expired the day after, by word or by lines", () => {
  const result = (known: Partial<Checked>) => found("expiry", known).result;
  assert.equal(result({}), "not_possible");
  assert.equal(result({ expiryDate: today }), "passed");
  assert.equal(result({ expiryDate: "2012-04-14" }), "failed");
  assert.equal(result({ mrz }), "passed");
  assert.equal(result({ mrz, today: "2012-04-16" }), "failed");
  assert.equal(result({ mrz, expiryDate: "2030-01-01", today: "2012-04-16" }), "failed");
});

test("machine-readable lines must say what the caller says", () => {
  const result = (known: Partial<Checked>) => found("mrz", known).result;
  assert.equal(result({}), "not_possible");
  assert.equal(result({ mrz }), "passed");
  const same = { expiryDate: "2012-04-15", country: "UTO", number: "l898902-c3" };
  assert.equal(result({ mrz, ...same }), "passed");
  assert.equal(result({ mrz, ...same, expiryDate: "2012-04-16" }), "failed");
  assert.equal(result({ mrz, ...same, country: "DEU" }), "failed");
  assert.equal(result({ mrz, ...same, number: "L898902C4" }), "failed");
  assert.equal(result({ mrz: { ...mrz, issuer: "D" }, country: "DEU" }), "passed");
});

test("the variance of the Laplacian is that worked out by hand", () => {
  const shades = Uint8Array.of(0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0);
  // The two inner pixels have −36 and 9: 22.5 on both sides of their mean.
  assert.equal(sharpnessOf({ width: 4, height: 3, shades }), 22.5 ** 2);
  assert.equal(sharpnessOf({ width: 4, height: 3, shades: new Uint8Array(12) }), 0);
  assert.equal(sharpnessOf({ width: 2, height: 6, shades }), null);
});

test("a picture twice as large, and no sharper, has the same sharpness", () => {
  const [width, height] = [1_000, 40];
  const shade = (at: number) => (at * 97) % 251;
  const small = Uint8Array.from({ length: width * height }, (_, at) => shade(at));
  const large = Uint8Array.from({ length: 4 * width * height }, (_, at) => {
    const [x, y] = [at % (2 * width), Math.floor(at / (2 * width))];
    return shade((y >> 1) * width + (x >> 1));
  });
  assert.equal(
    sharpnessOf({ width: 2 * width, height: 2 * height, shades: large }),
    sharpnessOf({ width, height, shades: small }),
  );
});
