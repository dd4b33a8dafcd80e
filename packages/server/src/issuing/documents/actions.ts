import type { RowPage } from "../../foundation/database/list.ts";
import type { Sql } from "../../foundation/database/sql.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { generalErrors, Outage } from "../../foundation/errors/errors.ts";
import type { FileStore, StoredFile } from "../../foundation/files/files.ts";
import type {
  CustomerId,
  DocumentId,
  Ids,
  OrganizationId,
  SessionId,
} from "../../foundation/ids/ids.ts";
import { KEY_BYTES } from "../../foundation/keys/cipher.ts";
import type { Keys } from "../../foundation/keys/keys.ts";
import { announce } from "../../records/events/actions.ts";
import { previousOf } from "../../records/events/rules.ts";
import { openPersonal, sealPersonal } from "../../records/vault/actions.ts";
import { documentErrors } from "./errors.ts";
import type { DocumentEvent } from "./events.ts";
import { examine } from "./examine/examine.ts";
import {
  type Document,
  type DocumentKind,
  type DocumentVerdict,
  dayOf,
  type Form,
  fileOf,
  MAX_DOCUMENTS,
  ORPHAN_AGE_MS,
} from "./model.ts";
import { checksOf, type HolderFacts } from "./rules/checks.ts";
import { type Description, decidedBy, describedBy, erased } from "./rules/moves.ts";
import { openDocument, SEAL_RANDOM_BYTES, sealDocument } from "./rules/sealing.ts";
import { expiredKindsAt, validKinds } from "./rules/standing.ts";
import { personalFields, showDocument } from "./schema.ts";
import {
  countDocuments,
  findDocumentRow,
  findReadable,
  findStanding,
  insertDocument,
  listDocumentRows,
  readFileStates,
  submitGiven,
  updateDocument,
} from "./store.ts";

/** Whose documents: a customer, in its organization. */
export type Holder = { readonly organizationId: OrganizationId; readonly customerId: CustomerId };

/** A document whose bytes are looked at and kept, and of which nothing is written yet. */
export type KeptDocument = {
  readonly documentId: DocumentId;
  readonly form: Form;
  readonly sharpness: number | null;
  readonly content: Buffer;
  readonly sha256: string;
  /** In clear, until it is sealed under the customer's. */
  readonly key: Uint8Array;
  /** Removes the bytes again. */
  discard(): Promise<void>;
};

/**
 * Looks at a document and keeps its bytes, sealed. Outside of any transaction: it waits on the store.
 *
 * @throws Refusal as `formOf`: then nothing was kept. @throws Outage as `examine`, or of the store.
 */
export async function keepDocument(
  { files, keys, newId }: { readonly files: FileStore; readonly keys: Keys; readonly newId: Ids },
  { organizationId, customerId }: Holder,
  { content, sha256 }: { readonly content: Buffer; readonly sha256: string },
): Promise<KeptDocument> {
  const { form, sharpness } = await examine(content);
  const documentId = newId("document");
  const key = keys.random(KEY_BYTES);
  const seal = { key, context: { organizationId, customerId, documentId } };
  const name = fileOf({ organizationId, id: documentId });
  await files.put(name, sealDocument(seal, keys.random(SEAL_RANDOM_BYTES), content));
  const discard = () => files.remove(name);
  return { documentId, form, sharpness, content, sha256, key, discard };
}

export type DocumentDraft = Pick<Document, "kind" | "side" | "country" | "expiryDate"> & {
  /** Where a person gives it in its verification session. */
  readonly sessionId?: SessionId;
};

/**
 * Writes a document whose bytes are kept. The caller has locked its customer for a change.
 *
 * @throws Refusal `document_limit_reached`, `not_found` where the customer's key is destroyed.
 */
export async function addDocument(
  work: Work,
  holder: Holder,
  draft: DocumentDraft,
  kept: KeptDocument,
): Promise<Document> {
  const { organizationId, customerId } = holder;
  if ((await countDocuments(work.sql, organizationId, customerId)) >= MAX_DOCUMENTS) {
    throw documentErrors.refusal("document_limit_reached");
  }
  const { form, sharpness, content } = kept;
  const { country, expiryDate } = draft;
  const said = { country, expiryDate, number: null, mrz: null, today: dayOf(work.now) };
  const document: Document = {
    ...draft,
    ...holder,
    id: kept.documentId,
    sessionId: draft.sessionId ?? null,
    numberMasked: null,
    mrz: null,
    realType: form.type,
    width: form.width,
    height: form.height,
    size: content.length,
    sha256: Buffer.from(kept.sha256, "hex"),
    checks: checksOf({ form, bytes: content, sharpness, ...said }),
    status: "uploaded",
    reasons: [],
    sealedKey: await sealKey(work, holder, kept),
    version: 1n,
    createdAt: work.now,
  };
  kept.key.fill(0);
  await insertDocument(work.sql, document);
  announceDocument(work, "document.uploaded", document);
  return document;
}

