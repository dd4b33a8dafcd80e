import type { Sql } from "../../../foundation/database/sql.ts";
import type { Reading, Work } from "../../../foundation/database/work.ts";
import { assert, generalErrors } from "../../../foundation/errors/errors.ts";
import { realNow } from "../../../records/links/actions.ts";
import { linkErrors } from "../../../records/links/errors.ts";
import type { PrivateLink } from "../../../records/links/model.ts";
import { openPersonal, sealPersonal } from "../../../records/vault/actions.ts";
import {
  addDocument,
  type DocumentDraft,
  describeDocument,
  eraseDocument,
  getDocument,
  type Holder,
  type KeptDocument,
  submitDocuments,
} from "../../documents/actions.ts";
import type { Document } from "../../documents/model.ts";
import type { Description } from "../../documents/rules/moves.ts";
import { lockOrganization } from "../../organizations/actions.ts";
import { requireOpen } from "../../organizations/rules.ts";
import { listsInForce } from "../../screening/actions/lists.ts";
import { changeCustomer, findCustomer, lockCustomer } from "../actions.ts";
import { customerErrors } from "../errors.ts";
import type { PersonChange, PersonDetails } from "../model/people.ts";
import {
  CONSENT_VERSION,
  type Draft,
  type DraftPerson,
  emptyDraft,
  type VerificationSession,
} from "../model/sessions.ts";
import { type Customer, legalNameOf } from "../model.ts";
import { rolesOf } from "../rules/people.ts";
import {
  askedOf,
  askedPeople,
  detailedBy,
  openProblems,
  peopledBy,
  requireAsked,
  standingIn,
} from "../rules/verification.ts";
import { findSessionRow, lockSessionRow, readDraft, writeDraft } from "../store/sessions.ts";
import { ageTerms } from "./age.ts";
import { refreshEvidence } from "./evidence.ts";
import { admitPerson, presentPeople } from "./people.ts";
import { screenPerson } from "./screening.ts";
import { moveSession } from "./sessions.ts";

/** A session with whose it is, and what was given in it and not submitted yet. */
export type Visit = {
  readonly session: VerificationSession;
  readonly customer: Customer;
  readonly draft: Draft;
  readonly documents: readonly Document[];
};

/**
 * What a person sees of its session.
 *
 * @param link of the session, by its bearer.
 * @throws Refusal `session_not_usable` where the customer is deleted.
 */
export async function readVisit(reading: Reading, link: PrivateLink): Promise<Visit> {
  const { sql, organizationId } = reading;
  const [session, customer] = await Promise.all([
    findSessionRow(sql, organizationId, link.id),
    findCustomer(sql, organizationId, { by: "id", value: link.objectId }),
  ]);
  return visitOf(reading, session, customer);
}

async function visitOf(
  reading: Reading,
  session: VerificationSession | null,
  customer: Customer | null,
): Promise<Visit> {
  if (session === null || customer === null || customer.status === "deleted") {
    throw linkErrors.refusal("session_not_usable");
  }
  const draft = await openDraft(reading, session);
  const documents = await documentsOf(reading.sql, session, draft);
  return { session, customer, draft, documents };
}

const holderOf = ({ organizationId, customerId }: VerificationSession): Holder => ({
  organizationId,
  customerId,
});

/** The documents of a draft; one that the organization erased meanwhile is among them, as erased. */
const documentsOf = (sql: Sql, session: VerificationSession, draft: Draft): Promise<Document[]> =>
  Promise.all(draft.documents.map((id) => getDocument(sql, holderOf(session), id)));

async function openDraft(reading: Reading, session: VerificationSession): Promise<Draft> {
  const sealed = await readDraft(reading.sql, session);
  if (sealed === null) return emptyDraft;
  const item = { subjectId: session.customerId, recordId: session.id, sealed };
  const [json = null] = await openPersonal(reading, [item]);
  // One that was kept before there were people has none.
  return json === null ? emptyDraft : { ...emptyDraft, ...(JSON.parse(json) as Draft) };
}

