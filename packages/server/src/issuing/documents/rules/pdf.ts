import { inflateSync } from "node:zlib";
import { documentErrors } from "../errors.ts";
import { type Form, MAX_INFLATED_BYTES } from "../model.ts";
import { refuseForeign } from "./traces.ts";

/** Names that no page needs: each makes a reader run, open, send or unpack something. */
const activeNames = [
  "JavaScript",
  "OpenAction",
  "Launch",
  "EmbeddedFile",
  "EmbeddedFiles",
  "RichMedia",
  "ImportData",
  "SubmitForm",
  "GoToE",
  "XFA",
];

/** As above, but so short that they stand in compressed data by chance: looked for outside of it. */
const shortNames = ["JS", "AA"];

/** A name ends where white space or a delimiter stands (ISO 32000-1 §7.2.2), or the file ends. */
const END = "(?=[\\x00\\t\\n\\f\\r ()<>\\[\\]{}/%]|$)";

/** Each character of a name may also be written as # and two hexadecimal digits (§7.3.5). */
const spelled = (name: string): string =>
  [...name]
    .map((letter) => {
      const code = letter.charCodeAt(0).toString(16);
      return `(?:${letter}|#${code.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)})`;
    })
    .join("");

const oneOfNames = (names: readonly string[]): RegExp =>
  new RegExp(`/(?:${names.map(spelled).join("|")})${END}`);

const ACTIVE = oneOfNames(activeNames);
const ACTIVE_OR_SHORT = oneOfNames([...activeNames, ...shortNames]);
const ENCRYPT = oneOfNames(["Encrypt"]);
const OBJECT_STREAM = oneOfNames(["ObjStm"]);
const FLATE = oneOfNames(["FlateDecode", "Fl"]);
const FILTER = oneOfNames(["Filter", "F"]);
const OTHER_FILTER = new RegExp(
  `/(?:${["ASCIIHexDecode", "ASCII85Decode", "LZWDecode", "RunLengthDecode", "Crypt"]
    .map(spelled)
    .join("|")})${END}`,
);

/** Most streams that are looked into. */
const MAX_STREAMS = 50_000;

/** Bytes before a stream's data in which its dictionary is looked for. */
const DICTIONARY_BYTES = 4_096;

export const isPdf = (bytes: Buffer): boolean => bytes.toString("latin1", 0, 5) === "%PDF-";

/**
 * Looks through a PDF: header at the first byte, trailer at the last, no encryption and no name of
 * anything active, also where names are spelled in hexadecimal or lie in compressed object streams.
 * Pages are not drawn.
 *
 * @throws Refusal `document_damaged`, `document_polyglot`, `document_encrypted`,
 *   `document_active_content`, `document_unfolds_too_large`.
 */
export function inspectPdf(bytes: Buffer): Form {
  const text = bytes.toString("latin1");
  if (!/^%PDF-(1\.[0-7]|2\.0)[\r\n \t]/.test(text)) throw damaged();
  refuseForeign(bytes.subarray(5, 1_024));
  refuseEnd(text);
  const { outside, streams } = split(text);
  if (ENCRYPT.test(outside)) throw documentErrors.refusal("document_encrypted");
  // The whole file too: bytes that only look like a stream could hide objects from us.
  if (ACTIVE.test(text) || ACTIVE_OR_SHORT.test(outside)) throw active();
  let left = MAX_INFLATED_BYTES;
  for (const stream of streams) left -= lookInto(bytes, stream, left);
  return { type: "pdf", width: null, height: null };
}

/** The last line is %%EOF, and before it startxref names a place of this file. */
function refuseEnd(text: string): void {
  const marker = text.lastIndexOf("%%EOF");
  if (marker < 0) throw damaged();
  const behind = text.slice(marker + 5);
  if (!/^[\r\n\t \0]{0,1024}$/.test(behind)) throw documentErrors.refusal("document_polyglot");
  const start = /startxref[\r\n\t ]{1,8}(\d{1,10})[\r\n\t ]{1,8}$/.exec(
    text.slice(Math.max(0, marker - 64), marker),
  );
  const at = Number(start?.[1] ?? text.length);
  if (!/^\s{0,4}(?:xref|\d{1,10} \d{1,5} obj)/.test(text.slice(at, at + 32))) throw damaged();
}

type Stream = { readonly dictionary: string; readonly from: number; readonly to: number };

/** Takes a PDF apart into the data of its streams and what stands outside of them. */
function split(text: string): { outside: string; streams: readonly Stream[] } {
  const opening = />>[\r\n\t \0]{0,16}stream(?:\r\n|\n|\r)/g;
  const streams: Stream[] = [];
  const outside: string[] = [];
  let done = 0;
  for (let found = opening.exec(text); found !== null; found = opening.exec(text)) {
    const from = opening.lastIndex;
    const to = text.indexOf("endstream", from);
    if (to < 0 || streams.length >= MAX_STREAMS) throw damaged();
    const before = text.slice(Math.max(done, from - DICTIONARY_BYTES), from);
    const object = before.lastIndexOf(" obj");
    streams.push({ dictionary: object < 0 ? before : before.slice(object), from, to });
    outside.push(text.slice(done, from));
    done = to;
    opening.lastIndex = to;
  }
  outside.push(text.slice(done));
  return { outside: outside.join("\n"), streams };
}

/**
 * Looks for names in a stream's data, unfolded where it is compressed. One that holds objects must
 * be readable; of the others (pages, pictures, fonts) what is not plain Flate is not looked into.
 *
 * @returns how many bytes it unfolded to.
 */
function lookInto(bytes: Buffer, { dictionary, from, to }: Stream, left: number): number {
  const holdsObjects = OBJECT_STREAM.test(dictionary);
  const isFlate = FLATE.test(dictionary) && !OTHER_FILTER.test(dictionary);
  if (!isFlate) {
    if (!holdsObjects) return 0;
    const clear = bytes.toString("latin1", from, to);
    if (FILTER.test(dictionary)) throw damaged();
    if (ACTIVE_OR_SHORT.test(clear)) throw active();
    return 0;
  }
  const data = bytes.subarray(from, to);
  const unfolded = inflate(data, left);
  if (unfolded === null) {
    if (holdsObjects) throw damaged();
    return unfoldedBroken(data, left);
  }
  const names = holdsObjects ? ACTIVE_OR_SHORT : ACTIVE;
  if (names.test(unfolded.toString("latin1"))) throw active();
  return unfolded.length;
}

/** @returns null where the data is not what its dictionary says. */
function inflate(data: Buffer, left: number): Buffer | null {
  const unfolded = inflateUpTo(data, left);
  if (unfolded === "more") throw documentErrors.refusal("document_unfolds_too_large");
  return unfolded === "broken" ? null : unfolded;
}

/**
 * How far data unfolds before it breaks, which costs as much as if it did not break.
 *
 * @returns at least that, and less than twice as much or `left`: nothing tells it but trying.
 */
function unfoldedBroken(data: Buffer, left: number): number {
  let size = data.length;
  while (size < left && inflateUpTo(data, size) === "more") size *= 2;
  return Math.min(size, left);
}

function inflateUpTo(data: Buffer, most: number): Buffer | "more" | "broken" {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, most) });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "more" : "broken";
  }
}

const damaged = () => documentErrors.refusal("document_damaged");
const active = () => documentErrors.refusal("document_active_content");
