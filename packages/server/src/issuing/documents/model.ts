/** What a document really is, told by its content. Names and declared types are not believed. */
export const realTypes = ["pdf", "jpeg", "png", "heic"] as const;
export type RealType = (typeof realTypes)[number];

/** The media type that a document of a real type is given back as. */
export const mediaTypes: Readonly<Record<RealType, string>> = {
  pdf: "application/pdf",
  jpeg: "image/jpeg",
  png: "image/png",
  heic: "image/heic",
};

/** Largest document, bytes. */
export const MAX_DOCUMENT_BYTES = 10 * 1024 * 1024;

/** Most pixels of a picture: above what any phone takes, below what decoding would choke on. */
export const MAX_PIXELS = 120_000_000;

/** Longest edge of a picture, pixels. */
export const MAX_EDGE = 30_000;

/** Most bytes that all compressed parts of one document may unfold to together. */
export const MAX_INFLATED_BYTES = 96 * 1024 * 1024;

/** What was found of a document's form. */
export type Form = {
  readonly type: RealType;
  /** Pixels, from the header; null of a PDF, which has pages and no pixels. */
  readonly width: number | null;
  readonly height: number | null;
};
