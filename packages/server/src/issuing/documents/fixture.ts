/** Small documents of each type, made here: what the tests of this folder and of the routes share. */
import { crc32, deflateSync } from "node:zlib";
import jpeg from "jpeg-js";
import type { FileStore } from "../../foundation/files/files.ts";
import { mrzCheckDigit } from "./rules/mrz.ts";

/** How bright a picture is at a place, 0 to 255. */
export type Shade = (x: number, y: number) => number;

/** Squares with hard edges, as sharp as a picture can be. */
export const squares: Shade = (x, y) => (((x >> 3) + (y >> 3)) % 2 === 0 ? 32 : 224);

/** Slow waves without any edge, as a picture out of focus. */
export const waves: Shade = (x, y) => 128 + 90 * Math.sin(x / 60) * Math.cos(y / 60);

/** A PNG of 8-bit grey. */
export function pngOf(width: number, height: number, shade: Shade = squares): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = shade(x, y);
  }
  return pngWith(pngHeader(width, height), [["IDAT", deflateSync(rows)]]);
}

export function pngHeader(width: number, height: number, depth = 8, colour = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colour;
  return header;
}

/** A PNG of given chunks between its header and its end. */
export function pngWith(header: Buffer, chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const all = [["IHDR", header] as const, ...chunks, ["IEND", Buffer.alloc(0)] as const];
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, ...all.map(([name, data]) => pngChunk(name, data))]);
}

function pngChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A baseline JPEG. */
export function jpegOf(width: number, height: number, shade: Shade = squares): Buffer {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      data.fill(shade(x, y), (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return Buffer.from(jpeg.encode({ width, height, data }, 90).data);
}

/** A JPEG with a segment (a comment, metadata) behind its first two bytes. */
export function jpegWith(image: Buffer, marker: number, content: string | Buffer): Buffer {
  const data = Buffer.from(content);
  const head = Buffer.from([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 0xff]);
  return Buffer.concat([image.subarray(0, 2), head, data, image.subarray(2)]);
}

export function box(name: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const data = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length + 8);
  head.write(name, 4, "latin1");
  return Buffer.concat([head, data]);
}

/** The boxes of a HEIC; its picture data is none that a decoder would read. */
export function heicOf(width: number, height: number, brand = "heic"): Buffer {
  const size = Buffer.alloc(12);
  size.writeUInt32BE(width, 4);
  size.writeUInt32BE(height, 8);
  const meta = box(
    "meta",
    Buffer.alloc(4),
    box("iinf", Buffer.alloc(6)),
    box("iloc", Buffer.alloc(8)),
    box("iprp", box("ipco", box("ispe", size))),
  );
  return Buffer.concat([
    box("ftyp", brand, Buffer.alloc(4), "mif1", brand),
    meta,
    box("mdat", "picture data"),
  ]);
}

/** A PDF of given objects, the first of which is its catalog. */
export function pdfOf(
  objects: readonly (string | Buffer)[] = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [] /Count 0 >>",
  ],
  trailer = "",
): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n", "latin1")];
  const at: number[] = [];
  const length = () => parts.reduce((sum, part) => sum + part.length, 0);
  for (const [index, object] of objects.entries()) {
    at.push(length());
    parts.push(Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(object), Buffer.from("\nendobj\n"));
  }
  const start = length();
  const lines = at.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  const end = `xref\n0 ${count}\n0000000000 65535 f \n${lines}trailer\n<< /Size ${count} /Root 1 0 R ${trailer}>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(end)]);
}

/** A stream object of a PDF, compressed. */
export function pdfStream(dictionary: string, content: string | Buffer): Buffer {
  const data = deflateSync(Buffer.from(content));
  const head = `<< ${dictionary} /Filter /FlateDecode /Length ${data.length} >>\nstream\n`;
  return Buffer.concat([Buffer.from(head), data, Buffer.from("\nendstream")]);
}

/** A ZIP archive with nothing in it. */
export const emptyZip = Buffer.from(`PK\u0005\u0006${"\u0000".repeat(18)}`, "latin1");

/** ICAO's own published specimens (Doc 9303 parts 4, 5 and 6, appendices). */
export const specimens = {
  TD3: [
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
  ],
  TD2: ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"],
  TD1: [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
  ],
} as const;

/** The lines of ICAO's specimen passport as if it were valid until another day, YYMMDD. */
export function passportUntil(expiry: string): readonly [string, string] {
  const digit = (text: string) => text + mrzCheckDigit(text);
  const number = digit("L898902C3");
  const dates = [digit("740812"), digit(expiry)] as const;
  const personal = digit("ZE184226B<<<<<");
  const whole = mrzCheckDigit(number + dates[0] + dates[1] + personal);
  return [specimens.TD3[0], `${number}UTO${dates[0]}F${dates[1]}${personal}${whole}`];
}

/** Segments of metadata that fill a JPEG up by so many bytes. */
export function filler(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = size; left > 0; ) {
    // A segment has at least its marker and its length.
    const part = left > 65_537 + 4 ? 65_537 : left > 65_537 ? 1_000 : left;
    const segment = Buffer.alloc(part);
    segment.writeUInt16BE(0xffe4, 0);
    segment.writeUInt16BE(part - 2, 2);
    parts.push(segment);
    left -= part;
  }
  return Buffer.concat(parts);
}

/** Bytes as a stream of one piece, as a store takes them. */
export async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A stream of a store in one piece; nothing where there is no file. */
export async function whole(pieces: AsyncIterable<Uint8Array> | null): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of pieces ?? []) parts.push(part);
  return Buffer.concat(parts);
}

/** What is in a store, by name. */
export async function storedNames(files: FileStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of files.walk()) names.push(name);
  return names.sort();
}
