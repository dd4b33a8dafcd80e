import { inflateSync } from "node:zlib";
import jpeg from "jpeg-js";
import { EXAMINE_MEMORY_MB, type Form, MAX_DECODED_PIXELS, type RealType } from "../model.ts";
import { walkPng } from "../rules/png.ts";
import type { Grey } from "../rules/sharpness.ts";

/** How a picture of each type is decoded; null of those that are not. */
const decoders: Readonly<Record<RealType, ((bytes: Buffer) => Grey | null) | null>> = {
  pdf: null,
  jpeg: greyOfJpeg,
  png: greyOfPng,
  heic: null,
};

/**
 * A document in shades of grey.
 *
 * @returns null where it is not decoded: a PDF or HEIC, more than 16 million pixels, a PNG as `greyOfPng`
 *   says. @throws Error where the decoder cannot read it
 */
export function greyOf(bytes: Buffer, { type, width, height }: Form): Grey | null {
  const pixels = (width ?? 0) * (height ?? 0);
  return pixels > MAX_DECODED_PIXELS ? null : (decoders[type]?.(bytes) ?? null);
}

/** A JPEG in shades of grey. @throws Error where the decoder cannot read it */
function greyOfJpeg(bytes: Uint8Array): Grey {
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    maxResolutionInMP: MAX_DECODED_PIXELS / 1_000_000,
    maxMemoryUsageInMB: EXAMINE_MEMORY_MB,
  });
  const shades = new Uint8Array(width * height);
  for (let at = 0; at < shades.length; at += 1) shades[at] = shadeAt(data, at * 3);
  return { width, height, shades };
}

/**
 * A PNG in shades of grey. @returns null where it is interlaced, or has fewer than 8 bits a sample or a
 *   palette, as pictures of documents do not.
 */
export function greyOfPng(bytes: Buffer): Grey | null {
  const { header, parts } = walkPng(bytes);
  const { width, height, samples, depth, hasPalette } = header;
  if (header.interlaced || hasPalette || depth < 8) return null;
  const pixelBytes = (samples * depth) / 8;
  const rowBytes = width * pixelBytes;
  const raw = inflateSync(Buffer.concat(parts), { maxOutputLength: (rowBytes + 1) * height });
  const shades = new Uint8Array(width * height);
  // Of 16 bits the first eight are enough.
  const sampleBytes = depth / 8;
  let above: Uint8Array = new Uint8Array(rowBytes);
  for (let y = 0; y < height; y += 1) {
    const start = y * (rowBytes + 1) + 1;
    const row = raw.subarray(start, start + rowBytes);
    unfilter(raw[start - 1] as number, row, above, pixelBytes);
    for (let x = 0; x < width; x += 1) {
      const at = x * pixelBytes;
      const shade = samples < 3 ? (row[at] as number) : shadeAt(row, at, sampleBytes);
      shades[y * width + x] = shade;
    }
    above = row;
  }
  return { width, height, shades };
}

/** Brightness of red, green and blue (ITU-R BT.601). */
const shadeAt = (data: Uint8Array, at: number, step = 1): number =>
  0.299 * (data[at] as number) +
  0.587 * (data[at + step] as number) +
  0.114 * (data[at + 2 * step] as number);

/** Undoes a row's filter in place (ISO/IEC 15948 §9.2). */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  for (let at = 0; at < row.length; at += 1) {
    const left = at < pixelBytes ? 0 : (row[at - pixelBytes] as number);
    const up = above[at] as number;
    const corner = at < pixelBytes ? 0 : (above[at - pixelBytes] as number);
    row[at] = (row[at] as number) + predicted(filter, left, up, corner);
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const estimate = left + up - corner;
  const [byLeft, byUp] = [Math.abs(estimate - left), Math.abs(estimate - up)];
  const byCorner = Math.abs(estimate - corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}