/** Seals the key of a document's bytes under its customer's: destroying that one destroys all of them. */
async function sealKey(work: Work, holder: Holder, kept: KeptDocument): Promise<Uint8Array> {
  const { organizationId, customerId: subjectId } = holder;
  const json = Buffer.from(kept.key).toString("base64");
  const { documentId: recordId } = kept;
  // What the law keeps of a person includes the documents that prove who that was.
  const item = {
    organizationId,
    subjectId,
    recordId,
    json,
    now: work.now,
    purpose: "retained" as const,
  };
  const [sealed] = await sealPersonal(work, [item]);
  if (!sealed?.length) throw generalErrors.refusal("not_found");
  return sealed;
}

/** The other direction. @returns null where the customer's key, or the document, is destroyed */
async function openKey(reading: Reading, document: Document): Promise<Uint8Array | null> {
  const { customerId: subjectId, id: recordId, sealedKey: sealed } = document;
  if (sealed === null) return null;
  const [text] = await openPersonal(reading, [{ subjectId, recordId, sealed }]);
  return text ? Buffer.from(text, "base64") : null;
}

/**
 * Describes a document anew. The caller has locked its customer for a change.
 *
 * @throws Refusal `not_found`, `mrz_invalid`, `document_move_not_allowed`.
 */
export async function describeDocument(
  work: Work,
  holder: Holder,
  id: string,
  given: Description,
  holderFacts: HolderFacts,
): Promise<Document> {
  const before = await getDocument(work.sql, holder, id);
  const document = describedBy(before, given, holderFacts, dayOf(work.now));
  await updateDocument(work.sql, document);
  announceDocument(work, "document.updated", document, before);
  return document;
}

/**
 * Erases a document: its key is gone with the transaction, its bytes with the next sweep. The caller has
 * locked its customer for a change.
 *
 * @throws Refusal `not_found`, `document_move_not_allowed`.
 */
export async function eraseDocument(work: Work, holder: Holder, id: string): Promise<Document> {
  const before = await getDocument(work.sql, holder, id);
  const document = erased(before, "organization");
  await updateDocument(work.sql, document);
  announceDocument(work, "document.erased", document, before);
  return document;
}

/**
 * Carries out what a reviewer decided about a document. The caller has locked its customer for a change.
 *
 * @throws Refusal `not_found`, `document_move_not_allowed`.
 */
export async function decideDocument(
  work: Work,
  holder: Holder,
  id: string,
  verdict: DocumentVerdict,
): Promise<Document> {
  const before = await getDocument(work.sql, holder, id);
  return decide(work, before, verdict);
}

async function decide(work: Work, before: Document, verdict: DocumentVerdict): Promise<Document> {
  const document = decidedBy(before, verdict);
  await updateDocument(work.sql, document);
  announceDocument(work, eventOfVerdict[verdict.move], document, before);
  return document;
}

const eventOfVerdict = {
  accept: "document.accepted",
  reject: "document.rejected",
} as const satisfies Record<DocumentVerdict["move"], DocumentEvent>;

/**
 * Accepts all documents of a customer that are submitted and that nobody decided on. The caller has locked it
 * for a change.
 */
export async function acceptDocuments(work: Work, holder: Holder): Promise<void> {
  const standing = await findStanding(work.sql, holder.organizationId, holder.customerId);
  for (const document of standing) {
    if (document.status !== "uploaded") continue;
    await decide(work, document, { move: "accept" });
  }
}

/** Erases all documents of a customer whose retention is over. The caller has locked it for a change. */
export async function eraseDocuments(work: Work, holder: Holder): Promise<void> {
  const { organizationId, customerId } = holder;
  for (const before of await findReadable(work.sql, organizationId, customerId)) {
    const document = erased(before, "retention");
    await updateDocument(work.sql, document);
    announceDocument(work, "document.erased", document, before);
  }
}

