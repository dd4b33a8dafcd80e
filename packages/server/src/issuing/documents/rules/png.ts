import { crc32, inflateSync } from "node:zlib";
import { documentErrors } from "../errors.ts";
import { type Form, MAX_INFLATED_BYTES } from "../model.ts";
import { refuseForeign } from "./traces.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export const isPng = (bytes: Buffer): boolean => bytes.subarray(0, 8).equals(SIGNATURE);

/** Samples of a pixel and allowed bit depths, by colour type (PNG §11.2.1). */
const colours: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

type Chunk = { readonly name: string; readonly data: Buffer; readonly end: number };

/** What a PNG's first chunk says. */
export type PngHeader = {
  readonly width: number;
  readonly height: number;
  /** Values of a pixel: 1 grey, 2 with transparency, 3 colours, 4 with transparency. */
  readonly samples: number;
  /** Bits of a value. */
  readonly depth: number;
  readonly hasPalette: boolean;
  readonly interlaced: boolean;
};

/**
 * Walks a PNG (ISO/IEC 15948) from chunk to chunk to IEND, each with its check sum.
 *
 * @throws Refusal `document_damaged`, or `document_polyglot` where something stands behind IEND or in
 *   a chunk that the picture does not need.
 */
export function inspectPng(bytes: Buffer): Form {
  const { header } = walkPng(bytes);
  return { type: "png", width: header.width, height: header.height };
}

/**
 * Makes sure that a PNG's picture unfolds to just what its header announces, which is the most that
 * is ever unfolded here. To be called once the header's size is known to be within bounds.
 *
 * @throws Refusal `document_unfolds_too_large`, `document_damaged`.
 */
export function refusePngBomb(bytes: Buffer): void {
  const { header, parts } = walkPng(bytes);
  const row = Math.ceil((header.width * header.samples * header.depth) / 8) + 1;
  // Interlaced pictures have seven small pictures, whose rows are never more than twice as many.
  const announced = header.interlaced
    ? row * header.height + 7 * (row + 2 * header.height + 16)
    : row * header.height;
  if (announced > MAX_INFLATED_BYTES) throw documentErrors.refusal("document_unfolds_too_large");
  let unfolded: number;
  try {
    unfolded = inflateSync(Buffer.concat(parts), { maxOutputLength: announced }).length;
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw documentErrors.refusal(isTooLarge ? "document_unfolds_too_large" : "document_damaged");
  }
  if (!header.interlaced && unfolded !== announced) throw damaged();
}

/** A PNG's header, and its compressed picture in parts. @throws as `inspectPng` */
export function walkPng(bytes: Buffer): { header: PngHeader; parts: readonly Buffer[] } {
  const first = chunkAt(bytes, 8);
  if (first.name !== "IHDR") throw damaged();
  const header = headerOf(first.data);
  const parts: Buffer[] = [];
  let last = first;
  while (last.name !== "IEND") {
    const chunk = chunkAt(bytes, last.end);
    if (chunk.name === "IHDR") throw damaged();
    if (chunk.name === "IDAT") {
      if (parts.length > 0 && last.name !== "IDAT") throw damaged();
      parts.push(chunk.data);
    } else refuseChunk(chunk);
    last = chunk;
  }
  if (parts.length === 0 || last.data.length > 0) throw damaged();
  if (last.end !== bytes.length) throw documentErrors.refusal("document_polyglot");
  return { header, parts };
}

/** Critical chunks begin with a capital letter; of an unknown one nobody knows the meaning. */
function refuseChunk({ name, data }: Chunk): void {
  if (/^[A-Z]/.test(name) && !["PLTE", "IEND"].includes(name)) throw damaged();
  refuseForeign(data);
}

function chunkAt(bytes: Buffer, at: number): Chunk {
  if (at + 12 > bytes.length) throw damaged();
  const length = bytes.readUInt32BE(at);
  const end = at + 12 + length;
  const name = bytes.toString("latin1", at + 4, at + 8);
  if (end > bytes.length || !/^[A-Za-z]{4}$/.test(name)) throw damaged();
  const sum = crc32(bytes.subarray(at + 4, end - 4));
  if (sum !== bytes.readUInt32BE(end - 4)) throw damaged();
  return { name, data: bytes.subarray(at + 8, end - 4), end };
}

function headerOf(data: Buffer): PngHeader {
  if (data.length !== 13) throw damaged();
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  const [depth = 0, colour = -1, compression, filter, interlace] = data.subarray(8);
  const known = colours[colour];
  if (!known?.depths.includes(depth)) throw damaged();
  if (compression !== 0 || filter !== 0 || (interlace ?? 2) > 1) throw damaged();
  if (width === 0 || height === 0 || width > 0x7fffffff || height > 0x7fffffff) throw damaged();
  const { samples } = known;
  return { width, height, samples, depth, hasPalette: colour === 3, interlaced: interlace === 1 };
}

const damaged = () => documentErrors.refusal("document_damaged");
