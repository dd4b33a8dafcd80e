import type { TSchema } from "typebox";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import {
  downloadRoute,
  type Route,
  readRoute,
  uploadRoute,
  writeRoute,
} from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  pageOf,
  pageQuery,
  reference,
  type StaticOf,
} from "../../../foundation/route/schemas.ts";
import {
  addDocument,
  contentOf,
  decideDocument,
  describeDocument,
  eraseDocument,
  getDocument,
  type Holder,
  type KeptDocument,
  keepDocument,
  listDocuments,
} from "../../documents/actions.ts";
import {
  type DocumentVerdict,
  isExpired,
  MAX_DOCUMENT_BYTES,
  mediaTypes,
} from "../../documents/model.ts";
import {
  documentChangeSchema,
  documentRejectionSchema,
  documentSchema,
  showDocument,
  uploadQuery,
} from "../../documents/schema.ts";
import { lockForEvidence, refreshEvidence } from "../actions/evidence.ts";
import { findCustomer, workForCustomer } from "../actions.ts";
import { type Customer, legalNameOf } from "../model.ts";
import { requireStillMet } from "../rules/moves.ts";
import { customerFor } from "./seen.ts";

const tag = "Documents";

const documentParams = object({
  id: idParams.properties.id,
  documentId: idText("Id of the document."),
});

const holderOf = ({ organizationId, id }: Customer): Holder => ({ organizationId, customerId: id });

const upload = uploadRoute({
  id: "uploadDocument",
  path: "/customers/{id}/documents",
  summary: "Upload a document of a customer",
  description:
    "The body is the file itself: PDF, JPEG, PNG or HEIC, at most 10 MiB. What it is, its content says, whatever Content-Type says. It is kept encrypted. Its number and machine-readable lines are given by PATCH, because a URL is no place for them. checks tell what was found; not_possible is said where nothing was.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  query: uploadQuery,
  reply: documentSchema,
  mediaTypes: ["application/octet-stream", ...Object.values(mediaTypes)],
  maxBytes: MAX_DOCUMENT_BYTES,
  errors: [
    "not_found",
    "document_empty",
    "document_type_not_allowed",
    "document_damaged",
    "document_polyglot",
    "document_too_many_pixels",
    "document_unfolds_too_large",
    "document_active_content",
    "document_encrypted",
    "document_limit_reached",
    "customer_deleted",
    "organization_closed",
  ],
  prepare: async (call) => {
    const customer = await customerFor(call.caller, call.reading, call.params.id);
    return keepDocument(call, holderOf(customer), call);
  },
  handle: async ({ params: { id }, query, body, work }) => {
    const { kind, side = null, country = null, expiryDate = null } = query;
    const customer = await lockForEvidence(work, reference(id));
    const draft = { kind, side, country, expiryDate };
    const added = await addDocument(work, holderOf(customer), draft, body as KeptDocument);
    await refreshEvidence(work, customer, { given: isExpired(added) ? [] : [kind] });
    return showDocument(added);
  },
});

const list = readRoute({
  id: "listDocuments",
  path: "/customers/{id}/documents",
  summary: "List the documents of a customer",
  tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(documentSchema),
  errors: ["not_found"],
  handle: async ({ params: { id }, query: { limit = DEFAULT_LIMIT, cursor }, caller, reading }) => {
    const holder = holderOf(await customerFor(caller, reading, id));
    const page = await listDocuments(reading.sql, holder, { after: decodeCursor(cursor), limit });
    return pageFrom(page, (document) => document.id, showDocument);
  },
});

const get = readRoute({
  id: "getDocument",
  path: "/customers/{id}/documents/{documentId}",
  summary: "Read what is known of a document",
  tag,
  audience: "any",
  scope: "customers:read",
  params: documentParams,
  reply: documentSchema,
  errors: ["not_found"],
  handle: async ({ params: { id, documentId }, caller, reading }) => {
    const holder = holderOf(await customerFor(caller, reading, id));
    return showDocument(await getDocument(reading.sql, holder, documentId));
  },
});