async function keepDraft(work: Work, session: VerificationSession, draft: Draft): Promise<void> {
  const { organizationId, customerId: subjectId, id: recordId } = session;
  const json = JSON.stringify(draft);
  const item = { organizationId, subjectId, recordId, json, now: work.now };
  const [sealed] = await sealPersonal(work, [item]);
  assert(sealed !== undefined, "What is given to be sealed is sealed.");
  await writeDraft(work.sql, session, sealed);
}

/** The session of a link that was just exchanged begins. The link's row is locked. */
export async function startVerification(
  work: Work,
  { id, spentAt, sessionExpiresAt }: PrivateLink,
): Promise<void> {
  const session = await lockSessionRow(work.sql, work.organizationId, id);
  assert(session !== null && spentAt !== null && sessionExpiresAt !== null, "A spent link.");
  await moveSession(work, session, "start", { startedAt: spentAt, expiresAt: sessionExpiresAt });
}

/**
 * A session that can still be filled in, locked with its customer.
 *
 * @throws Refusal `verification_ended`, `session_not_usable`, `organization_closed`.
 */
async function lockVisit(work: Work, link: PrivateLink): Promise<Visit> {
  const { sql, organizationId } = work;
  requireOpen(await lockOrganization(sql, organizationId, "share"));
  const customer = await lockCustomer(sql, organizationId, link.objectId, "change");
  const session = await lockSessionRow(sql, organizationId, link.id);
  const visit = await visitOf(work, session, customer);
  if (visit.session.status !== "started") {
    const detail = `The session is ${visit.session.status}.`;
    throw customerErrors.refusal("verification_ended", detail);
  }
  return visit;
}

/**
 * Keeps details that a person gave, sealed, until they are submitted.
 *
 * @throws Refusal as `lockVisit`, `customer_invalid` with every problem.
 */
export async function saveDetails(
  work: Work,
  link: PrivateLink,
  given: Draft["details"],
): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const draft = detailedBy(visit.customer, visit.draft, given, await ageTerms(work));
  await keepDraft(work, visit.session, draft);
  return { ...visit, draft };
}

/**
 * Keeps somebody who directs or owns a business, sealed, until that is submitted.
 *
 * @throws Refusal as `lockVisit`, `people_not_asked`, `person_limit_reached`, `customer_invalid` with every problem.
 */
export async function givePerson(
  work: Work,
  link: PrivateLink,
  details: PersonDetails,
): Promise<Visit> {
  const visit = await lockVisit(work, link);
  return keepPerson(work, visit, { ...details, id: work.newId("person") });
}

/**
 * Changes somebody who was given in this session: what is absent stays.
 *
 * @throws Refusal as `givePerson`, `not_found`.
 */
export async function changeGivenPerson(
  work: Work,
  link: PrivateLink,
  id: string,
  change: PersonChange,
): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const before = visit.draft.people.find((one) => one.id === id);
  if (before === undefined) throw generalErrors.refusal("not_found");
  return keepPerson(work, visit, { ...before, ...change });
}

async function keepPerson(work: Work, visit: Visit, person: DraftPerson): Promise<Visit> {
  const { session, customer } = visit;
  const present = await presentPeople(work.sql, customer);
  const draft = peopledBy(customer, visit.draft, person, present, work.now);
  await keepDraft(work, session, draft);
  return { ...visit, draft };
}

/**
 * Leaves out somebody who was given in this session.
 *
 * @throws Refusal as `lockVisit`, `not_found`.
 */
export async function takeBackPerson(work: Work, link: PrivateLink, id: string): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const people = visit.draft.people.filter((one) => one.id !== id);
  if (people.length === visit.draft.people.length) throw generalErrors.refusal("not_found");
  const draft = { ...visit.draft, people };
  await keepDraft(work, visit.session, draft);
  return { ...visit, draft };
}

/**
 * Writes a document that a person gave, in the place of what it gave there before: what is sent twice, because an
 * answer was lost, is there once. It counts once it is submitted.
 *
 * @throws Refusal as `lockVisit`, `document_not_asked`, `document_limit_reached`.
 */
