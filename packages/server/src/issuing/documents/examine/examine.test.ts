import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { heicOf, jpegOf, pdfOf, pngHeader, pngOf, pngWith, squares, waves } from "../fixture.ts";
import { MAX_DECODED_PIXELS, thresholds } from "../model.ts";
import { formOf } from "../rules/form.ts";
import { greyOfPng } from "./grey.ts";
import { measureSharpness } from "./measure.ts";

const measure = (bytes: Buffer, timeoutMs?: number) =>
  measureSharpness(bytes, formOf(bytes), timeoutMs);

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

test("what is not decoded has no sharpness", async () => {
  assert.equal(await measure(heicOf(800, 600)), null);
  assert.equal(await measure(pdfOf()), null);
  const large = { type: "jpeg", width: MAX_DECODED_PIXELS, height: 2 } as const;
  assert.equal(await measureSharpness(jpegOf(64, 64), large), null);
});

test("a picture that the decoder cannot read, or not in time, has no sharpness", async () => {
  const broken = Buffer.from(jpegOf(640, 480));
  broken.fill(0, 20, 160);
  assert.equal(await measureSharpness(broken, { type: "jpeg", width: 640, height: 480 }), null);
  assert.equal(await measure(jpegOf(640, 480), 1), null);
  assert.notEqual(await measure(jpegOf(640, 480)), null, "the next one is measured again");
});

test("a picture that no thread can be started for has no sharpness, and the next one is measured", async () => {
  const form = { type: "png", width: 64, height: 64 } as const;
  // What cannot be handed to a thread stands here for a machine that has no threads left.
  const unsendable = (() => undefined) as unknown as Buffer;
  assert.equal(await measureSharpness(unsendable, form), null);
  assert.notEqual(await measure(jpegOf(640, 480)), null);
});

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
