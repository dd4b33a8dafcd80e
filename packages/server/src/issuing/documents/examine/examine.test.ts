import assert from "node:assert/strict";
import { subscribe } from "node:diagnostics_channel";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { Outage, Refusal } from "../../../foundation/errors/errors.ts";
import {
  heicOf,
  jpegOf,
  pdfOf,
  pdfStream,
  pngHeader,
  pngOf,
  pngWith,
  squares,
  waves,
} from "../fixture.ts";
import { MAX_DECODED_PIXELS, MAX_EXAMINED, MAX_INFLATED_BYTES, thresholds } from "../model.ts";
import { formOf } from "../rules/form.ts";
import { examine } from "./examine.ts";
import { greyOfPng } from "./grey.ts";

/** Longer than any test may take: what ends is not ended by it. */
const patient = { examineMs: 3_600_000, decodeMs: 3_600_000 };
const measure = async (bytes: Buffer, within = patient) => (await examine(bytes, within)).sharpness;

/** What takes longest of all that is let through: names that nearly are those looked for. */
const slowestPdf = pdfOf([
  "<< /Type /Catalog >>",
  pdfStream("/Type /ObjStm", Buffer.alloc(MAX_INFLATED_BYTES, "/EmbeddedFileZ")),
]);

test("sharp pictures lie above the limit and blurred ones below it, in every size and type", async () => {
  for (const picture of [pngOf, jpegOf]) {
    for (const [width, height] of [
      [640, 480],
      [2_400, 1_600],
    ] as const) {
      const what = `${picture.name} ${width}`;
      const sharp = await measure(picture(width, height, squares));
      assert.ok(sharp !== null && sharp > 4 * thresholds.sharpness, `${what}: ${sharp}`);
      const blurred = await measure(picture(width, height, waves));
      assert.ok(blurred !== null && blurred < thresholds.sharpness / 4, `${what}: ${blurred}`);
    }
  }
});

test("what is not decoded has its form, and no sharpness", async () => {
  const plain = (height: number) =>
    pngWith(pngHeader(4_000, height), [["IDAT", deflateSync(Buffer.alloc(4_001 * height))]]);
  assert.equal(MAX_DECODED_PIXELS, 4_000 * 4_000);
  for (const [bytes, sharpness] of [
    [heicOf(800, 600), null],
    [pdfOf(), null],
    [plain(4_000), 0],
    [plain(4_001), null],
  ] as const) {
    assert.deepEqual(await examine(bytes, patient), { form: formOf(bytes), sharpness });
  }
});

