import { documentErrors } from "../errors.ts";
import { type Form, MAX_EDGE, MAX_PIXELS, type RealType, realTypes } from "../model.ts";
import { inspectHeic, isHeic } from "./heic.ts";
import { inspectJpeg, isJpeg } from "./jpeg.ts";
import { inspectPdf, isPdf } from "./pdf.ts";
import { inspectPng, isPng, refusePngBomb } from "./png.ts";
import { refuseForeign, refuseZip } from "./traces.ts";

/** Browsers guess a type from so many first bytes (WHATWG MIME Sniffing), readers of PDF from 1,024. */
const GUESSED_BYTES = 1_445;

const forms: Readonly<
  Record<
    RealType,
    { readonly is: (bytes: Buffer) => boolean; readonly inspect: (bytes: Buffer) => Form }
  >
> = {
  pdf: { is: isPdf, inspect: inspectPdf },
  jpeg: { is: isJpeg, inspect: inspectJpeg },
  png: { is: isPng, inspect: inspectPng },
  heic: { is: isHeic, inspect: inspectHeic },
};

/** The type of a document by its first bytes. @throws Refusal `document_empty`, `document_type_not_allowed` */
export function typeOf(bytes: Buffer): RealType {
  if (bytes.length === 0) throw documentErrors.refusal("document_empty");
  const type = realTypes.find((one) => forms[one].is(bytes));
  if (type === undefined) throw documentErrors.refusal("document_type_not_allowed");
  return type;
}

/**
 * What a document really is. Its structure is walked to the last byte, and its size in pixels is
 * bounded, before anything is decoded.
 *
 * @throws Refusal `document_empty`, `document_type_not_allowed`, `document_damaged`,
 *   `document_polyglot`, `document_too_many_pixels`, `document_unfolds_too_large`,
 *   `document_active_content`, `document_encrypted`.
 */
export function formOf(bytes: Buffer): Form {
  const form = forms[typeOf(bytes)].inspect(bytes);
  if (form.type !== "pdf") refuseForeign(bytes.subarray(0, GUESSED_BYTES));
  refusePixels(form);
  if (form.type === "png") refusePngBomb(bytes);
  refuseZip(bytes);
  return form;
}

function refusePixels({ width, height }: Form): void {
  if (width === null || height === null) return;
  const isTooMany = width > MAX_EDGE || height > MAX_EDGE || width * height > MAX_PIXELS;
  if (isTooMany) throw documentErrors.refusal("document_too_many_pixels");
}