/** Documents that were given in a session count from now on. The caller has locked their customer for a change. */
export const submitDocuments = (
  work: Work,
  { organizationId }: Holder,
  sessionId: SessionId,
): Promise<void> => submitGiven(work.sql, organizationId, sessionId);

/**
 * Erases what was given in a session that ends without being submitted. The caller has locked the customer for
 * a change.
 */
export async function eraseGiven(work: Work, holder: Holder, sessionId: SessionId): Promise<void> {
  const readable = await findReadable(work.sql, holder.organizationId, holder.customerId);
  for (const { id } of readable.filter((document) => document.sessionId === sessionId)) {
    await eraseDocument(work, holder, id);
  }
}

/** A customer's documents that stand: submitted, and neither rejected nor erased; in the order they were given. */
export const standingDocuments = (
  sql: Sql,
  { organizationId, customerId }: Holder,
): Promise<readonly Document[]> => findStanding(sql, organizationId, customerId);

/** Kinds of a customer's documents that stand, in a fixed order: submitted, not rejected, erased or found expired. */
export async function standingKinds(sql: Sql, holder: Holder): Promise<readonly DocumentKind[]> {
  return validKinds(await findStanding(sql, holder.organizationId, holder.customerId));
}

/**
 * Kinds of a customer's documents that stand, and of which a side has none that is valid by now: what was there
 * expired after it had been given. Each once, in a fixed order.
 */
export async function expiredKinds(
  { sql, now }: Pick<Work, "sql" | "now">,
  holder: Holder,
): Promise<readonly DocumentKind[]> {
  return expiredKindsAt(await findStanding(sql, holder.organizationId, holder.customerId), now);
}

/** One document of a customer. @throws Refusal `not_found` */
export async function getDocument(
  sql: Sql,
  { organizationId, customerId }: Holder,
  id: string,
): Promise<Document> {
  const found = await findDocumentRow(sql, organizationId, customerId, id);
  if (found === null) throw generalErrors.refusal("not_found");
  return found;
}

/** One page of a customer's documents, newest first. */
export const listDocuments = (
  sql: Sql,
  holder: Holder,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RowPage<Document>> => listDocumentRows(sql, holder, page);

/**
 * What reads the bytes of a document, once the transaction that audits it is over.
 *
 * @throws Refusal `not_found` where they are erased.
 */
export async function contentOf(
  reading: Reading,
  document: Document,
): Promise<(files: FileStore) => AsyncIterable<Uint8Array>> {
  const key = await openKey(reading, document);
  if (key === null) throw generalErrors.refusal("not_found");
  const { organizationId, customerId, id: documentId } = document;
  const seal = { key, context: { organizationId, customerId, documentId } };
  return async function* (files) {
    const sealed = await files.open(fileOf(document));
    if (sealed === null) throw new Outage("The store of documents does not have a file.");
    yield* openDocument(seal, sealed);
  };
}

/** Files that one look compares with the table. */
const SWEEP_PAGE = 500;

/**
 * Removes files that nothing needs: of erased documents, and those that an upload left behind which was
 * refused or killed. Every process may do it at any time; what it does not get to, the next one does.
 *
 * @param now of the real clock, as the store's times are.
 * @returns how many it removed.
 */
export async function sweepDocuments(sql: Sql, files: FileStore, now: Date): Promise<number> {
  let removed = 0;
  let page: StoredFile[] = [];
  for await (const file of files.walk()) {
    page.push(file);
    if (page.length < SWEEP_PAGE) continue;
    removed += await sweepPage(sql, files, now, page);
    page = [];
  }
  return removed + (await sweepPage(sql, files, now, page));
}

async function sweepPage(
  sql: Sql,
  files: FileStore,
  now: Date,
  page: readonly StoredFile[],
): Promise<number> {
  let removed = 0;
  const states = await readFileStates(
    sql,
    page.map(({ name }) => name),
  );
  for (const { name, storedAt } of page) {
    const isOld = now.getTime() - storedAt.getTime() > ORPHAN_AGE_MS;
    const state = states.get(name);
    if (state === undefined ? !isOld : !state.erased) continue;
    await files.remove(name);
    removed += 1;
  }
  return removed;
}

function announceDocument(
  work: Work,
  type: DocumentEvent,
  document: Document,
  before?: Document,
): void {
  const object = showDocument(document);
  announce(work, {
    type,
    objectId: document.id,
    objectVersion: document.version,
    object,
    ...(before && { previous: previousOf(showDocument(before), object) }),
    subjectId: document.customerId,
    personal: personalFields,
  });
}
