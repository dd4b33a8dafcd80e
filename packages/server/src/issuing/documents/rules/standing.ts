import {
  type Document,
  type DocumentKind,
  documentKinds,
  isExpired,
  isExpiredAt,
} from "../model.ts";

/** What of a document that stands tells whether its kind is there. */
export type Standing = Pick<Document, "kind" | "side" | "checks" | "expiryDate" | "mrz">;

/** Kinds of documents that were valid when they were last described; each once, in a fixed order. */
export const validKinds = (standing: readonly Standing[]): readonly DocumentKind[] =>
  kindsOf(standing.filter((document) => !isExpired(document)));

/** Kinds of which a side has no document that is valid at an instant; each once, in a fixed order. */
export function expiredKindsAt(standing: readonly Standing[], now: Date): readonly DocumentKind[] {
  const sideOf = ({ kind, side }: Standing) => `${kind} ${side}`;
  const valid = new Set(standing.filter((one) => !isExpiredAt(one, now)).map(sideOf));
  return kindsOf(standing.filter((one) => !valid.has(sideOf(one))));
}

function kindsOf(documents: readonly Standing[]): readonly DocumentKind[] {
  const kinds = new Set(documents.map(({ kind }) => kind));
  return documentKinds.filter((kind) => kinds.has(kind));
}
