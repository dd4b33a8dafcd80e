import type { RowPage } from "../../../foundation/database/list.ts";
import type { Sql } from "../../../foundation/database/sql.ts";
import type { Work } from "../../../foundation/database/work.ts";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { canMove } from "../../../foundation/lifecycle/lifecycle.ts";
import { announce } from "../../../records/events/actions.ts";
import { previousOf } from "../../../records/events/rules.ts";
import { endsOfLinks, issueLink, realNow, revokeLink } from "../../../records/links/actions.ts";
import { linkTo } from "../../../records/links/rules.ts";
import { eraseGiven } from "../../documents/actions.ts";
import { customerErrors } from "../errors.ts";
import { type CustomerEvent, eventOfSessionMove } from "../events.ts";
import {
  canVerify,
  type SessionMove,
  type SessionNow,
  sessionLifecycle,
  type VerificationSession,
} from "../model/sessions.ts";
import type { Customer } from "../model.ts";
import { sessionFields, showMoved } from "../schema/sessions.ts";
import {
  emptySessions,
  findSessionRow,
  forgetDraft,
  insertSession,
  listSessionRows,
  lockSessionRow,
  lockSessionsOf,
  readDraft,
  updateSession,
} from "../store/sessions.ts";
import { lockCustomerRow, type PageWanted } from "../store.ts";

/** The page of verification, as links to it name it. */
export const VERIFICATION_PAGE = "verify";

/** A session with its link, which is shown now and never again. */
export type IssuedSession = { readonly session: VerificationSession; readonly link: string };

/**
 * Makes a verification session with its private link, and ends older ones of the customer. The caller has
 * locked the customer for a change, or has just created it.
 *
 * @param publicUrl where the server's pages are, without a slash at its end.
 * @throws Refusal `verification_not_needed` where the customer has nothing to give.
 */
export async function openSession(
  work: Work,
  customer: Customer,
  {
    publicUrl,
    returnUrl = null,
  }: {
    readonly publicUrl: string;
    readonly returnUrl?: string | null | undefined;
  },
): Promise<IssuedSession> {
  if (!canVerify(customer)) throw customerErrors.refusal("verification_not_needed");
  const { organizationId, id: customerId } = customer;
  const { link, secret } = await issueLink(work, { kind: "verification", objectId: customerId });
  for (const older of await lockSessionsOf(work.sql, customer)) {
    await endSession(work, older, "replace");
  }
  const session: VerificationSession = {
    organizationId,
    id: link.id,
    customerId,
    status: "waiting",
    returnUrl,
    expiresAt: link.expiresAt,
    startedAt: null,
    submittedAt: null,
    consent: null,
    version: 1n,
    createdAt: link.createdAt,
  };
  await insertSession(work.sql, session);
  announceSession(work, "verification_session.created", session);
  return { session, link: linkTo(publicUrl, VERIFICATION_PAGE, { organizationId, secret }) };
}

/**
 * Ends a session and its link at once. The caller has locked the customer for a change.
 *
 * @throws Refusal `not_found`, `verification_ended`.
 */
export async function revokeSession(
  work: Work,
  customer: Customer,
  id: string,
): Promise<VerificationSession> {
  const found = await findSessionRow(work.sql, customer.organizationId, id);
  if (found?.customerId !== customer.id) throw generalErrors.refusal("not_found");
  await revokeLink(work.sql, found);
  const before = (await lockSessionRow(work.sql, found.organizationId, found.id)) ?? found;
  return endSession(work, before, "revoke");
}

/** Ends a session; what was given in it and not submitted is erased. */
async function endSession(
  work: Work,
  session: VerificationSession,
  move: "replace" | "revoke",
): Promise<VerificationSession> {
  const ended = await moveSession(work, session, move, {});
  await eraseGiven(work, session, session.id);
  return ended;
}

/**
 * Ends the session of a customer that is deleted, with its link; where sessions led back to is nowhere any more.
 * The caller has locked the customer for a change.
 */
export async function endSessions(work: Work, customer: Customer): Promise<void> {
  for (const session of await lockSessionsOf(work.sql, customer)) {
    await revokeLink(work.sql, session);
    await endSession(work, session, "revoke");
  }
  await emptySessions(work.sql, customer);
}

/**
 * Erases what was given in sessions whose time is over, and that was never submitted.
 *
 * @returns of how many; not of those that were submitted or ended by now, or are under a legal hold.
 */
export async function eraseAbandoned(work: Work, ids: readonly string[]): Promise<number> {
  const { sql, organizationId } = work;
  const found = await Promise.all(ids.map((id) => findSessionRow(sql, organizationId, id)));
  const sessions = found.filter((one) => one !== null);
  let done = 0;
  // Of a customer no more than one session is started.
  for (const { id, customerId } of sessions.sort(byCustomer)) {
    const reference = { by: "id", value: customerId } as const;
    const customer = await lockCustomerRow(sql, organizationId, reference, "change");
    const session = await lockSessionRow(sql, organizationId, id);
    if (session?.status !== "started" || customer === null || customer.legalHold !== null) continue;
    if (session.expiresAt > (await realNow(sql))) continue;
    if ((await readDraft(sql, session)) === null) continue;
    await eraseGiven(work, session, session.id);
    await forgetDraft(sql, session);
    done += 1;
  }
  return done;
}

const byCustomer = (one: VerificationSession, other: VerificationSession): number =>
  one.customerId < other.customerId ? -1 : 1;

/** One page of a customer's sessions as they stand, newest first. */
export async function listSessions(
  sql: Sql,
  customer: Customer,
  page: PageWanted,
): Promise<RowPage<SessionNow>> {
  const { rows, more } = await listSessionRows(sql, customer, page);
  const ids = rows.map(({ id }) => id);
  const [now, ends] = await Promise.all([
    realNow(sql),
    endsOfLinks(sql, customer.organizationId, ids),
  ]);
  const seen = rows.map((session) => ({ session, now, end: ends.get(session.id) ?? null }));
  return { rows: seen, more };
}

/**
 * Moves a locked session, with what belongs to its new status.
 *
 * @throws Refusal `verification_ended` where its status does not allow that.
 */
export async function moveSession(
  work: Work,
  before: VerificationSession,
  move: SessionMove,
  change: Partial<Pick<VerificationSession, "expiresAt" | "startedAt" | "submittedAt" | "consent">>,
): Promise<VerificationSession> {
  if (!canMove(sessionLifecycle, move, before.status)) {
    throw customerErrors.refusal("verification_ended", `The session is ${before.status}.`);
  }
  const status = sessionLifecycle.moves[move].to as VerificationSession["status"];
  const session = { ...before, ...change, status, version: before.version + 1n };
  await updateSession(work.sql, session);
  announceSession(work, eventOfSessionMove[move], session, before);
  return session;
}

function announceSession(
  work: Work,
  type: CustomerEvent,
  session: VerificationSession,
  before?: VerificationSession,
): void {
  const object = showMoved(session);
  announce(work, {
    type,
    objectId: session.id,
    objectVersion: session.version,
    object,
    ...(before && { previous: previousOf(showMoved(before), object) }),
    subjectId: session.customerId,
    personal: sessionFields,
  });
}
