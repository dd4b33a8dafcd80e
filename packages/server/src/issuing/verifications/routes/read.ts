import { Type } from "typebox";
import { generalErrors } from "../../../foundation/errors/errors.ts";
import { DEFAULT_LIMIT, decodeCursor, pageFrom } from "../../../foundation/route/cursor.ts";
import { type Route, readRoute } from "../../../foundation/route/route.ts";
import {
  idParams,
  idText,
  object,
  oneOf,
  pageOf,
  pageQuery,
} from "../../../foundation/route/schemas.ts";
import { readingOf } from "../../organizations/actions.ts";
import { listedOrganization } from "../../organizations/rules.ts";
import { findVerification, listVerifications, organizationOfVerification } from "../actions.ts";
import { outcomes, providers, verificationLifecycle } from "../model.ts";
import { showRead, verificationReadSchema } from "../schema.ts";

const tag = "Verifications";

const list = readRoute({
  id: "listVerifications",
  path: "/verifications",
  summary: "List reviews of customers",
  description:
    "The platform sees those of every organization, or of the one named: status=queued is the queue of its reviewers.",
  tag,
  audience: "any",
  scope: "customers:read",
  query: object({
    ...pageQuery,
    status: Type.Optional(oneOf(verificationLifecycle.states)),
    provider: Type.Optional(oneOf(providers)),
    outcome: Type.Optional(oneOf(outcomes)),
    customerId: Type.Optional(idText("Only of this customer.")),
    claimedBy: Type.Optional(idText("Only those that this reviewer's key has claimed.")),
    organizationId: Type.Optional(idText("Only those of this organization.")),
  }),
  reply: pageOf(verificationReadSchema),
  errors: ["organization_not_found"],
  handle: async ({ query: { limit = DEFAULT_LIMIT, cursor, ...query }, caller, reading }) => {
    const organizationId = listedOrganization(caller, query.organizationId);
    const page = { after: decodeCursor(cursor), limit };
    const found = await listVerifications(reading.sql, { ...query, organizationId }, page);
    return pageFrom(found, ({ id }) => id, showRead);
  },
});

const get = readRoute({
  id: "getVerification",
  path: "/verifications/{id}",
  summary: "Read a review of a customer",
  tag,
  audience: "any",
  scope: "customers:read",
  params: idParams,
  reply: verificationReadSchema,
  errors: ["not_found"],
  handle: async ({ params: { id }, caller, reading }) => {
    const { sql, organizationId } = await readingOf(
      caller,
      reading,
      organizationOfVerification,
      id,
    );
    const found = await findVerification(sql, organizationId, id);
    if (found === null) throw generalErrors.refusal("not_found");
    return showRead(found);
  },
});

/** Reviews of customers, to be read. */
export const readRoutes: readonly Route[] = [list, get];
