import type { FastifyRequest } from "fastify";
import type { Transaction } from "../../foundation/database/database.ts";
import type { Reading, Work } from "../../foundation/database/work.ts";
import { Refusal } from "../../foundation/errors/errors.ts";
import { recordAudit } from "../../records/audit/actions.ts";
import type { AuditEntry } from "../../records/audit/model.ts";
import { changesOf } from "../../records/events/actions.ts";
import { findSession } from "../../records/links/actions.ts";
import { linkErrors } from "../../records/links/errors.ts";
import type { LinkKind, PrivateLink } from "../../records/links/model.ts";
import { organizationNow } from "../../records/sequencer/actions.ts";
import type { ApiContext } from "../api/context.ts";
import { bearerOf } from "./admission.ts";

/** The session of a request. @throws Refusal `session_not_usable` */
export async function sessionOf(
  { database }: ApiContext,
  request: FastifyRequest,
  kind: LinkKind,
): Promise<PrivateLink> {
  const link = await findSession(database, { kind, bearer: bearerOf(request) });
  if (link === null) throw linkErrors.refusal("session_not_usable");
  return link;
}

/** What a read in a session needs. */
export async function readingIn(
  { database, keys }: ApiContext,
  { organizationId }: PrivateLink,
): Promise<Reading> {
  const now = await organizationNow(database, organizationId);
  return { sql: database, organizationId, now, keys };
}

/** The work of a person in its session. */
export async function workIn(
  { keys, newId }: ApiContext,
  request: FastifyRequest,
  sql: Transaction,
  { organizationId, id }: PrivateLink,
): Promise<Work> {
  const now = await organizationNow(sql, organizationId);
  const actor = { kind: "session", id, organizationId } as const;
  return { sql, organizationId, now, keys, actor, requestId: request.id, newId };
}

/**
 * Does something in a session, in a transaction of its own with its audit row; a refusal has its row, too.
 *
 * @param action its name in the audit log.
 */
export async function inSession<T>(
  context: ApiContext,
  request: FastifyRequest,
  { link, action }: { readonly link: PrivateLink; readonly action: string },
  act: (work: Work) => Promise<T>,
): Promise<T> {
  const { database } = context;
  try {
    const done = await database.transaction(async (sql) => {
      const work = await workIn(context, request, sql, link);
      const result = await act(work);
      await recordAudit(sql, [entryOf(work, request, link, action, null)]);
      return result;
    });
    context.committed();
    return done;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await database.transaction(async (sql) => {
      const work = await workIn(context, request, sql, link);
      await recordAudit(sql, [entryOf(work, request, link, action, error)]);
    });
    throw error;
  }
}

/** What the audit log keeps of what somebody did in a session. */
export function entryOf(
  work: Work,
  request: FastifyRequest,
  { organizationId, objectId }: PrivateLink,
  action: string,
  refusal: Refusal | null,
): AuditEntry {
  return {
    id: work.newId("audit"),
    organizationId,
    at: work.now,
    actor: work.actor,
    action,
    objectOrganizationId: organizationId,
    objectId,
    result: refusal === null ? "done" : "refused",
    status: refusal?.status ?? 200,
    code: refusal?.code ?? null,
    changes: refusal === null ? changesOf(work) : [],
    requestId: request.id,
    ip: request.ip,
  };
}