const describe = writeRoute({
  id: "describeDocument",
  method: "PATCH",
  path: "/customers/{id}/documents/{documentId}",
  summary: "Say what stands on a document",
  description:
    "What is left out stays, null clears. The machine-readable lines are read by ICAO Doc 9303; what they say is compared with the number given beside them, the country and the expiry date, in the check mrz; the person they name is compared with the customer, in the check holder. Number and lines are not kept: of the number its last characters, of the lines issuer, nationality and expiry.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: documentParams,
  body: documentChangeSchema,
  reply: documentSchema,
  status: 200,
  errors: [
    "not_found",
    "mrz_invalid",
    "document_move_not_allowed",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id, documentId }, body, work }) => {
    const customer = await lockForEvidence(work, reference(id));
    // Of a business a document may name anybody.
    const name = customer.type === "individual" ? legalNameOf(customer) : null;
    const facts = { name, birthDate: customer.birthDate };
    const described = await describeDocument(work, holderOf(customer), documentId, body, facts);
    await refreshEvidence(work, customer);
    return showDocument(described);
  },
});

const erase = writeRoute({
  id: "eraseDocument",
  method: "DELETE",
  path: "/customers/{id}/documents/{documentId}",
  summary: "Erase a document",
  description:
    "Its content cannot be read from then on, by nobody; that there was one stays. An accepted document cannot be erased, nor one that a review rests on until there is another.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: documentParams,
  reply: documentSchema,
  status: 200,
  errors: [
    "not_found",
    "document_move_not_allowed",
    "document_needed",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id, documentId }, work }) => {
    const customer = await lockForEvidence(work, reference(id));
    const erased = await eraseDocument(work, holderOf(customer), documentId);
    requireStillMet(customer, await refreshEvidence(work, customer));
    return showDocument(erased);
  },
});

/** What a reviewer decides about a document: `POST …/documents/{documentId}/<move>`. */
const verdict = <B extends TSchema>(about: {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly body?: B;
  readonly decided: (body: StaticOf<B>) => DocumentVerdict;
  readonly move: DocumentVerdict["move"];
}): Route => {
  const { move, decided, ...rest } = about;
  return writeRoute({
    ...rest,
    method: "POST",
    path: `/customers/{id}/documents/{documentId}/${move}`,
    tag,
    audience: "platform",
    scope: "customers:review",
    params: documentParams,
    reply: documentSchema,
    status: 200,
    errors: ["not_found", "document_move_not_allowed", "customer_deleted", "organization_closed"],
    handle: async ({ params: { id, documentId }, body, work }) => {
      const own = await workForCustomer(work, id);
      const customer = await lockForEvidence(own, reference(id));
      const given = decided(body as StaticOf<B>);
      const document = await decideDocument(own, holderOf(customer), documentId, given);
      await refreshEvidence(own, customer);
      return showDocument(document);
    },
  });
};

const accept = verdict({
  id: "acceptDocument",
  move: "accept",
  summary: "Accept a document",
  description: "It is evidence from then on: the organization cannot erase it.",
  decided: () => ({ move: "accept" }),
});

const reject = verdict({
  id: "rejectDocument",
  move: "reject",
  summary: "Reject a document",
  description:
    "It does not count any more: what it stood for is missing again. To have another one, ask for it with request-information.",
  body: documentRejectionSchema,
  decided: ({ reasons }) => ({ move: "reject", reasons }),
});

const content = downloadRoute({
  id: "readDocumentContent",
  path: "/customers/{id}/documents/{documentId}/content",
  summary: "Read the content of a document",
  description: "For reviewers. Each read stands in the audit log before the first byte is sent.",
  tag,
  audience: "platform",
  scope: "documents:read",
  params: documentParams,
  mediaTypes: Object.values(mediaTypes),
  errors: ["not_found"],
  handle: async ({ params: { id, documentId }, work }) => {
    const own = await workForCustomer(work, id);
    const customer = await findCustomer(own.sql, own.organizationId, reference(id));
    if (customer === null) throw generalErrors.refusal("not_found");
    const document = await getDocument(own.sql, holderOf(customer), documentId);
    return {
      organizationId: own.organizationId,
      objectId: document.id,
      fileName: `${document.id}.${document.realType}`,
      mediaType: mediaTypes[document.realType],
      pieces: await contentOf(own, document),
    };
  },
});

/** Documents of customers: given by the organization, read by reviewers of the platform. */
export const documentRoutes: readonly Route[] = [
  upload,
  list,
  get,
  describe,
  erase,
  accept,
  reject,
  content,
];
