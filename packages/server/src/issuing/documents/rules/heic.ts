import { documentErrors } from "../errors.ts";
import type { Form } from "../model.ts";
import { refuseForeign } from "./traces.ts";

/** Brands of still pictures coded in HEVC (ISO/IEC 23008-12 Annex B). */
const brands = ["heic", "heix", "heim", "heis"];

/** Boxes at the top of a still picture. Others (films, trailers of makers) are not taken. */
const topBoxes = ["ftyp", "meta", "mdat", "free", "skip"];

/** Most boxes that are looked at, over all depths. */
const MAX_BOXES = 10_000;

type Box = { readonly name: string; readonly data: Buffer; readonly end: number };

export function isHeic(bytes: Buffer): boolean {
  if (bytes.length < 16 || bytes.toString("latin1", 4, 8) !== "ftyp") return false;
  const length = bytes.readUInt32BE(0);
  if (length < 16 || length > 256 || length > bytes.length || length % 4 !== 0) return false;
  const named = [bytes.toString("latin1", 8, 12)];
  for (let at = 16; at < length; at += 4) named.push(bytes.toString("latin1", at, at + 4));
  return named.some((brand) => brands.includes(brand));
}

/**
 * Walks the boxes of a HEIC to the last byte. The coded picture itself is not decoded.
 *
 * @throws Refusal `document_damaged`, or `document_polyglot` where there is a box that a still picture
 *   does not have, or another file in a box of filling.
 */
export function inspectHeic(bytes: Buffer): Form {
  const boxes = boxesOf(bytes);
  const isForeign = ({ name }: Box) => !topBoxes.includes(name);
  if (boxes.some(isForeign)) throw documentErrors.refusal("document_polyglot");
  for (const { name, data } of boxes) {
    if (name !== "mdat") refuseForeign(data);
  }
  const metas = boxes.filter(({ name }) => name === "meta");
  if (metas.length !== 1 || boxes.filter(({ name }) => name === "ftyp").length !== 1) {
    throw damaged();
  }
  const meta = boxesOf((metas[0] as Box).data.subarray(4));
  const has = (wanted: string) => meta.some(({ name }) => name === wanted);
  const hasPicture = boxes.some(({ name }) => name === "mdat") || has("idat");
  if (!hasPicture || !has("iinf") || !has("iloc")) throw damaged();
  return { type: "heic", ...largestOf(within(within(meta, "iprp"), "ipco")) };
}

/** The boxes inside those of a name. */
const within = (boxes: readonly Box[], wanted: string): Box[] =>
  boxes.filter(({ name }) => name === wanted).flatMap(({ data }) => boxesOf(data));

/** The largest picture announced: the whole one, of which the others are tiles and previews. */
function largestOf(properties: readonly Box[]): { width: number; height: number } {
  let largest = { width: 0, height: 0 };
  for (const { name, data } of properties) {
    if (name !== "ispe") continue;
    if (data.length !== 12) throw damaged();
    const found = { width: data.readUInt32BE(4), height: data.readUInt32BE(8) };
    const isLarger = found.width * found.height > largest.width * largest.height;
    if (isLarger) largest = found;
  }
  if (largest.width === 0 || largest.height === 0) throw damaged();
  return largest;
}

/** Boxes side by side that fill the bytes without a gap (ISO/IEC 14496-12 §4.2). */
function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length; ) {
    const box = boxAt(bytes, at);
    boxes.push(box);
    if (boxes.length > MAX_BOXES) throw damaged();
    at = box.end;
  }
  return boxes;
}

function boxAt(bytes: Buffer, at: number): Box {
  if (at + 8 > bytes.length) throw damaged();
  const short = bytes.readUInt32BE(at);
  const name = bytes.toString("latin1", at + 4, at + 8);
  const isLong = short === 1;
  if (isLong && at + 16 > bytes.length) throw damaged();
  // 0 stands for a box up to the end of the file.
  const size = isLong ? bytes.readBigUInt64BE(at + 8) : BigInt(short || bytes.length - at);
  const head = isLong ? 16 : 8;
  if (size < BigInt(head) || size > BigInt(bytes.length - at)) throw damaged();
  const end = at + Number(size);
  return { name, data: bytes.subarray(at + head, end), end };
}

const damaged = () => documentErrors.refusal("document_damaged");
