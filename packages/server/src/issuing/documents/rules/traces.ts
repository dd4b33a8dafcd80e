import { documentErrors } from "../errors.ts";

/** Beginnings by which other programs take bytes for a file of theirs, wherever these stand. */
const foreign = [
  "%pdf-",
  "<html",
  "<script",
  "<!doctype",
  "<?php",
  "<svg",
  "<iframe",
  "<body",
  "pk\u0003\u0004",
  "pk\u0005\u0006",
  "rar!\u001a",
  "7z\u00bc\u00af\u0027\u001c",
  "\u007felf",
];

/**
 * Makes sure that a part which no picture needs (comments, metadata, the room between boxes) does not
 * hold another file. Not for compressed data, where any bytes may stand by chance.
 *
 * @throws Refusal `document_polyglot`.
 */
export function refuseForeign(part: Buffer): void {
  const text = part.toString("latin1").toLowerCase();
  if (foreign.some((trace) => text.includes(trace))) {
    throw documentErrors.refusal("document_polyglot");
  }
}

/** Bytes of a ZIP's last record without its comment, and its longest comment. */
const ZIP_END = 22;
const ZIP_COMMENT = 65_535;

/**
 * Makes sure that the bytes as a whole do not also read as a ZIP archive, which programs find from the
 * end: a last record that reaches, or whose comment reaches, just to the end.
 *
 * @throws Refusal `document_polyglot`.
 */
export function refuseZip(bytes: Buffer): void {
  const from = Math.max(0, bytes.length - ZIP_END - ZIP_COMMENT);
  for (let at = bytes.lastIndexOf("PK\u0005\u0006"); at >= from && at >= 0; ) {
    const isWhole = at + ZIP_END <= bytes.length;
    if (isWhole && at + ZIP_END + bytes.readUInt16LE(at + 20) === bytes.length) {
      throw documentErrors.refusal("document_polyglot");
    }
    if (at === 0) return;
    at = bytes.lastIndexOf("PK\u0005\u0006", at - 1);
  }
}
