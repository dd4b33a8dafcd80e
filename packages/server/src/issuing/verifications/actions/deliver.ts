import type { Entropy } from "../../../foundation/clock/clock.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { assert, Outage, Refusal } from "../../../foundation/errors/errors.ts";
import type { FileStore } from "../../../foundation/files/files.ts";
import type { OrganizationId } from "../../../foundation/ids/ids.ts";
import { recordAudit } from "../../../records/audit/actions.ts";
import { presentPeople } from "../../customers/actions/people.ts";
import { decideCustomer } from "../../customers/actions.ts";
import type { Person } from "../../customers/model/people.ts";
import type { Customer } from "../../customers/model.ts";
import { contentOf, standingDocuments } from "../../documents/actions.ts";
import type { Document } from "../../documents/model.ts";
import { decide, keep, lockReviewed, openFor } from "../actions.ts";
import type { Verification } from "../model.ts";
import type { Breaker } from "../providers/breaker.ts";
import type { Providers } from "../providers/open.ts";
import {
  type Applicant,
  type ApplicantDocument,
  type OutsideProvider,
  ProviderFailure,
  type Report,
  ShareTokenRefused,
} from "../providers/port.ts";
import { cancelled, requireMove, retryInS, submitted } from "../rules.ts";
import {
  type Leased,
  leaseDue,
  renewLease,
  writeFailed,
  writeRefused,
  writeWell,
} from "../store/traffic.ts";
import { tokenOf } from "./tokens.ts";

/** What asking providers stands on. */
export type Deliveries = {
  readonly sql: Sql;
  readonly providers: Providers;
  readonly files: FileStore;
  readonly random: Entropy;
  readonly breaker: Breaker;
  /** Does something in a transaction of an organization, with its events and audit rows, as a job does. */
  inWork<T>(organizationId: OrganizationId, act: (work: Work) => Promise<T>): Promise<T>;
};

/** What is asked about at the same time. */
const TOGETHER = 8;
/**
 * How long one process has what it asks about, seconds. A submission takes it anew before each person and document, so
 * that fifty may take as long as they must, and what a dead process had is soon taken over. Between two times there
 * are at most a document's way out of the store (30 s) and to the provider (15 s), or three questions before the
 * first and one after the last: the rest is for a database that has much to do.
 */
export const LEASE_S = 300;
/** How long a verification that is at its provider waits until it is asked without a webhook, seconds. */
const POLL_S = 900;
/** How long what cannot be asked now (its customer is on hold) waits, seconds. */
const WAIT_S = 60;

/**
 * Asks providers about what is due, until nothing is. Nothing is locked while a provider is waited for; what
 * it answers is carried out in a transaction of its own, which looks again.
 *
 * @returns how many were asked about.
 */
export async function deliverVerifications(deliveries: Deliveries): Promise<number> {
  let done = 0;
  for (const provider of deliveries.providers.keys()) {
    for (;;) {
      const limit = deliveries.breaker.limitOf(provider, TOGETHER);
      const due = limit === 0 ? [] : await leaseDue(deliveries.sql, provider, limit, LEASE_S);
      const asked = await Promise.allSettled(due.map((leased) => deliver(deliveries, leased)));
      const [unforeseen] = asked.filter((each) => each.status === "rejected");
      if (unforeseen !== undefined) throw unforeseen.reason;
      done += due.length;
      if (due.length === 0) break;
    }
  }
  return done;
}

/** What is asked about is not in hand any more: whoever has it now writes what becomes of it. */
class LeaseLost extends Error {}

/** Asks about one; a failure is written on it, and anything else is left to the end of the lease. */
async function deliver(deliveries: Deliveries, leased: Leased): Promise<void> {
  const { sql, random, breaker } = deliveries;
  try {
    const inS = await step(deliveries, leased);
    await writeWell(sql, leased, inS);
  } catch (error) {
    if (error instanceof LeaseLost) return;
    const words = wordsOf(error);
    if (words === null) throw error;
    breaker.failed(leased.provider, error);
    const after = error instanceof ProviderFailure ? error.retryAfterS : null;
    await writeFailed(sql, leased, retryInS(leased.attempts, after, random), words);
  }
}

/** What an operator may read of an error; null of one that nobody foresaw. */
function wordsOf(error: unknown): string | null {
  if (error instanceof ProviderFailure) return error.message;
  if (error instanceof Refusal) return `The customer cannot be moved: ${error.code}.`;
  return error instanceof Outage ? error.message : null;
}

/** @returns in how many seconds it is looked at again */
async function step(deliveries: Deliveries, leased: Leased): Promise<number> {
  const provider = deliveries.providers.get(leased.provider);
  assert(provider !== undefined, "Only providers that are set up are leased.");
  const task = await deliveries.inWork(leased.organizationId, (work) => taskOf(work, leased));
  if (task === null) return WAIT_S;
  const inS = await (task.kind === "submit"
    ? submit(deliveries, provider, leased, task)
    : fetchReport(deliveries, provider, leased, task));
  // Only who was asked can be well.
  deliveries.breaker.well(leased.provider);
  return inS;
}

type Submission = {
  readonly kind: "submit";
  readonly attempts: number;
  readonly customer: Customer;
  readonly people: readonly Person[];
  readonly documents: readonly Sendable[];
  readonly shareToken: string | null;
};
type Task = Submission | { readonly kind: "fetch"; readonly reference: string };
type Sendable = {
  readonly document: Document;
  readonly read: Awaited<ReturnType<typeof contentOf>>;
};

