import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute, writeRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  pageOf,
  pageQuery,
  reference,
} from "../../../foundation/route/schemas.ts";
import { lockForEvidence } from "../actions/evidence.ts";
import { listSessions, openSession, revokeSession } from "../actions/sessions.ts";
import { requireReturn } from "../rules/verification.ts";
import {
  issuedSessionSchema,
  newSessionSchema,
  sessionSchema,
  showMoved,
  showSession,
} from "../schema/sessions.ts";
import { customerFor } from "./seen.ts";

const tag = "Verification sessions";

const create = writeRoute({
  id: "createVerificationSession",
  method: "POST",
  path: "/customers/{id}/verification-sessions",
  summary: "Make a private link to the hosted verification",
  description:
    "Give link to the person alone: by it the person gives what is missing, on a phone too. It can be used once, within 7 days, and is then a session in that browser until it is submitted or 30 days are over. Older links and sessions of the customer end. Times are real ones, also where a sandbox's clock was moved.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: idParams,
  body: newSessionSchema,
  reply: issuedSessionSchema,
  status: 201,
  secretFields: ["link"],
  errors: [
    "not_found",
    "return_url_not_allowed",
    "verification_not_needed",
    "customer_deleted",
    "organization_closed",
  ],
  handle: async ({ params: { id }, body: { returnUrl }, caller, work, publicUrl }) => {
    requireReturn(caller.mode, returnUrl);
    const customer = await lockForEvidence(work, reference(id));
    const { session, link } = await openSession(work, customer, { publicUrl, returnUrl });
    return { ...showMoved(session), link };
  },
});

const list = readRoute({
  id: "listVerificationSessions",
  path: "/customers/{id}/verification-sessions",
  summary: "List a customer's verification sessions",
  tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  query: object(pageQuery),
  reply: pageOf(sessionSchema),
  errors: ["not_found"],
  handle: async ({ params: { id }, query: { limit = DEFAULT_LIMIT, cursor }, caller, reading }) => {
    const customer = await customerFor(caller, reading, id);
    const page = { after: decodeCursor(cursor), limit };
    const found = await listSessions(reading.sql, customer, page);
    return pageFrom(found, ({ session }) => session.id, showSession);
  },
});

const revoke = writeRoute({
  id: "revokeVerificationSession",
  method: "DELETE",
  path: "/customers/{id}/verification-sessions/{sessionId}",
  summary: "End a verification session and its link",
  description: "At once, for whoever has it open, too. What was submitted stays.",
  tag,
  audience: "organization",
  scope: "customers:write",
  params: object({ id: idParams.properties.id, sessionId: idText("Id of the session.") }),
  reply: sessionSchema,
  status: 200,
  errors: ["not_found", "verification_ended", "customer_deleted", "organization_closed"],
  handle: async ({ params: { id, sessionId }, work }) => {
    const customer = await lockForEvidence(work, reference(id));
    return showMoved(await revokeSession(work, customer, sessionId));
  },
});

/** The hosted way of verification: its links and sessions. */
export const sessionRoutes: readonly Route[] = [create, list, revoke];
