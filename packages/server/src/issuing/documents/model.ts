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

/** What is looked at beyond a document's form. None of these refuses: a reviewer decides. */
export const documentChecks = ["resolution", "sharpness", "editing", "expiry", "mrz"] as const;
export type DocumentCheck = (typeof documentChecks)[number];

export const checkResults = ["passed", "failed", "not_possible"] as const;

/** What a check found. `not_possible` says that nothing was found out, and nothing more. */
export type CheckResult = {
  readonly check: DocumentCheck;
  readonly result: (typeof checkResults)[number];
  /** What was measured, in the check's own unit; null where nothing was. */
  readonly value: number | null;
  /** What it was measured against. */
  readonly limit: number | null;
};

/** Where the checks draw the line. */
export const thresholds = {
  /** Shorter edge, pixels: a card of 54 mm at 300 dots to the inch has 638. */
  resolution: 600,
  /** Variance of the Laplacian of the picture at 1,000 pixels of its longer edge. */
  sharpness: 60,
} as const;

/** Pictures with more pixels than this are not decoded: their sharpness is not told. */
export const MAX_DECODED_PIXELS = 16_000_000;

/** Longest time and most memory that decoding one picture may take. */
export const DECODE_TIMEOUT_MS = 10_000;
export const DECODE_MEMORY_MB = 512;