/** What is to be asked; null where nothing is: its customer is on hold, or somebody else moved it. */
async function taskOf(work: Work, { id }: Leased): Promise<Task | null> {
  const { customer, organization, verification } = await lockReviewed(work, id);
  if (customer.status === "on_hold" || organization.status === "closed") return null;
  if (verification.status === "submitted") {
    if (await cancelOutdated(work, customer, verification)) return null;
    assert(verification.providerReference !== null, "What is submitted has its reference.");
    return { kind: "fetch", reference: verification.providerReference };
  }
  if (verification.status !== "queued") return null;
  const people = await presentPeople(work.sql, customer);
  const documents = await documentsOf(work, customer);
  await auditSending(work, documents);
  const { attempts } = verification;
  const shareToken = await tokenOf(work, verification);
  return { kind: "submit", attempts, customer, people, documents, shareToken };
}

/** A customer that changed since it was submitted is not what the provider looks at: it is submitted anew. */
async function cancelOutdated(
  work: Work,
  customer: Customer,
  verification: Verification,
): Promise<boolean> {
  if (customer.version === verification.customerVersion) return false;
  requireMove(verification, "cancel", { mover: "provider", id: work.actor.id });
  await keep(work, "verification.cancelled", cancelled(verification), verification);
  return true;
}

async function documentsOf(work: Work, customer: Customer): Promise<Sendable[]> {
  const holder = { organizationId: customer.organizationId, customerId: customer.id };
  const sendable: Sendable[] = [];
  for (const document of await standingDocuments(work.sql, holder)) {
    sendable.push({ document, read: await contentOf(work, document) });
  }
  return sendable;
}

/** That a document is given to a provider stands in the audit log before it is. */
async function auditSending(work: Work, documents: readonly Sendable[]): Promise<void> {
  const { organizationId } = work;
  await recordAudit(
    work.sql,
    documents.map(({ document }) => ({
      id: work.newId("audit"),
      organizationId,
      at: work.now,
      actor: work.actor,
      action: "verifications.sendDocument",
      objectOrganizationId: organizationId,
      objectId: document.id,
      result: "done",
      status: 200,
      code: null,
      changes: [],
      requestId: work.requestId,
      ip: null,
    })),
  );
}

async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const gathered: Uint8Array[] = [];
  for await (const piece of pieces) gathered.push(piece);
  return Buffer.concat(gathered);
}

async function submit(
  deliveries: Deliveries,
  provider: OutsideProvider,
  leased: Leased,
  { attempts, customer, people, documents, shareToken }: Submission,
): Promise<number> {
  const { inWork, files, sql } = deliveries;
  const { organizationId, id } = leased;
  const given = documents.map(
    ({ document, read }): ApplicantDocument => ({
      ...document,
      content: () => gather(read(files)),
    }),
  );
  const stillOurs = async () => {
    if (!(await renewLease(sql, leased, LEASE_S))) throw new LeaseLost();
  };
  const about = { id, attempts, customer, people, documents: given, shareToken };
  const applicant: Applicant = { ...about, stillOurs };
  const reference = await provider.submit(applicant).catch((error: unknown) => {
    if (error instanceof ShareTokenRefused) return error;
    throw error;
  });
  if (reference instanceof ShareTokenRefused)
    return openWithoutToken(deliveries, leased, reference);
  return inWork(organizationId, async (work) => {
    const { verification } = await lockReviewed(work, id);
    // A reviewer has taken it meanwhile, or it is over: given back, the applicant is found by our id.
    if (verification.status !== "queued") return WAIT_S;
    requireMove(verification, "submit", { mover: "provider", id: work.actor.id });
    const after = submitted(verification, reference, customer.version);
    await keep(work, "verification.submitted", after, verification);
    // It may have decided before we knew its reference.
    return verification.heardAt === null ? POLL_S : 0;
  });
}

/**
 * A token that is of no use ends its verification, which says so, and another is opened without it: what the
 * provider may have under our name is left alone, and the customer waits for nobody.
 */
async function openWithoutToken(
  { inWork }: Deliveries,
  { organizationId, id }: Leased,
  { message }: ShareTokenRefused,
): Promise<number> {
  return inWork(organizationId, async (work) => {
    const { customer, organization, verification } = await lockReviewed(work, id);
    if (verification.status !== "queued") return WAIT_S;
    requireMove(verification, "cancel", { mover: "rule", id: work.actor.id });
    await keep(work, "verification.cancelled", cancelled(verification), verification);
    await writeRefused(work.sql, verification, message);
    await openFor(work, organization, customer);
    return WAIT_S;
  });
}

async function fetchReport(
  { inWork }: Deliveries,
  provider: OutsideProvider,
  { organizationId, id }: Leased,
  { reference }: { readonly reference: string },
): Promise<number> {
  const report: Report = await provider.fetch(reference);
  if (report === null) return POLL_S;
  return inWork(organizationId, async (work) => {
    const { customer, verification } = await lockReviewed(work, id);
    if (verification.status !== "submitted" || customer.status === "on_hold") return WAIT_S;
    if (await cancelOutdated(work, customer, verification)) return WAIT_S;
    await decideCustomer(work, customer.id, report);
    await decide(work, verification, report, "provider");
    return WAIT_S;
  });
}