export async function giveDocument(
  work: Work,
  link: PrivateLink,
  about: DocumentDraft,
  content: KeptDocument,
): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const { session, customer, draft } = visit;
  requireAsked(customer, about.kind);
  const isBefore = ({ status, kind, side }: Document) =>
    status === "uploaded" && kind === about.kind && side === about.side;
  const before = visit.documents.filter(isBefore);
  for (const { id } of before) await eraseDocument(work, holderOf(session), id);
  const kept = visit.documents.filter((one) => !before.includes(one));
  const draftIn = { ...about, sessionId: session.id };
  const document = await addDocument(work, holderOf(session), draftIn, content);
  const documents = [...kept, document];
  const changed = { ...draft, documents: documents.map(({ id }) => id) };
  await keepDraft(work, session, changed);
  return { ...visit, draft: changed, documents };
}

/**
 * Says what stands on a document that was given in this session. The lines are compared with the details of the
 * same session, where those are not known yet.
 *
 * @throws Refusal as `lockVisit`, `not_found`, `mrz_invalid`, `document_move_not_allowed`.
 */
export async function describeGiven(
  work: Work,
  link: PrivateLink,
  id: string,
  description: Description,
): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const { session, customer, draft } = visit;
  if (!draft.documents.includes(id)) throw generalErrors.refusal("not_found");
  const known = { ...customer, ...askedOf(customer, draft.details) };
  const name = customer.type === "individual" ? legalNameOf(known) : null;
  const facts = { name, birthDate: known.birthDate };
  const described = await describeDocument(work, holderOf(session), id, description, facts);
  const documents = visit.documents.map((one) => (one.id === id ? described : one));
  return { ...visit, documents };
}

/**
 * Erases a document that was given in this session.
 *
 * @throws Refusal as `lockVisit`, `not_found`, `document_move_not_allowed`.
 */
export async function takeBackDocument(work: Work, link: PrivateLink, id: string): Promise<Visit> {
  const visit = await lockVisit(work, link);
  const { session, draft } = visit;
  if (!draft.documents.includes(id)) throw generalErrors.refusal("not_found");
  await eraseDocument(work, holderOf(session), id);
  const shorter = { ...draft, documents: draft.documents.filter((one) => one !== id) };
  await keepDraft(work, session, shorter);
  const documents = visit.documents.filter((one) => one.id !== id);
  return { ...visit, draft: shorter, documents };
}

/**
 * Submits what was given: it becomes the customer's, whose status follows. From then on the session can only be
 * read.
 *
 * @param consent to the text of that version, in the language in which it was read.
 * @throws Refusal as `lockVisit`, `consent_outdated`, `verification_incomplete`, `customer_invalid`,
 * `person_limit_reached`.
 */
export async function submitVerification(
  work: Work,
  link: PrivateLink,
  consent: { readonly version: string; readonly language: string },
): Promise<Visit> {
  // An index of new lists is made before anything is locked: see `changeCustomer`.
  const lists = await listsInForce(work);
  const { session, customer, draft, documents } = await lockVisit(work, link);
  if (consent.version !== CONSENT_VERSION) throw customerErrors.refusal("consent_outdated");
  const change = askedOf(customer, draft.details);
  const named = askedPeople(customer, draft);
  const whole = { change, documents, people: named };
  const problems = openProblems(customer, whole, work.now);
  if (problems.length > 0) {
    throw customerErrors.refusal("verification_incomplete", undefined, { problems });
  }
  const people = [];
  for (const one of named) people.push(await admitPerson(work, customer, one));
  const at = await realNow(work.sql);
  const kinds = standingIn(documents, work.now).map(({ kind }) => kind);
  const given = [...kinds, ...rolesOf(people)];
  await submitDocuments(work, holderOf(session), session.id);
  const submitted = await moveSession(work, session, "submit", {
    submittedAt: at,
    consent: { ...consent, at },
  });
  // Before the details, so that their change finds nothing missing but what it brings.
  const evident = await refreshEvidence(work, customer, { given });
  const isEmpty = Object.keys(change).length === 0;
  const reference = { by: "id", value: customer.id } as const;
  let after = isEmpty ? evident : await changeCustomer(work, reference, change);
  for (const person of people) after = await screenPerson(work, after, person, lists);
  return { session: submitted, customer: after, draft: emptyDraft, documents: [] };
}