test("a picture that the decoder cannot read, or not in time, has no sharpness", {
  timeout: 120_000,
}, async () => {
  const picture = jpegOf(2_400, 1_600);
  // Arithmetic coding: a JPEG all the same, of a kind that nothing decodes.
  const unread = Buffer.from(picture);
  unread[unread.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc9;
  const form = { type: "jpeg", width: 2_400, height: 1_600 };
  assert.deepEqual(await examine(unread, patient), { form, sharpness: null });
  const hasty = { ...patient, decodeMs: 1 };
  assert.deepEqual(await examine(picture, hasty), { form, sharpness: null });
  assert.notEqual(await measure(picture), null, "the next one is measured again");
});

test("what refuses a document in the thread is thrown by its code", async () => {
  const script = pdfOf(["<< /OpenAction << /S /JavaScript >> >>"]);
  for (const [code, bytes] of [
    ["document_empty", Buffer.alloc(0)],
    ["document_type_not_allowed", Buffer.from("<html>")],
    ["document_damaged", jpegOf(64, 48).subarray(0, 100)],
    ["document_too_many_pixels", heicOf(30_001, 1)],
    ["document_active_content", script],
  ] as const) {
    await assert.rejects(examine(bytes, patient), (error: unknown) => {
      assert.ok(error instanceof Refusal && error.status === 422, String(error));
      assert.equal(error.code, code);
      return true;
    });
  }
});

test("a document is an outage, never taken, where its thread cannot start, dies or is too slow", {
  timeout: 120_000,
}, async () => {
  const pdf = pdfOf();
  // What cannot be handed to a thread stands here for a machine that has no threads left.
  const unsendable = new Proxy(pdf, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  // What arrives without its bytes kills the thread.
  class Empty {
    readonly length = 1;
    toString = () => "%PDF-";
  }
  const deadly = Object.create(new Empty()) as Buffer;
  for (const [bytes, within] of [
    [unsendable, patient],
    [deadly, patient],
    [slowestPdf, { ...patient, examineMs: 1 }],
  ] as const) {
    await assert.rejects(examine(bytes, within), Outage);
    assert.deepEqual(await examine(pdf, patient), { form: formOf(pdf), sharpness: null });
  }
});

test("a thread is used for the next document, unless it was given up or died", async () => {
  let started = 0;
  subscribe("worker_threads", () => (started += 1));
  const pdf = pdfOf();
  await assert.rejects(examine(slowestPdf, { ...patient, examineMs: 1 }), Outage);
  started = 0;
  await Promise.all([examine(pdf, patient), examine(pdf, patient)]);
  await assert.rejects(examine(jpegOf(64, 48).subarray(0, 100), patient), Refusal);
  await examine(pdf, patient);
  assert.equal(started, 1);
  await examine(jpegOf(2_400, 1_600), { ...patient, decodeMs: 1 });
  await examine(pdf, patient);
  assert.equal(started, 2);
});

test("what a thread says after it was given up does not bring it back", async () => {
  const pdf = pdfOf();
  await examine(pdf, patient);
  const late = assert.rejects(examine(pdf, { ...patient, examineMs: 5 }), Outage);
  await new Promise(setImmediate);
  // The thread answers meanwhile; of what is due after it the timer comes first.
  const until = performance.now() + 200;
  while (performance.now() < until);
  await late;
  await new Promise(setImmediate);
  assert.equal((await examine(pdf, patient)).form.type, "pdf");
});

test("no more documents wait than may, and those that wait are examined", async () => {
  const pdf = pdfOf();
  const all = Array.from({ length: MAX_EXAMINED }, () => examine(pdf, patient));
  await assert.rejects(examine(pdf, patient), Outage);
  for (const { form } of await Promise.all(all)) assert.equal(form.type, "pdf");
  assert.equal((await examine(pdf, patient)).form.type, "pdf");
});

test("while the slowest PDF is examined, the event loop answers everybody else", async () => {
  const before = process.threadCpuUsage();
  assert.equal(formOf(slowestPdf).type, "pdf");
  const costs = spentSince(before);
  // By the processor's time of this thread alone, so that a machine with much to do changes nothing.
  let longest = 0;
  let turns = 0;
  let isOver = false;
  let turn = process.threadCpuUsage();
  const beat = () => {
    longest = Math.max(longest, spentSince(turn));
    turns += 1;
    turn = process.threadCpuUsage();
    if (!isOver) setImmediate(beat);
  };
  setImmediate(beat);
  const examined = await examine(slowestPdf, patient).finally(() => {
    isOver = true;
    beat();
  });
  assert.equal(examined.form.type, "pdf");
  assert.ok(turns > 10, `${turns} turns`);
  assert.ok(longest < costs / 4, `a turn took ${longest} of ${costs} µs`);
});

function spentSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

test("every filter, number of samples and depth of a PNG gives the same shades", () => {
  const [width, height] = [37, 60];
  for (const [colour, samples] of [
    [0, 1],
    [2, 3],
    [4, 2],
    [6, 4],
  ] as const) {
    for (const depth of [8, 16]) {
      const pixelBytes = (samples * depth) / 8;
      const shade = (x: number, y: number) => (x * x * 37 + y * y * 91 + x * y * 13) % 256;
      const rows = Array.from({ length: height }, (_, y) =>
        Buffer.from(
          Array.from({ length: width * pixelBytes }, (_, at) =>
            shade(Math.floor(at / pixelBytes), y),
          ),
        ),
      );
      const filtered = rows.map((row, y) => {
        const above = rows[y - 1] ?? Buffer.alloc(row.length);
        return filterRow(y % 5, row, above, pixelBytes);
      });
      const data = deflateSync(Buffer.concat(filtered));
      const picture = pngWith(pngHeader(width, height, depth, colour), [["IDAT", data]]);
      const grey = greyOfPng(picture);
      assert.ok(grey);
      for (let at = 0; at < width * height; at += 1) {
        const wanted = shade(at % width, Math.floor(at / width));
        const off = Math.abs((grey.shades[at] as number) - wanted);
        assert.ok(off <= 1, `colour ${colour}, depth ${depth}, pixel ${at}: ${off}`);
      }
    }
  }
});

/** A row as a program that writes PNGs filters it (ISO/IEC 15948 §9.2). */
function filterRow(filter: number, row: Buffer, above: Buffer, pixelBytes: number): Buffer {
  const out = Buffer.alloc(row.length + 1);
  out[0] = filter;
  for (const [at, value] of row.entries()) {
    const a = row[at - pixelBytes] ?? 0;
    const b = above[at] as number;
    const c = above[at - pixelBytes] ?? 0;
    const p = a + b - c;
    const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
    const paeth = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    out[at + 1] = value - ([0, a, b, Math.floor((a + b) / 2), paeth][filter] as number);
  }
  return out;
}
