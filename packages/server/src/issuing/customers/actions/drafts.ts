import type { Reading, Work } from "../../../foundation/database/work.ts";
import { openPersonal } from "../../../records/vault/actions.ts";
import { eraseDocument, getDocument } from "../../documents/actions.ts";
import { type Draft, emptyDraft, type VerificationSession } from "../model/sessions.ts";
import type { Customer } from "../model.ts";
import { lockSessionsOf, readDraft } from "../store/sessions.ts";

/** What was given in a session and not submitted yet; empty where nothing was. */
export async function openDraft(reading: Reading, session: VerificationSession): Promise<Draft> {
  const sealed = await readDraft(reading.sql, session);
  if (sealed === null) return emptyDraft;
  const item = { subjectId: session.customerId, recordId: session.id, sealed };
  const [json = null] = await openPersonal(reading, [item]);
  return json === null ? emptyDraft : (JSON.parse(json) as Draft);
}

/**
 * Ids of documents that were given in a session and not submitted: they stand for nothing yet. The caller has
 * locked the customer for a change.
 */
export async function unsubmittedDocuments(
  work: Work,
  customer: Pick<Customer, "organizationId" | "id">,
): Promise<readonly string[]> {
  const alive = await lockSessionsOf(work.sql, customer);
  const started = alive.filter(({ status }) => status === "started");
  const drafts = await Promise.all(started.map((session) => openDraft(work, session)));
  return drafts.flatMap(({ documents }) => documents);
}

/**
 * Erases the documents of a session that ends without being submitted, but those that a reviewer has decided on.
 * The caller has locked its customer for a change.
 */
export async function dropDraft(work: Work, session: VerificationSession): Promise<void> {
  const { documents } = await openDraft(work, session);
  for (const id of documents) {
    const { status } = await getDocument(work.sql, session, id);
    if (status === "uploaded") await eraseDocument(work, session, id);
  }
}
