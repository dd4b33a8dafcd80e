import type {
  CustomerId,
  DocumentId,
  OrganizationId,
  SessionId,
} from "../../foundation/ids/ids.ts";
import { lifecycle, type StateOf } from "../../foundation/lifecycle/lifecycle.ts";

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
export const documentChecks = [
  "resolution",
  "sharpness",
  "editing",
  "expiry",
  "mrz",
  "holder",
] as const;
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

/** Longest time that looking through one document may take, and decoding it after that. */
export const EXAMINE_TIMEOUT_MS = 10_000;
export const DECODE_TIMEOUT_MS = 10_000;

/** How long the thread that examines documents waits for the next one. */
export const EXAMINER_KEPT_MS = 10_000;

/** Most memory that the thread which examines a document may take beside the document's bytes. */
export const EXAMINE_MEMORY_MB = 512;

/** Most documents that one process examines or has waiting for it: as many as it lets in. */
export const MAX_EXAMINED = 32;

/** What a document is about. */
export const documentKinds = [
  "passport",
  "id_card",
  "driving_licence",
  "residence_permit",
  "proof_of_address",
  "company_register",
  "selfie",
  "other",
] as const;
export type DocumentKind = (typeof documentKinds)[number];

export const documentSides = ["front", "back"] as const;

/**
 * The life of a document. An accepted one is evidence of why its customer was verified: the organization
 * cannot erase it, only the end of its retention does.
 */
export const documentLifecycle = lifecycle(["uploaded", "accepted", "rejected", "erased"], {
  accept: { from: ["uploaded"], to: "accepted" },
  reject: { from: ["uploaded"], to: "rejected" },
  erase: { from: ["uploaded", "accepted", "rejected"], to: "erased" },
});
export type DocumentStatus = StateOf<typeof documentLifecycle>;

/** What a reviewer decides about a document. */
export type DocumentVerdict =
  | { readonly move: "accept" }
  | { readonly move: "reject"; readonly reasons: readonly string[] };

/** The three sizes of machine-readable travel documents (ICAO Doc 9303 parts 4 to 6). */
export const mrzFormats = ["TD1", "TD2", "TD3"] as const;
export type MrzFormat = (typeof mrzFormats)[number];

/** What machine-readable lines said, without the names and numbers in them. */
export type MrzFacts = {
  readonly format: MrzFormat;
  readonly documentCode: string;
  readonly issuer: string;
  readonly nationality: string;
  /** YYYY-MM-DD. */
  readonly expiryDate: string;
};

/** A document of a customer. Its bytes lie in the store of files, under organization and id. */
export type Document = {
  readonly organizationId: OrganizationId;
  readonly id: DocumentId;
  readonly customerId: CustomerId;
  /** The verification session that it was given in, while that is not submitted: it does not count yet. */
  readonly sessionId: SessionId | null;
  readonly kind: DocumentKind;
  readonly side: (typeof documentSides)[number] | null;
  /** ISO 3166-1 alpha-3 of the issuer. */
  readonly country: string | null;
  /** Its last characters alone. */
  readonly numberMasked: string | null;
  /** YYYY-MM-DD. */
  readonly expiryDate: string | null;
  readonly mrz: MrzFacts | null;
  readonly realType: RealType;
  readonly width: number | null;
  readonly height: number | null;
  /** Bytes in clear. */
  readonly size: number;
  /** Of the bytes in clear; null once they are erased. */
  readonly sha256: Uint8Array | null;
  readonly checks: readonly CheckResult[];
  readonly status: DocumentStatus;
  /** Why it was rejected. */
  readonly reasons: readonly string[];
  /** The key of the bytes, sealed under the customer's; null once they are erased. */
  readonly sealedKey: Uint8Array | null;
  readonly version: bigint;
  readonly createdAt: Date;
};

/** Most documents of a customer that are not erased. */
export const MAX_DOCUMENTS = 50;

/** How old a file without a document must be before it is removed: an upload may be under way, ms. */
export const ORPHAN_AGE_MS = 3_600_000;

/** The name of a document's file in the store. */
export const fileOf = ({ organizationId, id }: Pick<Document, "organizationId" | "id">): string =>
  `${organizationId}/${id}`;

/** A number as it may be shown: the last four characters, of short ones fewer. */
export function maskNumber(number: string): string {
  const shown = Math.min(4, Math.floor(number.length / 2));
  return "•".repeat(number.length - shown) + number.slice(number.length - shown);
}

/** Whether a document was found expired when it was last described. */
export const isExpired = ({ checks }: Pick<Document, "checks">): boolean =>
  checks.some(({ check, result }) => check === "expiry" && result === "failed");

/** Whether a document is expired at an instant; its last day still counts. */
export const isExpiredAt = (
  document: Pick<Document, "checks" | "expiryDate" | "mrz">,
  now: Date,
): boolean => {
  const dates = [document.expiryDate, document.mrz?.expiryDate ?? null];
  return isExpired(document) || dates.some((date) => date !== null && date < dayOf(now));
};

/** The day of an instant, UTC: YYYY-MM-DD. */
export const dayOf = (now: Date): string => now.toISOString().slice(0, 10);
