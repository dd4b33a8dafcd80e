import { Type } from "typebox";
import { about, personal, personalFieldsOf } from "../../foundation/route/personal.ts";
import {
  countryCode,
  date,
  idText,
  nullable,
  object,
  oneOf,
  type StaticOf,
  text,
  timestamp,
} from "../../foundation/route/schemas.ts";
import {
  checkResults,
  type Document,
  documentChecks,
  documentKinds,
  documentLifecycle,
  documentSides,
  mrzFormats,
  realTypes,
} from "./model.ts";

/** What is said of a document when it is uploaded: nothing that must not stand in a URL. */
export const uploadQuery = object({
  kind: oneOf(documentKinds),
  side: Type.Optional(oneOf(documentSides)),
  country: Type.Optional(countryCode),
  expiryDate: Type.Optional(date),
});

/** What can be said of a document later. */
export const documentChangeSchema = object(
  {
    country: Type.Optional(nullable(countryCode)),
    number: Type.Optional(
      nullable(text(64, { description: "Kept and shown masked, once it was compared." })),
    ),
    expiryDate: Type.Optional(nullable(date)),
    mrz: Type.Optional(
      nullable(
        Type.Array(Type.String({ minLength: 1, maxLength: 60 }), {
          minItems: 2,
          maxItems: 3,
          description: "The machine-readable lines as they are printed.",
        }),
      ),
    ),
  },
  { title: "DocumentChange" },
);

/** Why a reviewer rejects a document: words that its customer can go by. */
export const documentRejectionSchema = object({
  reasons: Type.Array(text(500), { minItems: 1, maxItems: 20 }),
});

export const documentSchema = object(
  {
    id: idText("Id of the document."),
    customerId: idText("Whose it is."),
    organizationId: idText("Whose customer that is."),
    kind: oneOf(documentKinds),
    side: nullable(oneOf(documentSides)),
    country: nullable(countryCode),
    numberMasked: personal(
      nullable(Type.String({ description: "The last characters of the number." })),
    ),
    expiryDate: nullable(date),
    mrz: personal(
      nullable(
        object({
          format: oneOf(mrzFormats),
          documentCode: Type.String(),
          issuer: Type.String({ description: "As printed; of most countries alpha-3." }),
          nationality: Type.String(),
          expiryDate: date,
        }),
      ),
    ),
    realType: oneOf(realTypes, { description: "What the content is." }),
    width: nullable(Type.Integer({ description: "Pixels." })),
    height: nullable(Type.Integer({ description: "Pixels." })),
    size: Type.Integer({ description: "Bytes." }),
    sha256: nullable(Type.String({ description: "Of the bytes; null once they are erased." })),
    checks: Type.Array(
      object({
        check: oneOf(documentChecks),
        result: oneOf(checkResults, { description: "not_possible: nothing was found out." }),
        value: nullable(Type.Integer()),
        limit: nullable(Type.Integer()),
      }),
      { description: "What was found. None refuses by itself: a reviewer decides." },
    ),
    status: oneOf(documentLifecycle.states),
    statusReasons: Type.Array(Type.String(), { description: "Why it is rejected." }),
    version: Type.Integer(),
    createdAt: timestamp,
  },
  { title: "Document", ...about("customerId") },
);

/** Fields that are about a person: encrypted in events under that person's key. */
export const personalFields = personalFieldsOf(documentSchema);

/** A document as the API shows it. */
export function showDocument(document: Document): StaticOf<typeof documentSchema> {
  const {
    sealedKey: _,
    sessionId: __,
    sha256,
    checks,
    reasons,
    version,
    createdAt,
    ...same
  } = document;
  return {
    ...same,
    sha256: sha256 === null ? null : Buffer.from(sha256).toString("hex"),
    checks: checks.map((check) => ({ ...check })),
    statusReasons: [...reasons],
    version: Number(version),
    createdAt: createdAt.toISOString(),
  };
}
