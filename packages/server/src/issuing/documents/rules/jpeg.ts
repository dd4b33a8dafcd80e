import { documentErrors } from "../errors.ts";
import type { Form } from "../model.ts";
import { refuseForeign } from "./traces.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COM = 0xfe;

export const isJpeg = (bytes: Buffer): boolean =>
  bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;

/** Frame headers: C0 to CF without the tables DHT, JPG and DAC. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const standsAlone = (marker: number): boolean =>
  marker === 0x01 || marker === SOI || (marker >= 0xd0 && marker <= 0xd7);

/**
 * Walks a JPEG (ITU-T T.81 Annex B) from segment to segment to its end.
 *
 * @throws Refusal `document_damaged`, or `document_polyglot` where something stands behind EOI or in
 *   a comment or application segment.
 */
export function inspectJpeg(bytes: Buffer): Form {
  let size: { width: number; height: number } | null = null;
  let scans = 0;
  let at = 2;
  for (;;) {
    const marker = markerAt(bytes, at);
    at = marker.next;
    if (marker.code === EOI) break;
    if (standsAlone(marker.code)) throw damaged();
    const segment = segmentAt(bytes, at);
    at += segment.length + 2;
    if (isFrame(marker.code)) {
      if (size !== null) throw damaged();
      size = sizeOf(segment);
    }
    if (marker.code === COM || (marker.code >= 0xe0 && marker.code <= 0xef)) refuseForeign(segment);
    if (marker.code !== SOS) continue;
    if (size === null) throw damaged();
    scans += 1;
    at = endOfScan(bytes, at);
  }
  if (size === null || scans === 0) throw damaged();
  if (at !== bytes.length) throw documentErrors.refusal("document_polyglot");
  return { type: "jpeg", ...size };
}

/** A marker: FF, any number of further FF as filling, and its code. */
function markerAt(bytes: Buffer, start: number): { code: number; next: number } {
  if (bytes[start] !== 0xff) throw damaged();
  let at = start;
  while (bytes[at] === 0xff) at += 1;
  const code = bytes[at];
  if (code === undefined || code === 0) throw damaged();
  return { code, next: at + 1 };
}

/** What stands in a segment behind its length. */
function segmentAt(bytes: Buffer, at: number): Buffer {
  if (at + 2 > bytes.length) throw damaged();
  const length = bytes.readUInt16BE(at);
  if (length < 2 || at + length > bytes.length) throw damaged();
  return bytes.subarray(at + 2, at + length);
}

function sizeOf(frame: Buffer): { width: number; height: number } {
  if (frame.length < 6) throw damaged();
  const height = frame.readUInt16BE(1);
  const width = frame.readUInt16BE(3);
  if (width === 0 || height === 0) throw damaged();
  return { width, height };
}

/** Where the marker behind a scan's compressed data stands. */
function endOfScan(bytes: Buffer, start: number): number {
  for (let at = start; ; ) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) throw damaged();
    const next = bytes[at + 1] as number;
    const isData = next === 0 || (next >= 0xd0 && next <= 0xd7);
    if (!isData && next !== 0xff) return at;
    at += next === 0xff ? 1 : 2;
  }
}

const damaged = () => documentErrors.refusal("document_damaged");
